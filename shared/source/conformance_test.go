package source_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"golang.org/x/tools/txtar"

	"assay/shared/clean"
	"assay/shared/market"
	"assay/shared/source"
)

// TestConformance holds every parser against one contract. It reads every recorded answer that the parser claims as it was sent,
// then damaged in every way below, and however it was damaged: a bar is that of the answer as it was sent, or a part of it that
// says so, or it is refused. Never is it another one. With -v it prints which source was tried with what, and what came of it.
func TestConformance(t *testing.T) {
	table := &bytes.Buffer{}
	columns := tabwriter.NewWriter(table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(columns, "dataset\trecorded\tas sent\tcase\ttried\tright\tpart\trefused")
	for _, test := range recorded {
		p := source.Payload{
			Dataset: test.dataset, Interval: test.interval, Status: test.status, Body: shared(t, "wire", test.file), Received: at(t, test.received),
		}
		if test.series != "" {
			p.Series = []market.SeriesID{seriesID(t, test.series)}
		}
		if test.kind != nil {
			fmt.Fprintf(columns, "%s\t%s\t%v\t\t\t\t\t\n", test.dataset, test.file, test.kind)
			continue
		}
		fmt.Fprintf(columns, "%s\t%s\t%d bars\t\t\t\t\t\n", test.dataset, test.file, len(accepted(t, p)))
		holdAll(t, p, columns)
	}
	if err := columns.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", table)
}

// batches are the cases of a feed that hold neither a correction nor a broken frame: where damage takes one of these away, the bar
// that is left is another, and rightly so.
var batches = []string{"ws-snapshot.txtar", "ws-next-bar.txtar", "ws-clock.txtar", "ws-disorder.txtar"}

// TestConformanceOfCases does the same with the answers that we wrote, of which there is one for each live parser.
func TestConformanceOfCases(t *testing.T) {
	table := &bytes.Buffer{}
	columns := tabwriter.NewWriter(table, 0, 0, 2, ' ', 0)
	for _, s := range source.All {
		for _, path := range glob(t, "testdata/"+s.Name+"/*.txtar") {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			p := payload(t, string(archive.Files[0].Data), string(archive.Files[1].Data))
			if (p.Status == http.StatusOK || slices.Contains(batches, filepath.Base(path))) && len(accepted(t, p)) > 0 {
				fmt.Fprintf(columns, "%s\t%s\t%d bars\t\t\t\t\t\n", p.Dataset, path, len(accepted(t, p)))
				holdAll(t, p, columns)
			}
		}
	}
	if err := columns.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", table)
}

// holdAll damages an answer in every way and prints a line for each.
func holdAll(t *testing.T, p source.Payload, columns io.Writer) {
	t.Helper()
	p.Body = shortened(p.Body)
	asSent := accepted(t, p)
	cases := mutations(p.Body)
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		fmt.Fprintf(columns, "%s\t\t\t%s\t%s\n", p.Dataset, name, hold(t, p, asSent, name, cases[name]))
	}
}

// barName is which bar one is: an answer holds bars of one interval.
type barName struct {
	series market.SeriesID
	start  int64
}

// accepted returns the bars of a payload. Where one comes with two values, nothing is in its place: the order of the rows decides
// which of them it is, and damage may take either away.
func accepted(t *testing.T, p source.Payload) map[barName]*market.Bar {
	t.Helper()
	bars := map[barName]*market.Bar{}
	cleaner := clean.New(clean.Origin{Received: p.Received, Authority: market.Own})
	err := source.Parse(p, cleaner.Add)
	if err != nil {
		if !slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(err, kind) }) {
			t.Errorf("%s: error %v has no kind", p.Dataset, err)
		}
		return nil
	}
	result := cleaner.Result()
	check(t, result)
	for key, some := range result.Bars {
		if len(p.Series) == 1 && key.Series != p.Series[0] {
			t.Errorf("%s: bars of %s, which nobody asked for", p.Dataset, key.Series)
		}
		for _, bar := range some {
			bars[barName{key.Series, bar.Start}] = &bar
		}
	}
	for _, reject := range result.Rejects {
		if reject.Rule == "duplicate" {
			bars[barName{reject.Series, reject.Start}] = nil
		}
	}
	return bars
}

