# In: ADAPTER ADDRESSES OLD GATEWAY ROUTES FILE FILE_OLD FILE_NEW RESOLV_OLD RESOLV_NEW DROP TOKEN
# WITHIN. Adds what is new, then leaves a watcher behind, which keeps or takes back the change and
# holds the lock until it has decided. Nothing is durable before it is kept: a power cut takes back.
attempt=$SMS_FOLDER/network/$TOKEN
[ ! -e "$attempt/kept" ] || exit 0
[ "$(cat "$FILE"; printf x)" = "${FILE_OLD}x" ] || [ "$(cat "$FILE"; printf x)" = "${FILE_NEW}x" ] ||
  fail "$FILE was changed by somebody else meanwhile"
rm -rf "$attempt" && mkdir -p "$attempt" || fail "cannot make $attempt"
lines() { printf '%s\n' "$1" | grep -v '^$'; }
holds() { ip -o addr show dev "$ADAPTER" | awk '{ print $4 }' | grep -qxF "$1"; }
default_now() { ip -4 route show default dev "$ADAPTER" | head -n 1; }

# Whom somebody else holds is refused before anything changes.
if has arping; then
  lines "$ADDRESSES" | while IFS= read -r address; do
    case $address in *:*) continue ;; esac
    holds "$address" || { arping -q -D -c 1 -w 1 -I "$ADAPTER" "${address%/*}" >/dev/null 2>&1 || echo "${address%/*}" >>"$attempt/taken"; } &
  done
  # The loop above ran in a shell of its own, whose children are only known by their end.
  lines "$ADDRESSES" | grep -v : | while IFS= read -r address; do
    holds "$address" || { sleep 1.2; break; }
  done
  [ ! -s "$attempt/taken" ] || refuse "another machine of the network holds $(tr '\n' ' ' <"$attempt/taken")"
fi

before=$(default_now)
added=''
add_all() {
  lines "$ADDRESSES" | while IFS= read -r address; do
    holds "$address" || ip addr add "$address" dev "$ADAPTER" || exit 1
  done || return 1
  if [ -n "$GATEWAY" ]; then
    case "$(default_now) " in *" via $GATEWAY "*) ;; *) ip route replace default via "$GATEWAY" dev "$ADAPTER" || return 1 ;; esac
  fi
  lines "$ROUTES" | while read -r to via; do
    ip route replace "$to" via "$via" dev "$ADAPTER" || exit 1
  done
}
# The arping of iputils stays a second after it has spoken; nobody waits for that, nor does the lock.
announce() {
  has arping || return 0
  lines "$ADDRESSES" | grep -v : | while IFS= read -r address; do
    for way in -A -U; do
      arping -q "$way" -c 1 -I "$ADAPTER" "${address%/*}" </dev/null >/dev/null 2>&1 9>&- &
    done
  done
  return 0
}
take_back() {
  printf '%s\n' "$added" | while IFS= read -r address; do
    [ -z "$address" ] || ip addr del "$address" dev "$ADAPTER"
  done
  [ -z "$before" ] || { set -f; ip route replace $before dev "$ADAPTER"; set +f; }
}
keep() {
  swap "$FILE" 644 "$FILE_OLD" "$FILE_NEW"
  [ -z "$RESOLV_NEW" ] || swap /etc/resolv.conf 644 "$RESOLV_OLD" "$RESOLV_NEW"
  [ "$DROP" = now ] || return 0
  # Else the kernel takes the younger addresses of a network along with the oldest one.
  echo 1 >"/proc/sys/net/ipv4/conf/$ADAPTER/promote_secondaries" 2>/dev/null
  lines "$OLD" | while IFS= read -r address; do
    ! holds "$address" || ip addr del "$address" dev "$ADAPTER"
  done
  add_all || return 1
  # networkd still has the former file in mind, and would put it back when a cable is plugged.
  networkctl reload 2>/dev/null || systemctl try-restart systemd-networkd
  round=0
  until lines "$ADDRESSES" | while IFS= read -r address; do holds "$address" || exit 1; done; do
    round=$((round + 1)); [ "$round" -lt 50 ] || return 1
    sleep 0.1
  done
  announce
}

lines "$ADDRESSES" >"$attempt/wanted"
while IFS= read -r address; do
  holds "$address" || added="$added$address
"
done <"$attempt/wanted"
add_all || { take_back; fail "the new addresses were not accepted by $ADAPTER"; }
announce
(
  trap '' HUP TERM INT
  exec </dev/null >"$attempt/log" 2>&1
  ticks=$((WITHIN * 10))
  while [ ! -e "$attempt/confirm" ] && [ "$ticks" -gt 0 ]; do
    sleep 0.1
    ticks=$((ticks - 1))
  done
  if [ -e "$attempt/confirm" ]; then
    # In a shell of its own, because a failure ends it.
    if (keep); then echo kept >"$attempt/kept"; else echo failed >"$attempt/failed"; fi
  else
    take_back
    echo "nobody confirmed within $WITHIN s" >"$attempt/back"
  fi
) &
