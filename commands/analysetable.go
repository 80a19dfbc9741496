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

// object is a JSON object that remembers the order of its members.
type object []struct {
	name  string
	value any
}

func (o object) of(name string) any {
	for _, m := range o {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

func (o object) text(name string) string { return plain(o.of(name)) }

func decodeValue(d *json.Decoder) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		o := object{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			value, err := decodeValue(d)
			if err != nil {
				return nil, err
			}
			o = append(o, struct {
				name  string
				value any
			}{name.(string), value})
		}
		_, err = d.Token()
		return o, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			value, err := decodeValue(d)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err = d.Token()
		return list, err
	}
	return token, nil
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
	fmt.Fprintln(p.out)
}

// walk gathers what is in a value.
func (p *analysisPrinter) walk(pointer, name string, value any) {
	switch v := value.(type) {
	case object:
		columns := columnsOf(v)
		for _, m := range v {
			if !slices.Contains(columns, m.name) {
				p.walk(pointer+"/"+m.name, strings.TrimPrefix(name+"."+m.name, "."), m.value)
			}
		}
		if len(columns) > 0 {
			p.addTable(name, columns, func(row, column int) (string, any) {
				return fmt.Sprintf("%s/%s/%d", pointer, columns[column], row), v.of(columns[column]).([]any)[row]
			}, len(v.of(columns[0]).([]any)))
		}
	case []any:
		p.list(pointer, name, v)
	default:
		p.number(name, p.cell(pointer, name, v))
	}
}

// columnsOf lists the members of an object that are columns: time first, and the lists as long as it.
func columnsOf(o object) []string {
	times, ok := o.of("time").([]any)
	if !ok {
		return nil
	}
	names := []string{"time"}
	for _, m := range o {
		if list, ok := m.value.([]any); ok && m.name != "time" && len(list) == len(times) {
			names = append(names, m.name)
		}
	}
	return names
}

func (p *analysisPrinter) list(pointer, name string, list []any) {
	switch {
	case len(list) == 0:
		p.number(name, "none")
	case isObject(list[0]) && slices.ContainsFunc(list[0].(object), func(m struct {
		name  string
		value any
	},
	) bool {
		return !isScalar(m.value)
	}):
		for n, one := range list {
			p.walk(fmt.Sprintf("%s/%d", pointer, n), strings.TrimPrefix(fmt.Sprintf("%s[%s]", name, labelOf(one.(object), n)), "."), one)
		}
	case isObject(list[0]):
		var header []string
		for _, m := range list[0].(object) {
			header = append(header, m.name)
		}
		p.addTable(name, header, func(row, column int) (string, any) {
			return fmt.Sprintf("%s/%d/%s", pointer, row, header[column]), list[row].(object).of(header[column])
		}, len(list))
	case isScalar(list[0]):
		var texts []string
		for n, one := range list {
			texts = append(texts, p.cell(fmt.Sprintf("%s/%d", pointer, n), name, one))
		}
		p.number(name, strings.Join(texts, "  "))
	default:
		for n, one := range list {
			p.walk(fmt.Sprintf("%s/%d", pointer, n), fmt.Sprintf("%s[%d]", name, n), one)
		}
	}
}

func isObject(v any) bool { _, ok := v.(object); return ok }

func isScalar(v any) bool {
	_, list := v.([]any)
	return !list && !isObject(v)
}

// labelOf names a member of a list: by what it is of, else by its number.
func labelOf(o object, n int) string {
	var names []string
	for _, name := range []string{"a", "b", "model", "name"} {
		if text, ok := o.of(name).(string); ok {
			names = append(names, text)
		}
	}
	if len(names) == 0 {
		return strconv.Itoa(n)
	}
	return strings.Join(names, ", ")
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
	fmt.Fprintf(p.out, "\t%s\n", strings.Join(p.series, "\t"))
	for _, name := range p.names {
		fmt.Fprintf(p.out, "%s\t%s\n", name, strings.Join(p.numbers[name], "\t"))
	}
}

func (p *analysisPrinter) addTable(name string, header []string, at func(row, column int) (pointer string, value any), rows int) {
	title := strings.TrimSpace(p.series[p.column] + " " + name)
	p.tables = append(p.tables, func() {
		first := 0
		if p.last > 0 {
			first = max(0, rows-p.last)
		}
		fmt.Fprintf(p.out, "\n%s", title)
		if first > 0 {
			fmt.Fprintf(p.out, ", the last %d of %d", rows-first, rows)
		}
		fmt.Fprintf(p.out, "\n%s\n", strings.ToUpper(strings.Join(header, "\t")))
		for row := first; row < rows; row++ {
			cells := make([]string, len(header))
			for column, name := range header {
				pointer, value := at(row, column)
				cells[column] = p.cell(pointer, name, value)
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
