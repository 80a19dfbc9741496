package tests

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"assay/handlers"
	"assay/shared/store/storetest"
)

// maxStreamMemory is what a stream may need while it is told as much as it takes: it holds a batch of two MiB at most, and a frame of
// one.
const maxStreamMemory = 100 << 20

// TestStreamMemory floods a stream with frames of the longest length that is taken, 16 MiB of them.
func TestStreamMemory(t *testing.T) {
	var rows []string
	for n := 0; n < 1<<20-200; n += len(rows[0]) + 1 {
		rows = append(rows, `{"symbol":"BTC/USD","open":42000.0,"high":42100.0,"low":41900.0,"close":42005.5,"trades":7,"volume":0.5,`+
			fmt.Sprintf(`"interval_begin":"2024-01-15T%02d:%02d:00.000000000Z","interval":1}`, len(rows)/60%24, len(rows)%60))
	}
	flood := fmt.Sprintf(`{"channel":"ohlc","type":"snapshot","timestamp":"2024-01-16T00:00:10Z","data":[%s]}`, strings.Join(rows[1:], ","))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "ws.kraken.com" {
			http.Error(w, "closed", http.StatusServiceUnavailable)
			return
		}
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		if _, _, err := c.Read(r.Context()); err != nil {
			return
		}
		for range 16 {
			if err := c.Write(r.Context(), websocket.MessageText, []byte(flood)); err != nil {
				return
			}
		}
		_, _, _ = c.Read(r.Context())
	}))
	t.Cleanup(server.Close)
	s := follow(t, storetest.Azurite(t), build(t), server.URL)
	for range 8 { // each holds two frames
		s.until(t, handlers.EventStored)
	}
	peak := memoryOf(s.Process.Pid, "VmHWM") // 0 where there is no /proc
	t.Logf("16 frames of %d bytes: %.1f MiB", len(flood), peak/(1<<20))
	if peak > maxStreamMemory {
		t.Errorf("the stream needed %.1f MiB, want at most %d", peak/(1<<20), maxStreamMemory>>20)
	}
	s.end(t)
}
