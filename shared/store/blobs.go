package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"assay/shared/telemetry"
)

// rawContainer holds what was received, unchanged and for ever.
const rawContainer = "raw"

// Blobs is Blob storage.
type Blobs struct {
	service *azblob.Client
	latest  justStored
}

// PutRaw writes records as one blob and returns its name. The same records at the same moment have the same name: a blob
// that is there already is success.
func (b *Blobs) PutRaw(ctx context.Context, source string, received int64, records []Record) (_ RawName, err error) {
	if err := checkSource(source); err != nil {
		return RawName{}, err
	}
	ctx, end := telemetry.Span(ctx, "put raw", "source", source)
	defer func() { end(err) }()
	a, err := newArchive(received, records)
	if err != nil {
		return RawName{}, fmt.Errorf("raw blob of %s: %w", source, err)
	}
	sum, upload, err := b.prepare(a)
	if err != nil {
		return RawName{}, fmt.Errorf("raw blob of %s: %w", source, err)
	}
	name := RawName{source, received, hex.EncodeToString(sum[:4])}
	err = creating(ctx, "ContainerNotFound", func() error { return upload(ctx, name) }, func() error {
		_, err := b.service.CreateContainer(ctx, rawContainer, nil)
		return err
	})
	if err != nil && !isThere(err) {
		return RawName{}, fmt.Errorf("raw blob %s: %w", name, err)
	}
	b.latest.put(name, records)
	return name, nil
}

// maxPackedWhole is the largest archive, unpacked, that is packed in memory. A larger one is packed twice, first for its hash and
// then while it is sent, so that it takes no more memory than its records do.
const (
	maxPackedWhole = 32 << 20
	blockSize      = 4 << 20
)

// prepare returns the hash of an archive and what uploads it, unless a blob of that name is there.
func (b *Blobs) prepare(a archive) (sum []byte, upload func(context.Context, RawName) error, err error) {
	if a.size <= maxPackedWhole {
		content, err := a.bytes()
		whole := sha256.Sum256(content)
		return whole[:], func(ctx context.Context, name RawName) error {
			_, err := b.service.UploadBuffer(ctx, rawContainer, name.String(), content, &azblob.UploadBufferOptions{HTTPHeaders: warcHeaders(), AccessConditions: ifAbsent()})
			return err
		}, err
	}
	hash := sha256.New()
	level, err := a.measure(func() io.Writer { hash.Reset(); return hash })
	return hash.Sum(nil), func(ctx context.Context, name RawName) error {
		packed := a.reader(level)
		defer packed.Close()
		_, err := b.service.UploadStream(ctx, rawContainer, name.String(), packed, &azblob.UploadStreamOptions{
			BlockSize: blockSize, Concurrency: 1, HTTPHeaders: warcHeaders(), AccessConditions: ifAbsent(),
		})
		return err
	}, err
}

func warcHeaders() *blob.HTTPHeaders {
	warc := "application/warc"
	return &blob.HTTPHeaders{BlobContentType: &warc}
}

func ifAbsent() *blob.AccessConditions {
	absent := azcore.ETagAny
	return &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfNoneMatch: &absent}}
}

// Raw reads the records of one raw blob, joined or not, or returns ErrNotFound.
func (b *Blobs) Raw(ctx context.Context, name RawName) ([]Record, error) {
	blob, err := b.OpenRaw(ctx, name)
	if err != nil {
		return nil, err
	}
	defer blob.Close()
	return blob.Records(func(Record, int) bool { return false })
}

// RawBlob is a raw blob of which nothing has been read yet. Close it.
type RawBlob struct {
	Size   int // packed
	name   RawName
	body   io.ReadCloser
	record *Record // in place of body: all of it, which this process has just stored
}

// OpenRaw opens one raw blob, joined or not, or returns ErrNotFound. One that is not there by itself may be joined: it was
// before it went away.
func (b *Blobs) OpenRaw(ctx context.Context, name RawName) (_ *RawBlob, err error) {
	ctx, end := telemetry.Span(ctx, "open raw", "blob", name.String())
	defer func() { end(err) }()
	if record := b.latest.take(name); record != nil {
		return &RawBlob{Size: len(record.Body), name: name, record: record}, nil
	}
	size, body, err := b.open(ctx, name.String(), azblob.HTTPRange{})
	if errors.Is(err, ErrNotFound) {
		places, findErr := b.find(ctx, dayFolder(name.Source, name.Received), name.Received, name.Received+1)
		if findErr != nil {
			return nil, fmt.Errorf("raw blob %s: %w", name, findErr)
		}
		for _, p := range places {
			if p.name == name {
				size, body, err = b.open(ctx, p.file, azblob.HTTPRange{Offset: p.offset, Count: p.size})
			}
		}
	}
	if err != nil {
		return nil, fmt.Errorf("raw blob %s: %w", name, err)
	}
	return &RawBlob{Size: size, name: name, body: body}, nil
}

