package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/klauspost/compress/gzip"
)

// A joined file holds raw blobs of one source and day, its parts, unchanged one after the other. Before them stands a warcinfo
// record that lists them, a line each: part: <received>~<sha8> <bytes>. WARC readers see the records of all parts.
//
// Limits of a joined file, so that joining and reading back need little memory and the list is read with one request. What
// does not fit goes into the next file of the day; a part that is larger than a file stays as it is.
const (
	maxJoined      = 16 << 20 // bytes of the parts
	maxJoinedParts = 1000
	maxIndex       = 64 << 10 // bytes of the list, packed or not: 50 a part, with its header
)

// joinedName names a joined file: <source>/<yyyy>/<mm>/<dd>.warc.gz, the second one of a day <dd>-2.warc.gz.
type joinedName struct {
	source string
	day    int64 // Unix milliseconds of its start
	number int   // from 1
}

func (n joinedName) String() string {
	text := dayFolder(n.source, n.day)
	if n.number > 1 {
		text += "-" + strconv.Itoa(n.number)
	}
	return text + rawSuffix
}

var joinedPattern = regexp.MustCompile(`^([a-z0-9-]{2,24})/(\d{4}/\d{2}/\d{2})(?:-(\d{1,6}))?\.warc\.gz$`)

// parseJoinedName is the inverse of String.
func parseJoinedName(s string) (joinedName, bool) {
	m := joinedPattern.FindStringSubmatch(s)
	if m == nil {
		return joinedName{}, false
	}
	day, err := time.Parse("2006/01/02", m[2])
	n := joinedName{m[1], day.UnixMilli(), 1}
	if m[3] != "" {
		n.number, _ = strconv.Atoi(m[3])
	}
	return n, err == nil && n.String() == s
}

// place is where the bytes of a raw blob lie.
type place struct {
	name   RawName
	file   string // the blob: its own or a joined file
	offset int64
	size   int64
}

// encodeIndex writes the record that begins a joined file of parts.
func encodeIndex(file joinedName, parts []place) ([]byte, error) {
	var list strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&list, "part: %s %d\r\n", p.name.Key(), p.size)
	}
	last := time.UnixMilli(parts[len(parts)-1].name.Received).UTC().Format(warcDate)
	described := fmt.Sprintf("WARC-Type: warcinfo\r\nWARC-Date: %s\r\nWARC-Filename: %s\r\nContent-Type: application/warc-fields\r\n"+
		"WARC-Block-Digest: sha256:%x\r\nContent-Length: %d\r\n", last, file, sha256.Sum256([]byte(list.String())), list.Len())
	front := fmt.Sprintf("%s\r\nWARC-Record-ID: <urn:uuid:%s>\r\n%s\r\n", warcVersion, recordID(0, described), described)
	return archive{members: []member{{front: []byte(front), body: []byte(list.String()), tail: []byte("\r\n\r\n")}}}.bytes()
}

// decodeIndex reads the beginning of a joined file.
func decodeIndex(file joinedName, head []byte) ([]place, error) {
	rest := bytes.NewReader(head)
	z, err := gzip.NewReader(rest)
	if err != nil {
		return nil, fmt.Errorf("no gzip file: %w", err)
	}
	z.Multistream(false)
	record, err := io.ReadAll(io.LimitReader(z, maxIndex))
	if err != nil {
		return nil, fmt.Errorf("its gzip data is damaged: %w", err)
	}
	front, block, _ := strings.Cut(string(record), "\r\n\r\n")
	list, ended := strings.CutSuffix(block, "\r\n\r\n")
	_, fields, _ := strings.Cut(front, "\r\n")
	h, err := parseFields(fields)
	if err != nil {
		return nil, err
	}
	if want := fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(list))); !ended || h["WARC-Type"] != "warcinfo" || h["WARC-Block-Digest"] != want {
		return nil, fmt.Errorf("its first record is no list of parts with digest %s: the file is damaged", want)
	}
	var parts []place
	offset := int64(len(head) - rest.Len())
	for line := range strings.SplitSeq(strings.TrimSuffix(list, "\r\n"), "\r\n") {
		key, size, _ := strings.Cut(strings.TrimPrefix(line, "part: "), " ")
		p := place{file: file.String(), offset: offset}
		if p.name, err = parseKey(file.source, key); err != nil {
			return nil, err
		}
		if p.size, err = strconv.ParseInt(size, 10, 64); err != nil || p.size < 0 || p.size > maxJoined {
			return nil, fmt.Errorf("its part %s has %.20q bytes: want a number up to %d", key, size, maxJoined)
		}
		parts, offset = append(parts, p), offset+p.size
	}
	return parts, nil
}

// index reads which parts a joined file has.
func (b *Blobs) index(ctx context.Context, file joinedName) ([]place, error) {
	head, err := b.download(ctx, file.String(), azblob.HTTPRange{Count: maxIndex})
	if err != nil {
		return nil, fmt.Errorf("joined raw %s: %w", file, translate(err))
	}
	parts, err := decodeIndex(file, head)
	if err != nil {
		return nil, fmt.Errorf("joined raw %s: %w", file, err)
	}
	return parts, nil
}

// listing is what lies under a prefix.
type listing struct {
	parts  []place // in files of their own
	joined []joinedName
	pages  int
}

// list lists raw blobs in the order of their names, which is by source and day, a day's joined files before its parts. It ends
// before the first part that stop stops at. Without a container there is nothing.
func (b *Blobs) list(ctx context.Context, prefix string, stop func(place) bool) (found listing, err error) {
	pager := b.service.NewListBlobsFlatPager(rawContainer, &azblob.ListBlobsFlatOptions{Prefix: &prefix})
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err = translate(err); errors.Is(err, ErrNotFound) {
			return listing{}, nil
		} else if err != nil {
			return listing{}, fmt.Errorf("raw blobs under %s: %w", prefix, err)
		}
		found.pages++
		for _, item := range page.Segment.BlobItems {
			file := value(item.Name)
			if name, err := ParseRawName(file); err == nil {
				part := place{name, file, 0, value(item.Properties.ContentLength)}
				if stop != nil && stop(part) {
					return found, nil
				}
				found.parts = append(found.parts, part)
			} else if joined, ok := parseJoinedName(file); ok {
				found.joined = append(found.joined, joined)
			}
		}
	}
	return found, nil
}

// find looks for raw blobs under a prefix that were received in [from, to), in either form; in both while a day is being
// joined. A day may be joined between two pages of a listing, its parts gone from the later one and the joined file missing
// in the earlier one: a second look finds that file.
func (b *Blobs) find(ctx context.Context, prefix string, from, to int64) ([]place, error) {
	found, err := b.list(ctx, prefix, nil)
	if err == nil && found.pages > 1 {
		var second listing
		second, err = b.list(ctx, prefix, nil)
		found.joined = second.joined
	}
	if err != nil {
		return nil, err
	}
	places := found.parts
	for _, file := range found.joined {
		if file.day >= to || file.day+dayMillis <= from {
			continue
		}
		inside, err := b.index(ctx, file)
		if err != nil {
			return nil, err
		}
		places = append(places, inside...)
	}
	return slices.DeleteFunc(places, func(p place) bool { return p.name.Received < from || p.name.Received >= to }), nil
}
