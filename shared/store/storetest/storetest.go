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
	"syscall"
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
	return plain.start(tb).account(nextAccount(tb))
}

func (e *emulator) account(name string) config.Storage {
	return config.Storage{Connection: fmt.Sprintf(
		"DefaultEndpointsProtocol=http;AccountName=%[1]s;AccountKey=%[2]s;BlobEndpoint=%[3]s/%[1]s;QueueEndpoint=%[4]s/%[1]s;TableEndpoint=%[5]s/%[1]s",
		name, accountKey, e.blob, e.queue, e.table)}
}

// Disk is an Azurite of its own that keeps one account in a folder.
type Disk struct {
	config.Storage
	emulator *emulator
}

// OnDisk starts an Azurite on a folder. On one that was stopped it has what that one had.
func OnDisk(tb testing.TB, folder string) *Disk {
	tb.Helper()
	e := (&emulator{folder: folder}).start(tb)
	d := &Disk{e.account(accountName(1)), e}
	tb.Cleanup(e.stop)
	return d
}

// Stop stops the Azurite as make run does, with SIGTERM: it writes down what it holds.
func (d *Disk) Stop(tb testing.TB) {
	tb.Helper()
	if err := d.emulator.command.Process.Signal(syscall.SIGTERM); err != nil {
		tb.Fatal(err)
	}
	if err := d.emulator.command.Wait(); err != nil {
		tb.Fatalf("Azurite ended with %v", err)
	}
	d.emulator.stdin = nil
}

var plain, secure emulator

// Accounts are fixed when Azurite starts.
const (
	accounts   = 2000
	accountKey = "dGhlIGtleSBvZiBhbiBhY2NvdW50IG9mIGEgdGVzdA==" // which tests/scan looks for in all that is printed
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
