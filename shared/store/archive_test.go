package store

import (
	"bytes"
	"testing"
	"time"
)

// A body in pieces is the same file as in one piece, whether it is packed in memory or while it is sent.
func TestBodyInPieces(t *testing.T) {
	whole := Record{URI: "urn:x", Date: time.UnixMilli(1705276800123), Dataset: "d", Body: []byte("abcdef")}
	pieces := whole
	pieces.Body, pieces.Parts = nil, [][]byte{[]byte("ab"), {}, []byte("cdef")}
	if got, want := encode(t, []Record{pieces}), encode(t, []Record{whole}); !bytes.Equal(got, want) {
		t.Errorf("in pieces %q, in one %q", got, want)
	}
	a, err := newArchive(1, []Record{pieces})
	if err != nil {
		t.Fatal(err)
	}
	var sent bytes.Buffer
	packed := a.reader(packingLevel)
	if _, err := sent.ReadFrom(packed); err != nil || !bytes.Equal(sent.Bytes(), encode(t, []Record{whole})) {
		t.Errorf("sent %q, %v", sent.Bytes(), err)
	}
}
