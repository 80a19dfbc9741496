// Any CSV file, by the names or numbers of its columns.
//
// Options.Columns says which column is time, open, high, low, close and volume; time and close have to be there. A file with
// numbers for all of them may have no header. Blanks around cells, quotes, a byte order mark, semicolons and tabs are
// understood, and commas between thousands where a decimal point follows. What times mean: see clock.go.

package source

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"assay/shared/market"
)

var columns = format{dataset: "columns-csv", parse: parseColumns}

// columnFields are the fields that Options.Columns may place.
var columnFields = []string{"time", "open", "high", "low", "close", "volume"}

func parseColumns(p Payload, emit func(market.Row)) error {
	series, err := p.only()
	if err != nil {
		return err
	}
	body, err := Open(p.Body)
	if err == nil {
		err = hasData(body)
	}
	if err != nil {
		return err
	}
	t, err := readTable(string(body), p.Options)
	if err != nil {
		return err
	}
	interval := p.Interval
	if interval == 0 {
		if interval = intervalOf(t.starts()); interval == 0 {
			return errInterval
		}
	}
	for l := range t.sheet.lines() {
		row := l.row(series, interval)
		if row.BadTime == "" {
			row.Start, row.BadTime = t.clock.read(l.cell(t.at[0]))
		}
		price := func(field int) string { return plain(l.cell(t.at[field])) }
		row.Open, row.High, row.Low, row.Close, row.Volume = price(1), price(2), price(3), price(4), price(5)
		emit(row)
	}
	return nil
}

func detectColumns(body []byte, options Options) (Detected, error) {
	body, err := Open(body)
	if err == nil {
		err = hasData(body)
	}
	if err != nil {
		return Detected{}, err
	}
	t, err := readTable(string(body), options)
	if err != nil {
		return Detected{}, err
	}
	return Detected{Dataset: columns.dataset, Interval: intervalOf(t.starts())}, nil
}

// table is a sheet whose columns are known.
type table struct {
	sheet sheet
	at    [6]int // the column of each of columnFields, -1 for none
	clock clock
}

func readTable(text string, options Options) (table, error) {
	names, err := columnNames(options.Columns)
	if err != nil {
		return table{}, err
	}
	var t table
	if t.sheet, err = readSheet(text, names...); err != nil {
		return t, err
	}
	for i, field := range columnFields {
		t.at[i] = -1
		name, given := options.Columns[field]
		if number, err := strconv.Atoi(name); err == nil {
			if number < 1 || number > len(t.sheet.header) {
				return t, fmt.Errorf("column %d for %s: the file has %d columns: %w", number, field, len(t.sheet.header), ErrFormat)
			}
			t.at[i] = number - 1
		} else if given {
			t.at[i] = t.sheet.column(name)
		}
	}
	if len(names) == 0 && isNumber(plain(present(t.sheet.header[t.at[4]]))) { // no header: the first line is data
		first := t.sheet
		t.sheet.body, t.sheet.first = strings.TrimPrefix(text, "\ufeff"), 1
		t.sheet.header = make([]string, len(first.header))
	}
	t.clock, err = newClock(options, func(yield func(string) bool) {
		for l := range t.sheet.lines() {
			if cell := l.cell(t.at[0]); len(l.cells) <= l.header && cell != Missing && !yield(cell) {
				return
			}
		}
	})
	return t, err
}

// columnNames checks what Options.Columns says and returns the names in it that are no numbers.
func columnNames(columns map[string]string) (names []string, err error) {
	for _, field := range slices.Sorted(maps.Keys(columns)) {
		if !slices.Contains(columnFields, field) {
			return nil, fmt.Errorf("columns: %.40q is no field, want some of %s: %w", field, strings.Join(columnFields, ", "), ErrFormat)
		}
		if _, err := strconv.Atoi(columns[field]); err != nil {
			names = append(names, columns[field])
		}
	}
	if columns["time"] == "" || columns["close"] == "" {
		return nil, fmt.Errorf("columns: want at least time and close, such as time=Date,close=Price: %w", ErrFormat)
	}
	return names, nil
}

// starts reads the times of a table, without those that cannot be read.
func (t table) starts() (starts []int64) {
	for l := range t.sheet.lines() {
		if start, bad := t.clock.read(l.cell(t.at[0])); bad == "" {
			starts = append(starts, start)
		}
	}
	return starts
}

// plain takes the commas out of 1,234.50. A comma without a point after it may stand for one, and stays.
func plain(cell string) string {
	whole, decimals, ok := strings.Cut(cell, ".")
	if !ok || !strings.Contains(whole, ",") {
		return cell
	}
	groups := strings.Split(whole, ",")
	for i, group := range groups {
		if i > 0 && len(group) != 3 || i == 0 && (group == "" || len(group) > 3) {
			return cell
		}
	}
	return strings.Join(groups, "") + "." + decimals
}

func isNumber(text string) bool {
	_, err := strconv.ParseFloat(text, 64)
	return err == nil
}
