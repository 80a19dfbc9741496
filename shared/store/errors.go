package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// failure is an answer of the storage service that is no success.
type failure struct {
	status  int
	code    string // Azure's: ResourceNotFound
	message string // Azure's, its first line
	index   int    // of the change that failed in a transaction; -1 where the answer does not say
	kind    error  // one of the package's errors, or nil
}

func (f *failure) Error() string {
	text := fmt.Sprintf("%d %s", f.status, f.code)
	switch {
	case f.kind != nil:
		return fmt.Sprintf("%v (%s)", f.kind, text)
	case f.message != "":
		return text + ": " + f.message
	}
	return text
}

func (f *failure) Unwrap() error { return f.kind }

// passing reports whether the same request may work in a moment.
func (f *failure) passing() bool {
	return f.status == http.StatusInternalServerError || f.status == http.StatusServiceUnavailable || f.status == http.StatusTooManyRequests
}

// translate turns an error of the SDK into one of ours. Nothing of it shows a query string: that may hold a signature.
func translate(err error) error {
	var response *azcore.ResponseError
	var transport *url.Error
	switch {
	case errors.As(err, &response):
		return answered(response)
	case errors.As(err, &transport):
		return unanswered(transport)
	}
	return err
}

func unanswered(e *url.Error) error {
	if errors.Is(e.Err, context.Canceled) || errors.Is(e.Err, context.DeadlineExceeded) {
		return e.Err
	}
	u, err := url.Parse(e.URL)
	if err != nil {
		return fmt.Errorf("storage: %w", e.Err)
	}
	at := fmt.Sprintf("storage at %s://%s", u.Scheme, u.Host)
	var dial *net.OpError
	if !errors.As(e.Err, &dial) || dial.Op != "dial" {
		return fmt.Errorf("%s: %w", at, e.Err)
	}
	advice := "is AzureWebJobsStorage right, and the network there?"
	if ip := net.ParseIP(u.Hostname()); u.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
		advice = "start it with make run, or set AzureWebJobsStorage"
	}
	return fmt.Errorf("%s %w: %s", at, ErrUnreachable, advice)
}

var (
	// A transaction that failed is answered with 202, and with the failure of one change inside.
	innerStatus  = regexp.MustCompile(`HTTP/1\.1 ([45]\d\d)`)
	innerCode    = regexp.MustCompile(`"code":\s*"(\w+)"`)
	errorMessage = regexp.MustCompile(`(?s)"value":\s*"((?:\d+:)?)([^"\\]*)|<Message>([^<\n]*)`)
)

func answered(e *azcore.ResponseError) *failure {
	f := &failure{status: e.StatusCode, code: e.ErrorCode, index: -1}
	body, err := runtime.Payload(e.RawResponse)
	if err != nil {
		body = nil
	}
	if m := innerStatus.FindSubmatch(body); m != nil && f.status == http.StatusAccepted {
		f.status, _ = strconv.Atoi(string(m[1]))
		if m := innerCode.FindSubmatch(body); m != nil {
			f.code = string(m[1])
		}
	}
	if m := errorMessage.FindSubmatch(body); m != nil {
		f.message = string(m[2]) + string(m[3])
		if index := string(m[1]); index != "" {
			f.index, _ = strconv.Atoi(index[:len(index)-1])
		}
	}
	switch f.status {
	case http.StatusNotFound:
		f.kind = ErrNotFound
	case http.StatusConflict, http.StatusPreconditionFailed:
		f.kind = ErrConflict
	}
	return f
}

// hasCode reports whether err is an answer of the service with this code.
func hasCode(err error, code string) bool {
	var f *failure
	return errors.As(err, &f) && f.code == code
}

// isThere reports whether a blob was not written because it is there already. Any other conflict, such as with a container that is
// being deleted, has stored nothing.
func isThere(err error) bool {
	return hasCode(err, "BlobAlreadyExists") || hasCode(err, "ConditionNotMet")
}

// creating runs an operation and makes what it needs when the answer has code missing. Azure may go on answering so for a
// moment after it was made.
func creating(ctx context.Context, missing string, operation, create func() error) error {
	for try := 0; ; try++ {
		err := translate(operation())
		if !hasCode(err, missing) || try == tries {
			return err
		}
		if err := translate(create()); err != nil && !errors.Is(err, ErrConflict) {
			return err
		}
		if try > 0 {
			if err := pause(ctx, try); err != nil {
				return err
			}
		}
	}
}

// tries is how often a step is tried again that the SDK does not try again by itself.
const tries = 10

// pause waits a random moment that grows with the try, up to 640 ms.
func pause(ctx context.Context, try int) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Duration(1+rand.IntN(10<<min(try, 6))) * time.Millisecond):
		return nil
	}
}
