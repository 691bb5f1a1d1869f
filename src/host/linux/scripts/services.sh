# Which services do not answer yet.
case $(systemctl is-system-running 2>/dev/null) in
  initializing | starting) out waiting start ;;
  stopping) out waiting stop ;;
esac
listens() { cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v port=":$1\$" '$2 ~ port && $4 == "0A" { found = 1 } END { exit !found }'; }
for one in smbd smb; do
  if systemctl is-enabled --quiet "$one" 2>/dev/null; then
    systemctl is-active --quiet "$one" && listens 01BD || out waiting "$one"
  fi
done
if has testparm; then
  smb_files
  if has_secret && systemctl is-enabled --quiet winbind 2>/dev/null; then
    systemctl is-active --quiet winbind && wbinfo -p >/dev/null 2>&1 || out waiting winbind
  fi
fi
true
