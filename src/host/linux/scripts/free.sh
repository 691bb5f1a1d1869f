# Free room at a path, in MiB.
out free "$(df -Pm "$AT" | awk 'NR == 2 { print $4 }')"
