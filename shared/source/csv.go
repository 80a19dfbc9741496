package source

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"assay/shared/market"
)

// sheet is a text file of columns under a header.
type sheet struct {
	header []string // names, without the blanks around them
	comma  byte
	body   string // what follows the header
	first  int    // the line number of its first line
	open   bool   // it is an answer that does not end with a line: the last one may have been cut
}

// line is one record of a sheet.
type line struct {
	number int // in the file, from 1
	text   string
	cells  []string // valid until the next line is read
	header int      // how many columns the sheet has
	open   bool     // it may have been cut
}

// readSheet finds the header: the first line, of the first ten, that has all of the given names in any order. A file may
// begin with an address or a title.
func readSheet(text string, names ...string) (sheet, error) {
	rest := strings.TrimPrefix(text, "\ufeff")
	first := ""
	for number := 1; number <= 10 && rest != ""; number++ {
		var l string
		l, rest, _ = strings.Cut(rest, "\n")
		if l = strings.TrimSuffix(l, "\r"); l == "" {
			continue
		}
		first = cmp.Or(first, l)
		comma := separator(l)
		header := trimmed(split(l, comma, nil))
		if !slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(header, name) }) {
			return sheet{header: header, comma: comma, body: rest, first: number + 1}, nil
		}
	}
	return sheet{}, fmt.Errorf("no line names the columns %s; the file begins with %.120q: %w", strings.Join(names, ", "), first, ErrFormat)
}

// column returns the index of a column, -1 if there is none.
func (s sheet) column(name string) int { return slices.Index(s.header, name) }

// lines reads the records.
func (s sheet) lines() iter.Seq[line] {
	return func(yield func(line) bool) {
		var cells []string
		last := 0
		if s.open {
			last = strings.Count(s.body, "\n") + 1
		}
		for number, text := range lines(s.body) {
			cells = split(text, s.comma, cells[:0])
			if !yield(line{number + s.first - 1, text, cells, len(s.header), number == last}) {
				return
			}
		}
	}
}

// cell returns a cell, without the blanks around it: the empty text if the sheet has no such column, Missing if the line has
// nothing there. The last cell of a line that is too short may have been cut and is missing too.
func (l line) cell(column int) string {
	if column < 0 {
		return ""
	}
	if column >= len(l.cells) || len(l.cells) < l.header && column == len(l.cells)-1 {
		return Missing
	}
	return present(l.cells[column])
}

// empty reports whether a whole line has nothing in a column: on that day there was no such price, which is no fault.
func (l line) empty(column int) bool { return len(l.cells) == l.header && l.cell(column) == Missing }

// present returns a cell's text, or Missing for what stands for nothing.
func present(cell string) string {
	switch cell = strings.TrimSpace(cell); cell {
	case "", ".", "-", "N/A", "n/a", "null", "NULL":
		return Missing
	default:
		return cell
	}
}

// row begins a row. In a line with too many cells nobody knows which is which, and a number that has been cut is another one.
func (l line) row(series market.SeriesID, i market.Interval) market.Row {
	row := market.Row{Series: series, Interval: i, Number: l.number, Text: l.text}
	if len(l.cells) > l.header {
		row.BadTime = fmt.Sprintf("%.80s (%d cells under %d names)", l.text, len(l.cells), l.header)
	} else if l.open {
		row.BadTime = fmt.Sprintf("%.80s (the answer ends within this line)", l.text)
	}
	return row
}

// daily begins a row of the day that a column names.
func (l line) daily(series market.SeriesID, date int) market.Row {
	row := l.row(series, market.Day)
	if row.BadTime == "" {
		setDay(&row, l.cell(date))
	}
	return row
}

// lines splits a text, numbering from 1. Line ends and empty lines are left out.
func lines(text string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		for number := 1; text != ""; number++ {
			var l string
			l, text, _ = strings.Cut(text, "\n")
			if l = strings.TrimSuffix(l, "\r"); l != "" && !yield(number, l) {
				return
			}
		}
	}
}

// separator guesses what separates the columns of a line.
func separator(l string) byte {
	best := byte(',')
	for _, c := range []byte{';', '\t'} {
		if strings.Count(l, string(c)) > strings.Count(l, string(best)) {
			best = c
		}
	}
	return best
}

// split appends the cells of a line. A cell may be quoted, a quote in it doubled.
func split(l string, comma byte, cells []string) []string {
	for {
		l = strings.TrimLeft(l, " ")
		if !strings.HasPrefix(l, `"`) {
			end := strings.IndexByte(l, comma)
			if end < 0 {
				return append(cells, l)
			}
			cells, l = append(cells, l[:end]), l[end+1:]
			continue
		}
		cell, rest := unquote(l[1:])
		cells = append(cells, cell)
		if rest == "" || rest[0] != comma {
			return cells
		}
		l = rest[1:]
	}
}

// unquote reads up to the closing quote, and returns what follows it.
func unquote(l string) (cell, rest string) {
	for i := 0; i < len(l); i++ {
		if l[i] != '"' {
			continue
		}
		if i+1 < len(l) && l[i+1] == '"' {
			i++
			continue
		}
		return strings.ReplaceAll(l[:i], `""`, `"`), l[i+1:]
	}
	return l, ""
}

func trimmed(cells []string) []string {
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells
}

// sheet unpacks a payload and reads it as a sheet with at least these columns.
func (p Payload) sheet(names ...string) (sheet, error) {
	body, err := Open(p.Body)
	if err == nil {
		err = hasData(body)
	}
	if err != nil {
		return sheet{}, err
	}
	s, err := readSheet(string(body), names...)
	s.open = p.Status != 0 && !strings.HasSuffix(s.body, "\n")
	return s, err
}
