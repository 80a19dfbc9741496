package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
)

// joinRounds is how often one Join looks at a day; in each round it writes at most one file.
const joinRounds = 8

// Unjoined lists the oldest days of a source, at most so many, that ended before a moment and have raw blobs to join: the first
// millisecond of each, as the moment is in Unix milliseconds.
func (b *Blobs) Unjoined(ctx context.Context, source string, before int64, most int) ([]int64, error) {
	if err := checkSource(source); err != nil {
		return nil, err
	}
	var oldest []int64
	_, err := b.list(ctx, source+"/", func(p place) bool {
		day := p.name.Received - p.name.Received%dayMillis
		if n := len(oldest); n > 0 && oldest[n-1] == day || p.size > maxJoined {
			return false
		}
		if day+dayMillis > before || len(oldest) == most {
			return true
		}
		oldest = append(oldest, day)
		return false
	})
	return oldest, err
}

// Join joins the raw blobs that a source received on a day into one file, or a few where one would be too long. What is left
// after some of them is for the next call.
//
// A joined file is written if absent, never changed and never deleted. A raw blob is deleted when its bytes were read back from
// one. So a kill anywhere loses nothing, and of two that join at once one writes and the other finds what it wrote. A raw blob
// that comes late gets into the next file of its day; one that comes again is found in the file that it is in.
//
// A raw blob whose bytes are not those that its name is made of is an error, and keeps its day as it is.
func (b *Blobs) Join(ctx context.Context, source string, day int64) error {
	if err := checkSource(source); err != nil {
		return err
	}
	if err := b.joinDay(ctx, source, day); err != nil {
		return fmt.Errorf("join %s: %w", dayFolder(source, day), err)
	}
	return nil
}

func (b *Blobs) joinDay(ctx context.Context, source string, day int64) error {
	for range joinRounds {
		found, err := b.list(ctx, dayFolder(source, day), nil)
		if err != nil {
			return err
		}
		next := joinedName{source, day, 1}
		left := map[RawName]place{}
		for _, p := range found.parts {
			left[p.name] = p
		}
		for _, file := range found.joined {
			if err := b.dropParts(ctx, file, left); err != nil {
				return err
			}
			next.number = max(next.number, file.number+1)
		}
		parts := fitting(found.parts, left)
		if len(parts) == 0 {
			return nil
		}
		if err := b.writeJoined(ctx, next, parts); err != nil && !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return nil
}

// dropParts deletes the parts that are in a joined file, each when its bytes were read back from there, and takes them out of
// what is left.
func (b *Blobs) dropParts(ctx context.Context, file joinedName, left map[RawName]place) error {
	inside, err := b.index(ctx, file)
	if err != nil {
		return err
	}
	var content []byte
	for _, p := range inside {
		if _, twice := left[p.name]; !twice {
			continue
		}
		if content == nil {
			if content, err = b.download(ctx, file.String(), azblob.HTTPRange{}); err != nil {
				return fmt.Errorf("joined raw %s: %w", file, translate(err))
			}
		}
		if end := p.offset + p.size; end > int64(len(content)) || sum8(content[p.offset:end]) != p.name.Sum {
			return fmt.Errorf("joined raw %s: its part %s is not what its name says: the file is damaged", file, p.name.Key())
		}
		_, err := b.service.DeleteBlob(ctx, rawContainer, p.name.String(), nil)
		if err = translate(err); err != nil && !errors.Is(err, ErrNotFound) {
			return fmt.Errorf("raw blob %s: %w", p.name, err)
		}
		delete(left, p.name)
	}
	return nil
}

// fitting returns the first of the parts that are left and have room in one file.
func fitting(parts []place, left map[RawName]place) []place {
	var fit []place
	size := int64(0)
	for _, p := range parts {
		if _, here := left[p.name]; here && p.size+size <= maxJoined && len(fit) < maxJoinedParts {
			fit, size = append(fit, p), size+p.size
		}
	}
	return fit
}

// writeJoined writes a joined file, or returns ErrConflict when it exists or one of the parts is gone.
func (b *Blobs) writeJoined(ctx context.Context, file joinedName, parts []place) error {
	content, err := encodeIndex(file, parts)
	if err != nil {
		return fmt.Errorf("joined raw %s: %w", file, err)
	}
	size := int64(0)
	for _, p := range parts {
		size += p.size
	}
	content = slices.Grow(content, int(size))
	for _, p := range parts {
		part, err := b.download(ctx, p.file, azblob.HTTPRange{})
		if err = translate(err); errors.Is(err, ErrNotFound) {
			return fmt.Errorf("raw blob %s is gone: %w", p.name, ErrConflict)
		} else if err != nil {
			return fmt.Errorf("raw blob %s: %w", p.name, err)
		}
		if sum8(part) != p.name.Sum || int64(len(part)) != p.size {
			return fmt.Errorf("raw blob %s: its %d bytes have a SHA-256 of %s…: the blob is damaged", p.name, len(part), sum8(part))
		}
		content = append(content, part...)
	}
	// One request, not blocks: of two that write at once, one is refused and disturbs nothing.
	_, err = b.service.UploadBuffer(ctx, rawContainer, file.String(), content, &azblob.UploadBufferOptions{HTTPHeaders: warcHeaders(), AccessConditions: ifAbsent()})
	if err != nil {
		return fmt.Errorf("joined raw %s: %w", file, translate(err))
	}
	return nil
}

// sum8 is what a raw blob's name says of its bytes.
func sum8(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:4])
}
