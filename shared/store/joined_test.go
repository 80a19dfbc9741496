package store

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// parts are places of 2024-01-15, one a second, with sizes.
func parts(sizes ...int64) []place {
	var places []place
	for n, size := range sizes {
		name := RawName{"kraken", 1705276800000 + int64(n)*1000, fmt.Sprintf("%08x", n)}
		places = append(places, place{name, name.String(), 0, size})
	}
	return places
}

func TestJoinedNames(t *testing.T) {
	for text, want := range map[string]joinedName{
		"kraken/2024/01/15.warc.gz":   {"kraken", 1705276800000, 1},
		"kraken/2024/01/15-2.warc.gz": {"kraken", 1705276800000, 2},
	} {
		if got, ok := parseJoinedName(text); !ok || got != want || got.String() != text {
			t.Errorf("%s: got %+v, %v; want %+v", text, got, ok, want)
		}
	}
	for _, bad := range []string{
		"kraken/2024/01/15-1.warc.gz", "kraken/2024/01/15-02.warc.gz", "kraken/2024/02/30.warc.gz", "kraken/2024/01/15.warc",
		"kraken/2024/01/15/15.warc.gz", "../2024/01/15.warc.gz", parts(1)[0].file,
	} {
		if got, ok := parseJoinedName(bad); ok {
			t.Errorf("%s was read as %+v", bad, got)
		}
	}
}

// The list of a joined file is a warcinfo record; the parts follow it at once, in its order.
func TestIndex(t *testing.T) {
	file := joinedName{"kraken", 1705276800000, 1}
	content, err := encodeIndex(file, parts(300, 20))
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"WARC/1.1",
		"WARC-Record-ID: <urn:uuid:ID>",
		"WARC-Type: warcinfo",
		"WARC-Date: 2024-01-15T00:00:01.000Z",
		"WARC-Filename: kraken/2024/01/15.warc.gz",
		"Content-Type: application/warc-fields",
		"WARC-Block-Digest: sha256:DIGEST",
		"Content-Length: 81",
		"",
		"part: 20240115T000000.000Z~00000000 300",
		"part: 20240115T000001.000Z~00000001 20",
		"", "", "",
	}, "\r\n")
	text := gunzip(t, content)[0]
	for field, sign := range map[string]string{"uuid:": ">", "sha256:": "\r\n"} {
		_, rest, _ := strings.Cut(text, field)
		found, _, _ := strings.Cut(rest, sign)
		text = strings.Replace(text, found, map[string]string{"uuid:": "ID", "sha256:": "DIGEST"}[field], 1)
	}
	if diff := cmp.Diff(want, text); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	got, err := decodeIndex(file, append(content, "the parts"...))
	at := int64(len(content))
	first, second := parts(300, 20)[0], parts(300, 20)[1]
	places := []place{{first.name, file.String(), at, 300}, {second.name, file.String(), at + 300, 20}}
	if diff := cmp.Diff(places, got, cmp.AllowUnexported(place{})); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// The longest list can be read back with one request.
func TestLongestIndex(t *testing.T) {
	file := joinedName{"a-source-of-twenty-four-c", 1705276800000, 999999}
	sizes := make([]int64, maxJoinedParts)
	for n := range sizes {
		sizes[n] = maxJoined - int64(n)
	}
	content, err := encodeIndex(file, parts(sizes...))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := decodeIndex(file, content[:min(len(content), maxIndex)]); err != nil || len(got) != maxJoinedParts {
		t.Errorf("%d parts, %v; want %d", len(got), err, maxJoinedParts)
	}
}

func TestWhatFitsInAFile(t *testing.T) {
	left := map[RawName]place{}
	all := parts(7<<20, 17<<20, 5<<20, 7<<20, 4<<20)
	for _, p := range all[:4] {
		left[p.name] = p
	}
	if diff := cmp.Diff([]place{all[0], all[2]}, fitting(all, left), cmp.AllowUnexported(place{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	many := parts(make([]int64, maxJoinedParts+1)...)
	for _, p := range many {
		left[p.name] = p
	}
	if got := fitting(many, left); len(got) != maxJoinedParts {
		t.Errorf("%d parts in one file, want %d", len(got), maxJoinedParts)
	}
}

func FuzzIndex(f *testing.F) {
	file := joinedName{"kraken", 1705276800000, 1}
	content, err := encodeIndex(file, parts(300, 20))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	f.Add([]byte("\x1f\x8b\x08\x00"))
	f.Fuzz(func(t *testing.T, head []byte) {
		places, err := decodeIndex(file, head)
		if err == nil && len(places) > maxIndex/40 {
			t.Errorf("%d parts in a list of %d bytes", len(places), maxIndex)
		}
	})
}
