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
	piece := bytes.Repeat([]byte("0"), 1<<20)
	record := store.Record{URI: "urn:x", Date: time.UnixMilli(1705276800123).UTC(), Dataset: "d"}
	for range 40 {
		record.Parts = append(record.Parts, piece)
	}
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
	if err != nil || len(records) != 1 || !bytes.Equal(records[0].Body, bytes.Repeat(piece, 40)) {
		t.Errorf("%d records, %v; want the body as it was", len(records), err)
	}
}
