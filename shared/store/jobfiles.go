package store

import (
	"context"
	"fmt"
	"regexp"
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
	return b.putFile(ctx, jobContainer, name, content)
}

// JobFile reads a file that a job made, or returns ErrNotFound.
func (b *Blobs) JobFile(ctx context.Context, job, file string) ([]byte, error) {
	name, err := jobFileName(job, file)
	if err != nil {
		return nil, err
	}
	return b.file(ctx, jobContainer, name)
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
