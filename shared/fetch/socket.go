package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"

	"assay/shared/source"
)

// maxFrame is the longest text that is taken from a socket, in bytes. A snapshot of 720 bars has about 200 KB.
const maxFrame = 1 << 20

// Socket is a connection over which a provider tells what is new. One goroutine may Read while another one Sends.
type Socket struct {
	conn *websocket.Conn
	url  string
}

// Connect opens the feed of a source, within its budget of connections and by the rules of Do: wss only, no private address, no
// other host; loopback where a server stands in. The error wraps ErrPaused when the budget is used up, or source.ErrLimited or
// source.ErrUnavailable.
func (c *Client) Connect(ctx context.Context, s source.Source) (*Socket, error) {
	if err := c.debit(ctx, s.Name, "connects", "connections", s.Feed.Connects); err != nil {
		return nil, err
	}
	// The handshake is a GET of http or https.
	r := source.Request{URL: "http" + strings.TrimPrefix(s.Feed.URL, "ws")}
	shaking, cancel := context.WithTimeout(ctx, c.whole)
	defer cancel()
	request, err := c.request(shaking, r)
	if err != nil {
		return nil, err
	}
	conn, answer, err := websocket.Dial(shaking, request.URL.String(), &websocket.DialOptions{
		HTTPClient: c.http, Host: request.Host, HTTPHeader: http.Header{"User-Agent": {userAgent}},
	})
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, c.refused(shaking, r, answer, err)
	}
	conn.SetReadLimit(maxFrame)
	return &Socket{conn: conn, url: Redact(s.Feed.URL)}, nil
}

// refused is the error of a handshake that failed.
func (c *Client) refused(call context.Context, r source.Request, answer *http.Response, err error) error {
	switch {
	case answer == nil || call.Err() != nil:
		return unavailable(r, c.reason(call, err))
	case answer.StatusCode == http.StatusTooManyRequests:
		return fmt.Errorf("GET %s: status 429 to a WebSocket handshake: %w", Redact(r.URL), source.ErrLimited)
	default:
		return unavailable(r, fmt.Sprintf("status %d to a WebSocket handshake", answer.StatusCode))
	}
}

// Send sends a text.
func (s *Socket) Send(ctx context.Context, text string) error {
	if err := s.conn.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
		return s.broken(ctx, err)
	}
	return nil
}

// Read waits for the next text, at most for silence: after it the connection is dead. The error is the context's, or wraps
// source.ErrUnavailable.
func (s *Socket) Read(ctx context.Context, silence time.Duration) ([]byte, error) {
	waiting, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	_, text, err := s.conn.Read(waiting)
	if err != nil && waiting.Err() != nil && ctx.Err() == nil {
		return nil, fmt.Errorf("%s: %w: it said nothing for %s, not even a heartbeat", s.url, source.ErrUnavailable, silence)
	}
	if err != nil {
		return nil, s.broken(ctx, err)
	}
	return text, nil
}

// broken says why a connection ended.
func (s *Socket) broken(ctx context.Context, err error) error {
	var closed websocket.CloseError
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, websocket.ErrMessageTooBig):
		return fmt.Errorf("%s: %w: a frame is longer than %d KiB", s.url, source.ErrUnavailable, maxFrame>>10)
	case errors.As(err, &closed):
		return fmt.Errorf("%s: %w: it closed the connection, %s %.100q", s.url, source.ErrUnavailable, closed.Code, closed.Reason)
	default:
		return fmt.Errorf("%s: %w: the connection broke: %s", s.url, source.ErrUnavailable, Redact(err.Error()))
	}
}

// Close ends the connection.
func (s *Socket) Close() { _ = s.conn.CloseNow() }
