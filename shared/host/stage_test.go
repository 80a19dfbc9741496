package host

import (
	"debug/elf"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tree lists the files below folder with their modes; a link with where it leads.
func tree(t *testing.T, folder string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		if found[name] = info.Mode().String(); info.Mode()&fs.ModeSymlink != 0 {
			found[name], err = os.Readlink(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

var stagedFunctions = map[string]string{
	"Api/function.json": "-rw-r--r--", "Ingest/function.json": "-rw-r--r--", "Page/function.json": "-rw-r--r--",
	"QueueEcho/function.json": "-rw-r--r--", "QueueText/function.json": "-rw-r--r--",
	"TimerOften/function.json": "-rw-r--r--", "TimerTick/function.json": "-rw-r--r--",
	"host.json": "-rw-r--r--", "program": "-rwxr-xr-x",
}

func TestStage(t *testing.T) {
	folder := t.TempDir()
	binary := write(t, filepath.Join(folder, "built"), "a binary")
	settings := write(t, filepath.Join(folder, "settings"), `{"Values": {}}`)
	to := filepath.Join(folder, "deep", "app")
	o := StageOptions{Files: programFiles(), Folder: to, Binary: binary, Settings: filepath.Join(folder, "none")}
	if err := Stage(o); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(stagedFunctions, tree(t, to)); diff != "" {
		t.Errorf("staged (-want +got):\n%s", diff)
	}
	// Again, over a folder with a function that is no more, and a file that is not ours.
	write(t, filepath.Join(to, "Gone", "function.json"), "{}")
	write(t, filepath.Join(to, "secrets", "key"), "x")
	o.Settings = settings
	if err := Stage(o); err != nil {
		t.Fatal(err)
	}
	got := tree(t, to)
	if got["local.settings.json"] != "-rw-------" || got["secrets/key"] == "" || got["Gone/function.json"] != "" {
		t.Errorf("staged again: %v, want local settings, the foreign file kept, the old function gone", got)
	}
	for name := range stagedFunctions {
		if filepath.Base(name) != "function.json" {
			continue
		}
		want, err := fs.ReadFile(programFiles(), "functions/"+name)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(filepath.Join(to, name)); err != nil || string(text) != string(want) {
			t.Errorf("%s: %q, %v, want it unchanged", name, text, err)
		}
	}
}

func TestStagePublicRead(t *testing.T) {
	folder := t.TempDir()
	o := StageOptions{
		Files: programFiles(), Folder: filepath.Join(folder, "app"), PublicRead: true,
		Binary: write(t, filepath.Join(folder, "built"), "a binary"),
	}
	if err := Stage(o); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"Api": true, "Page": true, "Ingest": false} {
		text, err := os.ReadFile(filepath.Join(o.Folder, name, "function.json"))
		if err != nil || strings.Contains(string(text), `"authLevel": "anonymous"`) != want {
			t.Errorf("%s: %s, %v, want anonymous: %v", name, text, err, want)
		}
	}
	if err := os.Mkdir(filepath.Join(folder, "functions"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name := range stagedFunctions { // what was staged must load, too
		if filepath.Base(name) == "function.json" {
			if err := os.Rename(filepath.Join(o.Folder, filepath.Dir(name)), filepath.Join(folder, "functions", filepath.Dir(name))); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(t, filepath.Join(folder, "host.json"), hostJSON)
	if _, _, err := Load(os.DirFS(folder), nil); err != nil {
		t.Errorf("what was staged does not load: %v", err)
	}
}

func TestStageRefuses(t *testing.T) {
	binary := write(t, filepath.Join(t.TempDir(), "built"), "a binary")
	tests := []struct {
		has, want string
		pack      bool
	}{
		{"holiday.jpg", "is not empty and was not staged before", false},
		{"go.mod", "holds Go source", false},
		{"local.settings.json", "may hold secrets", true},
		{"notes.txt", "does not belong into a package", true},
		{"host.json", "is no linux binary", true},
	}
	for _, test := range tests {
		folder := t.TempDir()
		write(t, filepath.Join(folder, test.has), "kept")
		err := Stage(StageOptions{Files: programFiles(), Folder: folder, Binary: binary, Package: test.pack})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("into a folder with %s: %v, want %q", test.has, err, test.want)
		}
		if diff := cmp.Diff(map[string]string{test.has: "-rw-------"}, tree(t, folder)); diff != "" {
			t.Errorf("the refused folder changed (-want +got):\n%s", diff)
		}
	}
}

// TestPackage builds a small program, and makes binaries for other systems of it by changing its header.
func TestPackage(t *testing.T) {
	folder := t.TempDir()
	source := write(t, filepath.Join(folder, "main.go"), "package main\n\nfunc main() {}\n")
	build := exec.Command("go", "build", "-o", filepath.Join(folder, "built"), source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOFLAGS=")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	built, err := os.ReadFile(filepath.Join(folder, "built"))
	if err != nil {
		t.Fatal(err)
	}
	header := func(at int, value byte) string {
		changed := []byte(string(built))
		changed[at] = value
		return string(changed)
	}
	settings := write(t, filepath.Join(folder, "settings"), "{}")
	for _, test := range []struct{ name, binary, want string }{
		{"x64", string(built), ""},
		{"arm64", header(elf.EI_NIDENT+2, byte(elf.EM_AARCH64)), "build it with GOARCH=amd64"},
		{"freebsd", header(elf.EI_OSABI, byte(elf.ELFOSABI_FREEBSD)), "build it with GOOS=linux"},
		{"windows", "MZ", "is no linux binary"},
	} {
		binary := write(t, filepath.Join(folder, test.name), test.binary)
		to := filepath.Join(folder, "package-"+test.name)
		err := Stage(StageOptions{Files: programFiles(), Folder: to, Binary: binary, Package: true, Settings: settings})
		if test.want != "" {
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: %v, want %q", test.name, err, test.want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if diff := cmp.Diff(stagedFunctions, tree(t, to)); diff != "" {
			t.Errorf("package (-want +got):\n%s", diff)
		}
	}
	if err := checkBinary("/bin/sh"); err == nil {
		t.Error("a dynamic binary is taken")
	}
}

func TestStageInPlace(t *testing.T) {
	folder := t.TempDir()
	binary := write(t, filepath.Join(t.TempDir(), "built"), "a binary")
	write(t, filepath.Join(folder, "host.json"), hostJSON)
	write(t, filepath.Join(folder, "local.settings.json.example"), "{}")
	write(t, filepath.Join(folder, "functions", "Tick", "function.json"), `{"bindings":[`+timerBinding("0 * * * * *")+`]}`)
	if err := os.Symlink("functions/Gone", filepath.Join(folder, "Gone")); err != nil {
		t.Fatal(err)
	}
	if err := StageInPlace(folder, binary); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"Tick": "functions/Tick", "program": "-rwxr-xr-x", "local.settings.json": "-rw-------", "local.settings.json.example": "-rw-------",
		"host.json": "-rw-------", "functions/Tick/function.json": "-rw-------",
	}
	if diff := cmp.Diff(want, tree(t, folder)); diff != "" {
		t.Errorf("in place (-want +got):\n%s", diff)
	}
	write(t, filepath.Join(folder, "local.settings.json"), `{"mine": true}`)
	if err := StageInPlace(folder, filepath.Join(folder, "program")); err != nil { // from itself
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(folder, "local.settings.json")); err != nil || string(text) != `{"mine": true}` {
		t.Errorf("local settings: %s, %v, want them kept", text, err)
	}
	if err := os.Remove(filepath.Join(folder, "Tick")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "Tick"), "somebody's")
	if err := StageInPlace(folder, binary); err == nil || !strings.Contains(err.Error(), "is in the way") {
		t.Errorf("over a file: %v, want an error", err)
	}
	if err := StageInPlace(t.TempDir(), binary); err == nil || !strings.Contains(err.Error(), "--in-place wants the repository") {
		t.Errorf("in an empty folder: %v, want an error", err)
	}
}
