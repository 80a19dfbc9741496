package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"time"

	"assay/shared/analysis"
	"assay/shared/market"
)

// oracleCase is one case as the files write it.
type oracleCase struct {
	ID     string
	Inputs map[string]json.RawMessage
	Params map[string]any
	dir    string
}

// input names a column, or several, and what to do with it before the case begins.
type input struct {
	File      string
	Column    string
	Columns   []string
	Transform string
	TakeLast  int `json:"take_last"`
	Diff      int
	Scale     float64
}

// number, integer, text and need return a parameter.
func (c *oracleCase) number(name string) float64 { return need[float64](c, name) }
func (c *oracleCase) integer(name string) int    { return int(need[float64](c, name)) }
func (c *oracleCase) text(name string) string    { return need[string](c, name) }
func need[T any](c *oracleCase, name string) T {
	v, ok := c.Params[name].(T)
	if !ok {
		panic(fmt.Errorf("parameter %s is %v", name, c.Params[name]))
	}
	return v
}

func (c *oracleCase) input(name string) input {
	var in input
	if err := json.Unmarshal(c.Inputs[name], &in); err != nil {
		panic(fmt.Errorf("input %s: %w", name, err))
	}
	return in
}

// inline returns a series that the case itself holds; null is absent.
func (c *oracleCase) inline(name string) []float64 {
	var all map[string][]*float64
	if err := json.Unmarshal(c.Inputs["inline"], &all); err != nil {
		panic(fmt.Errorf("inline inputs: %w", err))
	}
	values := []float64{}
	for _, p := range all[name] {
		if p == nil {
			values = append(values, market.Absent)
		} else {
			values = append(values, *p)
		}
	}
	return values
}

// series returns an input row by row, after its transform, with what is absent in place.
func (c *oracleCase) rows(name string) analysis.Series {
	in := c.input(name)
	table := c.table(in.File)
	return in.finish(in.transform(analysis.Series{Time: table.times, Value: table.column(in.Column)}))
}

// series returns an input without its absent rows, after its transform. In stl the last prices are taken before it.
func (c *oracleCase) series(name string) analysis.Series {
	in := c.input(name)
	table := c.table(in.File)
	return in.finish(in.transform(analysis.Series{Time: table.times, Value: table.column(in.Column)}.Drop()))
}

// prices returns an input without its absent rows and its transform.
func (c *oracleCase) prices(name string) analysis.Series {
	in := c.input(name)
	table := c.table(in.File)
	return analysis.Series{Time: table.times, Value: table.column(in.Column)}.Drop()
}

// bars returns the columns that an input's file has; the others are absent.
func (c *oracleCase) bars(name string) analysis.Bars {
	t := c.table(c.input(name).File)
	return analysis.Bars{
		Time: t.times, Open: t.column("open"), High: t.column("high"), Low: t.column("low"), Close: t.column("close"),
		Volume: t.column("volume"),
	}
}

func (in input) transform(s analysis.Series) analysis.Series {
	switch in.Transform {
	case "none", "":
		return s
	case "log":
		logs := make([]float64, len(s.Value))
		for i, v := range s.Value {
			logs[i] = math.Log(v)
		}
		return analysis.Series{Time: s.Time, Value: logs}
	case "log_return":
		return analysis.Series{Time: s.Time[1:], Value: referenceLogReturns(s.Value)[1:]}
	case "simple_return":
		return analysis.Series{Time: s.Time[1:], Value: referenceSimpleReturns(s.Value)[1:]}
	}
	panic(fmt.Errorf("unknown transform %q", in.Transform))
}

// finish takes the last values, then differences, then scales.
func (in input) finish(s analysis.Series) analysis.Series {
	if in.TakeLast > 0 && in.TakeLast < len(s.Value) {
		n := len(s.Value) - in.TakeLast
		s = analysis.Series{Time: s.Time[n:], Value: s.Value[n:]}
	}
	for range in.Diff {
		d := make([]float64, len(s.Value)-1)
		for i := range d {
			d[i] = s.Value[i+1] - s.Value[i]
		}
		s = analysis.Series{Time: s.Time[1:], Value: d}
	}
	if in.Scale != 0 {
		s.Value = slices.Clone(s.Value)
		for i := range s.Value {
			s.Value[i] *= in.Scale
		}
	}
	return s
}

// table is a CSV file.
type table struct {
	times   []int64
	columns map[string][]float64
}

// column returns a column, absent throughout where the file has none of this name.
func (t table) column(name string) []float64 {
	if x, ok := t.columns[name]; ok {
		return x
	}
	x := make([]float64, len(t.times))
	for i := range x {
		x[i] = market.Absent
	}
	return x
}

func (c *oracleCase) table(file string) table {
	f, err := os.Open(filepath.Join(c.dir, filepath.FromSlash(file)))
	if err != nil {
		panic(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		panic(fmt.Errorf("%s: %w", file, err))
	}
	t := table{columns: map[string][]float64{}}
	for _, record := range records[1:] {
		at, err := time.Parse(time.RFC3339, record[0])
		if err != nil {
			panic(fmt.Errorf("%s: %w", file, err))
		}
		t.times = append(t.times, at.Unix())
		for i, name := range records[0][1:] {
			v := market.Absent
			if text := record[i+1]; text != "" {
				if v, err = strconv.ParseFloat(text, 64); err != nil {
					panic(fmt.Errorf("%s: %w", file, err))
				}
			}
			t.columns[name] = append(t.columns[name], v)
		}
	}
	return t
}

// stamps prints times as the cases do.
func stamps(times []int64) []string {
	out := make([]string, len(times))
	for i, t := range times {
		out[i] = stamp(t)
	}
	return out
}

func stamp(t int64) string { return time.Unix(t, 0).UTC().Format(time.RFC3339) }

// object is a JSON object of a result.
type object = map[string]any

// plain makes a result fit for JSON: absent and undefined become null. An infinity has no place in a result.
func plain(v any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case analysis.Value:
		return plain(v.Number)
	case float64:
		if math.IsInf(v, 0) {
			panic("a result is infinite")
		}
		if math.IsNaN(v) {
			return nil
		}
		return v
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Slice, reflect.Array:
		list := make([]any, r.Len())
		for i := range list {
			list[i] = plain(r.Index(i).Interface())
		}
		return list
	case reflect.Map:
		m := object{}
		for k, e := range r.Seq2() {
			m[k.String()] = plain(e.Interface())
		}
		return m
	}
	return v
}
