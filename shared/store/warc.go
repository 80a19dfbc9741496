package store

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"assay/shared/market"
)

// Record is one record of a raw file: an HTTP answer of a provider (WARC type response), or what somebody gave us (resource).
type Record struct {
	URI       string           // what was asked, keys removed; for a push, its file name as a URI
	Date      time.Time        // when its last byte had arrived, to the millisecond; the zero time: the blob's received
	Status    int              // of the HTTP answer; 0 makes it a resource record
	Header    http.Header      // of the HTTP answer, from an allow list; of a resource its Content-Type only
	Body      []byte           // unchanged
	Packed    *Packed          // of a resource that is written, in place of Body: where it came in pieces and may be long
	Open      func() io.Reader // of a resource that was read, in place of Body: where it is long and the reader wants it so; from its beginning each time
	Dataset   string           // Assay-Dataset: names the parser
	Series    []market.SeriesID
	Interval  market.Interval // 0: the parser knows
	Authority market.Authority
	Options   string // Assay-Options: JSON for the parser; empty for none
}

// keptHeaders are the headers of an answer that are stored. A header that is not known to be harmless, such as Set-Cookie, is not.
var keptHeaders = []string{
	"Age", "Cache-Control", "Cb-After", "Cb-Before", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type", "Date",
	"Etag", "Expires", "Last-Modified", "Retry-After", "X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset",
}

const (
	warcVersion  = "WARC/1.1"
	warcDate     = "2006-01-02T15:04:05.000Z"
	warcResponse = "response"
	warcResource = "resource"
	httpBlock    = "application/http;msgtype=response"
	octets       = "application/octet-stream"
)

// Limits of what is unpacked, against archives that were made to fill the memory. Below the floor the ratio does not matter.
const (
	maxUnpacked = 512 << 20
	maxRatio    = 100
	ratioFloor  = 1 << 20
)

// encodeWARC writes a WARC 1.1 file (ISO 28500), one gzip member per record. The same records give the same bytes: record
// ids are hashes, and no member has a time of its own.
func encodeWARC(received int64, records []Record) ([]byte, error) {
	a, err := newArchive(received, records)
	if err != nil {
		return nil, err
	}
	return a.bytes()
}

func encodeRecord(index int, r Record) (member, error) {
	kind, contentType, head := warcResource, r.Header.Get("Content-Type"), ""
	if contentType == "" {
		contentType = octets
	}
	if r.Status != 0 {
		kind, contentType, head = warcResponse, httpBlock, httpHead(r)
	}
	m := member{body: r.Body, tail: []byte("\r\n\r\n"), packed: r.Packed}
	digest := sha256.Sum256(r.Body)
	payload, length := digest[:], len(head)+len(r.Body)
	if r.Packed != nil {
		payload, length = r.Packed.Sum(), r.Packed.Size()
	}
	block := payload
	if head != "" {
		sum := sha256.New()
		sum.Write([]byte(head))
		sum.Write(r.Body)
		block = sum.Sum(nil)
	}
	fields := [][2]string{
		{"WARC-Type", kind},
		{"WARC-Date", r.Date.UTC().Format(warcDate)},
		{"WARC-Target-URI", r.URI},
		{"Content-Type", contentType},
		{"WARC-Payload-Digest", fmt.Sprintf("sha256:%x", payload)},
		{"WARC-Block-Digest", fmt.Sprintf("sha256:%x", block)},
		{"Assay-Dataset", r.Dataset},
		{"Assay-Series", joinSeries(r.Series)},
		{"Assay-Interval", intervalText(r.Interval)},
		{"Assay-Authority", r.Authority.String()},
		{"Assay-Options", r.Options},
		{"Content-Length", fmt.Sprint(length)},
	}
	header, err := encodeHeader(index, fields)
	m.front = append(header, head...)
	return m, err
}

// encodeHeader writes the header of a record, up to the empty line after it, of the fields that have a value.
func encodeHeader(index int, fields [][2]string) ([]byte, error) {
	var described strings.Builder
	for _, f := range fields {
		if err := checkField(f[0], f[1]); err != nil {
			return nil, err
		}
		if f[1] != "" {
			fmt.Fprintf(&described, "%s: %s\r\n", f[0], f[1])
		}
	}
	header := fmt.Appendf(nil, "%s\r\nWARC-Record-ID: <urn:uuid:%s>\r\n%s\r\n", warcVersion, recordID(index, described.String()), described.String())
	if len(header) >= maxHead {
		return nil, fmt.Errorf("its header has %d bytes: at most %d can be read back", len(header), maxHead-1)
	}
	return header, nil
}

// checkField refuses what would break the header of a record.
func checkField(name, text string) error {
	if name == "WARC-Target-URI" && (text == "" || strings.ContainsAny(text, " <>")) {
		return fmt.Errorf("URI %.100q: want one without spaces and angle brackets", text)
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r == 0x7F }); i >= 0 {
		return fmt.Errorf("%s has a control character at byte %d", name, i)
	}
	return nil
}

// httpHead is the answer's status line and headers, in the order of their names.
func httpHead(r Record) string {
	var head strings.Builder
	fmt.Fprintf(&head, "HTTP/1.1 %03d %s\r\n", r.Status, http.StatusText(r.Status))
	for _, name := range keptHeaders {
		for _, v := range r.Header.Values(name) {
			fmt.Fprintf(&head, "%s: %s\r\n", name, strings.Join(strings.Fields(v), " "))
		}
	}
	head.WriteString("\r\n")
	return head.String()
}

// recordID is a UUID of version 8 (RFC 9562), from a hash of what the record says of itself, its digests included.
func recordID(index int, described string) string {
	sum := sha256.Sum256(binary.BigEndian.AppendUint32([]byte(described), uint32(index)))
	id := sum[:16]
	id[6] = id[6]&0x0F | 0x80
	id[8] = id[8]&0x3F | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

func joinSeries(series []market.SeriesID) string {
	names := make([]string, len(series))
	for i, id := range series {
		names[i] = id.String()
	}
	return strings.Join(names, ", ")
}

func intervalText(i market.Interval) string {
	if i == 0 {
		return ""
	}
	return i.String()
}

// unpackedLimit is how many bytes a file of size bytes may unpack to.
func unpackedLimit(size int) int { return min(maxUnpacked, max(ratioFloor, maxRatio*size)) }

func kept(name string) bool { return slices.Contains(keptHeaders, name) }
