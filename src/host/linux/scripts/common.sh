# Words that our own operations share.
set -u
refuse() { printf '%s\n' "$*" >&2; exit 94; }
fail() { printf '%s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null; }
out() { printf '%s=%s\n' "$1" "$2"; }
# out64 KEY: standard input as one line.
out64() { printf '%s:=' "$1"; base64 | tr -d '\n'; echo; }
# put FILE MODE: replaces FILE by standard input, all or nothing, and durably.
put() {
  put_file=$(readlink -f "$1") || fail "cannot resolve $1"
  put_new=$put_file.sms-plan-new
  cat >"$put_new" && {
    if [ -e "$put_file" ]; then
      chown --reference="$put_file" "$put_new" && chmod --reference="$put_file" "$put_new"
    else
      chmod "$2" "$put_new"
    fi
  } && sync "$put_new" && mv -f "$put_new" "$put_file" && sync "$(dirname "$put_file")" ||
    fail "cannot write $put_file"
}
# swap FILE MODE OLD NEW: as put, but only over the text that the change was made from.
swap() {
  swap_now=$(cat "$1" 2>/dev/null; printf x)
  [ "${swap_now%x}" != "$4" ] || return 0
  [ "${swap_now%x}" = "$3" ] || fail "$1 was changed by somebody else meanwhile"
  printf %s "$4" | put "$1" "$2" || exit 1
}
# gone FILE: removes it durably.
gone() { [ ! -e "$1" ] || { rm -f "$1" && sync "$(dirname "$1")"; } || fail "cannot remove $1"; }
smb_global() { testparm -sv 2>/dev/null </dev/null | sed -n '/^\[global\]/,/^\[[^g]/p'; }
smb_value() { printf '%s\n' "$sms_global" | sed -n "s/^[[:space:]]*$1 = //p" | head -n 1; }
# The files of the membership, as smb.conf places them.
smb_files() {
  sms_global=$(smb_global)
  private=$(smb_value 'private dir'); secrets=${private:-/var/lib/samba/private}/secrets.tdb
  keytab=$(smb_value 'dedicated keytab file'); keytab=${keytab#FILE:}
  [ -n "$keytab" ] || keytab=/etc/krb5.keytab
  workgroup=$(smb_value 'workgroup')
}
has_secret() {
  [ -e "$secrets" ] && [ -n "$(tdbdump -k "SECRETS/MACHINE_PASSWORD/$workgroup" "$secrets" 2>/dev/null | head -c 1)" ]
}
unit() { systemctl cat "$1.service" >/dev/null 2>&1; }
# Since Samba 4.16 these outlive a restart of smbd and keep what they once read.
end_rpc() {
  for process in /proc/[0-9]*; do
    case $(cat "$process/comm" 2>/dev/null) in
      samba-dcerpcd | rpcd_*)
        # A container's processes are seen by their machine as well: only those of our own system.
        [ "$(readlink "$process/ns/pid" 2>/dev/null)" = "$(readlink /proc/self/ns/pid)" ] &&
          kill "${process#/proc/}" 2>/dev/null
        ;;
    esac
  done
  return 0
}
services_again() {
  systemctl reset-failed winbind smbd smb 2>/dev/null
  ! unit winbind || systemctl restart winbind || fail "winbind does not start"
  for one in smbd smb nmbd nmb; do ! unit "$one" || systemctl try-restart "$one"; done
  end_rpc
}
