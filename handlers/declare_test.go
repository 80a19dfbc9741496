package handlers

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/shared/history"
	"assay/shared/market"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

const copperDeclared = `{"series":"XCU-USD.mine","class":"metal","kind":"spot","unit":"lb","calendar":"new-york","role":"quote","tz":"Europe/Zurich","interval":"1d"}`

func declare(t *testing.T, app *App, text string) store.RawName {
	t.Helper()
	_, name := pushed(t, post(t, app, "/api/v1/series", strings.NewReader(text), "Content-Type", "application/json"))
	return name
}

// declarer is a program whose clock moves on with every look at it.
func declarer(t *testing.T, s *store.Store) *App {
	t.Helper()
	app := newFlow(s)
	now := received
	app.Now = func() time.Time { now = now.Add(time.Second); return now }
	app.History = history.New(s.Tables, app.Now)
	return app
}

// known prints what the catalogue knows, as another process reads it.
func known(t *testing.T, s *store.Store) string {
	t.Helper()
	entries, err := history.New(s.Tables, time.Now).Entries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var text []string
	for _, e := range entries {
		in := e.Instrument
		text = append(text, strings.TrimSpace(strings.Join([]string{
			e.ID.String(), string(in.Class), string(in.Kind), in.Unit, in.Currency, string(in.Calendar), in.Best.String(), e.Role.String(), e.TimeZone,
		}, " ")))
	}
	return strings.Join(text, "\n")
}

