package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"assay/shared/market"
	"assay/shared/store"
)

// parquetWorld has bitcoin on Monday and Wednesday, gold of one fix, and a rate of the euro.
func parquetWorld(t *testing.T, w *world) *world {
	t.Helper()
	lacksOpen := bar(monday+2*day, 102.5)
	lacksOpen.Open = market.Absent
	w.put("BTC-USD.kraken", market.Day, bar(monday, 100), lacksOpen)
	w.put("XAU-USD.workshop", market.Day, fix(monday-20*day, 1190), fix(monday, 1200))
	w.put("EUR-USD.ecb", market.Day, fix(monday, 1.25))
	return w
}

const (
	filledTarget    = "/api/v1/series/BTC-USD.kraken/bars?format=parquet&fill=previous"
	convertedTarget = "/api/v1/series/XAU-USD.workshop/bars?format=parquet&currency=EUR&unit=kg"
	emptyTarget     = "/api/v1/series/BTC-USD.kraken/bars?format=parquet&to=1970-01-01"
)

func TestBarsAsParquet(t *testing.T) {
	w := parquetWorld(t, newWorld(t, nil))
	recorder := w.get(filledTarget, "Accept-Encoding", "gzip")
	for name, want := range map[string]string{
		"Content-Type": "application/vnd.apache.parquet", "Content-Encoding": "", "Content-Disposition": `inline; filename="BTC-USD.kraken-1d.parquet"`,
	} {
		if got := recorder.Header().Get(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	const columns = "message parquetBar {\n\trequired int64 time (TIMESTAMP(isAdjustedToUTC=true,unit=MILLIS));\n\toptional double open;\n\toptional double high;\n" +
		"\toptional double low;\n\toptional double close;\n\toptional double volume;\n\trequired group flags (LIST) {\n\t\trepeated group list {\n" +
		"\t\t\trequired binary element (STRING);\n\t\t}\n\t}\n}"
	file := opened(t, recorder.Body.Bytes())
	if diff := cmp.Diff(columns, file.Schema().String()); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	of := func(v float64) *float64 { return &v }
	const ms = 1000
	want := []parquetBar{
		{monday * ms, of(100), of(102), of(98), of(101), of(10), []string{}},
		{(monday + day) * ms, of(101), of(101), of(101), of(101), nil, []string{"filled"}},
		{(monday + 2*day) * ms, nil, of(104.5), of(100.5), of(103.5), of(10), []string{}},
	}
	if diff := cmp.Diff(want, rowsOf[parquetBar](t, recorder.Body.Bytes())); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if again := newReader(w).get(filledTarget); !bytes.Equal(again.Body.Bytes(), recorder.Body.Bytes()) || again.Header().Get("ETag") != recorder.Header().Get("ETag") {
		t.Error("another process makes another file of the same bars, or gives it another ETag")
	}
	if described(w, "/api/v1/series/{id}/bars").Responses["200"].Content[recorder.Header().Get("Content-Type")] == nil {
		t.Error("the document says nothing of Parquet")
	}
	if empty := w.get(emptyTarget); len(rowsOf[parquetBar](t, empty.Body.Bytes())) != 0 {
		t.Error("a range without bars gives rows")
	}
}

// What was converted has the rate and its date, or neither.
func TestConvertedBarsAsParquet(t *testing.T) {
	w := parquetWorld(t, newWorld(t, nil))
	rows := rowsOf[struct { // the library does not read what a struct embeds
		Open     *float64 `parquet:"open,optional"`
		Close    *float64 `parquet:"close,optional"`
		Flags    []string `parquet:"flags,list"`
		Rate     *float64 `parquet:"rate,optional"`
		RateDate *int32   `parquet:"rateDate,optional,date"`
	}](t, w.get(convertedTarget).Body.Bytes())
	if len(rows) != 2 || rows[0].Close != nil || rows[0].Rate != nil || rows[0].RateDate != nil {
		t.Fatalf("%+v; want two rows, the first without a rate and a price", rows)
	}
	last := rows[1]
	date := time.Unix(int64(*last.RateDate)*day, 0).UTC().Format(time.DateOnly)
	if *last.Rate != 1.25 || date != "2024-01-15" || *last.Close < 30_864.6 || *last.Close > 30_865 || last.Open != nil { // 1200/1.25 an ounce, of which a kilogram has 32.15
		t.Errorf("a close of %v at a rate of %v of %s; want 30864.7 at 1.25 of 2024-01-15", *last.Close, *last.Rate, date)
	}
	if diff := cmp.Diff([]string{"derived"}, last.Flags); diff != "" {
		t.Errorf("flags (-want +got):\n%s", diff)
	}
}

// A file says by itself what it is, and whether its prices are made up.
func TestParquetMetadata(t *testing.T) {
	for _, mark := range []store.Mark{store.Live, store.Simulated} {
		t.Run(string(mark), func(t *testing.T) {
			w := parquetWorld(t, marked(t, mark))
			file := opened(t, w.get(convertedTarget).Body.Bytes())
			simulated := map[store.Mark]string{store.Live: "false", store.Simulated: "true"}[mark]
			for key, want := range map[string]string{"series": "XAU-USD.workshop", "interval": "1d", "currency": "EUR", "unit": "kg", "simulated": simulated} {
				if got, _ := file.Lookup(key); got != want {
					t.Errorf("%s is %q, want %q", key, got, want)
				}
			}
			text, _ := file.Lookup("assay")
			var about struct {
				BarsHead
				Quality Quality
			}
			if err := json.Unmarshal([]byte(text), &about); err != nil {
				t.Fatal(err)
			}
			if about.Conversion.Rates.Series != "EUR-USD.ecb" || *about.Freshness.Last != "2024-01-15T00:00:00Z" || about.Quality.Bars != 2 || about.Conventions.Absent == "" {
				t.Errorf("the metadata says %s; want rates, freshness, quality and conventions", text)
			}
		})
	}
}

// pyarrow and pandas, where Python has them, read what was written.
func TestPandasReadsParquet(t *testing.T) {
	python := os.Getenv("PYTHON")
	if python == "" {
		python = "python3"
	}
	if out, err := exec.Command(python, "-c", "import pandas, pyarrow").CombinedOutput(); err != nil {
		t.Skipf("pandas reads nothing: %s with pandas and pyarrow is needed, and PYTHON may name it: %v %s", python, err, out)
	}
	w := parquetWorld(t, newWorld(t, nil))
	for target, want := range map[string]string{
		filledTarget: `{"time":["2024-01-15T00:00:00+00:00","2024-01-16T00:00:00+00:00","2024-01-17T00:00:00+00:00"],"open":[100.0,101.0,null],` +
			`"high":[102.0,101.0,104.5],"low":[98.0,101.0,100.5],"close":[101.0,101.0,103.5],"volume":[10.0,null,10.0],"flags":[[],["filled"],[]]} false BTC-USD.kraken`,
		emptyTarget: `{"time":[],"open":[],"high":[],"low":[],"close":[],"volume":[],"flags":[]} false BTC-USD.kraken`,
	} {
		recorder := w.get(target)
		path := filepath.Join(t.TempDir(), "bars.parquet")
		if recorder.Code != http.StatusOK || os.WriteFile(path, recorder.Body.Bytes(), 0o600) != nil {
			t.Fatalf("GET %s: %d", target, recorder.Code)
		}
		out, err := exec.Command(python, "-c", `import json, sys, pandas, pyarrow.parquet
path = sys.argv[1]
frame = pandas.read_parquet(path)
assert str(frame["time"].dtype) in ("datetime64[ms, UTC]", "datetime64[ns, UTC]"), frame["time"].dtype
columns = pyarrow.parquet.read_table(path).to_pydict()
about = pyarrow.parquet.read_schema(path).metadata
print(json.dumps(columns, default=lambda t: t.isoformat(), separators=(",", ":")), about[b"simulated"].decode(), about[b"series"].decode())`, path).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if diff := cmp.Diff(want, string(bytes.TrimSpace(out))); diff != "" {
			t.Errorf("GET %s, read by pyarrow (-want +got):\n%s", target, diff)
		}
	}
}

func opened(t *testing.T, content []byte) *parquet.File {
	t.Helper()
	file, err := parquet.OpenFile(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatalf("%v in %.200q", err, content)
	}
	return file
}

func rowsOf[R any](t *testing.T, content []byte) []R {
	t.Helper()
	rows, err := parquet.Read[R](bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatalf("%v in %.200q", err, content)
	}
	return rows
}
