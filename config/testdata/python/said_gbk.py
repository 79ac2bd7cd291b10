# -*- coding: gbk -*-
db_path = "/项目"
