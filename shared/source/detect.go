package source

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"

	"assay/shared/market"
)

// file is what a file is recognised by.
type file struct {
	name    string // lower case, without folders
	head    string // the first 64 KiB, unpacked
	body    []byte
	options Options
}

func (f file) firstLine() string {
	for _, l := range lines(f.head) {
		return strings.TrimSpace(l)
	}
	return ""
}

// sheet reads the head of the file as a sheet with at least these columns.
func (f file) sheet(names ...string) (sheet, bool) {
	s, err := readSheet(f.head, names...)
	return s, err == nil
}

// Detect recognises a file by its content, and where that leaves something open by its name; body is the whole file, gzip
// and zip included. With options.Columns it is taken as they say. An error wraps ErrFormat and says what would help.
func Detect(name string, body []byte, options Options) (Detected, error) {
	name = strings.ToLower(path.Base(strings.ReplaceAll(name, `\`, "/")))
	if len(options.Columns) > 0 {
		found, err := detectColumns(body, options)
		if err != nil {
			return Detected{}, fmt.Errorf("%s: %w", name, err)
		}
		return found, nil
	}
	head, err := openHead(body)
	if err == nil {
		err = hasData(head)
	}
	if err != nil {
		return Detected{}, fmt.Errorf("%s: %w", name, err)
	}
	f := file{name, wholeLines(head), body, options}
	for _, format := range formats() {
		if format.detect == nil {
			continue
		}
		if found, ok := format.detect(f); ok {
			return found, nil
		}
	}
	return Detected{}, fmt.Errorf("%s begins with %.120q, which is no format known here: name its columns, such as --columns time=Date,close=Close: %w",
		name, f.firstLine(), ErrFormat)
}

// wholeLines returns the head of a file without the line that its end cut.
func wholeLines(head []byte) string {
	if cut := bytes.LastIndexByte(head, '\n'); len(head) == headSize && cut > 0 {
		head = head[:cut]
	}
	return strings.TrimSpace(strings.TrimPrefix(string(head), "\ufeff"))
}

// words splits a name into runs of letters and digits.
func words(name string) []string {
	return strings.FieldsFunc(name, func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9') })
}

// hasWord reports whether a name holds a word by itself.
func hasWord(name, word string) bool { return slices.Contains(words(name), word) }

// named finds the spot instrument that a file name speaks of: btcusd, btc-usd, BTC_USD.
func named(name string) (string, bool) {
	parts := words(name)
	for _, in := range market.Instruments {
		base, quote := pair(in.ID)
		if in.ID != base+"-"+quote {
			continue
		}
		base, quote = strings.ToLower(base), strings.ToLower(quote)
		for i, word := range parts {
			if word == base+quote || word == base && i+1 < len(parts) && parts[i+1] == quote {
				return in.ID, true
			}
		}
	}
	return "", false
}

// seriesNamed is the series of a source for the instrument that a file name speaks of; none if it does not.
func seriesNamed(name, source string) []market.SeriesID {
	instrument, ok := named(name)
	if !ok {
		return nil
	}
	return []market.SeriesID{{Instrument: instrument, Source: source}}
}
