db_path = "/bom"
valid_direction_dic = {
	"LSF":	"alice",
}
