package tests

import (
	"os"
	"os/exec"
	"regexp"
	"testing"
)

// TestNothingIsFused compiles packages for a processor on which Go fuses products and sums where it may, and looks for that: their
// numbers and pictures would be others there.
func TestNothingIsFused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"analysis", "chart"} {
		compile := exec.Command("go", "build", "-gcflags=-S", "assay/shared/"+name)
		compile.Env = append(os.Environ(), "GOARCH=arm64", "CGO_ENABLED=0")
		listing, err := compile.CombinedOutput()
		if err != nil {
			t.Fatalf("compile for arm64: %v\n%.2000s", err, listing)
		}
		if !regexp.MustCompile(`FMULD`).Match(listing) {
			t.Fatalf("the listing of %s holds no product at all", name)
		}
		seen := map[string]bool{}
		for _, at := range regexp.MustCompile(`shared/`+name+`/(\w+\.go:\d+)\)\s+FN?M(?:ADD|SUB)D`).FindAllSubmatch(listing, -1) {
			if line := string(at[1]); !seen[line] {
				seen[line] = true
				t.Errorf("%s/%s adds a product that may be fused: write float64(a*b) + c", name, line)
			}
		}
	}
}