// hold tries one kind of damage and counts how the bars came out.
func hold(t *testing.T, p source.Payload, asSent map[barName]*market.Bar, name string, bodies [][]byte) string {
	t.Helper()
	right, part, refused := 0, 0, 0
	for _, body := range bodies {
		p.Body = body
		got := accepted(t, p)
		for which, bar := range got {
			want, known := asSent[which]
			switch {
			case known && (bar == nil || want == nil):
			case known && bar.SameValue(want):
				right++
			case known && isPartOf(*bar, *want):
				part++
			default:
				t.Errorf("%s, %s: got %+v, want %+v, a part of it, or nothing\n%.300s", p.Dataset, name, bar, want, body)
			}
		}
		refused += max(0, len(asSent)-len(got))
	}
	return fmt.Sprintf("%d\t%d\t%d\t%d", len(bodies), right, part, refused)
}

// shortened returns an answer with its last rows only: damage to a long one would show no more and take longer.
func shortened(body []byte) []byte {
	const rows = 40
	if !json.Valid(body) {
		lines := bytes.SplitAfter(body, []byte("\n"))
		if bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) || len(lines) <= rows {
			return body
		}
		return slices.Concat(lines[0], bytes.Join(lines[len(lines)-rows:], nil))
	}
	return edited(body, func(list []any) []any { return list[max(0, len(list)-rows):] })
}

// edited returns a JSON document with its rows changed.
func edited(body []byte, edit func(rows []any) []any) []byte {
	var document any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&document); err != nil {
		panic(err) // it is valid
	}
	rows := longest(&document)
	*rows = edit(*rows)
	text, err := json.Marshal(unwrap(document))
	if err != nil {
		panic(err) // it came from JSON
	}
	return text
}

// mutations damages an answer, by the kind of damage.
func mutations(body []byte) map[string][][]byte {
	all := map[string][][]byte{}
	for n := range 60 {
		all["cut"] = append(all["cut"], body[:len(body)*n/60])
	}
	for n := 1; n <= min(12, len(body)); n++ {
		all["cut"] = append(all["cut"], body[:len(body)-n])
	}
	if json.Valid(body) {
		damageJSON(body, all)
	} else {
		damageLines(string(body), all)
	}
	return all
}

// damageJSON changes a document in the list of its rows: the longest list in it, or the document itself when there is none.
func damageJSON(body []byte, all map[string][][]byte) {
	length := 0
	edited(body, func(rows []any) []any { length = len(rows); return rows })
	change := func(name string, edit func(rows []any) []any) { all[name] = append(all[name], edited(body, edit)) }
	random := rand.New(rand.NewPCG(1, 2))
	change("numbers as strings", func(rows []any) []any { return each(rows, asText) })
	change("reversed", func(rows []any) []any { slices.Reverse(rows); return rows })
	for range 3 {
		change("shuffled", func(rows []any) []any {
			random.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
			return rows
		})
	}
	change("every row twice", func(rows []any) []any { return append(rows, rows...) })
	for _, n := range []int{0, length / 2, length - 1} {
		if n < 0 || n >= length {
			continue
		}
		change("a row null", func(rows []any) []any { rows[n] = nil; return rows })
		change("a row twice", func(rows []any) []any { return slices.Insert(rows, n, rows[n]) })
		for field := range 12 {
			for name, value := range map[string]any{"a field null": nil, "a field empty": "", "a field of words": "n/a"} {
				change(name, func(rows []any) []any { rows[n] = withField(rows[n], field, value, false); return rows })
			}
			change("a field too many", func(rows []any) []any { rows[n] = withField(rows[n], field, json.Number("9"), true); return rows })
		}
	}
}

