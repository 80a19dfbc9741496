package tests

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"assay/handlers"
	"assay/shared/store/storetest"
)

// maxStreamMemory is what a stream may need while it is told as much as it takes, in MiB: it holds a batch of two at most, and a
// frame of one.
const maxStreamMemory = 100

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
	most := highest(s.Process.Pid)
	t.Logf("16 frames of %d bytes: %s", len(flood), most)
	fields := strings.Fields(most)
	if len(fields) < 2 {
		return // no /proc here
	}
	if kib, err := strconv.Atoi(fields[1]); err != nil || kib > maxStreamMemory<<10 {
		t.Errorf("the stream needed %s, want at most %d MiB", most, maxStreamMemory)
	}
	s.end(t)
}

// highest returns the most memory that a process has had, as Linux says it: VmHWM: 23528 kB.
func highest(pid int) string {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(status)) {
		if strings.HasPrefix(line, "VmHWM:") {
			return strings.Join(strings.Fields(line), " ")
		}
	}
	return ""
}
