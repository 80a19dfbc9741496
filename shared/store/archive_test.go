package store

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// packedBody is a body that came in two pieces.
func packedBody(t *testing.T, body []byte) *Packed {
	t.Helper()
	p := NewPacked()
	for _, piece := range [][]byte{body[:len(body)/2], body[len(body)/2:]} {
		if n, err := p.Write(piece); err != nil || n != len(piece) {
			t.Fatal(n, err)
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	return p
}

// A body that was packed while it came is read back as one that was there whole: as Body, or from its beginning as often as asked.
// What it packs to does not matter: nothing, little, more than itself, or less than may be read back.
func TestBodyThatIsPackedAsItComes(t *testing.T) {
	noise := make([]byte, 3<<20)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(noise) // never fails
	for name, body := range map[string][]byte{
		"empty": {}, "short": []byte("abcdef"), "lines": []byte(strings.Repeat("m open=1.25,close=42000.5 1705276800\n", 100_000)),
		"noise": noise, "flat": bytes.Repeat([]byte("0"), 40<<20),
	} {
		whole := Record{URI: "urn:x", Date: time.UnixMilli(1705276800123).UTC(), Dataset: "d", Body: body}
		came := whole
		came.Body, came.Packed = nil, packedBody(t, body)
		content := encode(t, []Record{came})
		if text, want := gunzip(t, content)[0], gunzip(t, encode(t, []Record{whole}))[0]; text != want {
			t.Errorf("%s: the file has %d bytes unpacked and begins %.500q, want %d and %.500q", name, len(text), text, len(want), want)
		}
		got, err := decode(content)
		if err != nil || len(got) != 1 || !bytes.Equal(got[0].Body, body) {
			t.Fatalf("%s: %d records, %v; want one with the body", name, len(got), err)
		}
		got[0].Body, whole.Body = nil, nil
		if diff := cmp.Diff(whole, got[0]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		left, err := decodeWARC(append(encode(t, sample()), content...), func(r Record, size int) bool { return r.Dataset == "d" && size == len(body) })
		if err != nil || len(left) != 3 || left[2].Open == nil || left[1].Open != nil {
			t.Fatalf("%s: %d records, %v; want the third left packed, and no other", name, len(left), err)
		}
		for range 2 {
			if again, err := io.ReadAll(left[2].Open()); err != nil || !bytes.Equal(again, body) {
				t.Errorf("%s: opened it has %d bytes, %v; want %d", name, len(again), err, len(body))
			}
		}
	}
}

// An archive that is packed while it is sent is the one that is packed in memory.
func TestArchiveThatIsSent(t *testing.T) {
	a, err := newArchive(1, sample())
	if err != nil {
		t.Fatal(err)
	}
	var sent bytes.Buffer
	packed := a.reader(packingLevel)
	want, wrong := a.bytes()
	if _, err := sent.ReadFrom(packed); err != nil || wrong != nil || !bytes.Equal(sent.Bytes(), want) {
		t.Errorf("sent %q, %v; want %q, %v", sent.Bytes(), err, want, wrong)
	}
}
