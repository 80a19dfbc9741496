package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"assay/shared/market"
)

// Record is one record of a raw file: an HTTP answer of a provider (WARC type response), or what somebody gave us (resource).
type Record struct {
	URI       string      // what was asked, keys removed; for a push, its file name as a URI
	Date      time.Time   // when its last byte had arrived, to the millisecond; the zero time: the blob's received
	Status    int         // of the HTTP answer; 0 makes it a resource record
	Header    http.Header // of the HTTP answer, from an allow list; of a resource its Content-Type only
	Body      []byte      // unchanged
	Dataset   string      // Assay-Dataset: names the parser
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
	if len(records) == 0 {
		return nil, fmt.Errorf("no records")
	}
	plain := make([][]byte, len(records))
	total := 0
	for i, r := range records {
		if r.Date.IsZero() {
			r.Date = time.UnixMilli(received)
		}
		var err error
		if plain[i], err = encodeRecord(i, r); err != nil {
			return nil, fmt.Errorf("record %d: %w", i, err)
		}
		total += len(plain[i])
	}
	if total > maxUnpacked {
		return nil, fmt.Errorf("its records have %d bytes: at most %d can be read back", total, maxUnpacked)
	}
	packed, err := pack(plain, gzip.DefaultCompression)
	if err == nil && total > unpackedLimit(len(packed)) {
		// A flat series packs better than the limit for archives lets us read. Huffman codes alone stay within 8:1.
		packed, err = pack(plain, gzip.HuffmanOnly)
	}
	return packed, err
}

func pack(members [][]byte, level int) ([]byte, error) {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, level)
	if err != nil {
		return nil, err
	}
	for _, member := range members {
		z.Reset(&out)
		z.ModTime = time.Unix(0, 0) // no time at all: this package writes the zero time as one in 2042
		if _, err := z.Write(member); err != nil {
			return nil, err
		}
		if err := z.Close(); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

func encodeRecord(index int, r Record) ([]byte, error) {
	kind, contentType, head := warcResource, r.Header.Get("Content-Type"), ""
	if contentType == "" {
		contentType = octets
	}
	if r.Status != 0 {
		kind, contentType, head = warcResponse, httpBlock, httpHead(r)
	}
	payload := sha256.Sum256(r.Body)
	block := payload
	if head != "" {
		h := sha256.New()
		h.Write([]byte(head))
		h.Write(r.Body)
		block = [32]byte(h.Sum(nil))
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
		{"Content-Length", fmt.Sprint(len(head) + len(r.Body))},
	}
	var described strings.Builder
	for _, f := range fields {
		if err := checkField(f[0], f[1]); err != nil {
			return nil, err
		}
		if f[1] != "" {
			fmt.Fprintf(&described, "%s: %s\r\n", f[0], f[1])
		}
	}
	out := make([]byte, 0, described.Len()+len(head)+len(r.Body)+128)
	out = fmt.Appendf(out, "%s\r\nWARC-Record-ID: <urn:uuid:%s>\r\n%s\r\n%s", warcVersion, recordID(index, described.String()), described.String(), head)
	return append(append(out, r.Body...), "\r\n\r\n"...), nil
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
