// Command scan reads what go test -json prints, everything that the tests and the programs that they start say, and fails where a
// key is in it. It prints what go test would: a line for each package, and what failed.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
)

// keys matches what must not be said: the keys that tests give to programs, and what looks like a key of a storage account.
var keys = regexp.MustCompile(`dGhlIGtleSBvZiBhbiBhY2NvdW50[A-Za-z0-9+/=]*|CG-planted-key-7f3a|a secret that no package may have|` +
	`AccountKey=[A-Za-z0-9+/]{20,}=*|Eby8vdM02xNOcq|[?&]sig=[A-Za-z0-9%]{20,}`)

// event is a line of go test -json.
type event struct {
	Action, Package, ImportPath, Test, Output string
}

// test names a test of a package.
type test struct{ pkg, name string }

func main() {
	leaks, err := scan(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "scan:", err)
		os.Exit(1)
	}
	for _, leak := range leaks {
		fmt.Printf("a key is in what %s prints\n", leak)
	}
	if len(leaks) > 0 {
		os.Exit(1)
	}
}

// scan copies the events to out as text, and returns the tests that printed a key, each once. It does not repeat the key.
func scan(events io.Reader, out io.Writer) (leaks []string, err error) {
	lines := bufio.NewReader(events)
	said := map[test]*strings.Builder{}
	leaked := map[test]bool{}
	for {
		line, readErr := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if err := json.Unmarshal(line, &e); err != nil {
				return leaks, fmt.Errorf("%.100q is no event of go test -json: %w", line, err)
			}
			of := test{e.Package + e.ImportPath, e.Test}
			if keys.MatchString(e.Output) && !leaked[of] {
				leaked[of] = true
				leaks = append(leaks, strings.TrimSpace(of.pkg+" "+of.name))
			}
			show(e, of, said, out)
		}
		if readErr == io.EOF {
			return leaks, nil
		}
		if readErr != nil {
			return leaks, readErr
		}
	}
}

// show prints what is said of a package at once, and what a test says when it has failed.
func show(e event, of test, said map[test]*strings.Builder, out io.Writer) {
	text := keys.ReplaceAllString(e.Output, "(a key)")
	switch {
	case e.Action == "fail" && said[of] != nil:
		fmt.Fprint(out, said[of])
		delete(said, of)
	case e.Action == "pass" || e.Action == "skip":
		delete(said, of)
	case e.Test == "" && text != "PASS\n":
		fmt.Fprint(out, text)
	case e.Test != "" && text != "":
		if said[of] == nil {
			said[of] = &strings.Builder{}
		}
		said[of].WriteString(text)
	}
}
