package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"hash/crc32"
	"io"
	"slices"

	"github.com/klauspost/compress/flate"
)

// Packed is a body that is packed while it comes: in memory a long one takes what it will take in storage, and it is packed
// once. Write all of it, Close it, and give it to PutRaw as a Record's Packed.
type Packed struct {
	deflate *flate.Writer
	out     pieces // a deflate stream (RFC 1951) up to a whole byte; its last block is still to come
	size    int    // unpacked
	crc     uint32
	sum     hash.Hash
}

// NewPacked returns an empty body.
func NewPacked() *Packed {
	p := &Packed{sum: sha256.New()}
	p.begin(packingLevel)
	return p
}

func (p *Packed) begin(level int) {
	p.out = nil
	p.deflate, _ = flate.NewWriter(&p.out, level) // it fails for a level that there is not
}

// Write takes the next bytes. It does not fail.
func (p *Packed) Write(b []byte) (int, error) {
	p.size += len(b)
	p.crc = crc32.Update(p.crc, crc32.IEEETable, b)
	p.sum.Write(b)
	return p.deflate.Write(b)
}

// Close ends the body. One that packs better than what may be read back is packed once more, by Huffman codes alone.
func (p *Packed) Close() error {
	if err := p.deflate.Flush(); err != nil || p.size <= unpackedLimit(p.out.size()) {
		return err
	}
	short := p.out
	p.begin(flate.HuffmanOnly)
	if _, err := io.CopyN(p.deflate, flate.NewReader(short.reader()), int64(p.size)); err != nil {
		return err
	}
	return p.deflate.Flush()
}

// Size returns how many bytes the body has, unpacked.
func (p *Packed) Size() int { return p.size }

// Sum returns the SHA-256 of the body, unpacked.
func (p *Packed) Sum() []byte { return p.sum.Sum(nil) }

// writeMember writes a gzip member (RFC 1952) that holds front, the body and tail. Front and tail are shorter than 64 KiB and not
// compressed.
func (p *Packed) writeMember(out io.Writer, front, tail []byte) error {
	crc := crc32.ChecksumIEEE(front)
	crc = appendCRC(crc, p.crc, p.size)
	crc = crc32.Update(crc, crc32.IEEETable, tail)
	head := append([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff}, storedBlock(front, false)...)
	end := binary.LittleEndian.AppendUint32(storedBlock(tail, true), crc)
	end = binary.LittleEndian.AppendUint32(end, uint32(len(front)+p.size+len(tail)))
	for _, piece := range slices.Concat([][]byte{head}, p.out, [][]byte{end}) {
		if _, err := out.Write(piece); err != nil {
			return err
		}
	}
	return nil
}

// storedBlock is a deflate block of bytes as they are.
func storedBlock(b []byte, last bool) []byte {
	block := make([]byte, 1, 5+len(b))
	if last {
		block[0] = 1
	}
	block = binary.LittleEndian.AppendUint16(block, uint16(len(b)))
	block = binary.LittleEndian.AppendUint16(block, ^uint16(len(b)))
	return append(block, b...)
}

// appendCRC returns the CRC-32 of two texts in a row from those of each and the second's length: the first times x to the number
// of the second's bits, plus the second, as polynomials over GF(2) modulo that of the CRC.
func appendCRC(first, second uint32, length int) uint32 {
	power := uint32(1) << 23 // x⁸: the lowest power is the highest bit
	for ; length > 0; length >>= 1 {
		if length&1 == 1 {
			first = times(first, power)
		}
		power = times(power, power)
	}
	return first ^ second
}

func times(a, b uint32) (product uint32) {
	for ; a != 0; a <<= 1 {
		if a>>31 == 1 {
			product ^= b
		}
		if b&1 == 1 {
			b = b>>1 ^ crc32.IEEE
		} else {
			b >>= 1
		}
	}
	return product
}

// pieces are bytes that are added to without moving those that are there.
type pieces [][]byte

// A small body takes a small piece, a long one no more than itself and one piece.
const (
	firstPiece = 4 << 10
	mostPiece  = 1 << 20
)

func (p *pieces) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		last := len(*p) - 1
		if last < 0 || len((*p)[last]) == cap((*p)[last]) {
			*p = append(*p, make([]byte, 0, min(firstPiece<<min(len(*p), 16), mostPiece)))
			last++
		}
		piece := (*p)[last]
		n := min(len(rest), cap(piece)-len(piece))
		(*p)[last] = append(piece, rest[:n]...)
		rest = rest[n:]
	}
	return len(b), nil
}

func (p pieces) size() int {
	n := 0
	for _, piece := range p {
		n += len(piece)
	}
	return n
}

// reader reads the bytes from the first on.
func (p pieces) reader() io.Reader {
	readers := make([]io.Reader, len(p))
	for n, piece := range p {
		readers[n] = bytes.NewReader(piece)
	}
	return io.MultiReader(readers...)
}
