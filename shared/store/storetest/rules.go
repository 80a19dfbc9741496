package storetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// AzureRules refuses what Azure refuses and Azurite takes, with status 400 as Azure does.
type AzureRules struct {
	report  func(reason string)
	mu      sync.Mutex
	doubles map[string]bool // table and column of every Edm.Double that was seen
}

// NewAzureRules returns rules that also fail the test, so that a program which shrugs a 400 off does not pass.
func NewAzureRules(tb testing.TB) *AzureRules {
	return &AzureRules{report: func(reason string) { tb.Errorf("Azure would refuse this request: %s", reason) }}
}

// Do judges one request.
func (a *AzureRules) Do(request *policy.Request) (*http.Response, error) {
	body, err := readBody(request)
	if err != nil {
		return nil, err
	}
	if err := a.check(request.Raw(), body); err != nil {
		a.report(err.Error())
		return answer(request, http.StatusBadRequest, "InvalidInput", err.Error()), nil
	}
	return request.Next()
}

func (a *AzureRules) check(r *http.Request, body []byte) error {
	path := r.URL.Path
	switch {
	case strings.HasSuffix(path, "/$batch"):
		return a.checkBatch(r.Header.Get("Content-Type"), body)
	case strings.HasSuffix(path, "/Tables") || strings.HasSuffix(path, "/Tables()"):
		return nil
	case strings.Contains(path, "(PartitionKey="):
		_, err := a.checkAction(r.Method, path, body)
		return err
	case r.Method == http.MethodPost && strings.HasPrefix(r.Header.Get("Content-Type"), "application/json"):
		_, err := a.checkAction(r.Method, path, body)
		return err
	case strings.Contains(path, "/messages") && len(body) > 0:
		return checkMessage(body)
	}
	return checkMetadata(r.Header)
}

const (
	maxMetadata = 8 << 10
	maxMessage  = 64 << 10
)

func checkMetadata(h http.Header) error {
	size := 0
	for name, values := range h {
		if !strings.HasPrefix(strings.ToLower(name), "x-ms-meta-") {
			continue
		}
		for _, text := range append(values, name) {
			size += len(text)
			if strings.IndexFunc(text, func(r rune) bool { return r >= utf8.RuneSelf || r < ' ' }) >= 0 {
				return fmt.Errorf("metadata %s is not ASCII", name)
			}
		}
	}
	if size > maxMetadata {
		return fmt.Errorf("metadata of %d bytes: at most %d", size, maxMetadata)
	}
	return nil
}

// checkMessage looks at the XML as it is sent. The SDK has put U+FFFD in the place of a character that XML cannot hold, so a
// message that has it lost something.
func checkMessage(body []byte) error {
	text, err := messageText(body)
	if err != nil {
		return fmt.Errorf("message is not valid XML: %w", err)
	}
	if i := strings.IndexRune(text, utf8.RuneError); i >= 0 {
		return fmt.Errorf("message has a character at byte %d that XML cannot hold", i)
	}
	if len(text) > maxMessage {
		return fmt.Errorf("message of %d bytes: at most %d", len(text), maxMessage)
	}
	return nil
}

// checkAction checks one change of a table and returns its table and keys, as they stand in the path or in the body.
func (a *AzureRules) checkAction(method, path string, body []byte) (target, error) {
	t := parseTarget(path)
	properties := map[string]any{}
	if len(body) > 0 {
		decoder := json.NewDecoder(strings.NewReader(string(body)))
		decoder.UseNumber()
		if err := decoder.Decode(&properties); err != nil {
			return t, fmt.Errorf("entity is not JSON: %w", err)
		}
	}
	if method == http.MethodPost {
		t.partition, _ = properties["PartitionKey"].(string)
		t.row, _ = properties["RowKey"].(string)
	}
	for _, key := range []string{t.partition, t.row} {
		if !validKey.MatchString(key) {
			return t, fmt.Errorf("key %q has something else than A-Z, a-z, 0-9 and ._~-", key)
		}
	}
	return t, a.checkEntity(t, properties)
}
