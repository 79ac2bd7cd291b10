package tests

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// removeSpools takes away, at the end of a test, what runs with this database
// had to leave in the spool folders of the machine.
func removeSpools(t *testing.T, db string) {
	t.Helper()
	t.Cleanup(func() {
		mark := []byte(`"db":"` + db + `"`)
		for _, pattern := range []string{rootSpool + "/*.spool", "/tmp/mvrun-*/*.spool"} {
			files, _ := filepath.Glob(pattern)
			for _, file := range files {
				if head := readHead(file); bytes.Contains(head, mark) {
					_ = os.Remove(file)
				}
			}
		}
	})
}

// readHead reads the beginning of a file, or nothing.
func readHead(path string) []byte {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer file.Close()
	head := make([]byte, 4096)
	n, _ := file.Read(head)
	return head[:n]
}
