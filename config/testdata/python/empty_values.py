valid_direction_dic = {}
db_path = ""
valid_message_level_list = []
send_alarm_command = ''
