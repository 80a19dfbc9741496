package host

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"os"
	"strings"
)

// Keys are function keys: whoever knows one may call every function. They are kept as their SHA-256, so that comparing takes
// the same time for every guess.
type Keys [][sha256.Size]byte

// ReadKeys reads a file of keys, one a line; empty lines and lines that begin with # do not count. No file name, no keys.
func ReadKeys(file string) (Keys, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("function keys: %w", err)
	}
	var keys Keys
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			keys = append(keys, sha256.Sum256([]byte(line)))
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("function keys: %s holds none: want one key a line", file)
	}
	return keys, nil
}

// require lets a request pass that carries a key, in x-functions-key or, without that header, as ?code=. Reads pass without
// one where openReads.
func (k Keys) require(next http.Handler, openReads bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		read := r.Method == http.MethodGet || r.Method == http.MethodHead
		given := r.Header.Get("x-functions-key")
		if given == "" {
			given = r.URL.Query().Get("code")
		}
		if !(read && openReads) && !k.hold(given) {
			problem(w, http.StatusUnauthorized, "This needs a function key: send it as x-functions-key or as ?code=.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (k Keys) hold(given string) bool {
	sum := sha256.Sum256([]byte(given))
	found := 0
	for _, key := range k {
		found |= subtle.ConstantTimeCompare(sum[:], key[:])
	}
	return found == 1
}
