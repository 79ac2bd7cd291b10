#!/bin/sh
# Finds home directories that are open to others.
#
#   check_home_permission.sh [DIRECTORY]
#
# Each directory right below DIRECTORY (default /home) is looked at. One that its
# group or others may write to is an ALARM; one that they may read is an ERROR.
# check_home_permission.py does the same in Python.

if [ $# -gt 1 ]; then
    echo "usage: check_home_permission.sh [DIRECTORY]" >&2
    exit 2
fi

# A name is data: a line end in it, or what echo would make one of, must not
# begin another record.
clean() { printf '%s' "$1" | LC_ALL=C tr '[:cntrl:]' '?'; }
say() { printf '%s\n' "$1"; }

root=${1:-/home}
if [ ! -d "$root" ]; then
    say "FATAL: $(clean "$root") is no directory"
    exit 1
fi

# permissions gives the ten characters of a mode, such as drwxr-x---.
permissions() { LC_ALL=C ls -ld -- "$1" | LC_ALL=C cut -c 1-10 | head -n 1; }

checked=0
open=0
for home in "$root"/*/; do
    home=${home%/}
    [ -d "$home" ] && [ ! -L "$home" ] || continue
    checked=$((checked + 1))
    mode=$(permissions "$home")
    name=$(clean "$home")
    case $mode in
    ?????w???? | ????????w?)
        open=$((open + 1))
        say "ALARM[title=\"home directory open to others\"]: $name may be written to by others ($mode)"
        ;;
    ????r????? | ???????r??)
        open=$((open + 1))
        say "ERROR: $name may be read by others ($mode)"
        ;;
    esac
done
say "INFO: $checked home directories checked, $open open to others"
