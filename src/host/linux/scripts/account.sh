# In: NAME. How a local account stands.
entry=$(grep "^$NAME:" /etc/passwd | head -n 1)
[ -n "$entry" ] || { out exists no; exit 0; }
out exists yes
uid=$(printf %s "$entry" | cut -d: -f3)
home=$(printf %s "$entry" | cut -d: -f6)
out comment "$(printf %s "$entry" | cut -d: -f5)"
case $(grep "^$NAME:" /etc/shadow | cut -d: -f2) in
  '' | '!'* | '*'*) ;;
  *) out password set ;;
esac
[ ! -s "$home/.ssh/authorized_keys" ] || out key set
[ ! -e "/etc/sudoers.d/sms-plan-$NAME" ] || ! sudo -n -l -U "$NAME" true >/dev/null 2>&1 || out administrator yes
count=0
for process in /proc/[0-9]*; do
  [ "$(stat -c %u "$process" 2>/dev/null)" != "$uid" ] || count=$((count + 1))
done
out processes "$count"
