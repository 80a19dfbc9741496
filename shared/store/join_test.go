package store_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"assay/shared/config"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// The day of moment, 2024-01-15, and the first moment after it, in Unix milliseconds.
const (
	oneDay   = int64(24 * time.Hour / time.Millisecond)
	midnight = moment - moment%oneDay
	dayAfter = midnight + oneDay
)

// rawBlobs reads every blob as it lies in storage, by name.
func rawBlobs(t *testing.T, settings config.Storage) map[string]string {
	t.Helper()
	client, err := azblob.NewClientFromConnectionString(settings.Connection, nil)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	pager := client.NewListBlobsFlatPager("raw", nil)
	for pager.More() {
		page, err := pager.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Segment.BlobItems {
			response, err := client.DownloadStream(t.Context(), "raw", *item.Name, nil)
			if err != nil {
				t.Fatal(err)
			}
			content, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			found[*item.Name] = string(content)
		}
	}
	return found
}

// blobNames lists every blob.
func blobNames(t *testing.T, settings config.Storage) []string {
	t.Helper()
	var names []string
	for name := range rawBlobs(t, settings) {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// putDay stores three raw blobs received on one day, the first with several records, and returns their names.
func putDay(t *testing.T, s *store.Store, day int64) []store.RawName {
	t.Helper()
	return []store.RawName{
		putRaw(t, s, "kraken", day, records()),
		putRaw(t, s, "kraken", day+1000, records()[:1]),
		putRaw(t, s, "kraken", day+oneDay-1, records()[1:2]),
	}
}

func join(t *testing.T, s *store.Store) {
	t.Helper()
	if err := s.Blobs.Join(t.Context(), "kraken", midnight); err != nil {
		t.Fatal(err)
	}
}

// assertReadable checks that raw blobs are listed, each once and with no others, and give their records back.
func assertReadable(t *testing.T, s *store.Store, want []store.RawName) {
	t.Helper()
	for _, from := range []int64{midnight, midnight - 100*oneDay} {
		got, err := s.Blobs.ListRaw(context.Background(), "kraken", from, dayAfter)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("ListRaw: %v (-want +got):\n%s", err, diff)
		}
	}
	for _, name := range want {
		got, err := s.Blobs.Raw(context.Background(), name)
		if err != nil {
			t.Error(err)
		}
		again, err := s.Blobs.PutRaw(context.Background(), "mine", name.Received, got)
		if err != nil || again.Sum != name.Sum {
			t.Errorf("the records of %s would have the name %s, %v", name, again, err)
		}
	}
}

// A joined day is one file: the list of its parts, then their bytes as they were. The names go on working.
func TestJoin(t *testing.T) {
	settings := storetest.Azurite(t)
	s := storetest.Reopen(t, settings)
	join(t, s) // nothing
	names := putDay(t, s, midnight)
	young := putRaw(t, s, "kraken", dayAfter, records()[:1])
	other := putRaw(t, s, "kraken-futures", midnight, records()[:1])
	parts := rawBlobs(t, settings)
	for range 2 {
		join(t, s)
		const day = "kraken/2024/01/15.warc.gz"
		if diff := cmp.Diff([]string{other.String(), day, young.String()}, blobNames(t, settings)); diff != "" {
			t.Fatalf("blobs (-want +got):\n%s", diff)
		}
		joined := rawBlobs(t, settings)[day]
		if want := parts[names[0].String()] + parts[names[1].String()] + parts[names[2].String()]; !strings.HasSuffix(joined, want) {
			t.Error("the joined file does not end with the bytes of its parts")
		}
		if got, file, err := s.Blobs.FindRaw(t.Context(), "kraken", names[1].Received); err != nil || got != names[1] || file != day {
			t.Errorf("FindRaw: %s in %q, %v; want %s in %s", got, file, err, names[1], day)
		}
	}
	assertReadable(t, s, names)
	if got, file, err := s.Blobs.FindRaw(t.Context(), "kraken", dayAfter); err != nil || got != young || file != "" {
		t.Errorf("FindRaw: %s in %q, %v; want %s, not joined", got, file, err, young)
	}
	missing := store.RawName{Source: "kraken", Received: names[0].Received, Sum: "00000000"}
	if _, err := s.Blobs.Raw(t.Context(), missing); err == nil {
		t.Errorf("%s is in no file and was read", missing)
	}
}

// Days are joined from the oldest on. One that has nothing but a raw blob too long to be joined is done.
func TestUnjoined(t *testing.T) {
	s := storetest.Open(t)
	list := func(most int) []int64 {
		t.Helper()
		days, err := s.Blobs.Unjoined(t.Context(), "kraken", dayAfter, most)
		if err != nil {
			t.Fatal(err)
		}
		return days
	}
	if got := list(1); len(got) != 0 {
		t.Errorf("no container has days %v", got)
	}
	long := records()[2]
	long.Body = make([]byte, 17<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(long.Body)
	putRaw(t, s, "kraken", midnight-9*oneDay, []store.Record{long})
	for n := range int64(4) {
		putDay(t, s, midnight+(1-n)*oneDay)
	}
	for _, want := range [][]int64{{midnight - 2*oneDay, midnight - oneDay}, {midnight - oneDay, midnight}, {midnight}, nil} {
		got := list(2)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if len(got) > 0 {
			if err := s.Blobs.Join(t.Context(), "kraken", got[0]); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// each calls a function with the number of a request before it is sent.
type each struct {
	call func(n int)
	seen int
}

func (e *each) Do(request *policy.Request) (*http.Response, error) {
	e.seen++
	e.call(e.seen)
	return request.Next()
}

// A process is killed before one of its requests, or just after one; before every request of another somebody reads all, or
// joins all. Nothing is missing at any time, and in the end the blobs are those of a join that nobody disturbed.
func TestJoinDisturbedAnywhere(t *testing.T) {
	calm := storetest.Azurite(t)
	s := storetest.Reopen(t, calm)
	names := putDay(t, s, midnight)
	join(t, s)
	want := rawBlobs(t, calm)

	requests := 11 // a list, 3 parts read, the file written, a list, the index and the whole file read, 3 parts deleted
	for _, how := range []string{"killed before", "killed after", "answer lost", "joined by another"} {
		for n := 1; n <= requests; n++ {
			t.Run(fmt.Sprint(how, " ", n), func(t *testing.T) {
				settings := storetest.Azurite(t)
				undisturbed := storetest.Reopen(t, settings)
				putDay(t, undisturbed, midnight)
				var seen func() int
				var disturbance policy.Policy
				if how == "joined by another" {
					e := &each{call: func(at int) {
						if at == n {
							assertReadable(t, undisturbed, names)
							join(t, undisturbed)
						}
					}}
					disturbance, seen = e, func() int { return e.seen }
				} else {
					f := &storetest.Fail{First: n, Count: -1, After: how != "killed before"}
					if how == "answer lost" {
						f.Count, f.Passes = 1, true
					}
					disturbance, seen = f, f.Seen
				}
				err := storetest.Reopen(t, settings, disturbance).Blobs.Join(t.Context(), "kraken", midnight)
				if killed := strings.HasPrefix(how, "killed"); killed == (err == nil) || seen() < n {
					t.Errorf("after %d requests: %v", seen(), err)
				}
				assertReadable(t, undisturbed, names)
				join(t, undisturbed)
				got := rawBlobs(t, settings)
				for name := range got {
					if strings.HasPrefix(name, "mine/") {
						delete(got, name)
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("blobs (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestManyJoinAtOnce(t *testing.T) {
	settings := storetest.Azurite(t)
	s := storetest.Reopen(t, settings)
	names := putDay(t, s, midnight)
	var group errgroup.Group
	for range 6 {
		group.Go(func() error {
			return storetest.Reopen(t, settings).Blobs.Join(t.Context(), "kraken", midnight)
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"kraken/2024/01/15.warc.gz"}, blobNames(t, settings)); diff != "" {
		t.Errorf("blobs (-want +got):\n%s", diff)
	}
	assertReadable(t, s, names)
}

// A raw blob that comes when its day is joined gets into a second file. One that is there already, which a push that is sent
// again stores again, goes away.
func TestJoinOfLateBlobs(t *testing.T) {
	settings := storetest.Azurite(t)
	s := storetest.Reopen(t, settings)
	names := putDay(t, s, midnight)
	join(t, s)
	late := putRaw(t, s, "kraken", names[0].Received+1, records()[2:])
	again := putRaw(t, s, "kraken", names[1].Received, records()[:1])
	if again != names[1] {
		t.Fatalf("sent again it is %s, want %s", again, names[1])
	}
	all := []store.RawName{names[0], late, names[1], names[2]}
	assertReadable(t, s, all)
	before := rawBlobs(t, settings)["kraken/2024/01/15.warc.gz"]
	for range 2 {
		join(t, s)
	}
	got := slices.DeleteFunc(blobNames(t, settings), func(name string) bool { return strings.HasPrefix(name, "mine/") })
	if diff := cmp.Diff([]string{"kraken/2024/01/15-2.warc.gz", "kraken/2024/01/15.warc.gz"}, got); diff != "" {
		t.Errorf("blobs (-want +got):\n%s", diff)
	}
	if rawBlobs(t, settings)["kraken/2024/01/15.warc.gz"] != before {
		t.Error("the first file changed")
	}
	assertReadable(t, s, all)
}

// A day of three raw blobs of 7 MiB is two files; one of 17 MiB stays as it is.
func TestJoinOfLongDays(t *testing.T) {
	settings := storetest.Azurite(t)
	s := storetest.Reopen(t, settings)
	noise := make([]byte, 17<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise)
	record := records()[2]
	var names []store.RawName
	for n, body := range [][]byte{noise[:7<<20], noise, noise[1 : 7<<20], noise[2 : 7<<20]} {
		record.Body = body
		names = append(names, putRaw(t, s, "kraken", midnight+int64(n), []store.Record{record}))
	}
	join(t, s)
	want := []string{"kraken/2024/01/15-2.warc.gz", "kraken/2024/01/15.warc.gz", names[1].String()}
	if diff := cmp.Diff(want, blobNames(t, settings)); diff != "" {
		t.Errorf("blobs (-want +got):\n%s", diff)
	}
	assertReadable(t, s, names)
}

// Nothing is deleted on the word of a damaged file, and nothing damaged is joined.
func TestJoinOfDamagedFiles(t *testing.T) {
	settings := storetest.Azurite(t)
	client, err := azblob.NewClientFromConnectionString(settings.Connection, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := storetest.Reopen(t, settings)
	names := putDay(t, s, midnight)
	parts := rawBlobs(t, settings)
	join(t, s)
	joined := rawBlobs(t, settings)["kraken/2024/01/15.warc.gz"]
	for name, c := range map[string]struct{ file, content, want string }{
		"a part":                 {names[0].String(), "no WARC file", "the blob is damaged"},
		"a part, cut":            {names[0].String(), parts[names[0].String()][:50], "the blob is damaged"},
		"a joined file":          {"kraken/2024/01/15.warc.gz", joined[:len(joined)-20], "the file is damaged"},
		"a joined file's list":   {"kraken/2024/01/15.warc.gz", joined[:40] + "?" + joined[41:], "damaged"},
		"a joined file, foreign": {"kraken/2024/01/15.warc.gz", parts[names[0].String()], "no list of parts"},
	} {
		t.Run(name, func(t *testing.T) {
			for file, content := range parts {
				upload(t, client, file, content)
			}
			if _, err := client.DeleteBlob(t.Context(), "raw", "kraken/2024/01/15.warc.gz", nil); err != nil && !strings.Contains(c.file, "~") {
				t.Fatal(err)
			}
			upload(t, client, c.file, c.content)
			err := s.Blobs.Join(t.Context(), "kraken", midnight)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "kraken/2024/01/15") {
				t.Errorf("got %v, want an error with %q and the file's name", err, c.want)
			}
			after := rawBlobs(t, settings)
			if last := names[2].String(); after[last] != parts[last] {
				t.Errorf("%s is gone", last)
			}
			upload(t, client, "kraken/2024/01/15.warc.gz", joined)
		})
	}
}

func upload(t *testing.T, client *azblob.Client, name, content string) {
	t.Helper()
	if _, err := client.UploadBuffer(t.Context(), "raw", name, []byte(content), nil); err != nil {
		t.Fatal(err)
	}
}

// warcio, the reference reader, sees the records of all parts behind the list of them.
func TestWarcioReadsAJoinedDay(t *testing.T) {
	if err := exec.Command("python3", "-c", "import warcio").Run(); err != nil {
		t.Skip("python3 cannot import warcio: pip install warcio, then this test runs")
	}
	settings := storetest.Azurite(t)
	s := storetest.Reopen(t, settings)
	names := putDay(t, s, midnight)
	join(t, s)
	file := filepath.Join(t.TempDir(), "15.warc.gz")
	if err := os.WriteFile(file, []byte(rawBlobs(t, settings)["kraken/2024/01/15.warc.gz"]), 0o600); err != nil {
		t.Fatal(err)
	}
	const script = `
import sys
from warcio.archiveiterator import ArchiveIterator
for r in ArchiveIterator(open(sys.argv[1], 'rb'), check_digests='raise'):
    body = r.raw_stream.read() if r.rec_type == 'warcinfo' else b''
    print(r.rec_type, r.rec_headers.get_header('WARC-Target-URI') or r.rec_headers.get_header('WARC-Filename'), body.count(b'part: '))
`
	out, err := exec.Command("python3", "-c", script, file).CombinedOutput()
	ohlc := "response " + records()[0].URI + " 0\n"
	limited := "response " + records()[1].URI + " 0\n"
	want := fmt.Sprintf("warcinfo kraken/2024/01/15.warc.gz %d\n", len(names)) + ohlc + limited + "resource file:///gold%20am.csv 0\n" + ohlc + limited
	if err != nil || !bytes.Equal(out, []byte(want)) {
		t.Errorf("%v, got\n%swant\n%s", err, out, want)
	}
	if out, err := exec.Command("python3", "-m", "warcio.cli", "check", "-v", file).CombinedOutput(); err != nil || !strings.Contains(string(out), "digest pass") {
		t.Errorf("warcio check: %v\n%s", err, out)
	}
}
