package store

import (
	"context"
	"fmt"
	"regexp"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
)

// jobContainer holds what jobs made: blobs <job>/<file>.
const jobContainer = "jobs"

var jobFilePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]{0,99}$`)

// PutJobFile keeps a file that a job made. A file is made once: one that is there stays, which is success.
func (b *Blobs) PutJobFile(ctx context.Context, job, file string, content []byte) error {
	name, err := jobFileName(job, file)
	if err != nil {
		return err
	}
	err = creating(ctx, "ContainerNotFound", func() error {
		_, err := b.service.UploadBuffer(ctx, jobContainer, name, content, &azblob.UploadBufferOptions{AccessConditions: ifAbsent()})
		return err
	}, func() error {
		_, err := b.service.CreateContainer(ctx, jobContainer, nil)
		return err
	})
	if err != nil && !isThere(err) {
		return fmt.Errorf("file %s: %w", name, err)
	}
	return nil
}

// JobFile reads a file that a job made, or returns ErrNotFound.
func (b *Blobs) JobFile(ctx context.Context, job, file string) ([]byte, error) {
	name, err := jobFileName(job, file)
	if err != nil {
		return nil, err
	}
	response, err := b.service.DownloadStream(ctx, jobContainer, name, nil)
	if err != nil {
		return nil, fmt.Errorf("file %s: %w", name, translate(err))
	}
	body := response.NewRetryReader(ctx, nil)
	defer body.Close()
	content, err := readAll(int(value(response.ContentLength)), body)
	if err != nil {
		return nil, fmt.Errorf("file %s: %w", name, err)
	}
	return content, nil
}

func jobFileName(job, file string) (string, error) {
	if err := CheckJobID(job); err != nil {
		return "", err
	}
	if !jobFilePattern.MatchString(file) {
		return "", fmt.Errorf("file %.80q of job %s: want a name such as result.json", file, job)
	}
	return job + "/" + file, nil
}
