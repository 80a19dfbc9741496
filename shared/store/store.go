// Package store is blobs, queues and tables: names, keys and ETags. It is the only importer of the Azure SDK.
//
// Open a Store; its Tables, Queues and Blobs fields are the three services. Azure's error codes become the errors below,
// here and nowhere else. Containers, queues and tables are created when an operation answers that they are missing.
//
// Requests are tried again for about two seconds. An answer can be lost after the request took effect: an insert or a
// compare-and-swap that is tried again then finds its own write and returns ErrConflict, so that a caller starts again from
// reading, as after anybody else's write.
package store

import (
	"errors"
	"sync/atomic"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"assay/shared/config"
)

// Errors of every operation, for errors.Is.
var (
	ErrNotFound    = errors.New("not found")
	ErrConflict    = errors.New("changed by somebody else") // an ETag moved (412), or an insert found a row (409)
	ErrUnreachable = errors.New("does not answer")          // nothing listens at the storage's address
)

// Store is one storage account.
type Store struct {
	Tables *Tables
	Queues *Queues
	Blobs  *Blobs

	mark atomic.Pointer[Mark] // once it is known
}

// Options are for tests.
type Options struct {
	Policies   []policy.Policy        // see every request, each try of it anew
	Transport  policy.Transporter     // nil: the SDK's own
	Credential azcore.TokenCredential // replaces the one that the settings name
}

// Open makes the clients. It does no I/O.
func Open(settings config.Storage, options Options) (*Store, error) {
	a, err := findAccount(settings, options.Credential)
	if err != nil {
		return nil, err
	}
	tables, err := a.tables(options)
	if err != nil {
		return nil, err
	}
	queues, err := a.queues(options)
	if err != nil {
		return nil, err
	}
	blobs, err := a.blobs(options)
	if err != nil {
		return nil, err
	}
	return &Store{Tables: &Tables{tables, a.table}, Queues: &Queues{service: queues}, Blobs: &Blobs{service: blobs}}, nil
}
