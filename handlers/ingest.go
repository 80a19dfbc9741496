package handlers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"assay/shared/api"
	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
)

// Ingest takes what devices, scripts and uploads push into a series: it stores it raw with a receipt, tells Clean, and answers
// 202 with where to look what became of it. Rows are judged by Clean, which keeps the good ones and says of each other why not.
//
// With an Idempotency-Key the same push is one payload, however often and wherever it arrives within 30 days; without one every
// POST is a new payload. A kill before the pointer is sent leaves what Reconcile finds.
func (a *App) Ingest() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		blob, err := a.ingest(w, r)
		accept(w, r, blob, err)
	})
}

// push is what a request to Ingest says about its body.
type push struct {
	series   market.SeriesID
	dataset  string
	media    string
	interval market.Interval
	options  source.Options
	declared *market.Declaration // what goes into the options, and is not said by the caller
}

func (a *App) ingest(w http.ResponseWriter, r *http.Request) (store.RawName, error) {
	p, err := a.describePush(r)
	if err != nil {
		return store.RawName{}, err
	}
	if err := a.Store.Admit(r.Context(), store.Live); err != nil {
		return store.RawName{}, err
	}
	body, err := readPush(w, r)
	if err != nil {
		return store.RawName{}, err
	}
	said, err := json.Marshal(p.options)
	if err != nil {
		return store.RawName{}, err
	}
	p.options.Declared = p.declared
	options, err := json.Marshal(p.options)
	if err != nil {
		return store.RawName{}, err
	}
	record := store.Record{
		URI: "urn:assay:push:" + p.series.String(), Header: http.Header{"Content-Type": {p.media}}, Packed: body,
		Dataset: p.dataset, Series: []market.SeriesID{p.series}, Interval: p.interval, Authority: market.Given, Options: string(options),
	}
	key := r.Header.Get("Idempotency-Key")
	received := a.Now().UTC().Truncate(time.Millisecond)
	if key == "" {
		return a.Keep(r.Context(), p.series.Source, received, []store.Record{record})
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %s %s %x", record.URI, p.media, p.interval, said, body.Sum()))
	return a.once(r.Context(), idempotent{p.series.Source, key, hex.EncodeToString(sum[:])}, received, func(first time.Time) (store.RawName, error) {
		return a.Keep(r.Context(), p.series.Source, first, []store.Record{record})
	})
}

// pushMedia are the media types of a push, and the datasets that they mean.
var pushMedia = map[string]string{
	"text/csv": "push-csv", "application/json": "push-json", "application/x-ndjson": "push-ndjson", "text/plain": "push-line",
}

// describePush checks all that a request says but its body.
func (a *App) describePush(r *http.Request) (push, error) {
	var p push
	var err error
	if p.series, err = pushedSeries(r.URL); err != nil {
		return p, err
	}
	p.media, _, _ = mime.ParseMediaType(r.Header.Get("Content-Type"))
	p.dataset = pushMedia[p.media]
	if strings.HasPrefix(p.media, "application/vnd.influx") {
		p.dataset = "push-line"
	}
	if p.dataset == "" {
		return p, api.Problem(http.StatusUnsupportedMediaType, "Content-Type %.80q is none that can be pushed: want text/csv, application/json, "+
			"application/x-ndjson, or text/plain for InfluxDB line protocol.", r.Header.Get("Content-Type"))
	}
	query, err := pushQuery(r.URL)
	if err != nil {
		return p, err
	}
	p.options.Times = query.Get("precision")
	if p.options.Times != "" && !slices.Contains([]string{"s", "ms", "us", "ns"}, p.options.Times) {
		return p, api.Problem(http.StatusBadRequest, "precision=%.20q: want s, ms, us or ns.", p.options.Times)
	}
	return p, a.fromCatalogue(r.Context(), &p, query.Get("interval"))
}

// pushedSeries returns the series that a path names. It is one of the caller's own.
func pushedSeries(u *url.URL) (market.SeriesID, error) {
	text, err := url.PathUnescape(path.Base(u.EscapedPath()))
	if err != nil {
		text = u.Path
	}
	id, err := market.ParseSeriesID(text)
	if err != nil {
		return id, api.Problem(http.StatusBadRequest, "%.80q is no series: want an instrument and whose view of it this is, such as BTC-USD.mine.", text)
	}
	return id, ownSeries(id)
}

// ownSeries refuses a series that is not the caller's to write.
func ownSeries(id market.SeriesID) error {
	_, provider := source.Find(id.Source)
	switch {
	case id.Source == "":
		return api.Problem(http.StatusBadRequest, "%s is an instrument, whose consensus is computed: add whose view of it this is, such as %s.mine.", id, id)
	case provider || id.Source == operator:
		return api.Problem(http.StatusForbidden, "%s is a name of a provider or of the program itself, and only what they say goes under it: "+
			"choose another, such as %s.mine. A file of a provider's goes in with assay import.", id.Source, id.Instrument)
	}
	return nil
}

// pushQuery reads the parameters of a push. A function key may stand in code.
func pushQuery(u *url.URL) (url.Values, error) {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, api.Problem(http.StatusBadRequest, "The query cannot be read: %v.", err)
	}
	for name, values := range query {
		if !slices.Contains([]string{"interval", "precision", "code"}, name) || len(values) > 1 {
			return nil, api.Problem(http.StatusBadRequest, "The parameter %.40q is unknown or given twice: want interval and precision.", name)
		}
	}
	return query, nil
}

// fromCatalogue fills in what a series was declared to be where the push does not say it. Clean judges by what stands in the record: a
// later declaration does not change what becomes of it.
func (a *App) fromCatalogue(ctx context.Context, p *push, interval string) error {
	entries, err := a.History.Sources(ctx, p.series.Instrument)
	if err != nil {
		return err
	}
	if _, known := market.Lookup(p.series.Instrument); !known && len(entries) == 0 {
		return api.Problem(http.StatusNotFound, "The instrument %s is not known: declare the series first, with POST /api/v1/series or assay series add %s.",
			p.series.Instrument, p.series)
	}
	for _, e := range entries {
		p.declared = e.Instrument.Declaration(p.series)
		if e.ID == p.series {
			p.interval, p.options.TimeZone = e.Pushed, e.TimeZone
		}
	}
	if interval != "" {
		if p.interval, err = market.ParseInterval(interval); err != nil || !p.interval.IsStored() {
			return api.Problem(http.StatusBadRequest, "interval=%.20q: want 1m, 1h or 1d.", interval)
		}
	}
	if p.interval == 0 {
		return api.Problem(http.StatusBadRequest, "How long the bars are is not said: add ?interval=1m, 1h or 1d, or declare it of %s.", p.series)
	}
	return nil
}

// accept says that a payload is stored, or why it is not.
func accept(w http.ResponseWriter, r *http.Request, blob store.RawName, err error) {
	if err != nil {
		api.Fail(w, r, err)
		return
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 1<<10)) // so that the connection can be used again
	seconds := blob.Received / 1000
	accepted := api.Accepted{
		Receipt: blob.Key(), Blob: blob.String(),
		Status: fmt.Sprintf("/api/v1/receipts?source=%s&from=%d&to=%d", blob.Source, seconds, seconds+1),
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", accepted.Status)
	w.WriteHeader(http.StatusAccepted)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(accepted) // a client that went away needs no answer
}
