package tests

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// layers are the groups of packages, from the top down. A package may import any group further down, never its own.
var layers = [][]string{
	{"assay"},
	{"assay/commands"},
	{"assay/handlers"},
	{"assay/shared/api"},
	{"assay/shared/history", "assay/shared/fetch", "assay/shared/gaps", "assay/shared/chart"},
	{"assay/shared/store"},
	{"assay/shared/source", "assay/shared/clean", "assay/shared/consensus", "assay/shared/chunk", "assay/shared/analysis"},
	{"assay/shared/market"},
}

// beside are the packages next to the layers: who may import them, and what they may import.
var beside = map[string]struct{ by, imports []string }{
	"assay/shared/host":   {[]string{"assay", "assay/commands"}, []string{"assay/shared/store", "assay/shared/market"}},
	"assay/shared/web":    {[]string{"assay/handlers"}, []string{"assay/shared/market"}},
	"assay/shared/sim":    {[]string{"assay/commands", "assay/shared/sim/simtest"}, []string{"assay/shared/market"}},
	"assay/shared/config": {nil, nil},
	"assay/shared/group":  {nil, nil},
	// for tests, which alone import them
	"assay/shared/sim/simtest":     {[]string{}, []string{"assay/shared/sim"}},
	"assay/shared/analysis/oracle": {[]string{}, []string{"assay/shared/analysis", "assay/shared/market"}},
	"assay/shared/analysis/beside": {[]string{}, []string{"assay/shared/analysis", "assay/shared/market"}},
	"assay/shared/telemetry":       {nil, nil},
}

// pure packages do no I/O: they import nothing that could.
var pure = []string{"market", "source", "clean", "consensus", "chunk", "gaps", "analysis"}

var impure = []string{"os", "net", "net/http/httptest", "database/sql", "log", "log/slog", "assay/shared/config", "assay/shared/telemetry"}

func TestDependencyDirections(t *testing.T) {
	imports := packageImports(t)
	for name, list := range imports {
		for _, imported := range list {
			if strings.HasPrefix(imported, "assay") && !mayImport(name, imported) {
				t.Errorf("%s imports %s: dependencies point downwards only", name, imported)
			}
			if strings.Contains(imported, "azure-sdk-for-go") && !strings.HasPrefix(name, "assay/shared/store") {
				t.Errorf("%s imports %s: only shared/store knows the Azure SDK", name, imported)
			}
			if strings.HasSuffix(imported, "/errgroup") && name != "assay/shared/group" && name != "assay/shared/host" {
				t.Errorf("%s imports %s: a panic in it ends the process, use shared/group", name, imported)
			}
			if strings.Contains(imported, "go.opentelemetry.io") && name != "assay/shared/telemetry" {
				t.Errorf("%s imports %s: only shared/telemetry knows OpenTelemetry", name, imported)
			}
		}
	}
	for _, name := range pure {
		for _, imported := range imports["assay/shared/"+name] {
			if slices.Contains(impure, imported) {
				t.Errorf("shared/%s imports %s: it is pure", name, imported)
			}
		}
	}
}

func mayImport(name, imported string) bool {
	if name == "assay/shared/store/storetest" {
		return slices.Contains([]string{"assay/shared/store", "assay/shared/config", "assay/shared/market"}, imported)
	}
	if b, ok := beside[imported]; ok {
		return b.by == nil || slices.Contains(b.by, name)
	}
	if b, ok := beside[name]; ok {
		return slices.Contains(b.imports, imported)
	}
	return layer(name) >= 0 && layer(imported) > layer(name)
}

func layer(name string) int {
	return slices.IndexFunc(layers, func(group []string) bool { return slices.Contains(group, name) })
}

// packageImports returns what each package of the module imports, tests left out.
func packageImports(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	imports := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		imports[fields[0]] = fields[1:]
	}
	return imports
}