// open begins to read a part of a blob, all of it for the zero range.
func (b *Blobs) open(ctx context.Context, file string, part azblob.HTTPRange) (size int, body io.ReadCloser, err error) {
	response, err := b.service.DownloadStream(ctx, rawContainer, file, &azblob.DownloadStreamOptions{Range: part})
	if err != nil {
		return 0, nil, translate(err)
	}
	body = response.NewRetryReader(ctx, nil)
	if size = int(value(response.ContentLength)); size > maxUnpacked {
		body.Close()
		return 0, nil, fmt.Errorf("it has %d bytes: at most %d are read", size, maxUnpacked)
	}
	return size, body, nil
}

// download reads a part of a blob, all of it for the zero range.
func (b *Blobs) download(ctx context.Context, file string, part azblob.HTTPRange) ([]byte, error) {
	size, body, err := b.open(ctx, file, part)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return readAll(size, body)
}

func readAll(size int, body io.Reader) ([]byte, error) {
	content := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	_, err := content.ReadFrom(io.LimitReader(body, maxUnpacked))
	return content.Bytes(), translate(err)
}

// Close ends the reading.
func (b *RawBlob) Close() {
	if b.body != nil {
		_ = b.body.Close() // what was read stays
	}
}

// Records reads all records. A resource for which long is true, of its record and its size, is left packed in memory: it has Open
// in place of Body.
func (b *RawBlob) Records(long func(r Record, size int) bool) ([]Record, error) {
	if b.record != nil {
		return []Record{*b.record}, nil
	}
	content, err := readAll(b.Size, b.body)
	if err != nil {
		return nil, fmt.Errorf("raw blob %s: %w", b.name, err)
	}
	records, err := decodeWARC(content, long)
	if err != nil {
		return nil, fmt.Errorf("raw blob %s: %w", b.name, err)
	}
	return records, nil
}

// ListRaw lists the raw blobs of a source received in [from, to) (Unix milliseconds), joined or not, the oldest first.
func (b *Blobs) ListRaw(ctx context.Context, source string, from, to int64) ([]RawName, error) {
	places, err := b.raw(ctx, source, from, to)
	var names []RawName
	for _, p := range places {
		names = append(names, p.name)
	}
	return names, err
}

// FindRaw returns the raw blob of a source received at a moment (Unix milliseconds), and the blob that it was joined into,
// empty when it was not; or ErrNotFound.
func (b *Blobs) FindRaw(ctx context.Context, source string, received int64) (name RawName, joined string, err error) {
	places, err := b.raw(ctx, source, received, received+1)
	switch {
	case err != nil:
		return name, "", err
	case len(places) == 0:
		return name, "", fmt.Errorf("raw blob of %s received at %s: %w", source, receivedText(received), ErrNotFound)
	}
	if name = places[0].name; places[0].file != name.String() {
		joined = places[0].file
	}
	return name, joined, nil
}

// raw lists the raw blobs of a source received in [from, to), each once, the oldest first.
func (b *Blobs) raw(ctx context.Context, source string, from, to int64) ([]place, error) {
	if err := checkSource(source); err != nil {
		return nil, err
	}
	// A listing by day costs a request a day, one of the whole source a request per 5,000 blobs.
	prefixes := []string{source + "/"}
	if to-from <= 40*dayMillis {
		prefixes = prefixes[:0]
		for _, day := range days(from, to) {
			prefixes = append(prefixes, dayFolder(source, day))
		}
	}
	var places []place
	for _, prefix := range prefixes {
		found, err := b.find(ctx, prefix, from, to)
		if err != nil {
			return nil, err
		}
		places = append(places, found...)
	}
	slices.SortStableFunc(places, func(x, y place) int { return strings.Compare(x.name.Key(), y.name.Key()) })
	return slices.CompactFunc(places, func(x, y place) bool { return x.name == y.name }), nil
}

// Sources lists the sources that have raw blobs, by name.
func (b *Blobs) Sources(ctx context.Context) ([]string, error) {
	var sources []string
	pager := b.service.ServiceClient().NewContainerClient(rawContainer).NewListBlobsHierarchyPager("/", &container.ListBlobsHierarchyOptions{})
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err = translate(err); errors.Is(err, ErrNotFound) {
			return nil, nil
		} else if err != nil {
			return nil, fmt.Errorf("container %s: %w", rawContainer, err)
		}
		for _, prefix := range page.Segment.BlobPrefixes {
			sources = append(sources, strings.TrimSuffix(value(prefix.Name), "/"))
		}
	}
	slices.Sort(sources) // the service sorts them with their slash
	return sources, nil
}
