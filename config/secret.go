package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxSecretBytes bounds a secret's file: a key or a token, not a document.
const maxSecretBytes = 64 << 10

// Secret resolves a value of the config that may be kept elsewhere: env:NAME is
// the environment variable, file:/path the content of a file without the line
// end that editors add; any other value is the secret itself. Errors name the
// variable or the file, and never repeat a value. In none stands a colon behind
// such a name: what is behind "token:" is masked where errors are recorded.
func Secret(value string) (string, error) {
	if name, ok := strings.CutPrefix(value, "env:"); ok {
		return secretOfEnvironment(name)
	}
	if path, ok := strings.CutPrefix(value, "file:"); ok {
		return secretOfFile(path)
	}
	return value, nil
}

func secretOfEnvironment(name string) (string, error) {
	secret := os.Getenv(name)
	if secret == "" {
		return "", fmt.Errorf("environment variable %q is not set or empty", name)
	}
	return secret, nil
}

func secretOfFile(path string) (string, error) {
	if !filepath.IsAbs(path) {
		return "", fmt.Errorf("file %q is no absolute path", path)
	}
	data, err := readBounded(path, maxSecretBytes, pipeWait)
	if unfit := (*unfitError)(nil); errors.As(err, &unfit) {
		return "", fmt.Errorf("file %q %s", path, unfit.problem)
	}
	if refused := (*fs.PathError)(nil); errors.As(err, &refused) {
		return "", fmt.Errorf("file %q cannot be read: %w", path, refused.Err)
	}
	if err != nil {
		return "", err
	}
	secret := strings.TrimRight(string(data), "\r\n")
	if secret == "" {
		return "", fmt.Errorf("file %q is empty", path)
	}
	return secret, nil
}
