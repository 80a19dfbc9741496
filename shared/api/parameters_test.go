package api

import (
	"strings"
	"testing"
)

func TestParseTime(t *testing.T) {
	for text, want := range map[moment]string{
		"2016-11-13":                "2016-11-13T00:00:00Z",
		"2016-11-13T10:30:00Z":      "2016-11-13T10:30:00Z",
		"2016-11-13T10:30:00+01:00": "2016-11-13T09:30:00Z",
		"2016-11-13T10:30:00 01:00": "2016-11-13T09:30:00Z", // a plus sign that was not escaped
		"2016-11-13T10:30:00.001Z":  "2016-11-13T10:30:01Z", // the first whole second in or after it
		"1479033000":                "2016-11-13T10:30:00Z",
		"1479033000.0":              "2016-11-13T10:30:00Z",
		"1479033000000":             "2016-11-13T10:30:00Z", // milliseconds
		"99999999999":               "5138-11-16T09:46:39Z", // the last that is seconds
		"100000000000":              "1973-03-03T09:46:40Z", // the first that is milliseconds
		"-86400":                    "1969-12-31T00:00:00Z",
		"1e9":                       "2001-09-09T01:46:40Z",
	} {
		got, err := parseTime("from", text)
		if err != nil || printed(got) != want {
			t.Errorf("parseTime(%q) = %s, %v; want %s", text, printed(got), err, want)
		}
	}
}

func TestParseTimeRefuses(t *testing.T) {
	for text, want := range map[moment]string{
		"yesterday":           `from="yesterday" is no time: want RFC 3339`,
		"2016-13-01":          "is no time",
		"2016-02-30":          "is no time",
		"13/11/2016":          "is no time",
		"2016-11-13T10:30:00": "is no time", // which zone?
		"NaN":                 "is no time",
		"Inf":                 "lies outside the years 1 to 9999",
		"99999999999999999":   "lies outside the years 1 to 9999",
	} {
		if got, err := parseTime("from", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parseTime(%q) = %d, %v; want an error that says %s", text, got, err, want)
		}
	}
}

func TestAcceptsGzip(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "gzip": true, "br, GZIP;q=0.5": true, "gzip;q=0": false, "*": true, "*;q=0": false, "gzip;q=0, *": false,
		"deflate, br": false, "gzip; q=1.0": true, "gzip;q=nonsense": false,
	} {
		if got := acceptsGzip(header); got != want {
			t.Errorf("acceptsGzip(%q) = %t, want %t", header, got, want)
		}
	}
}

func TestMatches(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, `"a"`: true, `"b"`: false, `"b", W/"a"`: true, "*": true, "a": false,
	} {
		if got := matches(header, `"a"`); got != want {
			t.Errorf("matches(%q) = %t, want %t", header, got, want)
		}
	}
}
