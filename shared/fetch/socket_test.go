package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"assay/shared/source"
	"assay/shared/store/storetest"
)

// feedAt is a source with a feed at this address, given as http.
func feedAt(url string) source.Source {
	return source.Source{Name: "kraken", Feed: &source.Feed{URL: strings.Replace(url, "http", "ws", 1)}}
}

// talk serves a socket to whoever connects.
func talk(t *testing.T, say func(ctx context.Context, c *websocket.Conn)) string {
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.CloseNow()
		say(r.Context(), c)
	})
}

func TestConnect(t *testing.T) {
	heard := make(chan string, 1)
	var asked *http.Request
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.CloseNow()
		_, text, _ := c.Read(r.Context())
		heard <- string(text)
		_ = c.Write(r.Context(), websocket.MessageText, []byte(strings.Repeat("x", maxFrame)))
		<-r.Context().Done()
	})
	socket, err := open(t, Options{URL: url}).Connect(t.Context(), feedAt("https://ws.kraken.com/v2"))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	if asked.Host != "ws.kraken.com" || asked.URL.Path != "/v2" || asked.UserAgent() != userAgent {
		t.Errorf("asked %s%s as %q, want ws.kraken.com/v2 as %q", asked.Host, asked.URL, asked.UserAgent(), userAgent)
	}
	if err := socket.Send(t.Context(), "hello"); err != nil {
		t.Fatal(err)
	}
	if got := <-heard; got != "hello" {
		t.Errorf("the provider heard %q", got)
	}
	text, err := socket.Read(t.Context(), time.Minute)
	if err != nil || len(text) != maxFrame {
		t.Errorf("read %d bytes, %v; want the longest frame that is taken, %d", len(text), err, maxFrame)
	}
}

// Over TLS too, though the provider would rather speak HTTP/2, which has no such handshake.
func TestConnectOverTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		_ = c.Write(r.Context(), websocket.MessageText, []byte(r.Proto))
		_ = c.Close(websocket.StatusNormalClosure, "")
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	c := open(t, Options{})
	c.http.Transport.(*http.Transport).TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
	socket, err := c.Connect(t.Context(), feedAt(server.URL))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	if text, err := socket.Read(t.Context(), time.Minute); string(text) != "HTTP/1.1" {
		t.Errorf("read %q, %v", text, err)
	}
}

func TestConnectRefuses(t *testing.T) {
	other := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the other host was asked") })
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/elsewhere":
			http.Redirect(w, r, other, http.StatusFound)
		case "/page":
			io.WriteString(w, "<html>We have moved</html>")
		case "/often":
			w.WriteHeader(http.StatusTooManyRequests)
		case "/slow":
			<-r.Context().Done()
		}
	})
	for _, test := range []struct {
		url, want string
		kind      error
	}{
		{url + "/elsewhere", "redirect to another host, " + strings.TrimPrefix(other, "http://"), source.ErrUnavailable},
		{url + "/page", "status 200 to a WebSocket handshake", source.ErrUnavailable},
		{url + "/often", "status 429 to a WebSocket handshake", source.ErrLimited},
		{url + "/slow", "no whole answer within 300ms", source.ErrUnavailable},
		{"http://example.com/v2", "want https", source.ErrUnavailable},
		{"https://10.0.0.1/v2", "address 10.0.0.1 is not public", source.ErrUnavailable},
		{"https://169.254.169.254/v2", "address 169.254.169.254 is not public", source.ErrUnavailable},
	} {
		t.Run(test.want, func(t *testing.T) {
			options := Options{}
			if strings.HasSuffix(test.url, "/slow") {
				options.Whole = 300 * time.Millisecond
			}
			_, err := open(t, options).Connect(t.Context(), feedAt(test.url+"?api_key=hush"))
			if !errors.Is(err, test.kind) || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want %q and an error that wraps %q", err, test.want, test.kind)
			}
			if strings.Contains(err.Error(), "hush") {
				t.Errorf("the error holds the key: %q", err)
			}
		})
	}
}

// Every end of a connection has its sentence.
func TestReadEnds(t *testing.T) {
	for want, say := range map[string]func(context.Context, *websocket.Conn){
		"a frame is longer than 1024 KiB": func(ctx context.Context, c *websocket.Conn) {
			_ = c.Write(ctx, websocket.MessageText, []byte(strings.Repeat("x", maxFrame+1)))
			_, _, _ = c.Read(ctx)
		},
		`it closed the connection, StatusGoingAway "maintenance"`: func(_ context.Context, c *websocket.Conn) {
			_ = c.Close(websocket.StatusGoingAway, "maintenance")
		},
		"the connection broke":      func(_ context.Context, c *websocket.Conn) { _ = c.CloseNow() },
		"it said nothing for 300ms": func(ctx context.Context, c *websocket.Conn) { _, _, _ = c.Read(ctx) },
	} {
		t.Run(want, func(t *testing.T) {
			socket, err := open(t, Options{}).Connect(t.Context(), feedAt(talk(t, say)))
			if err != nil {
				t.Fatal(err)
			}
			defer socket.Close()
			silence := time.Minute
			if strings.Contains(want, "300ms") {
				silence = 300 * time.Millisecond
			}
			if _, err := socket.Read(t.Context(), silence); !errors.Is(err, source.ErrUnavailable) || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q and an error that wraps source.ErrUnavailable", err, want)
			}
		})
	}
}

// All processes together connect as often as the budget allows, and keep it apart from that of calls.
func TestConnectKeepsTheBudget(t *testing.T) {
	url := talk(t, func(ctx context.Context, c *websocket.Conn) { _, _, _ = c.Read(ctx) })
	tables := storetest.Open(t).Tables
	s := feedAt("https://ws.kraken.com/v2")
	s.Budget = source.Budget{Calls: 1, Per: time.Hour}
	s.Feed.Connects = source.Budget{Calls: 3, Per: 10 * time.Minute}
	var results []string
	for range 4 {
		c, err := New(tables, Options{URL: url, Now: func() time.Time { return noon }})
		if err != nil {
			t.Fatal(err)
		}
		socket, err := c.Connect(t.Context(), s)
		if err == nil {
			socket.Close()
		}
		results = append(results, fmt.Sprint(err))
	}
	want := "[<nil> <nil> <nil> paused: all 3 connections in 10m0s are used up until 2024-01-15T12:10:00Z]"
	if got := fmt.Sprint(results); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
