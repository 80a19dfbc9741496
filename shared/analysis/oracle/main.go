// Command oracle computes what a folder of reference cases asks for, and writes the results in the form that the folder's
// comparator reads. It exists for tests.
//
//	go run ./shared/analysis/oracle ../shared/oracle results
//
// The folder holds expected/KIND.json, whose cases name their parameters and their inputs: series in inputs/*.csv, or inline.
// Each becomes results/KIND.json. Kinds without a computation here are listed and left out.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// compute returns the result of one case, in the shape of its expected one. It may panic on a case it cannot read.
type compute func(c *oracleCase) any

// tables are the computations by kind, one table per part of the package.
var tables = []map[string]compute{priceKinds, riskKinds, dependenceKinds, indicatorKinds, outlierKinds, modelKinds}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: oracle DIR OUT")
		os.Exit(2)
	}
	missing, err := run(os.Args[1], os.Args[2])
	if len(missing) > 0 {
		fmt.Println("no computation for:", strings.Join(missing, " "))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}

// run writes the results of every kind in dir to out, and returns the kinds that it has no computation for. A case that fails
// takes nothing with it but its own result.
func run(dir, out string) (missing []string, err error) {
	kinds := map[string]compute{}
	for _, t := range tables {
		maps.Copy(kinds, t)
	}
	files, err := filepath.Glob(filepath.Join(dir, "expected", "*.json"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no expected/*.json in %s", dir)
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, err
	}
	slices.Sort(files)
	for _, file := range files {
		kind := strings.TrimSuffix(filepath.Base(file), ".json")
		if kinds[kind] == nil {
			missing = append(missing, kind)
			continue
		}
		if failed := runKind(dir, file, filepath.Join(out, kind+".json"), kinds[kind]); failed != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", kind, failed))
		}
	}
	return missing, err
}

func runKind(dir, file, out string, f compute) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var document struct{ Cases []*oracleCase }
	if err := json.Unmarshal(text, &document); err != nil {
		return err
	}
	var failed error
	results := map[string]any{}
	for _, c := range document.Cases {
		c.dir = dir
		result, err := attempt(f, c)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("case %s: %w", c.ID, err))
			continue
		}
		results[c.ID] = result
	}
	text, err = json.Marshal(results)
	if err != nil {
		return err
	}
	return errors.Join(failed, os.WriteFile(out, text, 0o644))
}

// attempt computes a case and makes it fit for JSON. A case that cannot be read, or that makes the package panic, is an error.
func attempt(f compute, c *oracleCase) (result any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	return plain(f(c)), nil
}
