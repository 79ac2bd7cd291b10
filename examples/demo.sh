#!/bin/sh
# Builds mvrun and lets it watch this very host: runs check_disk_usage.sh under it
# with thresholds so low that every host has something to tell, and shows what
# was recorded and sent.
#
#   sh examples/demo.sh [FOLDER]
#
# FOLDER (default: demo in the repository) takes the binary, the config, the
# database and the file of sent alarms.
set -eu

repository=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-$repository/demo}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

(cd "$repository" && CGO_ENABLED=0 go build -buildvcs=false -trimpath -ldflags '-s -w' -o "$folder/mvrun" .)

cat >"$folder/mvrun.yaml" <<END
valid_direction_dic:
  host: root
db_path: $folder/db
# Two words to a shell wherever the folders have blanks, hence the quotes.
send_alarm_command: |-
  sh "$repository/examples/send_alarm.sh" "$folder/alarms.txt" "<TITLE>" "<MESSAGE>" <RECEIVERS>
END

# show prints a command and then runs it.
show() {
    printf '\n$ mvrun'
    for word in "$@"; do
        case $word in
        *[!A-Za-z0-9_./=-]*) printf " '%s'" "$word" ;;
        *) printf ' %s' "$word" ;;
        esac
    done
    printf '\n'
    "$folder/mvrun" "$@"
}

export MVRUN_CONFIG="$folder/mvrun.yaml"
cd "$repository"
show --direction host --alarm-frequency 'max 3 times' -- examples/check_disk_usage.sh 1 1 'alice bob'
show view log
show view alarm
show view run

printf '\nThe alarms that were sent are in %s:\n\n' "$folder/alarms.txt"
cat "$folder/alarms.txt"
