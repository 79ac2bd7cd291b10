#!/usr/bin/env python3
# -*- coding: utf-8 -*-
"""The forms of texts, numbers and lists that a config.py may use."""
root = '/ic' '/software'
cwd = str(root)
valid_direction_dic: dict = {'default': u'ops', "tab\tbed": 'x', 'L' + "SF": r'a\b', 'x': """alice
bob""", 1001: 2002, '\u5b58\U00005050': '\x61\142', 'n': -0x10, 'default': 'last'}
db_path = os.path.join(root, "tools", \
                       'db')
valid_message_level_list = ("Debug",  # mild
                            "Info",
                            'Error',)
send_alarm_command = ('/bin/send: -T "<TITLE>" # no comment '
                      "-c '<MESSAGE>'"
                      ' | tee "\\\\x"')
