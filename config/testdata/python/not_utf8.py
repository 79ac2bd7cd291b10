a = 1
db_path = "/ÿ"
