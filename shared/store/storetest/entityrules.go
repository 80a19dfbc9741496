package storetest

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf16"
)

// Azure's limits of a table: "Understanding the Table service data model" and "Performing entity group transactions".
const (
	maxProperties  = 252
	maxBinary      = 64 << 10
	maxString      = 32 << 10 // UTF-16 units
	maxEntity      = 1 << 20
	maxTransaction = 100
	maxBatch       = 4 << 20
)

var (
	validKey   = regexp.MustCompile(`^[A-Za-z0-9._~-]+$`)
	entityPath = regexp.MustCompile(`/([A-Za-z0-9]+)(?:\(PartitionKey='(.*)',RowKey='(.*)'\))?$`)
)

// target is the row that a change is about.
type target struct{ table, partition, row string }

func parseTarget(path string) target {
	m := entityPath.FindStringSubmatch(path)
	if m == nil {
		return target{}
	}
	return target{m[1], m[2], m[3]}
}

// checkEntity checks the columns of one entity. Its size is counted by Azure's published formula.
func (a *AzureRules) checkEntity(t target, properties map[string]any) error {
	count, size := 0, 4+2*(len(t.partition)+len(t.row))
	for name, value := range properties {
		if strings.Contains(name, "odata.") || name == "PartitionKey" || name == "RowKey" || name == "Timestamp" {
			continue
		}
		edm, _ := properties[name+"@odata.type"].(string)
		bytes, err := a.checkColumn(t.table+" "+name, edm, value)
		if err != nil {
			return fmt.Errorf("column %s: %w", name, err)
		}
		count++
		size += 8 + 2*len(name) + bytes
	}
	if count > maxProperties {
		return fmt.Errorf("entity of %d columns: at most %d", count, maxProperties)
	}
	if size > maxEntity {
		return fmt.Errorf("entity of %d bytes: at most %d", size, maxEntity)
	}
	return nil
}

// checkColumn returns how many bytes a value counts for.
func (a *AzureRules) checkColumn(column, edm string, value any) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.doubles == nil {
		a.doubles = map[string]bool{}
	}
	switch v := value.(type) {
	case json.Number:
		whole := !strings.ContainsAny(v.String(), ".eE")
		if edm == "Edm.Double" || edm == "" && !whole {
			a.doubles[column] = true
			return 8, nil
		}
		if edm == "" && a.doubles[column] {
			return 0, fmt.Errorf("%s without a type is an Edm.Int32, where other rows have an Edm.Double", v)
		}
		if n, err := v.Int64(); err != nil || n > math.MaxInt32 || n < math.MinInt32 {
			return 0, fmt.Errorf("%s without a type is no Edm.Int32", v)
		}
		return 4, nil
	case string:
		return checkText(edm, v)
	case bool:
		return 1, nil
	}
	return 0, fmt.Errorf("%v is no value of a table", value)
}

func checkText(edm, text string) (int, error) {
	switch edm {
	case "Edm.Double", "Edm.Int64", "Edm.DateTime":
		return 8, nil
	case "Edm.Guid":
		return 16, nil
	case "Edm.Binary":
		n := base64.StdEncoding.DecodedLen(len(text)) - strings.Count(text, "=")
		if n > maxBinary {
			return 0, fmt.Errorf("%d bytes: at most %d", n, maxBinary)
		}
		return 4 + n, nil
	}
	n := len(utf16.Encode([]rune(text)))
	if n > maxString {
		return 0, fmt.Errorf("%d characters: at most %d", n, maxString)
	}
	return 4 + 2*n, nil
}

func (a *AzureRules) checkBatch(contentType string, body []byte) error {
	if len(body) > maxBatch {
		return fmt.Errorf("transaction of %d bytes: at most %d", len(body), maxBatch)
	}
	operations, err := parseBatch(contentType, body)
	if err != nil {
		return fmt.Errorf("transaction cannot be read: %w", err)
	}
	if len(operations) > maxTransaction {
		return fmt.Errorf("transaction of %d changes: at most %d", len(operations), maxTransaction)
	}
	seen := map[target]bool{}
	var first target
	for i, o := range operations {
		t, err := a.checkAction(o.method, o.path, o.body)
		if err != nil {
			return fmt.Errorf("change %d: %w", i, err)
		}
		if i == 0 {
			first = t
		}
		if t.table != first.table || t.partition != first.partition {
			return fmt.Errorf("transaction over %s %s and %s %s: want one partition", first.table, first.partition, t.table, t.partition)
		}
		if seen[t] {
			return fmt.Errorf("transaction has row %s twice", t.row)
		}
		seen[t] = true
	}
	return nil
}

// operation is one change of a transaction as it is sent.
type operation struct {
	method, path string
	body         []byte
}

func parseBatch(contentType string, body []byte) ([]operation, error) {
	changeset, err := firstPart(contentType, body)
	if err != nil {
		return nil, err
	}
	var operations []operation
	for {
		part, err := changeset.NextPart()
		if errors.Is(err, io.EOF) {
			return operations, nil
		}
		if err != nil {
			return nil, err
		}
		content := bufio.NewReader(part)
		request, err := http.ReadRequest(content)
		if err != nil {
			return nil, err
		}
		// Not request.Body: the inner request may name no length. Its body is what is left of the part.
		inner, err := io.ReadAll(content)
		if err != nil {
			return nil, err
		}
		operations = append(operations, operation{request.Method, request.URL.Path, inner})
	}
}

// firstPart opens the changeset, a multipart body in the only part of a multipart body.
func firstPart(contentType string, body []byte) (*multipart.Reader, error) {
	_, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, err
	}
	part, err := multipart.NewReader(bytes.NewReader(body), parameters["boundary"]).NextPart()
	if err != nil {
		return nil, err
	}
	_, parameters, err = mime.ParseMediaType(part.Header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	return multipart.NewReader(part, parameters["boundary"]), nil
}
