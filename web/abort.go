package web

import "net/http"

// brokenOff ends an answer that could not be completed. Where nothing was sent yet
// it becomes an error; else the connection is cut, since what was sent would look
// like the whole.
func (s *Server) brokenOff(w http.ResponseWriter, r *http.Request, err error) {
	if a, ok := r.Context().Value(answerKey{}).(*answer); ok && !a.begun {
		w.Header().Del("Content-Disposition")
		s.databaseFailed(w, r, err)
		return
	}
	s.log.Error("broken off", "path", r.URL.Path, "problem", err.Error())
	panic(http.ErrAbortHandler)
}
