package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
)

const repository = "../.."

// TestSameBytes builds the program in two folders, without a network.
func TestSameBytes(t *testing.T) {
	var built [2][]byte
	for i := range built {
		folder := copySource(t)
		c := exec.Command("go", "build", "-trimpath", "-tags", "grpcnotrace", "-ldflags", "-s -w", "-buildvcs=false", "-o", "assay", ".")
		c.Dir, c.Env = folder, append(os.Environ(), "CGO_ENABLED=0", "GOPROXY=off", "GOFLAGS=")
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("go build: %v\n%s", err, out)
		}
		var err error
		if built[i], err = os.ReadFile(filepath.Join(folder, "assay")); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(built[0], built[1]) {
		t.Error("the same source in two folders gives two programs")
	}
	if limit := 40 << 20; len(built[0]) > limit {
		t.Errorf("the program has %d bytes, want at most %d", len(built[0]), limit)
	}
}

// copySource copies what the program is built from: what git has, but for the nested modules.
func copySource(t *testing.T) string {
	t.Helper()
	c := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", ":!infra")
	c.Dir = repository
	list, err := c.Output()
	if err != nil {
		t.Skipf("git does not list the files of this repository, so that there is none to copy: %v", err)
	}
	folder := t.TempDir()
	for name := range strings.SplitSeq(strings.TrimRight(string(list), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join(repository, name))
		if errors.Is(err, fs.ErrNotExist) { // listed, and deleted since
			continue
		}
		if err == nil {
			err = os.MkdirAll(filepath.Join(folder, filepath.Dir(name)), 0o755)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// TestImage builds the image twice for the machine's architecture and looks into it.
func TestImage(t *testing.T) {
	if _, err := exec.LookPath("buildah"); err != nil {
		t.Skip("buildah is missing, so the image is not built: apt-get install buildah")
	}
	var archives [2][]byte
	var folder string
	for i := range archives {
		folder = t.TempDir()
		c := exec.Command(repository+"/infra/image.sh", runtime.GOARCH)
		c.Env = append(os.Environ(), "OUT="+folder, "GOPROXY=off", "ASSAY_COINGECKO_KEY="+planted, "AzureWebJobsStorage=AccountKey="+planted)
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("image.sh: %v\n%s", err, out)
		}
		assertNoKey(t, map[string][]byte{"output of image.sh": out})
		if archives[i], err = os.ReadFile(filepath.Join(folder, "assay-"+runtime.GOARCH+".tar")); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(archives[0], archives[1]) {
		t.Error("building twice gives two images")
	}
	assertModules(t, filepath.Join(folder, "assay-"+runtime.GOARCH+".cdx.json"))
	files := untar(t, archives[0])
	var manifest []struct {
		Config string
		Layers []string
	}
	var image struct {
		Architecture string
		Config       struct {
			User       string
			Entrypoint []string
		}
	}
	decode(t, files["manifest.json"], &manifest)
	decode(t, files[manifest[0].Config], &image)
	if image.Config.User != "65532:65532" || image.Architecture != runtime.GOARCH || !slices.Equal(image.Config.Entrypoint, []string{"/assay"}) {
		t.Errorf("the image is %+v, want /assay as 65532 on %s", image, runtime.GOARCH)
	}
	assertNoKey(t, files)
	layer := untar(t, files[manifest[0].Layers[0]])
	assertNoKey(t, layer)
	names := slices.Sorted(maps.Keys(layer))
	if diff := cmp.Diff([]string{"assay", "etc/ssl/certs/ca-certificates.crt"}, names); len(manifest[0].Layers) != 1 || diff != "" {
		t.Errorf("files of the image, in %d layers (-want +got):\n%s", len(manifest[0].Layers), diff)
	}
}

// planted is a key in the environment of who builds the image.
const planted = "CG-planted-key-of-who-builds"

// assertNoKey fails where one of some files holds the planted key.
func assertNoKey(t *testing.T, files map[string][]byte) {
	t.Helper()
	for name, text := range files {
		if bytes.Contains(text, []byte(planted)) {
			t.Errorf("%s holds a key of who built it", name)
		}
	}
}

// assertModules compares a list of modules with what the go command says that the program is built from.
func assertModules(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var listed bom
	decode(t, text, &listed)
	var got []string
	for _, c := range listed.Components {
		if c.Name != "std" {
			got = append(got, c.Name+"@"+c.Version)
		}
	}
	c := exec.Command("go", "list", "-deps", "-tags", "grpcnotrace", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}@{{.Version}}{{end}}{{end}}", ".")
	c.Dir, c.Env = repository, append(os.Environ(), "GOOS=linux", "CGO_ENABLED=0")
	out, err := c.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	want := strings.Fields(string(out))
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(slices.Compact(want), got); diff != "" {
		t.Errorf("modules (-want +got):\n%s", diff)
	}
}

// untar returns the plain files of an archive.
func untar(t *testing.T, archive []byte) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for reader := tar.NewReader(bytes.NewReader(archive)); ; {
		header, err := reader.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		if files[strings.TrimPrefix(header.Name, "./")], err = io.ReadAll(reader); err != nil {
			t.Fatal(err)
		}
	}
}

func decode(t *testing.T, text []byte, to any) {
	t.Helper()
	if err := json.Unmarshal(text, to); err != nil {
		t.Fatal(err)
	}
}

// TestCompose reads compose.yaml as Docker does.
func TestCompose(t *testing.T) {
	project, err := loader.LoadWithContext(context.Background(), types.ConfigDetails{
		WorkingDir:  repository,
		ConfigFiles: []types.ConfigFile{{Filename: repository + "/compose.yaml"}},
	}, func(o *loader.Options) { o.SetProjectName("assay", true) })
	if err != nil {
		t.Fatal(err)
	}
	var packages struct{ DevDependencies map[string]string }
	if err := readJSON(os.DirFS(repository), "package.json", &packages); err != nil {
		t.Fatal(err)
	}
	if got, want := project.Services["azurite"].Image, "mcr.microsoft.com/azure-storage/azurite:"+packages.DevDependencies["azurite"]; got != want {
		t.Errorf("compose.yaml takes %s, want package.json's %s", got, want)
	}
	assay := project.Services["assay"]
	if len(assay.Ports) != 1 || assay.Ports[0].HostIP != "127.0.0.1" {
		t.Errorf("ports %v: want one, on the loopback, where reading needs no key", assay.Ports)
	}
	if _, err := os.Stat(filepath.Join(assay.Build.Context, assay.Build.Dockerfile)); err != nil {
		t.Error(err)
	}
}