// An instrument that nobody knows is declared, pushed to, and has a consensus of its own.
func TestDeclaredSeriesVotes(t *testing.T) {
	app := declarer(t, storetest.Open(t))
	declare(t, app, copperDeclared)
	if diff := cmp.Diff("XCU-USD.mine metal spot lb USD new-york quote quote Europe/Zurich", known(t, app.Store)); diff != "" {
		t.Fatalf("before Clean (-want +got):\n%s", diff)
	}
	work(t, app)
	pushed(t, post(t, app, "/api/v1/ingest/XCU-USD.mine", strings.NewReader("time,close\n2024-01-15,3.76\n"), "Content-Type", "text/csv"))
	pushed(t, post(t, app, "/api/v1/ingest/XCU-USD.mine?interval=1m", strings.NewReader("time,close\n2024-07-15 12:00,4.48\n"), "Content-Type", "text/csv"))
	work(t, app)
	want := lines(`
		XCU-USD metal spot lb USD new-york quote
		XCU-USD.mine metal spot lb USD new-york quote quote Europe/Zurich`)
	if diff := cmp.Diff(want, known(t, app.Store)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	days := bars(t, app, market.SeriesID{Instrument: "XCU-USD"}, market.Day)
	if diff := cmp.Diff("2024-01-15 - - - 3.76 - thin\n2024-07-15 4.48 4.48 4.48 4.48 - incomplete,derived,sampled,thin,unfinished", days); diff != "" {
		t.Errorf("days of the consensus (-want +got):\n%s", diff)
	}
	minutes := bars(t, app, market.SeriesID{Instrument: "XCU-USD"}, market.Minute)
	if diff := cmp.Diff("2024-07-15T10:00 - - - 4.48 - thin", minutes); diff != "" {
		t.Errorf("minutes of the consensus: noon in Zurich (-want +got):\n%s", diff)
	}
}

// Clean judges a push by the declaration that stood when it came: a fix is final once it is struck, and none is struck at the weekend.
// What is declared later does not change what becomes of it.
func TestDeclaredFix(t *testing.T) {
	app := newFlow(storetest.Open(t)) // it is Monday 2024-01-15, noon
	const fix = `{"series":"XCU-USD-FIX.mine","class":"metal","kind":"fix","unit":"lb","calendar":"london","role":"publisher","interval":"1d"}`
	declare(t, app, fix)
	work(t, app)
	pushed(t, post(t, app, "/api/v1/ingest/XCU-USD-FIX.mine", strings.NewReader("time,close\n2024-01-12,3.75\n2024-01-13,3.75\n2024-01-15,3.76\n2024-01-16,3.77\n"),
		"Content-Type", "text/csv"))
	message := take(t, app.Store, store.RawPrices)[0]
	const want = "2024-01-12 - - - 3.75 -\n2024-01-15 - - - 3.76 -"
	for _, state := range []string{"first", "declared anew"} {
		cleanAndLoad(t, app, message)
		if diff := cmp.Diff(want, bars(t, app, market.SeriesID{Instrument: "XCU-USD-FIX"}, market.Day)); diff != "" {
			t.Errorf("%s, the consensus (-want +got):\n%s", state, diff)
		}
		app.Now = func() time.Time { return noon.Add(time.Minute) }
		declare(t, app, strings.Replace(fix, "london", "always", 1))
		work(t, app)
	}
	rejects, err := app.Store.Rejects(t.Context(), "XCU-USD-FIX.mine", 0)
	var rules []string
	for _, r := range rejects {
		rules = append(rules, fmt.Sprintf("row %d %s", r.Row, r.Rule))
	}
	if diff := cmp.Diff([]string{"row 3 not-a-business-day", "row 5 future"}, rules); err != nil || diff != "" {
		t.Errorf("refused: %v (-want +got):\n%s", err, diff)
	}
}

// What a push was judged by is not what its caller said: the same key means the same push after another declaration.
func TestKeyOfPushToDeclaredSeries(t *testing.T) {
	app := declarer(t, storetest.Open(t))
	for range 2 {
		declare(t, app, copperDeclared)
		pushed(t, post(t, app, "/api/v1/ingest/XCU-USD.mine", strings.NewReader("time,close\n2024-01-15,3.76\n"), "Content-Type", "text/csv", "Idempotency-Key", "k"))
		copper := strings.Replace(copperDeclared, "new-york", "london", 1)
		declare(t, app, copper)
	}
}

// A consensus has room for so many sources: what would be one too many is refused here, since Load could not store it. One that votes
// already may be declared again.
func TestTooManyVotes(t *testing.T) {
	app := declarer(t, storetest.Open(t))
	voting := func(n int) string { return fmt.Sprintf(`{"series":"BTC-USD.mine%d","role":"venue"}`, n) }
	const most = 29 // of 40, without the 11 providers
	for n := range most {
		declare(t, app, voting(n))
	}
	refused := post(t, app, "/api/v1/series", strings.NewReader(voting(most)), "Content-Type", "application/json")
	if refused.Code != http.StatusConflict || !strings.Contains(refused.Body.String(), "29 series") {
		t.Errorf("one more: status %d, %s; want 409 with the limit", refused.Code, refused.Body)
	}
	declare(t, app, voting(0))
	declare(t, app, `{"series":"BTC-USD.silent"}`)
	declare(t, app, `{"series":"ETH-USD.mine","role":"venue"}`)
}

// bars prints the stored bars of a series up to the middle of 2025.
func bars(t *testing.T, app *App, id market.SeriesID, i market.Interval) string {
	t.Helper()
	answer, err := app.History.Read(t.Context(), history.Query{Series: id, Interval: i, From: 1, To: noon.AddDate(1, 6, 0).Unix()})
	if err != nil {
		t.Fatal(err)
	}
	var text []string
	for _, b := range answer.Bars {
		text = append(text, clock(b.Start)+" "+values(&b))
	}
	return strings.Join(text, "\n")
}

// Of several declarations the one received last decides, in whatever order Clean gets them and however often. A vote that is
// given, or taken away, changes the consensus of what is stored already.
func TestDeclarationsInAnyOrder(t *testing.T) {
	app := declarer(t, storetest.Open(t))
	pushed(t, post(t, app, "/api/v1/ingest/BTC-USD.mine?interval=1d", strings.NewReader("time,close\n2024-01-15,42000\n"), "Content-Type", "text/csv"))
	work(t, app)
	if got := bars(t, app, bitcoin, market.Day); got != "" {
		t.Fatalf("an undeclared series votes: %s", got)
	}
	const voting = `{"series":"BTC-USD.mine","role":"aggregator"}`
	declare(t, app, `{"series":"BTC-USD.mine"}`)
	declare(t, app, voting)
	messages := take(t, app.Store, store.RawPrices)
	for _, n := range []int{1, 0, 1, 0} {
		cleanAndLoad(t, app, messages[n])
	}
	const want = "2024-01-15 - - - 42000 - thin,by-aggregator"
	if got := bars(t, app, bitcoin, market.Day); got != want {
		t.Errorf("the consensus is %q, want %q", got, want)
	}
	before := rows(t, app.Store, mine)
	cleanAndLoad(t, app, messages[0])
	if diff := cmp.Diff(before, rows(t, app.Store, mine)); diff != "" {
		t.Errorf("an older declaration again (-before +after):\n%s", diff)
	}
	row := known(t, app.Store)
	declare(t, app, voting)
	if diff := cmp.Diff(row, known(t, app.Store)); diff != "" {
		t.Errorf("the same declaration again (-before +after):\n%s", diff)
	}
	declare(t, app, `{"series":"BTC-USD.mine"}`)
	work(t, app)
	if got := bars(t, app, bitcoin, market.Day); got != "" {
		t.Errorf("without its only vote the consensus is %q, want none", got)
	}
}

func TestDeclarationsThatAreRefused(t *testing.T) {
	app := declarer(t, storetest.Open(t))
	declare(t, app, copperDeclared)
	for text, want := range map[string]struct {
		code int
		says string
	}{
		`{"series":"XCU-USD.you","class":"crypto","unit":"lb","calendar":"new-york"}`:                  {409, "class"},
		`{"series":"XCU-USD.you","class":"metal","unit":"kg","calendar":"new-york"}`:                   {409, "XCU-USD.mine"},
		`{"series":"XCU-USD.mine","class":"crypto","unit":"lb","calendar":"new-york"}`:                 {409, "cannot change"},
		`{"series":"XAU-USD.mine","unit":"kg"}`:                                                        {400, "toz"},
		`{"series":"XNI-USD.mine","class":"metal","unit":"kg","calendar":"new-york","currency":"EUR"}`: {400, "USD"},
		`{"series":"XNI-USD.mine","class":"wood","unit":"kg","calendar":"new-york"}`:                   {400, "crypto, metal, fx"},
		`{"series":"XNI-USD.mine","class":"metal","unit":"kg","calendar":"never"}`:                     {400, "always, metal-session"},
		`{"series":"XAU-USD.mine","role":"king"}`:                                                      {400, "venue"},
		`{"series":"XAU-USD.mine","tz":"Zurich"}`:                                                      {400, "Europe/Zurich"},
		`{"series":"XAU-USD.mine","interval":"5m"}`:                                                    {400, "1m, 1h or 1d"},
		`{"series":"XAU-USD"}`:                      {400, "XAU-USD.mine"},
		`{"series":"xau"}`:                          {400, "BTC-USD.kraken"},
		`{"series":"XAU-USD.lbma"}`:                 {403, "provider"},
		`{"series":"XAU-USD.mine","rolle":"venue"}`: {400, "rolle"},
		`{"series":"XAU-USD.mine"} {}`:              {400, "follows"},
		``:                                          {400, "declaration"},
	} {
		recorder := post(t, app, "/api/v1/series", strings.NewReader(text), "Content-Type", "application/json")
		if code, says := problem(t, recorder); code != want.code || !strings.Contains(says, want.says) {
			t.Errorf("%s: %d %s, want %d and %q", text, code, says, want.code, want.says)
		}
	}
	recorder := post(t, app, "/api/v1/series", strings.NewReader(copperDeclared), "Content-Type", "text/plain")
	if code, _ := problem(t, recorder); code != http.StatusUnsupportedMediaType {
		t.Errorf("text/plain: %d, want 415", code)
	}
	if got, want := known(t, app.Store), "XCU-USD.mine metal spot lb USD new-york quote quote Europe/Zurich"; got != want {
		t.Errorf("known is %q, want %q", got, want)
	}
}
