package host

import (
	"strings"
	"testing"
	"time"
)

func TestSchedule(t *testing.T) {
	tests := []struct{ expression, at, last, next string }{
		{"20 */5 * * * *", "2026-01-02T03:05:19Z", "2026-01-02T03:00:20Z", "2026-01-02T03:05:20Z"},
		{"20 */5 * * * *", "2026-01-02T03:05:20Z", "2026-01-02T03:05:20Z", "2026-01-02T03:10:20Z"},
		{"40 7,37 * * * *", "2026-01-01T00:00:00Z", "2025-12-31T23:37:40Z", "2026-01-01T00:07:40Z"},
		{"20 */15 9-18 * * 1-5", "2026-01-05T06:00:00Z", "2026-01-02T18:45:20Z", "2026-01-05T09:00:20Z"}, // over a weekend
		{"*/2 * * * * *", "2026-01-02T03:05:19.9Z", "2026-01-02T03:05:18Z", "2026-01-02T03:05:20Z"},
		{"0 0 0 29 2 *", "2026-01-02T00:00:00Z", "2024-02-29T00:00:00Z", "2028-02-29T00:00:00Z"},
		{"0 30 10 * * *", "2026-07-01T12:00:00+02:00", "2026-06-30T10:30:00Z", "2026-07-01T10:30:00Z"}, // always UTC
	}
	for _, test := range tests {
		schedule, err := ParseSchedule(test.expression)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, test.at)
		if err != nil {
			t.Fatal(err)
		}
		last, next := schedule.Last(at).Format(time.RFC3339), schedule.Next(at).Format(time.RFC3339)
		if last != test.last || next != test.next {
			t.Errorf("%s at %s: last %s, next %s, want %s and %s", test.expression, test.at, last, next, test.last, test.next)
		}
	}
}

func TestScheduleRefuses(t *testing.T) {
	for expression, want := range map[string]string{
		"":                  "0 fields",
		"*/5 * * * *":       "5 fields",
		"0 0 0 1 1 * 2026":  "7 fields",
		"@daily":            "1 fields",
		"00:05:00":          "1 fields",
		"0 0 9 * * MON":     `field "MON"`,
		"0 0 0 L * *":       `field "L"`,
		"0 5/10 * * * *":    `field "5/10"`,
		"0 0 0 ? * *":       `field "?"`,
		"0 60 * * * *":      "out of its field's range",
		"0 9-5 * * * *":     "out of its field's range",
		"0 0 0 31 2 *":      "never occurs",
		"0 0 0 13 * 5":      "a day of month and a weekday",
		"0 0 0 * * *,":      `field "*,"`,
		"0 0 0 * * 1-5/0":   "out of its field's range",
		"0 0 0 * 0 *":       "out of its field's range",
		"-1 0 0 * * *":      `field "-1"`,
		"0 0 0 * * 1 - 5":   "8 fields",
		"0 */70-80 * * * *": `field "*/70-80"`,
	} {
		if _, err := ParseSchedule(expression); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", expression, err, want)
		}
	}
}
