# In: NAME.
entry=$(grep "^$NAME:" /etc/passwd | head -n 1)
rights=/etc/sudoers.d/sms-plan-$NAME
if [ -n "$entry" ]; then
  [ "$(printf %s "$entry" | cut -d: -f5)" = "sms-plan $SMS_RUN" ] ||
    refuse "this run did not make the account $NAME, so it does not remove it"
  uid=$(printf %s "$entry" | cut -d: -f3)
  # Nobody logs on any more; then those who are there go, and what they started meanwhile.
  usermod -L -e 1 "$NAME" || fail "the account $NAME cannot be locked"
  gone "$rights"
  ! has loginctl || loginctl terminate-user "$NAME" 2>/dev/null
  round=0
  while :; do
    left=''
    for process in /proc/[0-9]*; do
      [ "$(stat -c %u "$process" 2>/dev/null)" = "$uid" ] || continue
      # A container's processes are seen here as well, and their users are others.
      [ "$(readlink "$process/ns/pid" 2>/dev/null)" = "$(readlink /proc/self/ns/pid)" ] || continue
      left=yes
      kill -9 "${process#/proc/}" 2>/dev/null
    done
    [ -n "$left" ] || break
    round=$((round + 1))
    [ "$round" -lt 50 ] || fail "processes of $NAME do not end"
    sleep 0.1
  done
  userdel -rf "$NAME" 2>"$SMS_FOLDER/userdel" || {
    # Code 12: the folder could not be removed; 6: somebody was quicker.
    grep -q "^$NAME:" /etc/passwd && fail "$(cat "$SMS_FOLDER/userdel")"
  }
  rm -f "$SMS_FOLDER/userdel"
  home=$(printf %s "$entry" | cut -d: -f6)
  case $home in
    /home/"$NAME") rm -rf "$home" ;;
  esac
fi
[ ! -e "$rights" ] || ! grep -q "run $SMS_RUN\$" "$rights" || gone "$rights"
sync /etc/passwd /etc/shadow /etc/group /etc
