package web

// view is a page that can write itself.
type view interface{ write(m *markup) }

func (v loginView) write(m *markup) {
	if v.Problem != "" {
		m.note(v.Problem)
	}
	m.raw(`<form class="login" method="post" action="/login">`, "\n")
	m.hidden("to", v.To)
	m.field("User", "user", "", "", ` autocomplete="username" required autofocus`)
	m.field("Password", "password", "", "", ` type="password" autocomplete="current-password" required`)
	m.button("Login", "")
	m.raw("</form>\n")
}

func (v errorView) write(m *markup) { m.note(v.Problem) }

// title heads a part of a page.
func (m *markup) title(english string) {
	m.raw("<h2>")
	m.say(english)
	m.raw("</h2>\n")
}
