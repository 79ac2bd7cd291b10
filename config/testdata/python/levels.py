valid_message_level_list = ['Debug', 'Mild', 'Mild', 3, 'in valid', 'Fatal']
db_path = "tools/db"
