package commands

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// printAnalysis prints the JSON of an analysis as tables: what was read, then numbers, one column for each series, then columns and
// lists, of which the last rows.
func printAnalysis(out io.Writer, answer []byte, last int) error {
	decoder := json.NewDecoder(bytes.NewReader(answer))
	decoder.UseNumber()
	value, err := decodeValue(decoder)
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	head := value.(object)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	p := analysisPrinter{out: table, last: last, undefined: head.of("undefined").(object)}
	p.head(head)
	result := head.of("result")
	if results, each := result.([]any); each && head.of("join") == nil {
		for n, one := range results {
			p.column = n
			p.walk("/result/"+strconv.Itoa(n), "", one)
		}
	} else {
		p.series = []string{head.text("kind")}
		p.walk("/result", "", result)
	}
	p.scalars()
	for _, t := range p.tables {
		t()
	}
	return table.Flush()
}

// analysisPrinter gathers the numbers of all series, and the tables that follow them.
type analysisPrinter struct {
	out       io.Writer
	last      int
	undefined object
	series    []string
	column    int // of the series that is walked
	names     []string
	numbers   map[string][]string
	tables    []func()
}

func (p *analysisPrinter) head(head object) {
	if head.text("simulated") == "true" {
		fmt.Fprintln(p.out, "SIMULATED: these prices are made up")
	}
	fmt.Fprintln(p.out, "SERIES\tINTERVAL\tFIRST\tLAST\tN\tPER YEAR\tPRICE\tLEFT OUT")
	for _, one := range head.of("series").([]any) {
		s := one.(object)
		var left []string
		for _, m := range s.of("leftOut").(object) {
			left = append(left, plain(m.value)+" "+m.name)
		}
		p.series = append(p.series, s.text("series"))
		fmt.Fprintf(p.out, "%s\t%s\t%s\t%s\t%s\t%s\t%s a %s\t%s\n", s.text("series"), head.text("interval"), s.text("first"), s.text("last"), s.text("n"),
			s.text("periodsPerYear"), s.text("currency"), s.text("unit"), strings.Join(left, ", "))
	}
	if join := head.of("join"); join != nil {
		fmt.Fprintf(p.out, "\njoin %s, %s in common\n", join, head.text("n"))
	}
	if notes, ok := head.of("notes").([]any); ok {
		for _, note := range notes {
			fmt.Fprintf(p.out, "note: %s\n", note)
		}
	}
}

// walk gathers what is in a value.
func (p *analysisPrinter) walk(pointer, name string, value any) {
	switch v := value.(type) {
	case object:
		columns := columnsOf(pointer, v)
		for _, m := range v {
			if !slices.ContainsFunc(columns, func(c column) bool { return c.member == m.name }) {
				p.walk(pointer+"/"+m.name, strings.TrimPrefix(name+"."+m.name, "."), m.value)
			}
		}
		if len(columns) > 0 {
			p.addTable(name, columns, p.last)
		}
	case []any:
		p.list(pointer, name, v)
	default:
		p.number(name, p.cell(pointer, name, v))
	}
}

// column is one of a table.
type column struct {
	member string // of the object that it is in
	name   string
	at     func(row int) (pointer string, value any)
	rows   int
}

// columnsOf lists the members of an object that are columns: time, or else the first list too long for a line, and the lists as
// long as it, also those that have a name and are one of several outputs.
func columnsOf(pointer string, o object) []column {
	first := slices.IndexFunc(o, func(m member) bool {
		list, ok := m.value.([]any)
		return ok && (m.name == "time" || len(list) > longList && isScalar(list[0]))
	})
	if first < 0 {
		return nil
	}
	times := o[first].value.([]any)
	columns := []column{columnOf(pointer+"/"+o[first].name, o[first].name, o[first].name, times)}
	for k, m := range o {
		list, ok := m.value.([]any)
		if k == first {
			continue
		}
		if ok && len(list) == len(times) && len(list) > 0 && isScalar(list[0]) {
			columns = append(columns, columnOf(pointer+"/"+m.name, m.name, m.name, list))
			continue
		}
		for n, one := range list {
			named, isNamed := one.(object)
			if values, ok := named.of("value").([]any); isNamed && ok && len(values) == len(times) {
				columns = append(columns, columnOf(fmt.Sprintf("%s/%s/%d/value", pointer, m.name, n), m.name, named.text("name"), values))
			}
		}
	}
	return columns
}

func columnOf(pointer, member, name string, list []any) column {
	return column{member, name, func(row int) (string, any) { return fmt.Sprintf("%s/%d", pointer, row), list[row] }, len(list)}
}

// longList is how many values are still printed in a line.
const longList = 12

