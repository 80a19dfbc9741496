package source

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
)

const (
	maxOpened  = 512 << 20 // bytes of an unpacked file
	maxRatio   = 100       // unpacked to packed: prices pack to a third, a bomb to a thousandth
	maxNesting = 3         // packed files within each other
	headSize   = 64 << 10  // bytes that are enough to recognise a file by
)

// Open unpacks a file that is gzip or a zip of one file, also one within the other; any other is returned as it is. An
// error wraps ErrFormat: the file is damaged, holds several files, or unpacks to more than 512 MiB or 100 times its size.
func Open(body []byte) ([]byte, error) { return unpack(body, 0) }

// openHead unpacks the first bytes of a file.
func openHead(body []byte) ([]byte, error) {
	text, err := unpack(body, headSize)
	if err == nil && packing(text) != "" { // what is packed within can only be opened whole
		text, err = Open(body)
	}
	return text[:min(len(text), headSize)], err
}

// unpack unpacks a file, or its first bytes if head is not 0.
func unpack(body []byte, head int) ([]byte, error) {
	limit := min(maxOpened, maxRatio*len(body))
	for depth := 0; packing(body) != ""; depth++ {
		if depth == maxNesting {
			return nil, fmt.Errorf("file is packed more than %d times over: %w", maxNesting, ErrFormat)
		}
		inner, err := unpackOnce(body, limit, head)
		if err != nil || head > 0 {
			return inner, err
		}
		body = inner
	}
	return body, nil
}

// packing names the way in which a file is packed, by its first bytes.
func packing(body []byte) string {
	switch {
	case bytes.HasPrefix(body, []byte{0x1f, 0x8b}):
		return "gzip"
	case bytes.HasPrefix(body, []byte("PK\x03\x04")), bytes.HasPrefix(body, []byte("PK\x05\x06")):
		return "zip"
	default:
		return ""
	}
}

func unpackOnce(body []byte, limit, head int) ([]byte, error) {
	from, size, err := unpacker(body)
	if err != nil {
		return nil, err
	}
	most := limit + 1
	if head > 0 {
		most = min(most, head)
	}
	text := bytes.NewBuffer(make([]byte, 0, min(size, uint64(most))+bytes.MinRead))
	if _, err := text.ReadFrom(io.LimitReader(from, int64(most))); err != nil {
		return nil, fmt.Errorf("damaged %s file: %w: %w", packing(body), err, ErrFormat)
	}
	if text.Len() > limit {
		return nil, fmt.Errorf("file unpacks to more than %d bytes, which is 512 MiB or %d times its size: %w", limit, maxRatio, ErrFormat)
	}
	return text.Bytes(), nil
}

// unpacker returns the content of a packed file, and its size as the file says: where to begin, no more.
func unpacker(body []byte) (io.Reader, uint64, error) {
	if packing(body) == "zip" {
		return onlyFile(body)
	}
	from, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, 0, fmt.Errorf("damaged gzip file: %w: %w", err, ErrFormat)
	}
	return from, uint64(binary.LittleEndian.Uint32(body[len(body)-4:])), nil
}

// onlyFile opens the one file of a zip archive.
func onlyFile(body []byte) (io.Reader, uint64, error) {
	archive, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return nil, 0, fmt.Errorf("damaged zip file: %w: %w", err, ErrFormat)
	}
	var found []*zip.File
	for _, f := range archive.File {
		if f.Name == "[Content_Types].xml" {
			return nil, 0, fmt.Errorf("file is an office document: save it as CSV: %w", ErrFormat)
		}
		if !strings.HasSuffix(f.Name, "/") && !strings.HasPrefix(f.Name, "__MACOSX/") {
			found = append(found, f)
		}
	}
	if len(found) != 1 {
		return nil, 0, fmt.Errorf("zip file holds %d files, want one: unpack it and import each: %w", len(found), ErrFormat)
	}
	from, err := found[0].Open()
	if err != nil {
		return nil, 0, fmt.Errorf("damaged zip file: %w: %w", err, ErrFormat)
	}
	return from, found[0].UncompressedSize64, nil
}
