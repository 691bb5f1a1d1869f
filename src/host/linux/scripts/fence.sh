# Which run the machine obeys, from where it is driven, and since when.
[ -e "$SMS_FOLDER/fence" ] || exit 0
{ read -r run; read -r epoch; IFS= read -r from; read -r since; } <"$SMS_FOLDER/fence"
out run "$run"
out words "driven from $from since $since"
