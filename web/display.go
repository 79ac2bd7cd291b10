package web

import (
	"net/http"
	"net/url"
)

// themeCookie remembers whether pages are light or dark; without it the browser
// decides.
const themeCookie = "mvrun_theme"

// The themes. The first is what the browser says.
var themes = [...]string{"auto", "light", "dark"}

// theme is the one that was chosen.
func theme(r *http.Request) string {
	if cookie, err := r.Cookie(themeCookie); err == nil {
		for _, known := range themes {
			if cookie.Value == known {
				return known
			}
		}
	}
	return themes[0]
}

// nextTheme is what the switch leads to.
func nextTheme(now string) string {
	for i, known := range themes {
		if known == now {
			return themes[(i+1)%len(themes)]
		}
	}
	return themes[0]
}

// display remembers in what language and light somebody wants to see the pages, and
// leads back to the one he came from.
func (s *Server) display(w http.ResponseWriter, r *http.Request) {
	for _, known := range themes {
		if r.URL.Query().Get("theme") == known {
			remember(w, themeCookie, known)
		}
	}
	// The language, which any address may name, is remembered already.
	http.Redirect(w, r, cameFrom(r), http.StatusSeeOther)
}

// cameFrom is the page of this server that a link was on.
func cameFrom(r *http.Request) string {
	from, err := url.Parse(r.Referer())
	if err != nil || from.Host != r.Host || from.Path == r.URL.Path {
		return "/"
	}
	values := from.Query()
	values.Del("lang")
	from.RawQuery = values.Encode()
	return localPath(from.RequestURI())
}

// remember sets a cookie that is about the look of pages.
func remember(w http.ResponseWriter, name, value string) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: 366 * 24 * 3600, SameSite: http.SameSiteLaxMode, HttpOnly: true})
}
