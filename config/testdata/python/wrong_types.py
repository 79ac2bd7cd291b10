valid_direction_dic = ["default", "LSF"]
db_path = 5
valid_message_level_list = {"Debug": 1}
send_alarm_command = None
