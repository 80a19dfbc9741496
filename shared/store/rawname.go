package store

import (
	"fmt"
	"regexp"
	"time"
)

// RawName names a raw blob: <source>/<yyyy>/<mm>/<dd>/<received>~<sha8>.warc.gz
type RawName struct {
	Source   string
	Received int64  // Unix milliseconds
	Sum      string // first 8 hex digits of the blob's SHA-256
}

const (
	receivedLayout = "20060102T150405.000Z"
	rawSuffix      = ".warc.gz"
)

// String returns the blob's name.
func (n RawName) String() string { return dayFolder(n.Source, n.Received) + "/" + n.Key() + rawSuffix }

// Key returns <received>~<sha8>, the row key of the blob's receipt.
func (n RawName) Key() string { return receivedText(n.Received) + "~" + n.Sum }

var (
	validSource = regexp.MustCompile(`^[a-z0-9-]{2,24}$`)
	rawPattern  = regexp.MustCompile(`^([a-z0-9-]{2,24})/\d{4}/\d{2}/\d{2}/(\d{8}T\d{6}\.\d{3}Z)~([0-9a-f]{8})\.warc\.gz$`)
	keyPattern  = regexp.MustCompile(`^(\d{8}T\d{6}\.\d{3}Z)~([0-9a-f]{8})$`)
)

// ParseRawName is the inverse of String, and refuses anything else.
func ParseRawName(s string) (RawName, error) {
	if m := rawPattern.FindStringSubmatch(s); m != nil {
		if received, err := time.Parse(receivedLayout, m[2]); err == nil {
			if n := (RawName{m[1], received.UnixMilli(), m[3]}); n.String() == s {
				return n, nil
			}
		}
	}
	return RawName{}, fmt.Errorf("raw blob %.100q: want <source>/<yyyy>/<mm>/<dd>/<received>~<sha8>.warc.gz, "+
		"such as kraken/2024/01/15/20240115T093000.123Z~0123abcd.warc.gz", s)
}

// parseKey is the inverse of Key.
func parseKey(source, key string) (RawName, error) {
	if m := keyPattern.FindStringSubmatch(key); m != nil {
		if received, err := time.Parse(receivedLayout, m[1]); err == nil {
			return RawName{source, received.UnixMilli(), m[2]}, nil
		}
	}
	return RawName{}, fmt.Errorf("key %.60q: want <received>~<sha8>, such as 20240115T093000.123Z~0123abcd", key)
}

func checkSource(source string) error {
	if !validSource.MatchString(source) {
		return fmt.Errorf("source %.60q: want 2 to 24 of a-z, 0-9 and -", source)
	}
	return nil
}

func receivedText(received int64) string {
	return time.UnixMilli(received).UTC().Format(receivedLayout)
}

// dayFolder begins the names of all that a source received on a UTC day, and of nothing else.
func dayFolder(source string, received int64) string {
	return source + "/" + time.UnixMilli(received).UTC().Format("2006/01/02")
}

const dayMillis = 24 * 60 * 60 * 1000

// days returns the first millisecond of each UTC day that [from, to) touches.
func days(from, to int64) []int64 {
	var starts []int64
	for day := from - from%dayMillis; day < to; day += dayMillis {
		starts = append(starts, day)
	}
	return starts
}
