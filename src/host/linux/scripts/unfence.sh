# The run's last act here: everything that it kept.
for rights in /etc/sudoers.d/sms-plan-*; do
  [ -e "$rights" ] && grep -q "run $SMS_RUN\$" "$rights" || continue
  name=${rights#/etc/sudoers.d/sms-plan-}
  # The rights of an account that is still there belong to its removal.
  grep -q "^$name:" /etc/passwd || gone "$rights"
done
rm -rf "$SMS_FOLDER/network" "$SMS_FOLDER/holder"
gone "$SMS_FOLDER/fence"
rm -f "$SMS_FOLDER/lock"
rmdir "$SMS_FOLDER" 2>/dev/null
true
