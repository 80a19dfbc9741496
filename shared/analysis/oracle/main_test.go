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

// TestFailingCase: a case that asks for a window of no rows fails, and says so; the one after it has its result.
func TestFailingCase(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "expected"), 0o755); err != nil {
		t.Fatal(err)
	}
	cases := `{"cases": [
		{"id": "no-rows", "inputs": {"inline": {"close": [1, 2]}}, "params": {"window": 0, "periods_per_year": 365, "rf_annual": 0}},
		{"id": "correlation", "inputs": {"inline": {"x": [1], "y": [2]}}, "params": {"on": "levels"}}]}`
	if err := os.WriteFile(filepath.Join(dir, "expected", "edge.json"), []byte(cases), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := run(dir, out); err == nil || !strings.HasPrefix(err.Error(), "edge: case no-rows: ") {
		t.Errorf("got %v, want what is wrong with edge: case no-rows", err)
	}
	got, err := os.ReadFile(filepath.Join(out, "edge.json"))
	if want := `{"correlation":{"n":1,"pearson":null}}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

// TestReferenceReturns: moves of one per cent tie whatever the price.
func TestReferenceReturns(t *testing.T) {
	want := referenceSimpleReturns([]float64{1, 1.01})[1]
	for _, price := range []float64{10, 100, 1000} {
		if got := referenceSimpleReturns([]float64{price, price * 1.01})[1]; got != want {
			t.Errorf("from %v to %v: got %v, want %v", price, price*1.01, got, want)
		}
	}
}
