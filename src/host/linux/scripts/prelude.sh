# Reads `NAME base64` lines up to an empty one into shell variables, which are never exported.
umask 077
sms_whole=''
while IFS=' ' read -r sms_name sms_value; do
  [ -n "$sms_name" ] || { sms_whole=yes; break; }
  unset "$sms_name"
  case $sms_name in
    *_B64) eval "$sms_name=\$sms_value" ;;
    *)
      sms_value=$(printf %s "$sms_value" | base64 -d && printf x) || exit 96
      eval "$sms_name=\${sms_value%x}"
      ;;
  esac
done
[ -n "$sms_whole" ] || { echo "the values are incomplete" >&2; exit 96; }
unset sms_name sms_value sms_whole
exec </dev/null
