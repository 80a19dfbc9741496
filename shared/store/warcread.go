package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"assay/shared/market"
)

// decodeWARC reads the response and resource records of a WARC file that encodeWARC wrote; other types are skipped. What is
// unpacked is bounded, and every digest is checked.
func decodeWARC(content []byte) ([]Record, error) {
	data, err := unpack(content)
	if err != nil {
		return nil, err
	}
	var records []Record
	for n := 0; len(data) > 0; n++ {
		r, use, rest, err := decodeRecord(data)
		if err != nil {
			return nil, fmt.Errorf("WARC record %d: %w", n, err)
		}
		if use {
			records = append(records, r)
		}
		data = rest
	}
	return records, nil
}

func unpack(content []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("no gzip file: %w", err)
	}
	limit := unpackedLimit(len(content))
	said := int(binary.LittleEndian.Uint32(content[len(content)-4:])) // the size of the last member: where to begin, no more
	out := bytes.NewBuffer(make([]byte, 0, min(limit, max(said, len(content)))+bytes.MinRead))
	if _, err := out.ReadFrom(io.LimitReader(z, int64(limit)+1)); err != nil {
		return nil, fmt.Errorf("its gzip data is damaged: %w", err)
	}
	if out.Len() > limit {
		return nil, fmt.Errorf("its %d bytes unpack to more than %d: at most %d bytes and %d times the size are read", len(content), limit, maxUnpacked, maxRatio)
	}
	return out.Bytes(), nil
}

// decodeRecord reads the first record of data. use is false for a type that is not ours.
func decodeRecord(data []byte) (r Record, use bool, rest []byte, err error) {
	head, rest, found := bytes.Cut(data, []byte("\r\n\r\n"))
	version, fields, _ := strings.Cut(string(head), "\r\n")
	if !found || version != warcVersion {
		return r, false, nil, fmt.Errorf("it does not begin with %s and a header", warcVersion)
	}
	h, err := parseFields(fields)
	if err != nil {
		return r, false, nil, err
	}
	length, err := strconv.Atoi(h["Content-Length"])
	if err != nil || length < 0 || length > len(rest) {
		return r, false, nil, fmt.Errorf("Content-Length %.20q: want a number up to the %d bytes that are left", h["Content-Length"], len(rest))
	}
	block := rest[:length:length]
	if rest, found = bytes.CutPrefix(rest[length:], []byte("\r\n\r\n")); !found {
		return r, false, nil, errors.New("its block does not end with two line ends")
	}
	if kind := h["WARC-Type"]; kind != warcResponse && kind != warcResource {
		return r, false, rest, nil
	}
	r, err = describe(h)
	if err == nil {
		err = r.setBlock(h, block)
	}
	return r, true, rest, err
}

func parseFields(text string) (map[string]string, error) {
	fields := map[string]string{}
	for line := range strings.SplitSeq(text, "\r\n") {
		name, value, found := strings.Cut(line, ": ")
		if !found {
			return nil, fmt.Errorf("header line %.60q is not of the form Name: value", line)
		}
		fields[name] = value
	}
	return fields, nil
}

func describe(h map[string]string) (Record, error) {
	r := Record{URI: h["WARC-Target-URI"], Dataset: h["Assay-Dataset"], Options: h["Assay-Options"]}
	var err error
	if r.Date, err = time.Parse(time.RFC3339Nano, h["WARC-Date"]); err != nil {
		return r, fmt.Errorf("WARC-Date %.40q: want RFC 3339", h["WARC-Date"])
	}
	r.Date = r.Date.UTC()
	if names := h["Assay-Series"]; names != "" {
		for name := range strings.SplitSeq(names, ", ") {
			id, err := market.ParseSeriesID(name)
			if err != nil {
				return r, err
			}
			r.Series = append(r.Series, id)
		}
	}
	if text := h["Assay-Interval"]; text != "" {
		if r.Interval, err = market.ParseInterval(text); err != nil {
			return r, err
		}
	}
	switch text := h["Assay-Authority"]; text {
	case market.Own.String():
		r.Authority = market.Own
	case market.Given.String():
		r.Authority = market.Given
	default:
		return r, fmt.Errorf("Assay-Authority %.20q: want own or given", text)
	}
	return r, nil
}

func (r *Record) setBlock(h map[string]string, block []byte) error {
	if want, got := h["WARC-Block-Digest"], fmt.Sprintf("sha256:%x", sha256.Sum256(block)); want != got {
		return fmt.Errorf("its bytes have digest %s, its header says %.80q: the blob is damaged", got, want)
	}
	if h["WARC-Type"] == warcResource {
		r.Body = block
		if h["Content-Type"] != octets {
			r.Header = http.Header{"Content-Type": {h["Content-Type"]}}
		}
		return nil
	}
	head, body, found := bytes.Cut(block, []byte("\r\n\r\n"))
	status, fields, hasFields := strings.Cut(string(head), "\r\n")
	var reason string
	if n, _ := fmt.Sscanf(status, "HTTP/1.1 %3d %s", &r.Status, &reason); !found || n < 1 || r.Status < 100 {
		return errors.New("its block is no HTTP answer")
	}
	r.Body, r.Header = body, http.Header{}
	if !hasFields {
		return nil
	}
	for line := range strings.SplitSeq(fields, "\r\n") {
		name, value, found := strings.Cut(line, ": ")
		if !found {
			return fmt.Errorf("header line %.60q of the HTTP answer is not of the form Name: value", line)
		}
		if kept(name) {
			r.Header.Add(name, value)
		}
	}
	return nil
}
