#!/bin/sh
# Finds LSF hosts that take no jobs, from what bhosts says.
#
#   check_lsf_node_status.sh [FILE]
#
# FILE holds the output of `bhosts -w` (data/bhosts.txt is a sample). Without it
# the command in $BHOSTS is run, `bhosts -w` by default.
#
# A host that LSF has lost (unreach, unavail, closed_LIM, closed_RES) is an ERROR,
# and all of them together are one ALARM. One that a person has closed, or that is
# overloaded, is a WARNING. A full host (closed_Full, closed_Excl) is at work.

if [ $# -gt 1 ]; then
    echo "usage: check_lsf_node_status.sh [FILE]" >&2
    exit 2
fi

if [ $# -eq 1 ]; then
    table=$(cat -- "$1")
else
    # shellcheck disable=SC2086 # the variable may hold arguments
    table=$(${BHOSTS:-bhosts -w})
fi
status=$?
if [ "$status" -ne 0 ]; then
    echo "FATAL: bhosts ended with status $status"
    exit 1
fi

printf '%s\n' "$table" | awk '
$1 == "HOST_NAME" { header = 1; next }
!header || NF < 9 { next }
{ gsub(/[[:cntrl:]]/, "?"); total++; count[$2]++ }
$2 ~ /^(ok|closed_Full|closed_Excl|closed_cu_Excl)$/ { working++; next }
$2 ~ /^(unreach|unavail|closed_LIM|closed_RES)$/ {
    print "ERROR: " $1 " is " $2 " with " $6 " running jobs"
    lost[++down] = $1 "  " $2
    next
}
{ print "WARNING: " $1 " is " $2 " with " $6 " running jobs" }
END {
    if (!total) { print "FATAL: bhosts lists no host"; exit 1 }
    if (down) {
        print "ALARM[title=\"LSF nodes down\"]: " down " of " total " LSF nodes are down"
        for (i = 1; i <= down; i++) print "  " lost[i]
    }
    print "INFO: " total " LSF nodes, " working + 0 " at work, " down + 0 " down"
}'
