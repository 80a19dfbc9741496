package source_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"assay/shared/market"
	"assay/shared/source"
)

var update = flag.Bool("update", false, "write what is got into testdata, to be read before it is believed")

// Each case is a txtar file whose first line says which oddity it is about: what is known of the payload, its body, and the rows
// or the error. A row is its number, time, open, high, low, close and volume, - for a field that the format does not have.
func TestParse(t *testing.T) {
	for _, path := range glob(t, "testdata/*/*.txtar") {
		t.Run(strings.TrimSuffix(strings.TrimPrefix(path, "testdata/"), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files := map[string]string{}
			for _, f := range archive.Files {
				files[f.Name] = string(f.Data)
			}
			got := parseText(payload(t, files["payload"], files["body"]))
			if *update {
				archive.Files = append(archive.Files[:2], txtar.File{Name: "result", Data: []byte(got)})
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(files["result"], got); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
		})
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %d files, %v", pattern, len(paths), err)
	}
	return paths
}

// payload reads lines such as "dataset kraken-ohlc".
func payload(t *testing.T, text, body string) source.Payload {
	t.Helper()
	p := source.Payload{Body: []byte(body), Header: http.Header{}, Received: time.Date(2026, 11, 23, 12, 0, 20, 0, time.UTC).UnixMilli()}
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		var err error
		switch key {
		case "dataset":
			p.Dataset = value
		case "series":
			for name := range strings.FieldsSeq(value) {
				var id market.SeriesID
				if id, err = market.ParseSeriesID(name); err == nil {
					p.Series = append(p.Series, id)
				}
			}
		case "interval":
			p.Interval, err = market.ParseInterval(value)
		case "status":
			p.Status, err = strconv.Atoi(value)
		case "received":
			var at time.Time
			at, err = time.Parse(time.RFC3339, value)
			p.Received = at.UnixMilli()
		case "options":
			err = json.Unmarshal([]byte(value), &p.Options)
		default:
			err = errors.New("unknown key")
		}
		if err != nil {
			t.Fatalf("payload %q: %v", line, err)
		}
	}
	return p
}

// parseText prints what Parse makes of a payload: rows, one a line, or the error and its kind.
func parseText(p source.Payload) string {
	var text strings.Builder
	err := source.Parse(p, func(row market.Row) { fmt.Fprintln(&text, rowText(row, len(p.Series) > 1)) })
	if err != nil {
		return fmt.Sprintf("error: %v\n", err)
	}
	return text.String()
}

func rowText(row market.Row, several bool) string {
	words := []string{strconv.Itoa(row.Number), time.Unix(row.Start, 0).UTC().Format("2006-01-02T15:04:05Z")}
	if row.BadTime != "" {
		words[1] = fmt.Sprintf("bad-time=%q", row.BadTime)
	}
	if several {
		words = append(words, row.Series.String())
	}
	for _, field := range []string{row.Open, row.High, row.Low, row.Close, row.Volume} {
		if field == "" {
			field = "-"
		}
		words = append(words, field)
	}
	for _, extra := range [][2]string{{"quote", row.QuoteVolume}, {"currency", row.Currency}, {"unit", row.Unit}} {
		if extra[1] != "" {
			words = append(words, extra[0]+"="+extra[1])
		}
	}
	if row.Unfinished {
		words = append(words, "unfinished")
	}
	if row.Sampled {
		words = append(words, "sampled")
	}
	if row.Unreadable != "" {
		words = []string{words[0], "unreadable:", row.Unreadable}
	}
	return strings.Join(words, " ")
}
