package chunk

import (
	"encoding/binary"
	"errors"
	"fmt"
)

var errShort = errors.New("it ends too early")

// reader takes a column apart. After the first failure it gives zeros and keeps the error.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.rest = nil
}

func (r *reader) byte() byte {
	if len(r.rest) == 0 {
		r.fail(errShort)
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

// bytes returns the next n bytes, nil after a failure.
func (r *reader) bytes(n int) []byte {
	if len(r.rest) < n {
		r.fail(errShort)
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.fail(errShort)
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) varint() int64 {
	v := r.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

// below reads a number that must be less than limit.
func (r *reader) below(limit uint64, what string) uint64 {
	v := r.uvarint()
	if v >= limit {
		r.fail(fmt.Errorf("%s %d is out of range, want less than %d", what, v, limit))
		return 0
	}
	return v
}

// limited returns a function that calls below with these arguments.
func (r *reader) limited(limit uint64, what string) func() uint64 {
	return func() uint64 { return r.below(limit, what) }
}

// end returns the first failure, or an error when bytes are left.
func (r *reader) end() error {
	if r.err == nil && len(r.rest) > 0 {
		r.fail(fmt.Errorf("%d bytes follow its end", len(r.rest)))
	}
	return r.err
}
