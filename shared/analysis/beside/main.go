// Command beside times the analysis on the inputs of ../shared/oracle/bench_pandas.py, which runs it before and after pandas and
// prints the ratios:
//
//	python3 ../shared/oracle/bench_pandas.py --side go='go run ./shared/analysis/beside'
//
// It reads the files of the folder BENCH_DIR and prints one JSON object of seconds by the script's names: the median of seven calls
// after one that does not count.
package main

import (
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// job is what to time, under the script's name for it.
type job struct {
	name string
	call func()
}

// parts find their own inputs in a folder, one for each part of the package.
var parts = []func(dir string) ([]job, error){priceJobs, modelJobs}

func main() {
	seconds := map[string]float64{}
	for _, part := range parts {
		jobs, err := part(os.Getenv("BENCH_DIR"))
		if err != nil {
			fmt.Fprintln(os.Stderr, "beside:", err)
			os.Exit(1)
		}
		for _, j := range jobs {
			seconds[j.name] = median(j.call)
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(seconds); err != nil {
		fmt.Fprintln(os.Stderr, "beside:", err)
		os.Exit(1)
	}
}

func median(call func()) float64 {
	const calls = 7
	runtime.GC()
	call()
	var took [calls]float64
	for i := range took {
		start := time.Now()
		call()
		took[i] = time.Since(start).Seconds()
	}
	slices.Sort(took[:])
	return took[calls/2]
}

// sizes returns the numbers in the names of the files that a pattern matches.
func sizes(dir, pattern string) (found []int, err error) {
	paths, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		return nil, err
	}
	before, after, _ := strings.Cut(pattern, "*")
	for _, path := range paths {
		n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), before), after))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		found = append(found, n)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no %s in %q: BENCH_DIR is the folder that the script writes", pattern, dir)
	}
	return found, nil
}

// floats reads little-endian numbers.
func floats(dir, name string) ([]float64, error) {
	raw, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	x := make([]float64, len(raw)/8)
	for i := range x {
		x[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
	}
	return x, nil
}

// columns reads a CSV file with a header.
func columns(dir, name string) ([][]float64, error) {
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	out := make([][]float64, len(records[0]))
	for _, record := range records[1:] {
		for i, text := range record {
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			out[i] = append(out[i], v)
		}
	}
	return out, nil
}
