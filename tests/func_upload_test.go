package tests

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"assay/shared/history"
	"assay/shared/market"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

const (
	uploadSize   = 64 << 20 // the most that a push may have
	uploadMemory = 200 << 20
)

// points is line protocol of one minute after the other, made while it is read: so many bytes and no more, in whole lines.
type points struct {
	size, made int
	left       []byte
}

func (p *points) Read(b []byte) (int, error) {
	if len(p.left) == 0 {
		line := fmt.Appendf(nil, "price,venue=mine open=42000.%d,high=43000.5,low=41000.25,close=42001.%d,volume=1.%d %d\n",
			p.made%97, p.made%89, p.made%83, payloadStart.Unix()+int64(p.made)*60)
		if p.size -= len(line); p.size < 0 {
			return 0, io.EOF
		}
		p.left, p.made = line, p.made+1
	}
	n := copy(b, p.left)
	p.left = p.left[n:]
	return n, nil
}

// testUpload: the longest push that is allowed, of more than half a million points, goes chunked through the host's proxy and is
// loaded; the handler stays small all the way.
func testUpload(t *testing.T, script, program string) {
	storage := storetest.Azurite(t)
	app := newApp(t, storage)
	h := newFunctionsHost(t, script, stage(t, program), storage, "ASSAY_SOURCE_URL="+providers(t).URL)
	h.start()
	handler := h.handlers()[0]
	body := &points{size: uploadSize}
	mine := market.SeriesID{Instrument: "BTC-USD", Source: "mine"}
	received := time.Now()
	response, err := http.Post(h.url+"/api/v1/ingest/"+mine.String()+"?interval=1m&precision=s", "text/plain", body)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusAccepted {
		t.Fatalf("the push is answered %s: %s", response.Status, bytes.TrimSpace(text))
	}
	eventually(t, "the push is loaded", func() bool { return states(t, app, mine.Source, received)[store.Loaded] == 1 })
	peak := memoryOf(handler, "VmHWM")
	t.Logf("the handler had %.0f MiB at most, for a push of %d points in %d MiB", peak/(1<<20), body.made, uploadSize>>20)
	if peak == 0 || peak > uploadMemory {
		t.Errorf("the handler had %.0f bytes at most, want at most %d, from one process", peak, uploadMemory)
	}
	read, err := app.History.Read(t.Context(), history.Query{
		Series: mine, Interval: market.Minute, From: payloadStart.Unix(), To: payloadStart.Unix() + int64(body.made)*60,
	})
	if err != nil || len(read.Bars) != body.made {
		t.Errorf("%d bars, %v; want %d", len(read.Bars), err, body.made)
	}
	h.stop()
	h.checkErrors()
}
