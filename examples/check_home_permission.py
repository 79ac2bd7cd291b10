#!/usr/bin/env python3
"""Finds home directories that are open to others.

    check_home_permission.py [DIRECTORY]

Each directory right below DIRECTORY (default /home) is looked at. One that its
group or others may write to is an ALARM; one that they may read is an ERROR.
check_home_permission.sh does the same in the shell.
"""

import os
import stat
import sys


def clean(path):
    """A name is data: a line end in it must not begin another record."""
    return bytes(byte if 32 <= byte != 127 else ord("?") for byte in path)


def say(text):
    sys.stdout.buffer.write(text + b"\n")


def homes(root):
    """The directories right below root, without links, by name."""
    with os.scandir(root) as entries:
        found = [
            entry.path
            for entry in entries
            if not entry.name.startswith(b".") and entry.is_dir(follow_symlinks=False)
        ]
    return sorted(found)


def judge(home):
    """Tells what is wrong with a home directory; reports whether anything is."""
    mode = os.lstat(home).st_mode
    seen = clean(home), stat.filemode(mode).encode()
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        say(b'ALARM[title="home directory open to others"]: %s may be written to by others (%s)' % seen)
    elif mode & (stat.S_IRGRP | stat.S_IROTH):
        say(b"ERROR: %s may be read by others (%s)" % seen)
    else:
        return False
    return True


def main(arguments):
    if len(arguments) > 1:
        print("usage: check_home_permission.py [DIRECTORY]", file=sys.stderr)
        return 2
    root = os.fsencode(arguments[0] if arguments else "/home")
    if not os.path.isdir(root):
        say(b"FATAL: %s is no directory" % clean(root))
        return 1
    results = [judge(home) for home in homes(root)]
    say(b"INFO: %d home directories checked, %d open to others" % (len(results), sum(results)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
