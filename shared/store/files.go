package store

import (
	"context"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
)

// putFile writes a blob whose content follows from its name: one that is there stays, which is success.
func (b *Blobs) putFile(ctx context.Context, container, name string, content []byte) error {
	err := creating(ctx, "ContainerNotFound", func() error {
		_, err := b.service.UploadBuffer(ctx, container, name, content, &azblob.UploadBufferOptions{AccessConditions: ifAbsent()})
		return err
	}, func() error {
		_, err := b.service.CreateContainer(ctx, container, nil)
		return err
	})
	if err != nil && !isThere(err) {
		return fmt.Errorf("%s/%s: %w", container, name, err)
	}
	return nil
}

// file reads a blob that putFile wrote, or returns ErrNotFound.
func (b *Blobs) file(ctx context.Context, container, name string) ([]byte, error) {
	response, err := b.service.DownloadStream(ctx, container, name, nil)
	if err != nil {
		return nil, fmt.Errorf("%s/%s: %w", container, name, translate(err))
	}
	body := response.NewRetryReader(ctx, nil)
	defer body.Close()
	content, err := readAll(int(value(response.ContentLength)), body)
	if err != nil {
		return nil, fmt.Errorf("%s/%s: %w", container, name, err)
	}
	return content, nil
}
