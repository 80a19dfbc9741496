package store

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"github.com/klauspost/compress/gzip"
)

// archive is a WARC file that is not packed yet: the bodies in it are those of the records, not copies.
type archive struct {
	members []member
	size    int // unpacked
}

// member is one record: what is before its body, the body, and what is after it.
type member struct {
	front, body, tail []byte
	packed            *Packed // in place of body
}

func (m member) size() int {
	n := len(m.front) + len(m.body) + len(m.tail)
	if m.packed != nil {
		n += m.packed.Size()
	}
	return n
}

// packingLevel takes half the time of the default level for files that are a thirtieth larger.
const packingLevel = 2

func newArchive(received int64, records []Record) (archive, error) {
	if len(records) == 0 {
		return archive{}, fmt.Errorf("no records")
	}
	a := archive{members: make([]member, len(records))}
	for i, r := range records {
		if r.Date.IsZero() {
			r.Date = time.UnixMilli(received)
		}
		var err error
		if a.members[i], err = encodeRecord(i, r); err != nil {
			return a, fmt.Errorf("record %d: %w", i, err)
		}
		a.size += a.members[i].size()
	}
	if a.size > maxUnpacked {
		return a, fmt.Errorf("its records have %d bytes: at most %d can be read back", a.size, maxUnpacked)
	}
	return a, nil
}

// bytes packs the archive in memory.
func (a archive) bytes() ([]byte, error) {
	var out bytes.Buffer
	_, err := a.measure(func() io.Writer { out.Reset(); return &out })
	return out.Bytes(), err
}

// measure packs the archive into begin's writer, and once more at another level if the result could not be read back: a flat
// series packs better than the limit for archives allows. Huffman codes alone stay within 8:1.
func (a archive) measure(begin func() io.Writer) (level int, err error) {
	packed := &counter{to: begin()}
	level = a.level()
	if err := a.pack(packed, level); err != nil || a.size <= unpackedLimit(packed.n) {
		return level, err
	}
	return gzip.HuffmanOnly, a.pack(begin(), gzip.HuffmanOnly)
}

// A body of so many bytes is long enough to try on its front how to pack it.
const (
	longToPack  = 4 << 20
	packedFront = 1 << 20
)

// level returns how to pack the archive. Prices that do not repeat, a dump of minutes, are packed by Huffman codes alone, in a
// sixth of the time, where that makes them less than a third larger.
func (a archive) level() int {
	for _, m := range a.members {
		if len(m.body) < longToPack {
			continue
		}
		front := archive{members: []member{{body: m.body[:packedFront]}}}
		var thorough, fast counter
		if front.pack(&thorough, packingLevel) != nil || front.pack(&fast, gzip.HuffmanOnly) != nil {
			break
		}
		if fast.n < thorough.n/3*4 {
			return gzip.HuffmanOnly
		}
	}
	return packingLevel
}

func (a archive) pack(out io.Writer, level int) error {
	z, err := gzip.NewWriterLevel(out, level)
	if err != nil {
		return err
	}
	for _, m := range a.members {
		if m.packed != nil {
			if err := m.packed.writeMember(out, m.front, m.tail); err != nil {
				return err
			}
			continue
		}
		z.Reset(out)
		z.ModTime = time.Unix(0, 0) // no time at all: this package writes the zero time as one in 2042
		for _, piece := range [][]byte{m.front, m.body, m.tail} {
			if _, err := z.Write(piece); err != nil {
				return err
			}
		}
		if err := z.Close(); err != nil {
			return err
		}
	}
	return nil
}

// reader packs the archive while it is read. Closing it ends the packing.
func (a archive) reader(level int) io.ReadCloser {
	r, w := io.Pipe()
	go func() { w.CloseWithError(a.pack(w, level)) }()
	return r
}

// counter counts what is written, and passes it on where there is a writer.
type counter struct {
	to io.Writer
	n  int
}

func (c *counter) Write(p []byte) (int, error) {
	c.n += len(p)
	if c.to == nil {
		return len(p), nil
	}
	return c.to.Write(p)
}
