package handlers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"assay/shared/api"
	"assay/shared/store"
)

const (
	keysKept   = 30 * 24 * time.Hour // an Idempotency-Key
	maxKey     = 255                 // bytes of one
	onceTries  = 10
	keysPrefix = "key~"
)

// jobKeys is in place of the source of keys that jobs were submitted with. No source has this name.
const jobKeys = "job~"

// idempotent is what a client wants done once.
type idempotent struct {
	source string // of the series, or jobKeys
	key    string // as the client chose it
	sum    string // of all that the client said
}

// hash stands for the key in names.
func (what idempotent) hash() string {
	sum := sha256.Sum256([]byte(what.key))
	return hex.EncodeToString(sum[:16])
}

// once keeps a payload once for each Idempotency-Key. The key's row in the table sources is inserted before anything else, with the
// moment of the first arrival: whoever comes second keeps the same records at the same moment, which is the same blob, or finds the
// blob's name in the row.
func (a *App) once(ctx context.Context, what idempotent, received time.Time, keep func(first time.Time) (store.RawName, error)) (store.RawName, error) {
	row, err := a.claimKey(ctx, what, received)
	if err != nil {
		return store.RawName{}, err
	}
	if blob, done := row.Values["blob"].(string); done {
		return store.ParseRawName(blob)
	}
	first, _ := row.Values["received"].(int64)
	blob, err := keep(time.UnixMilli(first).UTC())
	if err != nil {
		return blob, err
	}
	row.Values["blob"] = blob.String()
	_, err = a.Store.Tables.Write(ctx, store.TableSources, store.Change{Action: store.Replace, Entity: row})
	if errors.Is(err, store.ErrConflict) { // the same push came twice at once: the other wrote the same
		err = nil
	}
	return blob, err
}

// claimKey inserts the key's row, or returns the one that is there. The same key for something else is refused.
func (a *App) claimKey(ctx context.Context, what idempotent, received time.Time) (store.Entity, error) {
	if len(what.key) > maxKey {
		return store.Entity{}, api.Problem(http.StatusBadRequest, "The Idempotency-Key has %d bytes: want at most %d.", len(what.key), maxKey)
	}
	row, err := a.insertKey(ctx, what, received)
	if err == nil && row.Values["sum"] != what.sum {
		err = api.Problem(http.StatusUnprocessableEntity, "The Idempotency-Key %.40q was used for another %s: take a new one.", what.key, what.thing())
	}
	return row, err
}

// thing names what is wanted, for people.
func (what idempotent) thing() string {
	if what.source == jobKeys {
		return "job"
	}
	return "push to a series of " + what.source
}

// insertKey inserts the key's row, or returns the one that is there. One that is older than keysKept is taken over.
func (a *App) insertKey(ctx context.Context, what idempotent, received time.Time) (store.Entity, error) {
	fresh := store.Entity{
		Partition: what.source, Row: keysPrefix + what.hash(),
		Values: map[string]any{"received": received.UnixMilli(), "sum": what.sum},
	}
	change := store.Change{Action: store.Insert, Entity: fresh}
	for range onceTries {
		etag, err := a.Store.Tables.Write(ctx, store.TableSources, change)
		if err == nil {
			fresh.ETag = etag
			return fresh, nil
		}
		if !errors.Is(err, store.ErrConflict) {
			return fresh, fmt.Errorf("idempotency key: %w", err)
		}
		found, err := a.Store.Tables.Get(ctx, store.TableSources, fresh.Partition, fresh.Row)
		switch {
		case errors.Is(err, store.ErrNotFound):
			change = store.Change{Action: store.Insert, Entity: fresh}
		case err != nil:
			return fresh, fmt.Errorf("idempotency key: %w", err)
		case !a.expired(found):
			return found, nil
		default:
			change = store.Change{Action: store.Replace, Entity: fresh}
			change.Entity.ETag = found.ETag
		}
	}
	return fresh, fmt.Errorf("idempotency key: somebody else changed it %d times in a row", onceTries)
}

func (a *App) expired(key store.Entity) bool {
	received, _ := key.Values["received"].(int64)
	return a.Now().Sub(time.UnixMilli(received)) > keysKept
}

// forgetKeys deletes the keys of a source that nobody may use again.
func (a *App) forgetKeys(ctx context.Context, source string) error {
	keys, err := a.Store.Tables.Query(ctx, store.TableSources, source, store.Range{From: keysPrefix, To: keysPrefix + "~"}, "received")
	if err != nil {
		return err
	}
	for _, key := range keys {
		if !a.expired(key) {
			continue
		}
		_, err := a.Store.Tables.Write(ctx, store.TableSources, store.Change{Action: store.Delete, Entity: key})
		if err != nil && !errors.Is(err, store.ErrConflict) { // on a conflict somebody has just taken it over
			return err
		}
	}
	return nil
}
