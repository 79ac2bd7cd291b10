package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
)

// maxBody bounds what a request brings, and maxRecord what one brings that is to be
// recorded: a message of the longest, of which JSON may write each byte as six.
const (
	maxBody   = 64 << 10
	maxRecord = 1 << 20
)

// bodyLimit is how many bytes a request may bring.
func bodyLimit(r *http.Request) int64 {
	if r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/api/v1/records/") {
		return maxRecord
	}
	return maxBody
}

// decodeBody reads what a program sends: one object. A key that is not known is an
// error, and so is what stands behind it, which would be lost.
func decodeBody(r *http.Request, into any) error {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return bodyProblem(err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return err
		}
		return errors.New("more follows the object")
	}
	return nil
}

// bodyProblem says what is wrong with a body without the words of encoding/json, which
// are about our types.
func bodyProblem(err error) error {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("it is not JSON at byte %d: %w", syntax.Offset, syntax)
	}
	if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		switch {
		case kind.Field == "":
			return errors.New("it is not one object, such as {\"item\": \"nodes\"}")
		case kind.Type.Kind() == reflect.Bool:
			return fmt.Errorf("%q is not true or false", kind.Field)
		}
		return fmt.Errorf("%q is not a text", kind.Field)
	}
	if key, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return fmt.Errorf("the key %s is not known", key)
	}
	switch err {
	case io.EOF:
		return errors.New("it is empty")
	case io.ErrUnexpectedEOF:
		return errors.New("it ends before the object does")
	}
	return err
}

// bodyFailed answers where a body cannot be read.
func (s *Server) bodyFailed(w http.ResponseWriter, r *http.Request, err error) {
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		s.fail(w, r, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d KiB", large.Limit>>10))
		return
	}
	s.fail(w, r, http.StatusBadRequest, "the body cannot be taken: "+err.Error())
}
