# In: USERNAME PASSWORD DC CONTAINER.
smb_files
if has_secret && net ads testjoin -S "$DC" >/dev/null 2>&1 && [ -e "$keytab" ]; then :; else
  set -- -S "$DC" -U "$USERNAME"
  [ -z "$CONTAINER" ] || set -- "$@" "createcomputer=$CONTAINER"
  said=$(printf %s "$PASSWORD" | PASSWD_FD=0 net ads join "$@" 2>&1) || fail "$said"
  # The exit code proves nothing, and a warning about DNS is no failure of the join.
  out64 said <<SAID
$said
SAID
  has_secret || fail "no machine password after joining: $said"
  sync "$secrets"
  [ ! -e "$keytab" ] || sync "$keytab"
fi
services_again
said=$(net ads testjoin -S "$DC" 2>&1) || fail "$said"
