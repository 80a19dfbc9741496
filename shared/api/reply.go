package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// printing is the version of how answers are printed. Raise it when the same values give other bytes within one release.
const printing = "2"

// reply is an answer before its bytes. Equal keys of one resource mean equal bodies: with the resource, the encoding and the
// release the key makes the ETag, and body is called only where those bytes are neither with the client nor in the cache.
type reply struct {
	key    []string
	media  string
	header [][2]string
	body   func() []byte

	simulated bool // the prices are made up: see marked
	unread    bool // nothing of it was read from storage, whose mark need not be known
}

// marshalled is a reply whose key is its body: for answers that are small, or that no hash stands for.
func marshalled(value any) (reply, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return reply{}, err
	}
	return reply{key: []string{string(body)}, media: jsonMedia, body: func() []byte { return body }}, nil
}

const (
	jsonMedia = "application/json"
	csvMedia  = "text/csv; charset=utf-8; header=present"

	parquetMedia = "application/vnd.apache.parquet"
)

// fileMedia are the formats of bars that are files of their own, and packed the media types that gzip cannot make smaller.
var (
	fileMedia = map[string]string{"csv": csvMedia, "parquet": parquetMedia}
	packed    = []string{parquetMedia, chartMedia["png"]}
)

// send writes a reply, or 304 when the client has these bytes already.
func (a *api) send(w http.ResponseWriter, r *http.Request, answer reply) {
	encoding := ""
	if acceptsGzip(r.Header.Get("Accept-Encoding")) && !slices.Contains(packed, answer.media) {
		encoding = "gzip"
	}
	tag := a.etag(answer, encoding)
	h := w.Header()
	h.Set("Cache-Control", "private, no-cache")
	h.Set("ETag", tag)
	h.Set("Vary", "Accept-Encoding")
	for _, line := range answer.header {
		h.Set(line[0], line[1])
	}
	if matches(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body, ok := a.cache.get(tag)
	if !ok {
		if body = answer.body(); answer.simulated && answer.media == jsonMedia {
			body = stamped(body)
		}
		if encoding == "gzip" {
			body = zipped(body)
		}
		a.cache.put(tag, body)
	}
	if encoding != "" {
		h.Set("Content-Encoding", encoding)
	}
	h.Set("Content-Type", answer.media)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a client that went away needs no answer
	}
}

// respond sends the answer, or the problem that kept it from being made.
func (a *api) respond(w http.ResponseWriter, r *http.Request, answer reply, err error) {
	if answer.simulated {
		w.Header().Set(simulatedHeader, "true")
	}
	if err != nil {
		fail(w, r, err)
		return
	}
	a.send(w, r, answer)
}

// etag hashes all that a body depends on. A zero byte ends each part, so that parts cannot run into each other.
func (a *api) etag(answer reply, encoding string) string {
	sum := sha256.New()
	for _, part := range append([]string{a.Version, printing, answer.media, encoding, strconv.FormatBool(answer.simulated)}, answer.key...) {
		_, _ = io.WriteString(sum, part)
		_, _ = sum.Write([]byte{0})
	}
	return `"` + base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:16]) + `"`
}

// matches reports whether an If-None-Match header names the tag. A GET compares weakly (RFC 9110, section 13.1.2).
func matches(header, tag string) bool {
	for item := range strings.SplitSeq(header, ",") {
		if item = strings.TrimSpace(item); item == "*" || strings.TrimPrefix(item, "W/") == tag {
			return true
		}
	}
	return false
}

// acceptsGzip reads an Accept-Encoding header: gzip, or * where gzip is not named, with a weight above zero.
func acceptsGzip(header string) bool {
	named, any := -1.0, -1.0
	for part := range strings.SplitSeq(strings.ToLower(header), ",") {
		coding, parameter, weighted := strings.Cut(part, ";")
		weight := 1.0
		if weighted {
			weight, _ = strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(parameter), "q="), 64) // 0 if it cannot be read
		}
		switch strings.TrimSpace(coding) {
		case "gzip":
			named = weight
		case "*":
			any = weight
		}
	}
	return named > 0 || named < 0 && any > 0
}

// zippers are fast rather than thorough: columns of prices come out as small as at the default level, in a third of the time.
var zippers = sync.Pool{New: func() any {
	z, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is known
	}
	return z
}}

func zipped(body []byte) []byte {
	var b bytes.Buffer
	b.Grow(len(body)/3 + 64)
	z := zippers.Get().(*gzip.Writer)
	defer zippers.Put(z)
	z.Reset(&b)
	_, _ = z.Write(body) // a bytes.Buffer takes everything
	_ = z.Close()
	return b.Bytes()
}
