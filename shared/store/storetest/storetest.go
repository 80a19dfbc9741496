// Package storetest gives tests real storage: one Azurite per test binary, in memory and on free ports, and transport
// policies that make it behave as Azure does on a bad day.
//
// A test binary calls Main from its TestMain, a test calls Open. Every test has an account of its own, so that it may use
// the program's own names of tables, queues and containers.
package storetest

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"assay/shared/config"
	"assay/shared/store"
)

// Main runs the tests of a binary, ends its Azurite, and does what else is to be done at the end:
//
//	func TestMain(m *testing.M) { storetest.Main(m) }
func Main(m *testing.M, after ...func()) {
	code := m.Run()
	plain.stop()
	secure.stop()
	for _, do := range after {
		do()
	}
	os.Exit(code)
}

// Open returns an empty store. Requests pass the policies in their order, then AzureRules, which fails the test when Azure
// would refuse what Azurite takes.
func Open(tb testing.TB, policies ...policy.Policy) *store.Store {
	tb.Helper()
	return Reopen(tb, Azurite(tb), policies...)
}

// Reopen opens storage that Azurite gave, as a second process would.
func Reopen(tb testing.TB, settings config.Storage, policies ...policy.Policy) *store.Store {
	tb.Helper()
	s, err := store.Open(settings, store.Options{Policies: append(policies[:len(policies):len(policies)], NewAzureRules(tb))})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// Azurite returns the settings of an empty account of this binary's Azurite.
func Azurite(tb testing.TB) config.Storage {
	tb.Helper()
	e := plain.start(tb)
	account := nextAccount(tb)
	return config.Storage{Connection: fmt.Sprintf(
		"DefaultEndpointsProtocol=http;AccountName=%[1]s;AccountKey=%[2]s;BlobEndpoint=%[3]s/%[1]s;QueueEndpoint=%[4]s/%[1]s;TableEndpoint=%[5]s/%[1]s",
		account, accountKey, e.blob, e.queue, e.table)}
}

var plain, secure emulator

// Accounts are fixed when Azurite starts.
const (
	accounts   = 2000
	accountKey = "YXNzYXk="
)

var accountsGiven atomic.Int64

func accountName(n int64) string { return fmt.Sprintf("t%04d", n) }

func nextAccount(tb testing.TB) string {
	n := accountsGiven.Add(1)
	if n > accounts {
		tb.Fatalf("more than %d accounts are wanted in one test binary: open fewer, or reopen them", accounts)
	}
	return accountName(n)
}
