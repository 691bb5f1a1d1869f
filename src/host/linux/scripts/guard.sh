# The only way in for an operation. Standard input opens with the header, one value a line, and an
# empty line; what follows belongs to the operation, whose text is the first argument.
set -u
umask 077
LC_ALL=C PATH="/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin:${PATH:-}"
export LC_ALL PATH
end() { code=$1; shift; printf '%s\n' "$*" >&2; exit "$code"; }
header() { IFS= read -r "$1" || end 96 "the header is incomplete"; }

header version; header folder; header run; header epoch; header orchestrator; header limit
header kind; header empty
[ "$version" = sms-plan-1 ] && [ -z "$empty" ] || end 96 "the header is not understood"
for need in timeout flock base64 sync stat; do
  command -v "$need" >/dev/null || end 94 "the machine lacks the command $need"
done
fence=$folder/fence
deadline=$(($(date +%s) + limit))
left=$limit

hold() { # seconds
  while :; do
    mkdir -p -m 700 "$folder" && exec 9>>"$folder/lock" || end 93 "cannot write to $folder"
    flock -w "$1" 9 || end 90 "held by $(cat "$folder/holder" 2>/dev/null || echo somebody)"
    # A run's last act removes the file: then this is the lock of nobody.
    [ "$(stat -Lc %i /proc/self/fd/9)" != "$(stat -c %i "$folder/lock" 2>/dev/null)" ] || break
  done
  left=$((deadline - $(date +%s)))
  [ "$left" -ge 1 ] || left=1
}
read_fence() {
  f_run='' f_epoch='' f_from='' f_since=''
  [ -e "$fence" ] && { read -r f_run; read -r f_epoch; IFS= read -r f_from; read -r f_since; } <"$fence"
}
put_fence() {
  printf '%s\n' "$run" "$epoch" "$orchestrator" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >"$fence.new" &&
    sync "$fence.new" && mv -f "$fence.new" "$fence" && sync "$folder" || end 93 "cannot write $fence"
}
obeys() {
  [ "$f_run" = "$run" ] ||
    end 91 "it obeys run $f_run, driven from $f_from since $f_since"
  [ "$f_epoch" -le "$epoch" ] ||
    end 91 "it obeys driver $f_epoch of this run, $f_from, since $f_since; this is driver $epoch"
  [ "$f_epoch" -ge "$epoch" ] || put_fence
}

case $kind in
  look) ;;
  settle)
    if [ -e "$folder/lock" ]; then
      hold "$limit"
      # Whoever looks what became of an operation drives the run now: its last driver is refused.
      read_fence
      [ "$f_run" != "$run" ] || obeys
    fi
    ;;
  fence)
    hold $((limit / 2 + 1))
    read_fence
    if [ -z "$f_run" ]; then put_fence; else obeys; fi
    ;;
  unfence)
    # A machine that nobody fenced is done; one that obeys another run is not ours to free.
    [ -e "$folder" ] || { echo sms-plan-begin; exit 0; }
    hold $((limit / 2 + 1))
    read_fence
    [ -z "$f_run" ] || obeys
    ;;
  change)
    hold $((limit / 2 + 1))
    read_fence
    [ -n "$f_run" ] || end 91 "it obeys no run: this one never fenced it, or has ended"
    obeys
    echo "process $$ of run $run since $(date -u +%H:%M:%SZ)" >"$folder/holder"
    ;;
  *) end 96 "the header asks for $kind" ;;
esac
# What our children inherit: no value of an operation, only these.
SMS_FOLDER=$folder SMS_RUN=$run
export SMS_FOLDER SMS_RUN
echo sms-plan-begin
exec timeout -k 5 "$left" sh -c "$1" sms-plan
