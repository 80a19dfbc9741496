package source

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
)

// InPieces reports whether a dataset's payload is read piece by piece: it may then have Open in place of Body.
func InPieces(dataset string) bool {
	return slices.ContainsFunc(pushes, func(f format) bool { return f.dataset == dataset })
}

// reader reads the body from its beginning.
func (p Payload) reader() io.Reader {
	if p.Open != nil {
		return p.Open()
	}
	return bytes.NewReader(p.Body)
}

// head returns the first 64 KiB of the body.
func (p Payload) head() ([]byte, error) {
	head, err := io.ReadAll(io.LimitReader(p.reader(), headSize))
	if err != nil {
		return nil, fmt.Errorf("read the payload: %w", err)
	}
	return head, nil
}

// maxLine is the longest line that is read.
const maxLine = 1 << 20

// lineReader reads lines of text, none longer than maxLine.
type lineReader struct{ in *bufio.Reader }

func (p Payload) lineReader() lineReader {
	size := maxLine
	if p.Open == nil {
		size = min(size, len(p.Body)+1) // so that a whole body without a line end is not too long
	}
	return lineReader{bufio.NewReaderSize(p.reader(), size)}
}

// next returns the next line with its end. whole is false for the front of one that is too long. At the end it returns io.EOF.
func (r lineReader) next() (line string, whole bool, err error) {
	front, err := r.in.ReadSlice('\n')
	line = string(front)
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = r.in.ReadSlice('\n')
		}
	case err == io.EOF && line != "":
		return line, true, nil
	default:
		return line, true, err
	}
	if err == io.EOF {
		err = nil
	}
	return line, false, err
}