func (p *analysisPrinter) list(pointer, name string, list []any) {
	switch {
	case len(list) == 0:
		p.number(name, "none")
	case isScalar(list[0]) && len(list) <= longList:
		var texts []string
		for n, one := range list {
			texts = append(texts, p.cell(fmt.Sprintf("%s/%d", pointer, n), name, one))
		}
		p.number(name, strings.Join(texts, "  "))
	case isScalar(list[0]):
		p.addTable("", []column{columnOf(pointer, name, name, list)}, 0)
	case !slices.ContainsFunc(list, func(one any) bool { return !isFlat(one) }):
		var columns []column
		for _, m := range list[0].(object) {
			columns = append(columns, column{name: m.name, rows: len(list), at: func(row int) (string, any) {
				return fmt.Sprintf("%s/%d/%s", pointer, row, m.name), list[row].(object).of(m.name)
			}})
		}
		p.addTable(name, columns, 0)
	default:
		for n, one := range list {
			label := strconv.Itoa(n)
			if o, ok := one.(object); ok {
				label, one = labelOf(o, n)
			}
			p.walk(fmt.Sprintf("%s/%d", pointer, n), strings.TrimPrefix(fmt.Sprintf("%s[%s]", name, label), "."), one)
		}
	}
}

// isFlat reports whether a value is an object of scalars only.
func isFlat(v any) bool {
	o, ok := v.(object)
	for _, m := range o {
		ok = ok && isScalar(m.value)
	}
	return ok
}

func isObject(v any) bool { _, ok := v.(object); return ok }

func isScalar(v any) bool {
	_, list := v.([]any)
	return !list && !isObject(v)
}

// labelOf names a member of a list by what it is of, else by its number, and returns the rest of it.
func labelOf(o object, n int) (label string, rest object) {
	var names []string
	for _, m := range o {
		if text, ok := m.value.(string); ok && slices.Contains([]string{"a", "b", "model", "name"}, m.name) {
			names = append(names, text)
		} else {
			rest = append(rest, m)
		}
	}
	if len(names) == 0 {
		return strconv.Itoa(n), rest
	}
	return strings.Join(names, ", "), rest
}

func (p *analysisPrinter) number(name, text string) {
	if p.numbers == nil {
		p.numbers = map[string][]string{}
	}
	if _, ok := p.numbers[name]; !ok {
		p.names = append(p.names, name)
		p.numbers[name] = make([]string, len(p.series))
	}
	p.numbers[name][p.column] = text
}

func (p *analysisPrinter) scalars() {
	if len(p.names) == 0 {
		return
	}
	fmt.Fprintf(p.out, "\n\t%s\n", strings.Join(p.series, "\t"))
	for _, name := range p.names {
		fmt.Fprintf(p.out, "%s\t%s\n", name, strings.Join(p.numbers[name], "\t"))
	}
}

// addTable prints columns of one length after the numbers, of rows the last most; 0 for all.
func (p *analysisPrinter) addTable(name string, columns []column, most int) {
	title, rows := strings.TrimSpace(p.series[p.column]+" "+name), columns[0].rows
	p.tables = append(p.tables, func() {
		first := 0
		if most > 0 {
			first = max(0, rows-most)
		}
		fmt.Fprintf(p.out, "\n%s", title)
		if first > 0 {
			fmt.Fprintf(p.out, ", the last %d of %d", rows-first, rows)
		}
		cells := make([]string, len(columns))
		for n, c := range columns {
			cells[n] = strings.ToUpper(c.name)
		}
		fmt.Fprintf(p.out, "\n%s\n", strings.Join(cells, "\t"))
		for row := first; row < rows; row++ {
			for n, c := range columns {
				pointer, value := c.at(row)
				cells[n] = p.cell(pointer, c.name, value)
			}
			fmt.Fprintln(p.out, strings.Join(cells, "\t"))
		}
	})
}

// moments are the members that are epoch seconds.
var moments = []string{"time", "peak", "trough", "recovery", "from", "to", "changes"}

// cell prints one value: a time as a date, a number in six digits, a null with its reason.
func (p *analysisPrinter) cell(pointer, name string, value any) string {
	number, ok := value.(json.Number)
	switch {
	case value == nil && p.undefined.of(pointer) != nil:
		return "- (" + p.undefined.text(pointer) + ")"
	case !ok:
		return plain(value)
	case slices.Contains(moments, name[strings.LastIndexByte(name, '.')+1:]):
		if seconds, err := number.Int64(); err == nil {
			return strings.TrimSuffix(time.Unix(seconds, 0).UTC().Format(time.RFC3339), "T00:00:00Z")
		}
	}
	if v, err := number.Float64(); err == nil && strings.ContainsAny(number.String(), ".e") {
		return strconv.FormatFloat(v, 'g', 6, 64)
	}
	return number.String()
}

// plain prints a value as it is; midnights are dates.
func plain(value any) string {
	switch v := value.(type) {
	case nil:
		return "-"
	case string:
		return strings.TrimSuffix(v, "T00:00:00Z")
	default:
		return fmt.Sprint(v)
	}
}
