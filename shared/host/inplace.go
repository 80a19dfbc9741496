package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// StageInPlace makes plain `func start` work in the repository: beside host.json it puts a link to each folder in
// functions/, since the Functions host looks no deeper, the binary, and local.settings.json from its example if there is
// none. All of them are ignored by git.
func StageInPlace(folder, binary string) error {
	functions, settings, err := Load(os.DirFS(folder), nil)
	if err != nil {
		return fmt.Errorf("--in-place wants the repository's folder, with host.json and functions/: %w", err)
	}
	to := filepath.Join(folder, settings.Executable)
	if same, err := sameFile(to, binary); err != nil {
		return err
	} else if !same {
		if err := copyFile(to, binary, 0o755); err != nil {
			return err
		}
	}
	local := filepath.Join(folder, settingsFile)
	if _, err := os.Lstat(local); errors.Is(err, fs.ErrNotExist) {
		err := copyFile(local, local+".example", 0o600)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, f := range functions {
		if err := link(filepath.Join(folder, f.Name), filepath.Join("functions", f.Name)); err != nil {
			return err
		}
	}
	return removeDangling(folder)
}

// link makes or corrects a symbolic link; anything else of that name stays and is an error.
func link(name, target string) error {
	old, err := os.Readlink(name)
	switch {
	case err == nil && old == target:
		return nil
	case err == nil:
		err = os.Remove(name)
	case errors.Is(err, fs.ErrNotExist):
		err = nil
	default:
		return fmt.Errorf("%s is in the way of a link to %s: move it", name, target)
	}
	if err != nil {
		return err
	}
	return os.Symlink(target, name)
}

// removeDangling removes links of ours to functions that are no more.
func removeDangling(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := filepath.Join(folder, entry.Name())
		target, err := os.Readlink(name)
		if err != nil || filepath.Dir(target) != "functions" {
			continue // no link, or not ours
		}
		if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
			if err := os.Remove(name); err != nil {
				return err
			}
		}
	}
	return nil
}

func sameFile(a, b string) (bool, error) {
	first, err := os.Stat(a)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	second, err := os.Stat(b)
	if err != nil {
		return false, err
	}
	return os.SameFile(first, second), nil
}
