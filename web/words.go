package web

import (
	"net/http"
	"strings"
)

// T is a text of the page in its language.
func (p page) T(english string) string {
	if p.Lang != langChinese {
		return english
	}
	for _, table := range [...][][2]string{chinese[:], chineseHistory[:]} {
		for _, pair := range table {
			if pair[0] == english {
				return pair[1]
			}
		}
	}
	return english
}

// The languages of the pages.
const (
	langEnglish = "en"
	langChinese = "zh"
)

// langCookie remembers the language that was chosen.
const langCookie = "mvrun_lang"

// chosenLanguage is the one that an address names; "" for none.
func chosenLanguage(r *http.Request) string {
	if lang := r.URL.Query().Get("lang"); lang == langChinese || lang == langEnglish {
		return lang
	}
	return ""
}

// language is the one that was chosen, or that the browser prefers.
func language(r *http.Request) string {
	if lang := chosenLanguage(r); lang != "" {
		return lang
	}
	if cookie, err := r.Cookie(langCookie); err == nil && (cookie.Value == langChinese || cookie.Value == langEnglish) {
		return cookie.Value
	}
	lang, weight := langEnglish, 0.0
	for _, one := range preferences(strings.Join(r.Header.Values("Accept-Language"), ",")) {
		main, _, _ := strings.Cut(one.name, "-")
		if (main == langChinese || main == langEnglish) && one.weight > weight { // of equals, the first
			lang, weight = main, one.weight
		}
	}
	return lang
}

// chinese are the texts of the pages. The table is searched from end to end: a map
// would be built at the start of every job.
var chinese = [...][2]string{
	{"Overview", "总览"},
	{"Monitor", "监控项"},
	{"Heartbeat", "心跳"},
	{"Log", "日志"},
	{"Alarm", "告警"},
	{"Run", "运行"},
	{"Login", "登录"},
	{"Log out", "退出"},
	{"User", "用户"},
	{"Password", "密码"},
	{"Item", "监控项"},
	{"Direction", "方向"},
	{"State", "状态"},
	{"Last", "最近心跳"},
	{"Due", "下次应运行"},
	{"Schedule", "周期"},
	{"Cause", "原因"},
	{"From", "起"},
	{"To", "止"},
	{"Level", "级别"},
	{"Receivers", "接收人"},
	{"Keyword", "关键字"},
	{"Show", "查询"},
	{"Older", "更早"},
	{"Newest", "最新"},
	{"Nothing was found.", "没有记录。"},
	{"Everything is well.", "一切正常。"},
	{"The items are well.", "监控项正常。"},
	{"alarm could not be sent for more than an hour.", "条告警超过一小时未能发送。"},
	{"alarms could not be sent for more than an hour.", "条告警超过一小时未能发送。"},
	{"mvrun doctor says why.", "原因见 mvrun doctor。"},
	{"Filter", "过滤"},
	{"Settings", "配置"},
	{"Recent runs", "最近运行"},
	{"Recent alarms", "最近告警"},
	{"All items", "全部监控项"},
	{"Limit", "条数"},
	{"Error", "错误"},
	{"Skip to the content", "跳到正文"},
	{"Mute", "静默"},
	{"Retire", "停用"},
	{"End the silence", "解除静默"},
	{"For", "时长"},
	{"Reason", "理由"},
	{"auto", "自动"},
	{"light", "浅色"},
	{"dark", "深色"},
	{"Light", "明暗"},
	{"Range", "时间范围"},
	{"Today", "今天"},
	{"Yesterday", "昨天"},
	{"24 hours", "24 小时"},
	{"7 days", "7 天"},
	{"30 days", "30 天"},
	{"90 days", "90 天"},
	{"This year", "今年"},
	{"All", "全部"},
	{"Now", "当前状态"},
	{"History", "历史"},
	{"of", "/"},
	{"item needs attention.", "个监控项需要处理。"},
	{"items needs attention.", "个监控项需要处理。"},
	{"items need attention.", "个监控项需要处理。"},
	{"There are no items yet.", "还没有监控项。"},
	{"Find items", "查找监控项"},
	{"Find", "查找"},
	{"item, admin or host", "监控项、管理员或主机"},
	{"State of the items, what is wrong first", "监控项状态，异常在前"},
	{"Pages", "分页"},
	{"Previous", "上一页"},
	{"Next", "下一页"},
	{"First page", "首页"},
	{"Next page", "下一页"},
	{"All of it as", "导出全部"},
	{"Page %d of %s records, sorted by %s", "第 %d 页，共 %s 条，按 %s 排序"},
	{"Page %d of one record, sorted by %s", "第 %d 页，共 1 条，按 %s 排序"},
	{"Page %d, %d shown", "第 %d 页，%d 条"},
	{"The records are being counted …", "正在统计记录……"},
	{"There are too many items and days to count at once: choose fewer days, or a direction.", "监控项和天数太多，无法一次统计：请选择更少的天数或某个方向。"},
	{"The items are being looked at …", "正在检查监控项……"},
	{"counted", "统计于"},
	{"Monitor items", "监控项"},
	{"Alarms", "告警"},
	{"Logs", "日志"},
	{"Heartbeats", "心跳"},
	{"Alarms by direction", "告警趋势（按方向）"},
	{"Heartbeats by direction", "心跳趋势（按方向）"},
	{"Logs by direction and level", "日志趋势（按方向和级别）"},
	{"Top 10 items by alarms", "告警最多的 10 个监控项"},
	{"Others", "其他"},
	{"None in this range.", "此时间范围内没有。"},
	{"Most", "最多"},
	{"Numbers", "数据"},
	{"Day", "日期"},
	{"Mutes, marks and the outbox could not all be read.", "部分静默设置或待发告警无法读取。"},
	{"now", "现在"},
	{"and", "且"},
	{"Not", "不含"},
	{"Reset", "清除"},
	{"Sort by", "排序"},
	{"Name", "名称"},
	{"Newest first", "最新在前"},
	{"Per page", "每页"},
	{"Filter by", "过滤"},
	{"text, !text, =text, <10, >=10", "文本、!不含、=等于、<10、>=10"},
	{"stopped", "已停止"},
	{"late", "迟到"},
	{"hanging", "挂起"},
	{"overlong", "超时"},
	{"never finished", "未结束"},
	{"wrapper lost", "包装丢失"},
	{"failing", "失败"},
	{"alarms stuck", "告警受阻"},
	{"muted", "已静默"},
	{"retired", "已停用"},
	{"running", "运行中"},
	{"idle", "空闲"},
	{"ok", "正常"},
}
