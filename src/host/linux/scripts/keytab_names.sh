# keytab_names NAME: whether the keytab has keys of that machine. Needs smb_files.
keytab_names() {
  [ -e "$keytab" ] || return 1
  net ads keytab list "$keytab" 2>/dev/null | tr '[:upper:]' '[:lower:]' |
    grep -qE "[[:space:]/]$(printf %s "$1" | tr '[:upper:]' '[:lower:]' | sed 's/[.]/[.]/g')([$]?@|[.])"
}
