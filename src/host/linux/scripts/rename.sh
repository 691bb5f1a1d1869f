# In: TO HOSTS_OLD HOSTS_NEW HOSTNAME_OLD HOSTNAME_NEW SMB_OLD SMB_NEW NETBIOS DROP_KEYTAB FROM.
# The texts were edited by the caller; each is only put over the text it was made from.
if [ -n "$SMB_NEW" ]; then
  printf %s "$SMB_NEW" >"$SMS_FOLDER/smb.conf"
  seen=$(testparm -s --section-name=global --parameter-name='netbios name' "$SMS_FOLDER/smb.conf" 2>/dev/null)
  rm -f "$SMS_FOLDER/smb.conf"
  [ "$seen" = "$NETBIOS" ] || refuse "smb.conf would give the name $seen, not $NETBIOS: an included file may set it"
  smb_files
fi
# The hosts file first, so that the new name resolves as soon as it is the machine's.
swap /etc/hosts 644 "$HOSTS_OLD" "$HOSTS_NEW"
swap /etc/hostname 644 "$HOSTNAME_OLD" "$HOSTNAME_NEW"
[ "$(uname -n)" = "$TO" ] || hostname "$TO" || fail "the running system does not take the name $TO"
[ -z "$SMB_NEW" ] || swap /etc/samba/smb.conf 644 "$SMB_OLD" "$SMB_NEW"
if [ "$DROP_KEYTAB" = yes ] && [ -e "$keytab" ]; then
  if keytab_names "$FROM"; then gone "$keytab"; fi
fi
true
