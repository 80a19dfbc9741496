package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestReferenceCases computes every case of ../shared/oracle and has that folder's own comparator judge the results.
func TestReferenceCases(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "..", "shared", "oracle")
	if _, err := os.Stat(filepath.Join(dir, "compare.py")); err != nil {
		t.Skip("../shared/oracle is not here: this test needs its cases")
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not here: it runs the comparator")
	}
	out := t.TempDir()
	missing, err := run(dir, out)
	if err != nil {
		t.Fatal(err)
	}
	if len(missing) > 0 {
		t.Logf("kinds without a computation: %s", strings.Join(missing, " "))
	}
	arguments := []string{filepath.Join(dir, "compare.py"), dir, out}
	kinds, err := filepath.Glob(filepath.Join(out, "*.json"))
	if err != nil || len(kinds) == 0 {
		t.Fatal("no results")
	}
	for _, kind := range kinds {
		arguments = append(arguments, strings.TrimSuffix(filepath.Base(kind), ".json"))
	}
	report, err := exec.Command(python, arguments...).CombinedOutput()
	lines := strings.Split(strings.TrimSpace(string(report)), "\n")
	failed := slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return !strings.HasPrefix(l, "FAIL ") })
	for _, line := range failed {
		t.Error(line)
	}
	if err != nil && len(failed) == 0 {
		t.Fatalf("the comparator: %v\n%s", err, report)
	}
	t.Log(lines[len(lines)-1])
}
