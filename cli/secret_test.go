package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/mvrun/mvrun/config"
	"github.com/mvrun/mvrun/record"
)

// TestWhyASecretCannotBeReadIsNoSecret: names of secrets are often words behind
// which a secret would stand, and errors are masked as all that is recorded.
func TestWhyASecretCannotBeReadIsNoSecret(t *testing.T) {
	masker, err := record.NewMasker(nil)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	empty := filepath.Join(folder, "password")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(folder, "api_key"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("NOPE_TOKEN", "")
	for _, value := range []string{
		"env:NOPE_TOKEN", "file:token", "file:" + empty, "file:" + filepath.Join(folder, "api_key"), "file:" + filepath.Join(folder, "sms.token"),
	} {
		_, err := config.Secret(value)
		if err == nil {
			t.Fatalf("%s can be read", value)
		}
		if problem := "sms: " + err.Error(); masker.Mask(problem) != problem {
			t.Errorf("%s: %s", value, masker.Mask(problem))
		}
	}
}
