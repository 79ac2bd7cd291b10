# Specify valid direction and direction_admin.
valid_direction_dic = {
    "default": "ops.admin",
    "LSF": "alice.w bob.l",
    "存储": "王芳 李雷",
    "license": ["carol.z", "dave"],
    "sandbox": None,
}

# Specify database path.
db_path = "/ic/software/tools/monitorViewer/db"

# Specify valid message level list, which is used on SaveLog.save_log argument.
valid_message_level_list = ['Debug', 'Info', 'Warning', 'Error', 'Fatal']

# Specify how to execute alarm command.
send_alarm_command = '/ic/software/cad_tools/bin/send_lark -T "<TITLE>" -c "<MESSAGE>" -r <RECEIVERS>'
