package handlers

import (
	"compress/flate"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"

	"assay/shared/api"
)

// maxPush is how many bytes a push may have, sent and unpacked.
const maxPush = 64 << 20

// Pieces of a body: a small one takes little memory, a large one no more than itself and one piece.
const (
	firstPiece = 16 << 10
	mostPiece  = 1 << 20
)

// pushBody is a body as it came, unpacked.
type pushBody struct {
	parts [][]byte
	sum   [sha256.Size]byte
}

// readPush reads a request's body, gzip or not, and refuses one that is too long as soon as that is known.
func readPush(w http.ResponseWriter, r *http.Request) (pushBody, error) {
	if r.ContentLength > maxPush {
		return pushBody{}, errTooLong
	}
	var from io.Reader = http.MaxBytesReader(w, r.Body, maxPush)
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
	case "gzip", "x-gzip":
		packed, err := gzip.NewReader(from)
		if err != nil {
			return pushBody{}, unreadable(err)
		}
		from = packed
	default:
		return pushBody{}, api.Problem(http.StatusUnsupportedMediaType, "Content-Encoding %.40q is not understood: send gzip, or nothing.", encoding)
	}
	return readParts(from)
}

var errTooLong = api.Problem(http.StatusRequestEntityTooLarge, "The body has more than %d MiB, sent or unpacked: push it in parts.", maxPush>>20)

// readParts reads to the end, piece by piece.
func readParts(from io.Reader) (pushBody, error) {
	var body pushBody
	hash := sha256.New()
	total := 0
	for size := firstPiece; ; size = min(2*size, mostPiece) {
		piece := make([]byte, size)
		n, err := fill(from, piece)
		if total += n; total > maxPush {
			return body, errTooLong
		}
		if n > 0 {
			hash.Write(piece[:n])
			body.parts = append(body.parts, piece[:n])
		}
		switch {
		case err == io.EOF && total == 0:
			return body, api.Problem(http.StatusBadRequest, "The body is empty: want rows of time and close.")
		case err == io.EOF:
			hash.Sum(body.sum[:0])
			return body, nil
		case err != nil:
			return body, unreadable(err)
		}
	}
}

// fill reads until a piece is full. Other than io.ReadFull it tells an end from a body that was cut.
func fill(from io.Reader, piece []byte) (n int, err error) {
	for n < len(piece) && err == nil {
		var more int
		more, err = from.Read(piece[n:])
		n += more
	}
	return n, err
}

// unreadable says what is wrong with a body that could not be read to its end.
func unreadable(err error) error {
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return errTooLong
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, new(flate.CorruptInputError)):
		return api.Problem(http.StatusBadRequest, "The body is no gzip, or damaged: %v.", err)
	default:
		return api.Problem(http.StatusBadRequest, "The body ends before it should: %v.", err)
	}
}
