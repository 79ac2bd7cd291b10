#!/bin/sh
# A send_alarm_command for demonstrations: appends the alarm to a file.
#
#   send_alarm.sh FILE TITLE MESSAGE RECEIVER...
#
# In the config:
#
#   send_alarm_command: '/path/send_alarm.sh /tmp/alarms.txt "<TITLE>" "<MESSAGE>" <RECEIVERS>'

if [ $# -lt 3 ]; then
    echo "usage: send_alarm.sh FILE TITLE MESSAGE RECEIVER..." >&2
    exit 2
fi
file=$1
title=$2
message=$3
shift 3
printf '%s to: %s\n%s\n%s\n\n' "$(date '+%Y-%m-%d %H:%M:%S')" "$*" "$title" "$message" >>"$file"
