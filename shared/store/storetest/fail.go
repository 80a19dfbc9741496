package storetest

import (
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// ErrInjected is in every error that Fail makes.
var ErrInjected = errors.New("injected failure")

// Fail fails chosen requests. The zero Fail fails the first request before it is sent.
type Fail struct {
	Match  func(*http.Request) bool // which requests are counted; nil: all
	First  int                      // the first one that fails, counted from 1; 0 is 1
	Count  int                      // how many fail from there; 0 is 1, a negative number all: the process is dead
	After  bool                     // they took effect, and their answer is lost
	Passes bool                     // the SDK may try again, as after a broken connection; otherwise it must not

	mu   sync.Mutex
	seen int
}

// Do counts a request and fails it if it is its turn.
func (f *Fail) Do(request *policy.Request) (*http.Response, error) {
	if f.Match != nil && !f.Match(request.Raw()) || !f.turn() {
		return request.Next()
	}
	when := "before"
	if f.After {
		when = "after"
		response, err := request.Next()
		if err != nil {
			return nil, err
		}
		response.Body.Close()
	}
	err := fmt.Errorf("%w %s %s %s took effect", ErrInjected, when, request.Raw().Method, request.Raw().URL.Path)
	if f.Passes {
		return nil, err
	}
	return nil, final{err}
}

// Seen returns how many requests matched so far.
func (f *Fail) Seen() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen
}

func (f *Fail) turn() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen++
	first, count := max(f.First, 1), f.Count
	if count == 0 {
		count = 1
	}
	return f.seen >= first && (count < 0 || f.seen < first+count)
}

// final is an error that the SDK does not try again.
type final struct{ error }

func (final) NonRetriable() {}

func (f final) Unwrap() error { return f.error }
