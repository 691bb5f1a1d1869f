# In: USERNAME PASSWORD DC. The account stays in the directory, disabled.
smb_files
if has_secret; then
  said=$(printf %s "$PASSWORD" | PASSWD_FD=0 net ads leave --keep-account -S "$DC" -U "$USERNAME" 2>&1)
  code=$?
  # Whoever left by another hand meanwhile has done it.
  if [ "$code" != 0 ] && has_secret; then fail "$said"; fi
  sync "$secrets"
fi
has_secret && fail "the machine's password is still there after leaving"
true
