# In: SECRETS_B64 (packed) KEYTAB_B64, empty where there was none.
smb_files
running=''
for one in smbd smb nmbd nmb winbind; do
  ! systemctl is-active --quiet "$one" || running="$running $one"
  ! unit "$one" || systemctl stop "$one"
done
end_rpc
printf %s "$SECRETS_B64" | base64 -d | gzip -dc >"$SMS_FOLDER/secrets" || fail "the sealed secrets are damaged"
put "$secrets" 600 <"$SMS_FOLDER/secrets"
rm -f "$SMS_FOLDER/secrets"
if [ -n "$KEYTAB_B64" ]; then printf %s "$KEYTAB_B64" | base64 -d | put "$keytab" 600 || exit 1; else gone "$keytab"; fi
systemctl reset-failed winbind 2>/dev/null
for one in winbind smbd smb nmbd nmb; do
  # winbind fails in a workgroup, so it is started whether it ran or not.
  case "$one $running " in
    winbind*) ! unit winbind || systemctl start winbind ;;
    *" $one "*) systemctl start "$one" ;;
    *) ! systemctl is-enabled --quiet "$one" 2>/dev/null || systemctl start "$one" ;;
  esac || fail "$one does not start"
done
