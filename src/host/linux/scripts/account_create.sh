# In: NAME PASSWORD PUBLIC_KEY. The comment field of the account is the marker of its run.
for one in useradd chpasswd visudo sudo; do has "$one" || refuse "the machine lacks the command $one"; done
entry=$(grep "^$NAME:" /etc/passwd | head -n 1)
if [ -n "$entry" ]; then
  [ "$(printf %s "$entry" | cut -d: -f5)" = "sms-plan $SMS_RUN" ] ||
    refuse "an account named $NAME is there already, and this run did not make it"
else
  ! getent passwd "$NAME" >/dev/null || refuse "the name $NAME belongs to an account of the domain"
  group=''
  ! grep -q "^$NAME:" /etc/group || group="-g $NAME"
  # shellcheck disable=SC2086
  useradd -m -s /bin/bash -c "sms-plan $SMS_RUN" $group "$NAME" || fail "the account $NAME was not created"
fi
printf '%s:%s\n' "$NAME" "$PASSWORD" | chpasswd || fail "the password of $NAME was not set"
home=$(grep "^$NAME:" /etc/passwd | cut -d: -f6)
group=$(id -g "$NAME")
if [ -n "$PUBLIC_KEY" ]; then
  # A cut before useradd had made the folder.
  [ -d "$home" ] || mkdir -m 700 "$home" || fail "cannot make $home"
  mkdir -p -m 700 "$home/.ssh" || fail "cannot make $home/.ssh"
  printf '%s\n' "$PUBLIC_KEY" | put "$home/.ssh/authorized_keys" 600 || exit 1
  chown "$NAME:$group" "$home" && chown -R "$NAME:$group" "$home/.ssh" || fail "cannot give $home/.ssh to $NAME"
  ! has restorecon || restorecon -R "$home/.ssh"
  sync "$home/.ssh" "$home"
fi
rights="$NAME ALL=(ALL) NOPASSWD: ALL"
printf '# made by sms-plan, run %s\n%s\n' "$SMS_RUN" "$rights" >"$SMS_FOLDER/sudoers" &&
  visudo -qcf "$SMS_FOLDER/sudoers" || fail "sudo does not accept its rule"
put "/etc/sudoers.d/sms-plan-$NAME" 440 <"$SMS_FOLDER/sudoers"
rm -f "$SMS_FOLDER/sudoers"
sudo -n -l -U "$NAME" true >/dev/null || refuse "sudo does not read /etc/sudoers.d"
sync /etc/passwd /etc/shadow /etc/group /etc
