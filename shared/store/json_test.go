package store

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// What Azure may send and Azurite does not: annotations after their property, escaped base64, spaces, null, an Edm.Int32.
func TestDecodePageAsAzureMaySendIt(t *testing.T) {
	page := `{ "odata.metadata": "https://a.table.core.windows.net/$metadata#bars", "value" : [
		{"odata.etag": "W/\"datetime'2024'\"", "PartitionKey":"p", "RowKey":"r1", "Timestamp":"2024-01-15T00:00:00Z",
		 "b":"\/w\u003d\u003d", "b@odata.type":"Edm.Binary", "n@odata.type":"Edm.Int64", "n":"-5", "i":7, "d":1.5e3, "none":null,
		 "nan@odata.type":"Edm.Double", "nan":"Infinity", "s":"a\"\\\u00fc\n", "t":true, "f" : false } , {"PartitionKey":"p","RowKey":"r2"} ] }`
	got, err := decodePage([]byte(page), nil)
	if err != nil {
		t.Fatal(err)
	}
	if v := got[0].Values["nan"].(float64); v <= 1e308 {
		t.Errorf("Infinity is %v", v)
	}
	delete(got[0].Values, "nan")
	want := []Entity{
		{"p", "r1", `W/"datetime'2024'"`, map[string]any{
			"b": []byte{0xFF}, "n": int64(-5), "i": 7.0, "d": 1500.0, "s": "a\"\\ü\n", "t": true, "f": false,
		}},
		{"p", "r2", "", map[string]any{}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want - got +\n%s", diff)
	}
}

func TestAnswersThatAreNoPage(t *testing.T) {
	for _, bad := range []string{
		"", "[]", "{", `{"value":[{]}`, `{"value":[{"a":1}`, `{"value":{}}`, `{"value":[{"a":[1]}]}`, `{"value":[{"a":x}]}`, `{"a`, `{"a":"\`,
		`{"value":[{"a":"x","a@odata.type":"Edm.Int64"}]}`, `{"value":[{"a":"x","a@odata.type":"Edm.Binary"}]}`, `{1:2}`,
	} {
		if got, err := decodePage([]byte(bad), nil); err == nil {
			t.Errorf("%s was read as %v", bad, got)
		}
	}
}

// Where encoding/json reads a flat object of strings, we read the same.
func FuzzDecodeEntity(f *testing.F) {
	f.Add(`{"a":"b"}`)
	f.Add(`{ "a" : "\u00fc\\\"" , "c":"" }`)
	f.Fuzz(func(t *testing.T, text string) {
		e, err := decodeEntity([]byte(text))
		var want map[string]string
		if json.Unmarshal([]byte(text), &want) != nil || want == nil || strings.Contains(text, "null") || !utf8.ValidString(text) {
			return // encoding/json repairs what is no UTF-8
		}
		if err != nil {
			for name := range want {
				if strings.HasSuffix(name, typeSuffix) {
					return // a type that the value does not have
				}
			}
			t.Fatalf("%q: %v", text, err)
		}
		for name, value := range e.Values {
			if s, isText := value.(string); isText && s != want[name] {
				t.Errorf("%q: %s is %q, want %q", text, name, s, want[name])
			}
		}
	})
}
