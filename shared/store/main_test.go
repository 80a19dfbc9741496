package store_test

import (
	"testing"

	"assay/shared/store"
	"assay/shared/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// everywhere runs a test of the contract on each kind of storage.
func everywhere(t *testing.T, test func(t *testing.T, s *store.Store)) {
	t.Helper()
	calmly(t, test)
	t.Run("moody", func(t *testing.T) { test(t, storetest.Open(t, storetest.NewMoody(1))) })
}

// calmly leaves out the moody storage: it may be busy for one of several writers longer than the store tries.
func calmly(t *testing.T, test func(t *testing.T, s *store.Store)) {
	t.Helper()
	t.Run("account key", func(t *testing.T) { test(t, storetest.Open(t)) })
	t.Run("token over HTTPS", func(t *testing.T) { test(t, storetest.OpenWithToken(t)) })
}
