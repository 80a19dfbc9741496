package host

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

const settingsFile = "local.settings.json"

// StageOptions say what Stage writes.
type StageOptions struct {
	Files      fs.FS  // host.json and functions/, as New takes them
	Folder     string // where to; made when missing
	Binary     string // the program that the Functions host starts
	Settings   string // a local.settings.json that is copied when it exists; empty: none
	Package    bool   // for deployment: no settings file, nothing unknown in Folder, a static linux binary for x64 only
	PublicRead bool   // HTTP functions that only read need no key
}

// Stage writes the folder that the Functions host starts from: host.json, <Name>/function.json, the binary under the name that
// host.json gives it, and local settings. Each file is replaced at once, and function.json is written last, so that a
// running Functions host never sees half of it. Functions of an earlier release are removed; other files stay.
func Stage(o StageOptions) error {
	functions, settings, err := Load(o.Files, nil)
	if err != nil {
		return err
	}
	if err := checkFolder(o, functions, settings); err != nil {
		return err
	}
	if o.Package {
		if err := checkBinary(o.Binary); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(o.Folder, 0o755); err != nil {
		return err
	}
	if err := copyFile(filepath.Join(o.Folder, settings.Executable), o.Binary, 0o755); err != nil {
		return err
	}
	if !o.Package && o.Settings != "" {
		err := copyFile(filepath.Join(o.Folder, settingsFile), o.Settings, 0o600)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	text, err := fs.ReadFile(o.Files, "host.json")
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(o.Folder, "host.json"), bytes.NewReader(text), 0o644); err != nil {
		return err
	}
	return stageFunctions(o, functions)
}

func stageFunctions(o StageOptions, functions []Function) error {
	for _, f := range functions {
		text, err := fs.ReadFile(o.Files, functionFile(f.Name))
		if err != nil {
			return err
		}
		if o.PublicRead && onlyReads(f) {
			if text, err = withoutKey(text); err != nil {
				return fmt.Errorf("%s: %w", functionFile(f.Name), err)
			}
		}
		folder := filepath.Join(o.Folder, f.Name)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		if err := writeFile(filepath.Join(folder, "function.json"), bytes.NewReader(text), 0o644); err != nil {
			return err
		}
	}
	return removeOld(o.Folder, functions)
}

func onlyReads(f Function) bool {
	return f.Trigger == HTTP && !slices.ContainsFunc(f.Methods, func(m string) bool { return m != "GET" && m != "HEAD" })
}

// withoutKey sets authLevel anonymous in the trigger of a function.json.
func withoutKey(text []byte) ([]byte, error) {
	var file struct {
		Bindings []map[string]any `json:"bindings"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	for _, b := range file.Bindings {
		if b["type"] == string(HTTP) {
			b["authLevel"] = "anonymous"
		}
	}
	open, err := json.MarshalIndent(file, "", "  ")
	return append(open, '\n'), err
}

// removeOld removes the folders that hold nothing but the function.json of a function that is no more.
func removeOld(folder string, functions []Function) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		known := slices.ContainsFunc(functions, func(f Function) bool { return f.Name == entry.Name() })
		if known || !entry.IsDir() {
			continue
		}
		inside, err := os.ReadDir(filepath.Join(folder, entry.Name()))
		if err != nil {
			return err
		}
		if len(inside) == 1 && inside[0].Name() == "function.json" {
			if err := os.RemoveAll(filepath.Join(folder, entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkFolder refuses a folder that is not ours to fill.
func checkFolder(o StageOptions, functions []Function, settings Settings) error {
	entries, err := os.ReadDir(o.Folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	ours := []string{"host.json", settings.Executable}
	for _, f := range functions {
		ours = append(ours, f.Name)
	}
	staged := len(entries) == 0
	for _, entry := range entries {
		name := entry.Name()
		staged = staged || name == "host.json"
		switch {
		case name == "go.mod":
			return fmt.Errorf("%s holds Go source: stage into a folder of its own, or with --in-place", o.Folder)
		case o.Package && name == settingsFile:
			return fmt.Errorf("%s holds %s, which may hold secrets: remove it, or package into another folder", o.Folder, name)
		case o.Package && !slices.Contains(ours, name):
			return fmt.Errorf("%s holds %s, which does not belong into a package: package into another folder", o.Folder, name)
		}
	}
	if !staged {
		return fmt.Errorf("%s is not empty and was not staged before: name another folder", o.Folder)
	}
	return nil
}

func copyFile(to, from string, mode fs.FileMode) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	return writeFile(to, source, mode)
}

// writeFile replaces a file at once. A program that runs from it goes on with the old one.
func writeFile(to string, from io.Reader, mode fs.FileMode) error {
	file, err := os.CreateTemp(filepath.Dir(to), "."+filepath.Base(to)+"-*")
	if err != nil {
		return err
	}
	_, err = io.Copy(file, from)
	err = errors.Join(err, file.Chmod(mode), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), to)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", to, err), os.Remove(file.Name()))
	}
	return nil
}
