//go:build bench

package tests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"assay/shared/market"
)

// influx is an InfluxDB 1 of its own, with its data on disk: it has no other mode.
type influx struct{ server }

// pointsPerWrite is the batch that InfluxData recommends.
const pointsPerWrite = 5000

const influxConfig = `reporting-disabled = true
bind-address = "127.0.0.1:%[2]s"
[meta]
  dir = "%[1]s/meta"
[data]
  dir = "%[1]s/data"
  wal-dir = "%[1]s/wal"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:%[3]s"
  log-enabled = false
[logging]
  level = "error"
`

// startInflux returns nil where influxd is not installed.
func startInflux(t *testing.T) *influx {
	t.Helper()
	path, err := exec.LookPath("influxd")
	if err != nil {
		return nil
	}
	folder, port := t.TempDir(), freePort(t)
	config := filepath.Join(folder, "influxdb.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, influxConfig, folder, freePort(t), port), 0o600); err != nil {
		t.Fatal(err)
	}
	in := &influx{server{t: t, command: exec.Command(path, "-config", config), url: "http://127.0.0.1:" + port}}
	if err := in.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(in.stop)
	for began := time.Now(); since(began) < 60; <-time.After(50 * time.Millisecond) {
		if r, err := http.Get(in.url + "/ping"); err == nil {
			r.Body.Close()
			return in
		}
	}
	t.Fatal("influxd was not ready within a minute")
	return nil
}

// batches prints bars as points in line protocol, five fields each.
func batches(measurement, series string, bars []market.Bar) [][]byte {
	var all [][]byte
	for from := 0; from < len(bars); from += pointsPerWrite {
		var out []byte
		for _, bar := range bars[from:min(len(bars), from+pointsPerWrite)] {
			out = append(append(append(append(out, measurement...), ",id="...), series...), ' ')
			for f := market.Open; f < market.Fields; f++ {
				if f > market.Open {
					out = append(out, ',')
				}
				out = strconv.AppendFloat(append(append(out, f.String()...), '='), bar.Value(f), 'f', -1, 64)
			}
			out = append(strconv.AppendInt(append(out, ' '), bar.Start, 10), '\n')
		}
		all = append(all, out)
	}
	return all
}

// write sends batches one after the other, as one client does.
func (in *influx) write(database string, batches [][]byte) {
	in.t.Helper()
	for _, batch := range batches {
		r, err := http.Post(in.url+"/write?precision=s&db="+database, "text/plain", bytes.NewReader(batch))
		if err != nil {
			in.t.Fatal(err)
		}
		body, _ := io.ReadAll(r.Body)
		r.Body.Close()
		if r.StatusCode != http.StatusNoContent {
			in.t.Fatalf("InfluxDB refuses a batch: %s %s", r.Status, body)
		}
	}
}

// do runs a statement that changes something.
func (in *influx) do(statement string) {
	in.t.Helper()
	r, err := http.Post(in.url+"/query?q="+url.QueryEscape(statement), "", nil)
	if err != nil {
		in.t.Fatal(err)
	}
	body, _ := io.ReadAll(r.Body)
	r.Body.Close()
	if r.StatusCode != http.StatusOK || bytes.Contains(body, []byte(`"error"`)) {
		in.t.Fatalf("InfluxDB: %s: %s %s", statement, r.Status, body)
	}
}

// influxRows reads the rows that a query gives of one series.
func influxRows(t *testing.T, body []byte) [][]any {
	t.Helper()
	var answer struct {
		Results []struct{ Series []struct{ Values [][]any } }
	}
	if err := json.Unmarshal(body, &answer); err != nil || len(answer.Results) != 1 || len(answer.Results[0].Series) != 1 {
		t.Fatalf("InfluxDB answers %.200s (%v)", body, err)
	}
	return answer.Results[0].Series[0].Values
}

// count returns how many points a measurement of a database has.
func (in *influx) count(database, measurement string) int {
	in.t.Helper()
	r, err := http.Get(in.url + "/query?db=" + database + "&q=" + url.QueryEscape("SELECT COUNT(close) FROM "+measurement))
	if err != nil {
		in.t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		in.t.Fatal(err)
	}
	n, _ := influxRows(in.t, body)[0][1].(float64)
	return int(n)
}
