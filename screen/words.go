package screen

import (
	"strings"

	"github.com/mvrun/mvrun/heartbeat"
	"github.com/mvrun/mvrun/viewer"
)

// printable is a foreign text as one line for a place where tabs would do harm.
func printable(text string) string { return strings.ReplaceAll(viewer.Printable(text), "\t", " ") }

// word is a text of the screen in its language. Titles of columns and names of
// fields are those of files and flags, and are the same in all.
func (m *model) word(english string) string {
	if m.language != heartbeat.Chinese {
		return english
	}
	for _, pair := range chinese {
		if pair[0] == english {
			return pair[1]
		}
	}
	return english
}

// chinese are the texts of the screen. The table is searched from end to end: a map
// would be built at the start of every job.
var chinese = [...][2]string{
	{"MONITOR", "监控项"}, {"HEARTBEAT", "心跳"}, {"LOG", "日志"}, {"ALARM", "告警"}, {"RUN", "运行"},

	{"live", "实时"}, {"past", "历史"}, {"reading", "读取中"}, {"reading, %d s", "读取中, %d 秒"}, {"not read", "读取失败"},

	{"Filter", "筛选"}, {"f: change", "f: 修改"}, {"the last 7 days", "最近 7 天"},
	{"begin", "开始"}, {"end", "结束"}, {"direction", "方向"}, {"item", "监控项"}, {"level", "级别"},
	{"receivers", "接收人"}, {"keyword", "关键字"}, {"not", "排除"}, {"run", "运行"},
	{"7d, 12h, yesterday, 2024-10-25, 2024-10-25 08:00; empty: 7 days ago", "7d, 12h, yesterday, 2024-10-25, 2024-10-25 08:00; 空: 7 天前"},
	{"as begin; a date means to its end; empty: new ones come in", "同上; 日期指到当天结束; 空: 实时更新"},
	{"names or patterns such as check_*; Tab completes", "名称或模式, 如 check_*; Tab 补全"},
	{"of LOG and ALARM; Tab completes", "用于日志和告警; Tab 补全"},
	{"of MONITOR and ALARM; one of them", "用于监控项和告警; 其中之一"},
	{"all of these are in the record", "记录须全部包含"}, {"none of these is in the record", "记录均不包含"}, {"the id of a run", "运行编号"},
	{"Several words are separated by blanks; \"quotes\" hold them together.", "多个词以空格分隔; 含空格的词加 \"引号\"."},

	{"nothing here; f changes the filter, F clears it", "没有记录; f 修改筛选, F 清除筛选"},
	{"no items; f changes the filter, F clears it", "没有监控项; f 修改筛选, F 清除筛选"},
	{"records", "条记录"}, {"items", "个监控项"},
	{"newest", "最新"}, {"more below", "下方还有更多"}, {"older ones: f, end", "更早的: f, 结束"},
	{"%s%s new above", "%s上方有 %s 条新记录"}, {"by %s %s", "按 %s %s"}, {", of these only", ", 仅限这些"}, {"%d not read", "%d 处未读取"},

	{"?: keys", "?: 按键"}, {"q: quit", "q: 退出"}, {"Enter: details", "Enter: 详情"}, {"/: search", "/: 查找"}, {"s: sort", "s: 排序"},
	{"f: filter", "f: 筛选"}, {"e: export", "e: 导出"}, {"Enter: apply", "Enter: 应用"}, {"Esc: cancel", "Esc: 取消"},
	{"Tab: complete", "Tab: 补全"}, {"Esc: back", "Esc: 返回"}, {"Details", "详情"},

	{"Search", "查找"}, {"Export to (.csv .json .tsv)", "导出到 (.csv .json .tsv)"},
	{"overwrite it? y/n  %s is there already", "覆盖? y/n  %s 已存在"},
	{"nothing was searched for yet; / searches", "尚未查找; 按 / 查找"}, {"searching in older records", "正在更早的记录中查找"},
	{"%s is not in the rows below", "下方没有 %s"}, {"%s is not in the rows above", "上方没有 %s"},
	{"%s is not in the rows below; only the newest %s are held: f, keyword looks at all", "下方没有 %s; 仅保留最新 %s 条: 用 f 的关键字查全部"},
	{"there is nothing to export", "没有可导出的内容"}, {"exporting", "正在导出"}, {"not exported", "未导出"}, {"not exported: ", "未导出: "},
	{"the name of the file has to end in .csv, .json or .tsv", "文件名须以 .csv, .json 或 .tsv 结尾"},
	{"%s rows are in %s", "%s 行已存入 %s"}, {"; there are older records that are not shown", "; 更早的记录未显示, 未导出"},

	{"the tabs", "切换标签页"}, {"one row up or down", "上一行, 下一行"}, {"one page up or down", "上一页, 下一页"},
	{"the first row, the last row", "第一行, 最后一行"}, {"scroll the columns", "左右滚动列"},
	{"details of the row; again: over the whole screen", "详情; 再按: 全屏"}, {"close what is open", "关闭"},
	{"change the filter; Tab completes, Enter applies", "修改筛选; Tab 补全, Enter 应用"}, {"clear the filter", "清除筛选"},
	{"search in the rows", "在各行中查找"}, {"the next hit, the one before", "下一个, 上一个"},
	{"sort by the next column, by the one before", "按后一列, 前一列排序"}, {"the other way round", "反向"},
	{"export what is shown: .csv, .json or .tsv", "导出所示内容: .csv, .json 或 .tsv"},
	{"draw the screen anew", "重绘屏幕"}, {"suspend; fg goes on", "挂起; fg 继续"}, {"quit", "退出"},
	{"a click on tab, title, row, filter; the wheel scrolls", "点击标签页, 列标题, 行, 筛选; 滚轮滚动"},
}
