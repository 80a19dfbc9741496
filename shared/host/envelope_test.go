package host

import (
	"encoding/json"
	"testing"
	"time"
)

func TestMessage(t *testing.T) {
	tests := []struct{ name, value, want string }{
		{"binary", `"eyJ2IjoxfQ=="`, `{"v":1}`},
		{"binary, not UTF-8", `"AP/+"`, "\x00\xff\xfe"},
		{"binary, empty", `""`, ""},
		{"binary of a quoted text", `"InF1b3RlZCI="`, `"quoted"`},
		{"text", `"\"hello\""`, "hello"},
		{"text that is base64", `"\"test\""`, "test"},
		{"text, empty", `"\"\""`, ""},
		{"text of a quoted text: one unquoting, not two", `"\"\\\"quoted\\\"\""`, `"quoted"`},
		{"JSON as text", `"\"{\\\"v\\\":1.10}\""`, `{"v":1.10}`},
		{"neither", `"{\"v\":1}"`, `{"v":1}`},
		{"an object", `{"v":1}`, `{"v":1}`},
	}
	for _, test := range tests {
		if got := string(message(json.RawMessage(test.value))); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestInserted(t *testing.T) {
	for metadata, want := range map[string]time.Time{
		`{"InsertionTime":"2026-11-23T08:08:51+00:00"}`: time.Date(2026, 11, 23, 8, 8, 51, 0, time.UTC),
		`{"InsertionTime":"yesterday"}`:                 {},
		`{"InsertionTime":1}`:                           {},
		`{}`:                                            {},
	} {
		e, err := decodeEnvelope([]byte(`{"Metadata":` + metadata + `}`))
		if got := e.inserted(); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %v, want %v", metadata, got, err, want)
		}
	}
}

func TestTries(t *testing.T) {
	tests := []struct {
		metadata string
		want     int
	}{
		{`{"DequeueCount":"3"}`, 3},
		{`{"DequeueCount":3}`, 3},
		{`{"DequeueCount":"\"99\""}`, 99},
		{`{"DequeueCount":"many"}`, 0},
		{`{"RetryContext":{"RetryCount":0}}`, 0},
	}
	for _, test := range tests {
		e, err := decodeEnvelope([]byte(`{"Data":{},"Metadata":` + test.metadata + `}`))
		if err != nil || e.tries() != test.want {
			t.Errorf("%s: %d, %v, want %d", test.metadata, e.tries(), err, test.want)
		}
	}
}

func TestTurn(t *testing.T) {
	schedule, err := ParseSchedule("20 */5 * * * *")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, now, value, want string }{
		{
			"on time", "2026-01-02T03:05:20.01Z",
			`{"Schedule":{"AdjustForDST":true},"ScheduleStatus":{"Last":"2026-01-02T03:00:20.01171+00:00","Next":"2026-01-02T03:05:20+00:00","LastUpdated":"2026-01-02T03:00:20.01171+00:00"},"IsPastDue":false}`,
			`{"slot":"2026-01-02T03:05:20Z","pastDue":false}`,
		},
		{
			"first run ever", "2026-01-02T03:05:20.1Z",
			`{"ScheduleStatus":{"Last":"0001-01-01T00:00:00","Next":"2026-01-02T03:05:20Z","LastUpdated":"0001-01-01T00:00:00"},"IsPastDue":false}`,
			`{"slot":"2026-01-02T03:05:20Z","pastDue":false}`,
		},
		{
			"a little early", "2026-01-02T03:05:19.99Z",
			`{"ScheduleStatus":{"Next":"2026-01-02T03:05:20"},"IsPastDue":false}`,
			`{"slot":"2026-01-02T03:05:20Z","pastDue":false}`,
		},
		{
			"three slots missed: the latest", "2026-01-02T03:17:00Z",
			`{"ScheduleStatus":{"Next":"2026-01-02T03:05:20+00:00"},"IsPastDue":true}`,
			`{"slot":"2026-01-02T03:15:20Z","pastDue":true}`,
		},
		{
			"by hand between two slots", "2026-01-02T03:05:19Z",
			`{"Schedule":{"AdjustForDST":true},"ScheduleStatus":null,"IsPastDue":false}`,
			`{"slot":"2026-01-02T03:00:20Z","pastDue":false}`,
		},
		{
			"Next of another zone", "2026-01-02T03:05:19.5Z",
			`{"ScheduleStatus":{"Next":"2026-01-02T04:05:20+01:00"}}`,
			`{"slot":"2026-01-02T03:05:20Z","pastDue":false}`,
		},
	}
	for _, test := range tests {
		now, err := time.Parse(time.RFC3339, test.now)
		if err != nil {
			t.Fatal(err)
		}
		got, err := turn(json.RawMessage(test.value), schedule, now)
		if err != nil || string(got.encode()) != test.want {
			t.Errorf("%s: %s, %v, want %s", test.name, got.encode(), err, test.want)
		}
	}
}
