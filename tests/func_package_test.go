package tests

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// secret is put wherever a secret of the owner may lie while a package is made.
const secret = "a secret that no package may have"

// pack makes the package as azd does: make package in a copy of the repository with its owner's settings in it, then a zip of build/app.
func pack(t *testing.T, repository string, publicRead bool) []byte {
	t.Helper()
	for _, name := range []string{"local.settings.json", ".env", ".azure/assay/.env"} {
		file := filepath.Join(repository, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.Command("make", "package")
	c.Dir = repository
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "ASSAY_COINGECKO_KEY="+secret, fmt.Sprintf("ASSAY_PUBLIC_READ=%v", publicRead))
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("make package: %v\n%s", err, out)
	}
	var packed bytes.Buffer
	w := zip.NewWriter(&packed)
	if err := w.AddFS(os.DirFS(filepath.Join(repository, "build", "app"))); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// unpack checks that a package has what the host needs and nothing else, and returns a folder with it.
func unpack(t *testing.T, packed []byte) (root string) {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"assay": "-rwxr-xr-x", "host.json": "-rw-r--r--"}
	for _, name := range functionNames(t) {
		want[name+"/function.json"] = "-rw-r--r--"
	}
	root, got := filepath.Join(t.TempDir(), "app"), map[string]string{}
	for _, entry := range r.File {
		if strings.HasSuffix(entry.Name, "/") {
			continue
		}
		got[entry.Name] = entry.Mode().String()
		text := readEntry(t, entry)
		if bytes.Contains(text, []byte(secret)) {
			t.Errorf("%s of the package has a secret of who packed it", entry.Name)
		}
		to := filepath.Join(root, filepath.FromSlash(entry.Name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, text, entry.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("what the package has, with modes (-want +got):\n%s", diff)
	}
	return root
}

func readEntry(t *testing.T, entry *zip.File) []byte {
	t.Helper()
	r, err := entry.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// deployedSettings are the settings of the deployment that hold where there is no Azure: its own, without identity and Application Insights.
func deployedSettings(t *testing.T) []string {
	t.Helper()
	var settings []string
	for _, d := range ofType(readSnapshot(t, "default"), "Microsoft.Web/sites/config") {
		for name, value := range d.Properties {
			if strings.HasPrefix(name, "ASSAY_") || strings.HasPrefix(name, "AzureFunctionsJobHost__") || strings.HasSuffix(name, ".Disabled") {
				settings = append(settings, fmt.Sprintf("%s=%v", name, value))
			}
		}
	}
	slices.Sort(settings)
	return settings
}
