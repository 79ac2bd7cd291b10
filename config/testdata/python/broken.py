valid_direction_dic = {"default": "ops"}
db_path = "/ic/db
valid_message_level_list = ["Debug", "Info"))
send_alarm_command = "send <MESSAGE>"
number = 007
odd = $HOME
more = [
    "never closed",
db_path = "/late"
