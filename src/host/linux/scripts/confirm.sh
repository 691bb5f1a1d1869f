# In: TOKEN. Says that the new addresses work, and waits for the watcher's answer.
attempt=$SMS_FOLDER/network/$TOKEN
[ -d "$attempt" ] || fail "the machine knows no change of that name"
: >"$attempt/confirm"
while :; do
  [ ! -e "$attempt/kept" ] || { out answer kept; exit 0; }
  [ ! -e "$attempt/back" ] || { out answer back; cat "$attempt/back" >&2; exit 0; }
  [ ! -e "$attempt/failed" ] || fail "$(tail -n 3 "$attempt/log")"
  # A watcher holds the lock; where nobody does, it is gone.
  if flock -n "$SMS_FOLDER/lock" true; then
    [ -e "$attempt/kept" ] || [ -e "$attempt/back" ] || [ -e "$attempt/failed" ] || { out answer gone; exit 0; }
  fi
  sleep 0.1
done