// longest returns the longest list of lists or objects in a document. A document without one becomes a list of itself.
func longest(document *any) *[]any {
	var best *[]any
	var walk func(v any, put func(any))
	walk = func(v any, put func(any)) {
		switch v := v.(type) {
		case []any:
			isRows := len(v) > 0 && isRow(v[0])
			if isRows && (best == nil || len(v) > len(*best)) {
				held := &listOf{v}
				best = &held.rows
				put(held)
			}
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(v)) {
				walk(v[name], func(held any) { v[name] = held })
			}
		}
	}
	walk(*document, func(held any) { *document = held })
	if best == nil {
		held := &listOf{[]any{*document}}
		*document, best = &single{held}, &held.rows
	}
	return best
}

// listOf is a list that can be changed where it stands.
type listOf struct{ rows []any }

func (l *listOf) MarshalJSON() ([]byte, error) { return json.Marshal(l.rows) }

// single is a document that has one row: itself.
type single struct{ *listOf }

func isRow(v any) bool {
	switch v.(type) {
	case []any, map[string]any:
		return true
	default:
		return false
	}
}

// unwrap takes the list off a document that is its own row. With its row twice it is no such document any more.
func unwrap(document any) any {
	if s, ok := document.(*single); ok && len(s.rows) == 1 {
		return s.rows[0]
	}
	return document
}

// each applies a change to every scalar of every row.
func each(rows []any, change func(any) any) []any {
	var deep func(v any) any
	deep = func(v any) any {
		switch v := v.(type) {
		case []any:
			for i := range v {
				v[i] = deep(v[i])
			}
			return v
		case map[string]any:
			for name := range v {
				v[name] = deep(v[name])
			}
			return v
		default:
			return change(v)
		}
	}
	for i := range rows {
		rows[i] = deep(rows[i])
	}
	return rows
}

func asText(v any) any {
	if n, ok := v.(json.Number); ok {
		return n.String()
	}
	return v
}

// damageLines changes a text of lines under a header.
func damageLines(body string, all map[string][][]byte) {
	lines := strings.SplitAfter(body, "\n")
	join := func(name string, lines []string) { all[name] = append(all[name], []byte(strings.Join(lines, ""))) }
	if strings.HasPrefix(strings.TrimSpace(body), "<") {
		for _, n := range []int{0, len(body) / 3, len(body) / 2} {
			for name, change := range map[string][2]string{"no rate": {"rate=", "price="}, "no time": {"time=", "when="}, "no currency": {"currency=", "money="}} {
				all[name] = append(all[name], []byte(body[:n]+strings.Replace(body[n:], change[0], change[1], 1)))
			}
		}
		return
	}
	rows := slices.Clone(lines[1:])
	if n := len(rows) - 1; n >= 0 && rows[n] == "" {
		rows = rows[:n]
	}
	slices.Reverse(rows)
	join("reversed", append(lines[:1:1], rows...))
	join("every row twice", append(slices.Clone(lines), lines[1:]...))
	for _, n := range []int{1, len(lines) / 2, len(lines) - 2} {
		if n < 1 || n >= len(lines) {
			continue
		}
		cells := strings.Split(strings.TrimRight(lines[n], "\r\n"), ",")
		for i := range cells {
			for name, cell := range map[string]string{"a field empty": "", "a field of words": "n/a"} {
				changed := slices.Clone(cells)
				changed[i] = cell
				join(name, slices.Concat(lines[:n], []string{strings.Join(changed, ",") + "\n"}, lines[n+1:]))
			}
			join("a field too many", slices.Concat(lines[:n], []string{strings.Join(slices.Insert(slices.Clone(cells), i, "9"), ",") + "\n"}, lines[n+1:]))
		}
	}
}
