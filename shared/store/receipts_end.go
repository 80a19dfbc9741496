package store

import (
	"context"
	"fmt"
	"reflect"
)

// Bury moves a receipt to Dead, unless something about it has changed since it was seen.
func (s *Store) Bury(ctx context.Context, seen Receipt) error {
	_, err := s.swap(ctx, seen.Name, func(r *Receipt) {
		if reflect.DeepEqual(*r, seen) {
			r.State = Dead
		}
	})
	return err
}

// Forget deletes a receipt that was seen at its end, loaded or rejected. It compares nothing: from there no state follows, so
// a receipt that moved meanwhile says the same.
func (s *Store) Forget(ctx context.Context, seen Receipt) error {
	if seen.State != Loaded && seen.State != Rejected {
		return fmt.Errorf("receipt %s is %s: only one that is loaded or rejected may be deleted", seen.Name, seen.State)
	}
	_, err := s.Tables.Write(ctx, TableReceipts, Change{Delete, encodeReceipt(seen, "*")})
	return err
}
