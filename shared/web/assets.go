package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"
	"sync"
	"time"
)

// assets is everything that is served. version is a hash of all of it and stands in every asset's path, so that the modules
// can name each other plainly and still be cached for ever.
type assets struct {
	version string
	files   map[string]*content
}

func loadAssets(root fs.FS) assets {
	a := assets{files: map[string]*content{}}
	all := sha256.New()
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		a.files[name] = newContent(contentTypes[path.Ext(name)], body)
		all.Write([]byte(name + a.files[name].hash))
		return nil
	})
	if err != nil {
		panic(err) // the files are compiled in
	}
	a.version = hex.EncodeToString(all.Sum(nil))[:12]
	return a
}

// localLink is a link of a document to an asset or to another path of this program.
var localLink = regexp.MustCompile(`(href|src)="(/[^"]*)"`)

// document returns an HTML file for this request: its links carry the assets' version, and the function key with which the
// page was asked for, since a deployed Page wants the key with every request and no browser would repeat it by itself.
func (a assets) document(name string, r *http.Request) *content {
	key := ""
	if code := r.URL.Query().Get("code"); code != "" {
		key = "?code=" + url.QueryEscape(code) // leaves nothing that HTML could misread
	}
	body := localLink.ReplaceAllStringFunc(string(a.files[name].body), func(link string) string {
		link = strings.Replace(link, `"/assets/`, `"/assets/`+a.version+"/", 1)
		return strings.TrimSuffix(link, `"`) + key + `"`
	})
	return newContent("text/html; charset=utf-8", []byte(body))
}

// content is one file as it is sent: plain, or compressed when the client takes gzip.
type content struct {
	mime   string
	body   []byte
	hash   string // of body, in hex
	zipped func() []byte
}

func newContent(mime string, body []byte) *content {
	sum := sha256.Sum256(body)
	return &content{mime, body, hex.EncodeToString(sum[:12]), sync.OnceValue(func() []byte { return compress(body) })}
}

func compress(body []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // fails for an unknown level only
	z.Write(body)                                         // a bytes.Buffer takes everything
	z.Close()
	return b.Bytes()
}

// send answers with the content, or with 304 when the client names its ETag. The two encodings have strong tags of their own.
func (c *content) send(w http.ResponseWriter, r *http.Request, status int) {
	h := w.Header()
	body, tag := c.body, c.hash
	if acceptsGzip(r.Header.Get("Accept-Encoding")) {
		body, tag = c.zipped(), c.hash+"-gzip"
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Type", c.mime)
	h.Add("Vary", "Accept-Encoding")
	if status != http.StatusOK {
		w.WriteHeader(status)
		if r.Method != http.MethodHead {
			w.Write(body) // a client that went away needs no answer
		}
		return
	}
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// acceptsGzip reads an Accept-Encoding header: gzip counts when it is named with a weight above zero.
func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		coding, weight, _ := strings.Cut(strings.ToLower(part), ";")
		if strings.TrimSpace(coding) == "gzip" {
			return strings.Trim(strings.TrimSpace(weight), "q=0.") != "" || strings.TrimSpace(weight) == ""
		}
	}
	return false
}
