// Package web is the page Expensive Things and its assets, all in the binary. Construct Handler and mount it behind every
// path that nothing else takes.
//
// The page is one HTML file, one style sheet and plain ES modules that ask the API for prices. Nothing is built, nothing
// comes from another host, and the content security policy holds the browser to that.
package web

import (
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
)

//go:embed assets
var embedded embed.FS

// policy permits the page's own scripts, styles, images and API and nothing else. uPlot places its elements through the
// CSS object model, which style-src does not govern.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// contentTypes lists what an asset may be: a file with another extension is not served.
var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// page answers the requests for the page. The assets are hashed at the first request and compressed when each is first
// asked for, so that a process which only serves timers pays nothing.
type page struct {
	assets func() assets
}

// Handler serves the page at / and its assets below /assets/. Every other path is a page that says so, with status 404.
// It answers GET and HEAD.
func Handler() http.Handler {
	root, err := fs.Sub(embedded, "assets")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	return page{assets: sync.OnceValue(func() assets { return loadAssets(root) })}
}

func (p page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "The page answers GET and HEAD only.", http.StatusMethodNotAllowed)
		return
	}
	all := p.assets()
	if r.URL.Path == "/" {
		h.Set("Cache-Control", "no-cache")
		all.document("index.html", r).send(w, r, http.StatusOK)
		return
	}
	if c, ok := all.lookup(r.URL.Path); ok {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		c.send(w, r, http.StatusOK)
		return
	}
	h.Set("Cache-Control", "no-store")
	all.document("missing.html", r).send(w, r, http.StatusNotFound)
}

// lookup finds an asset by its path, /assets/<version>/<name>. Another version's name is not found: a page of that version
// must not run with this one's modules.
func (a assets) lookup(urlPath string) (*content, bool) {
	name, ok := strings.CutPrefix(urlPath, "/assets/"+a.version+"/")
	if !ok {
		return nil, false
	}
	c, ok := a.files[name]
	return c, ok && contentTypes[path.Ext(name)] != ""
}
