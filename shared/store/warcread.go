package store

import (
	"bufio"
	"bytes"
	"crypto/sha256"
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
// unpacked is bounded, and every digest is checked. A body for which long is true of its record and size is left packed: the
// record has Open in place of Body.
func decodeWARC(content []byte, long func(r Record, size int) bool) ([]Record, error) {
	d := decoder{content: content, limit: unpackedLimit(len(content)), long: long}
	if err := d.open(); err != nil {
		return nil, err
	}
	var records []Record
	for n := 0; ; n++ {
		r, use, err := d.record()
		switch {
		case d.read > d.limit:
			return nil, fmt.Errorf("its %d bytes unpack to more than %d: at most %d bytes and %d times the size are read", len(content), d.limit, maxUnpacked, maxRatio)
		case d.err != nil && d.err != io.EOF:
			return nil, fmt.Errorf("its gzip data is damaged: %w", d.err)
		case err == io.EOF:
			return records, nil
		case err != nil:
			return nil, fmt.Errorf("WARC record %d: %w", n, err)
		case use:
			records = append(records, r)
		}
	}
}

// decoder reads the records of a WARC file one after the other.
type decoder struct {
	content []byte
	limit   int // of unpacked bytes
	long    func(r Record, size int) bool

	unpacked *gzip.Reader
	in       *bufio.Reader // of this decoder, which counts
	read     int           // unpacked bytes
	err      error         // of unpacking
}

// maxHead is the longest header of a record.
const maxHead = 64 << 10

func (d *decoder) open() error {
	z, err := gzip.NewReader(bytes.NewReader(d.content))
	if err != nil {
		return fmt.Errorf("no gzip file: %w", err)
	}
	d.unpacked, d.in = z, bufio.NewReaderSize(d, maxHead)
	return nil
}

// Read unpacks, no more than one byte beyond the limit.
func (d *decoder) Read(p []byte) (n int, err error) {
	if d.read > d.limit {
		return 0, io.ErrUnexpectedEOF
	}
	n, d.err = d.unpacked.Read(p[:min(len(p), d.limit+1-d.read)])
	d.read += n
	return n, d.err
}

// at is how many unpacked bytes were given to records.
func (d *decoder) at() int { return d.read - d.in.Buffered() }

// record reads the next record, or returns io.EOF. use is false for a type that is not ours.
func (d *decoder) record() (r Record, use bool, err error) {
	head, err := d.head()
	if err != nil {
		return r, false, err
	}
	version, fields, _ := strings.Cut(head, "\r\n")
	if version != warcVersion {
		return r, false, fmt.Errorf("it does not begin with %s and a header", warcVersion)
	}
	h, err := parseFields(fields)
	if err != nil {
		return r, false, err
	}
	length, err := strconv.Atoi(h["Content-Length"])
	if err != nil || length < 0 || length > d.limit {
		return r, false, fmt.Errorf("Content-Length %.20q: want a number up to %d", h["Content-Length"], d.limit)
	}
	if use = h["WARC-Type"] == warcResponse || h["WARC-Type"] == warcResource; use {
		if r, err = describe(h); err == nil {
			err = d.block(&r, h, length)
		}
	} else {
		_, err = d.in.Discard(length)
	}
	var end [4]byte
	if err == nil {
		_, err = io.ReadFull(d.in, end[:])
	}
	switch {
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return r, false, fmt.Errorf("Content-Length %d: the file ends before", length)
	case err == nil && string(end[:]) != "\r\n\r\n":
		return r, false, errors.New("its block does not end with two line ends")
	}
	return r, use, err
}

// head reads the header of a record, without the empty line after it. At the end of the file it returns io.EOF.
func (d *decoder) head() (string, error) {
	var head []byte
	for !bytes.HasSuffix(head, []byte("\r\n\r\n")) {
		l, err := d.in.ReadSlice('\n')
		head = append(head, l...)
		switch {
		case err == io.EOF && len(head) == 0:
			return "", io.EOF
		case err != nil || len(head) > maxHead:
			return "", fmt.Errorf("it does not begin with %s and a header", warcVersion)
		}
	}
	return string(head[:len(head)-4]), nil
}

// block reads the block of a record.
func (d *decoder) block(r *Record, h map[string]string, length int) error {
	if h["WARC-Type"] == warcResource && d.long(*r, length) {
		sum, begin := sha256.New(), d.at()
		if _, err := io.CopyN(sum, d.in, int64(length)); err != nil {
			return err
		}
		r.Open = func() io.Reader { return d.from(begin, length) }
		r.setType(h)
		return checkDigest(h, sum.Sum(nil))
	}
	block := make([]byte, length)
	if _, err := io.ReadFull(d.in, block); err != nil {
		return err
	}
	sum := sha256.Sum256(block)
	if err := checkDigest(h, sum[:]); err != nil {
		return err
	}
	return r.setBlock(h, block)
}

// from reads unpacked bytes once more, which have been read and checked before.
func (d *decoder) from(begin, length int) io.Reader {
	z, err := gzip.NewReader(bytes.NewReader(d.content))
	if err == nil {
		_, err = io.CopyN(io.Discard, z, int64(begin))
	}
	if err != nil {
		panic(err) // the same bytes could be unpacked before
	}
	return io.LimitReader(z, int64(length))
}

func checkDigest(h map[string]string, sum []byte) error {
	if want, got := h["WARC-Block-Digest"], fmt.Sprintf("sha256:%x", sum); want != got {
		return fmt.Errorf("its bytes have digest %s, its header says %.80q: the blob is damaged", got, want)
	}
	return nil
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

// setType keeps the media type of a resource, unless nobody said one.
func (r *Record) setType(h map[string]string) {
	if h["Content-Type"] != octets {
		r.Header = http.Header{"Content-Type": {h["Content-Type"]}}
	}
}

func (r *Record) setBlock(h map[string]string, block []byte) error {
	if h["WARC-Type"] == warcResource {
		r.Body = block
		r.setType(h)
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
