#!/bin/sh
# Checks how full the file systems of this host are.
#
#   check_disk_usage.sh [ERROR_PERCENT [ALARM_PERCENT [RECEIVERS]]]
#
# From ERROR_PERCENT (default 90) on, a file system is an ERROR in the log; from
# ALARM_PERCENT (default 95) on, it also raises an ALARM. RECEIVERS are names
# with blanks or commas between them; without any, mvrun tells the admin of the
# direction.

usage() {
    printf 'check_disk_usage.sh: %s\n' "$1" >&2
    echo "usage: check_disk_usage.sh [ERROR_PERCENT [ALARM_PERCENT [RECEIVERS]]]" >&2
    exit 2
}

is_percent() {
    case $1 in
    '' | *[!0-9]* | ????*) return 1 ;;
    esac
    [ "$1" -ge 1 ] && [ "$1" -le 100 ]
}

error=${1:-90}
alarm=${2:-95}
receivers=${3:-}
[ $# -le 3 ] || usage "too many arguments"
is_percent "$error" || usage "ERROR_PERCENT is no number from 1 to 100: $error"
is_percent "$alarm" || usage "ALARM_PERCENT is no number from 1 to 100: $alarm"
case $receivers in
*[!A-Za-z0-9._@+,\ -]*) usage "RECEIVERS has characters that no name has: $receivers" ;;
esac

# A file server that does not answer holds df up for ever. Then the file systems
# of this host are asked alone.
list() {
    if command -v timeout >/dev/null 2>&1; then
        LC_ALL=C timeout -s KILL 30 df -P "$@"
    else
        LC_ALL=C df -P "$@"
    fi
}

# df also fails when one file system cannot be asked; what it could say counts.
table=$(list)
status=$?
[ "$status" -eq 0 ] || echo "WARNING: df ended with status $status; not all file systems were seen"
[ -n "$table" ] || table=$(list -l)

# A mount point may hold blanks, so the columns are counted from the percentage
# on. Left out are pseudo file systems, images that are full by nature, and what
# is mounted in more than one place.
printf '%s\n' "$table" | awk -v error="$error" -v alarm="$alarm" -v receivers="$receivers" '
function clean(text) { gsub(/[[:cntrl:]]/, "?", text); return text }

function column(   i) {
    for (i = 5; i < NF; i++) if ($i ~ /^[0-9]+%$/) return i
    return 0
}

NR == 1 { next }
$1 ~ /^(proc|sysfs|devpts|devtmpfs|udev|tmpfs|shm|run|none|rootfs|cgroup2?|efivarfs|securityfs)$/ { next }
$1 ~ /^(\/dev\/loop|\/dev\/sr|squashfs)/ { next }
{
    c = column()
    if (!c || $(c - 3) + 0 == 0 || seen[$1, $(c - 3), $(c - 2)]++) next
    mount = $(c + 1)
    for (i = c + 2; i <= NF; i++) mount = mount " " $i
    mount = clean(mount)
    used = $c + 0
    checked++
    if (used > fullest || checked == 1) { fullest = used; where = mount }
    what = sprintf("%s is %d%% full, %.1f GiB left on %s", mount, used, $(c - 1) / 1048576, clean($1))
    if (used >= error) print "ERROR: " what
    if (used >= alarm) {
        to = receivers == "" ? "" : ", to=\"" receivers "\""
        print "ALARM[title=\"file system full\"" to "]: " what
    }
}
END {
    if (!checked) { print "FATAL: df shows no file system"; exit 1 }
    printf "INFO: %d file systems checked, the fullest is %s with %d%%\n", checked, where, fullest
}'
