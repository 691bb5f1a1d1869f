# The secrets of the membership, for the seal. The copy is consistent while Samba runs.
smb_files
if [ -e "$secrets" ]; then
  copy=$secrets.sms-plan-copy
  trap 'rm -f "$copy"' EXIT
  tdbbackup -s .sms-plan-copy "$secrets" || fail "cannot copy $secrets"
  gzip -c "$copy" | out64 secrets
fi
[ ! -e "$keytab" ] || out64 keytab <"$keytab"
