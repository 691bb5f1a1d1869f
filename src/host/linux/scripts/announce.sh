# In: ADDRESSES, one a line. Neighbours would else ask the former adapter for half a minute.
one() {
  address=$1
  adapter=$(ip -o addr show to "$address" | awk '{ print $2; exit }')
  if [ -z "$adapter" ]; then out "no.$address" "no adapter holds it"; return; fi
  case $address in
    *:*) out "yes.$address" "$adapter; IPv6 announces by itself"; return ;;
  esac
  if ! has arping; then out "no.$address" "arping is missing: neighbours may ask the former adapter until their entry ends"; return; fi
  arping -q -U -c 1 -I "$adapter" "$address" >/dev/null 2>&1 &
  if arping -q -A -c 1 -I "$adapter" "$address" >/dev/null 2>&1; then
    out "yes.$address" "$adapter"
  else
    out "no.$address" "arping failed on $adapter"
  fi
}
# All at once: the arping of iputils stays a second after it has spoken.
printf '%s\n' "$ADDRESSES" | {
  while IFS= read -r each; do
    [ -z "$each" ] || one "$each" &
  done
  wait
}
