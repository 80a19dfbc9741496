package analysis

import (
	"os"
	"os/exec"
	"regexp"
	"testing"
)

// TestNothingIsFused compiles the package for a processor on which Go fuses products and sums where it may, and looks for that.
func TestNothingIsFused(t *testing.T) {
	compile := exec.Command("go", "build", "-gcflags=-S", ".")
	compile.Env = append(os.Environ(), "GOARCH=arm64", "CGO_ENABLED=0")
	listing, err := compile.CombinedOutput()
	if err != nil {
		t.Fatalf("compile for arm64: %v\n%.2000s", err, listing)
	}
	if !regexp.MustCompile(`FMULD`).Match(listing) {
		t.Fatal("the listing holds no product at all")
	}
	seen := map[string]bool{}
	for _, at := range regexp.MustCompile(`shared/analysis/(\w+\.go:\d+)\)\s+FN?M(?:ADD|SUB)D`).FindAllSubmatch(listing, -1) {
		if line := string(at[1]); !seen[line] {
			seen[line] = true
			t.Errorf("%s adds a product that may be fused: write float64(a*b) + c", line)
		}
	}
}
