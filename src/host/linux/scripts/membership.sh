# In: DC. How the membership stands, here and at the domain controller.
smb_files
out netbios_name "$(smb_value 'netbios name')"
if has_secret; then out secret present; fi
[ ! -e "$keytab" ] || out keytab present
if said=$(net ads testjoin -S "$DC" 2>&1); then
  out trusted yes
  out reachable yes
else
  printf %s "$said" | out64 said
  if net ads lookup -S "$DC" >/dev/null 2>&1; then out reachable yes; fi
fi
