package handlers

import (
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"net/http"

	"assay/shared/api"
	"assay/shared/store"
)

// maxPush is how many bytes a push may have, sent and unpacked.
const maxPush = 64 << 20

// readPush packs a request's body, gzip or not, while it reads it, and refuses one that is too long as soon as that is known.
func readPush(w http.ResponseWriter, r *http.Request) (*store.Packed, error) {
	if r.ContentLength > maxPush {
		return nil, errTooLong
	}
	var from io.Reader = http.MaxBytesReader(w, r.Body, maxPush)
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
	case "gzip", "x-gzip":
		packed, err := gzip.NewReader(from)
		if err != nil {
			return nil, unreadable(err)
		}
		from = packed
	default:
		return nil, api.Problem(http.StatusUnsupportedMediaType, "Content-Encoding %.40q is not understood: send gzip, or nothing.", encoding)
	}
	return pack(from)
}

var errTooLong = api.Problem(http.StatusRequestEntityTooLarge, "The body has more than %d MiB, sent or unpacked: push it in parts.", maxPush>>20)

// pack reads to the end.
func pack(from io.Reader) (*store.Packed, error) {
	body := store.NewPacked()
	n, err := io.CopyN(body, from, maxPush+1)
	switch {
	case err == nil:
		return nil, errTooLong
	case err != io.EOF:
		return nil, unreadable(err)
	case n == 0:
		return nil, api.Problem(http.StatusBadRequest, "The body is empty: want rows of time and close.")
	}
	return body, body.Close()
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
