package source_test

import (
	"os"
	"path/filepath"
	"testing"
)

// shared returns a file of the folder beside the repository that holds real data, and skips the test where there is none.
func shared(t testing.TB, folder, name string) []byte {
	t.Helper()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
		if root == filepath.Dir(root) {
			t.Fatal("no go.mod above the working directory")
		}
		root = filepath.Dir(root)
	}
	body, err := os.ReadFile(filepath.Join(root, "..", "shared", folder, name))
	if os.IsNotExist(err) {
		t.Skipf("../shared/%s/%s is not here: this test needs the real file", folder, name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return body
}
