package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
)

// pictureContainer holds pictures that were drawn: blobs <hash of all that went into it>.<svg or png>.
const pictureContainer = "charts"

// PutPicture keeps a picture, whose name stands for all that went into it.
func (b *Blobs) PutPicture(ctx context.Context, name string, content []byte) error {
	return b.putFile(ctx, pictureContainer, name, content)
}

// Picture reads a picture, or returns ErrNotFound.
func (b *Blobs) Picture(ctx context.Context, name string) ([]byte, error) {
	return b.file(ctx, pictureContainer, name)
}

// DropPictures deletes the pictures that were drawn before a time. Who asks for one of them has it drawn again.
func (b *Blobs) DropPictures(ctx context.Context, before time.Time) error {
	pager := b.service.NewListBlobsFlatPager(pictureContainer, nil)
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err = translate(err); errors.Is(err, ErrNotFound) {
			return nil
		} else if err != nil {
			return fmt.Errorf("old pictures: %w", err)
		}
		for _, item := range page.Segment.BlobItems {
			if !value(item.Properties.LastModified).Before(before) {
				continue
			}
			_, err := b.service.DeleteBlob(ctx, pictureContainer, value(item.Name), &azblob.DeleteBlobOptions{})
			if err = translate(err); err != nil && !errors.Is(err, ErrNotFound) { // two at once may delete it
				return fmt.Errorf("old picture %s: %w", value(item.Name), err)
			}
		}
	}
	return nil
}
