# In: FROM. What of a name is not in the text of a file.
if has testparm; then
  smb_files
  if keytab_names "$FROM"; then out old_keys present; fi
fi
true
