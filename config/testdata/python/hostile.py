import os, sys
from secrets import *
__import__("os").system("touch /tmp/pwned")
open("/etc/passwd", "w")
valid_direction_dic = {
    "default": "root",
    "LSF": open("/etc/shadow").read(),
    "a/b": "alice",
    "storage": f"{admin}",
    **others,
    "host": "bob" if os.getuid() else "carol", "license": "dave",
}
db_path = "/ic/db"
db_path = os.environ["DB"]
valid_message_level_list = [level for level in ("Debug", "Info")]
send_alarm_command = "send -m <MESSAG>"
password = "hunter2"
db_pth = "/x"
valid_direction_dic["late"] = "erin"
valid_direction_dic.update(default="mallory")
eval("1"); exec("2")
def main():
    db_path = "/in/main"
    return os.system("true")
@decorator
class Config(object):
    send_alarm_command = "in a class"
if __name__ == "__main__":
    main()
x = lambda: 1
y = "a" * 1000000000
z = "%s" % x
    stray = 1
