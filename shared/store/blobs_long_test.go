package store_test

import (
	"bytes"
	"testing"
	"time"

	"assay/shared/store"
	"assay/shared/store/storetest"
)

// A long flat body, which packs better than what may be read back, is sent while it is packed, and comes back. Sent again it is
// the same blob.
func TestLongBody(t *testing.T) {
	s := storetest.Open(t)
	body := bytes.Repeat([]byte("0"), 40<<20)
	came := store.NewPacked()
	_, _ = came.Write(body) // never fails
	if err := came.Close(); err != nil {
		t.Fatal(err)
	}
	for _, record := range []store.Record{{Body: body}, {Packed: came}} {
		record.URI, record.Date, record.Dataset = "urn:x", time.UnixMilli(1705276800123).UTC(), "d"
		var names []store.RawName
		for range 2 {
			name, err := s.Blobs.PutRaw(t.Context(), "mine", 1705276800123, []store.Record{record})
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, name)
		}
		if names[0] != names[1] {
			t.Errorf("sent twice it is %s and %s", names[0], names[1])
		}
		records, err := s.Blobs.Raw(t.Context(), names[0])
		if err != nil || len(records) != 1 || !bytes.Equal(records[0].Body, body) {
			t.Errorf("%d records, %v; want the body as it was", len(records), err)
		}
	}
}
