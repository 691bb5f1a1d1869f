# Everything that a look at the machine shows; Rust makes sense of it.
out uid "$(id -u)"
out name "$(uname -n)"
out fqdn "$(hostname -f 2>/dev/null)"
out machine_id "$(cat /etc/machine-id 2>/dev/null)"
out boot "$(cat /proc/sys/kernel/random/boot_id)"
[ ! -r /etc/os-release ] || out64 os_release </etc/os-release
awk -F: '$3 == 0 || ($3 >= 1000 && $3 < 60000) { print "account=" $1 }' /etc/passwd
for one in testparm net tdbdump tdbbackup ip arping useradd chpasswd visudo sudo gzip systemctl; do
  has "$one" || out lacks "$one"
done
for one in sssd NetworkManager; do
  ! systemctl is-active --quiet "$one" 2>/dev/null || out active "$one"
done
if has testparm; then
  smb_files
  printf '%s\n' "$sms_global" | out64 smb_global
  out secrets_file "$secrets"
  out keytab_file "$keytab"
  ! has_secret || out secret present
  [ ! -e "$keytab" ] || out keytab present
fi
[ ! -r /etc/samba/smb.conf ] || out64 smb_conf </etc/samba/smb.conf
[ ! -r /etc/hosts ] || out64 hosts </etc/hosts
[ ! -r /etc/hostname ] || out64 hostname </etc/hostname
[ ! -r /etc/resolv.conf ] || out64 resolv </etc/resolv.conf
[ ! -L /etc/resolv.conf ] || out resolv_link "$(readlink -f /etc/resolv.conf)"
if has ip; then
  ip -j addr | out64 addr
  ip -j route show table main | out64 route
  # Not /sys/class/net: a container may see its machine's there.
  for adapter in $(ip -o link | awk -F': ' '{ sub(/@.*/, "", $2); print $2 }'); do
    [ "$adapter" != lo ] || continue
    kept=unknown file=''
    if systemctl is-active --quiet systemd-networkd 2>/dev/null; then
      file=$(networkctl status --no-pager "$adapter" 2>/dev/null | sed -n 's/^ *Network File: //p')
      [ "$file" != n/a ] || file=''
      [ -z "$file" ] || kept=networkd
    fi
    case $file in
      /run/systemd/network/*netplan*) kept=netplan ;;
    esac
    if [ -n "$file" ] && grep -qi cloud-init "$file"; then kept=cloud-init; fi
    if grep -qsE "^[[:space:]]*iface[[:space:]]+$adapter[[:space:]]" /etc/network/interfaces /etc/network/interfaces.d/*; then
      kept=ifupdown
      ! grep -qsi cloud-init /etc/network/interfaces /etc/network/interfaces.d/* || kept=cloud-init
    fi
    if systemctl is-active --quiet NetworkManager 2>/dev/null; then
      case $(nmcli -g GENERAL.STATE device show "$adapter" 2>/dev/null) in
        '' | 10*) ;;
        *) kept=network-manager ;;
      esac
    fi
    out "kept.$adapter" "$kept"
    [ -z "$file" ] || out "file.$adapter" "$file"
    [ -z "$file" ] || out64 "text.$adapter" <"$file"
    for extra in "$file".d/*.conf /run/systemd/network/"${file##*/}".d/*.conf; do
      [ -z "$file" ] || [ ! -e "$extra" ] || out "extra.$adapter" "$extra"
    done
  done
fi
true
