package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"

	"assay/shared/api"
	"assay/shared/chunk"
	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
)

const (
	operator           = "operator"    // the source that declarations lie under
	datasetDeclaration = "declaration" // of such a record
	maxDeclaration     = 64 << 10      // bytes
)

// Declare takes the declaration of a series of one's own and answers 202. See DeclareSeries.
func (a *App) Declare() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d, err := readDeclaration(w, r)
		var blob store.RawName
		if err == nil {
			blob, _, err = a.DeclareSeries(r.Context(), d)
		}
		accept(w, r, blob, err)
	})
}

func readDeclaration(w http.ResponseWriter, r *http.Request) (market.Declaration, error) {
	var d market.Declaration
	err := readJSON(w, r, maxDeclaration, "declaration", `{"series":"XCU-USD.mine","class":"metal","unit":"lb","calendar":"new-york"}`, &d)
	return d, err
}

// readJSON reads the one object of a request's body into what is wanted, of which example is one. A member that is not known is refused.
func readJSON(w http.ResponseWriter, r *http.Request, most int64, what, example string, into any) error {
	if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media != "application/json" {
		return api.Problem(http.StatusUnsupportedMediaType, "Content-Type %.80q: want application/json.", r.Header.Get("Content-Type"))
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, most))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if err == nil {
		if _, end := decoder.Token(); !errors.Is(end, io.EOF) {
			err = errors.New("something follows the object")
		}
	}
	if err != nil {
		return api.Problem(http.StatusBadRequest, "This is no %s: %v. Want such as %s.", what, err, example)
	}
	return nil
}

// DeclareSeries declares a series: what it lacks is filled in, it is stored raw under the source operator with a receipt, and the
// catalogue knows it at once. Clean does the last again, and lets Load settle what is stored of the series already, since its vote may
// have changed. Of several declarations of one series the one received last decides. Running it twice ends in the same row.
func (a *App) DeclareSeries(ctx context.Context, d market.Declaration) (store.RawName, market.Declaration, error) {
	d = d.Complete()
	if err := d.Check(); err != nil {
		return store.RawName{}, d, api.Problem(http.StatusBadRequest, "The declaration cannot be used: %v.", err)
	}
	if err := ownSeries(d.Series); err != nil {
		return store.RawName{}, d, err
	}
	if err := a.fits(ctx, d); err != nil {
		return store.RawName{}, d, err
	}
	text, err := json.Marshal(d)
	if err != nil {
		return store.RawName{}, d, err
	}
	received := a.Now().UTC().Truncate(time.Millisecond)
	name, err := a.Keep(ctx, operator, received, []store.Record{{
		URI: "urn:assay:declaration:" + d.Series.String(), Date: received, Header: http.Header{"Content-Type": {"application/json"}}, Body: text,
		Dataset: datasetDeclaration, Series: []market.SeriesID{d.Series}, Authority: market.Given,
	}})
	if err != nil {
		return name, d, err
	}
	_, err = a.History.Declare(ctx, d, name.Key())
	return name, d, err
}

// maxVoting is how many series of one's own may vote on an instrument, so that every provider has room beside them.
var maxVoting = chunk.MaxSources - len(source.All)

// fits refuses a declaration that would make one instrument two kinds of price, move a series to another class, or give more
// votes than a consensus has room for.
func (a *App) fits(ctx context.Context, d market.Declaration) error {
	entries, err := a.History.Sources(ctx, d.Series.Instrument)
	if err != nil {
		return err
	}
	voting := 0
	for _, e := range entries {
		if e.ID == d.Series {
			if e.Instrument.Class != d.Class {
				return api.Problem(http.StatusConflict, "%s is of class %s, which cannot change: declare a series of another name.", e.ID, e.Instrument.Class)
			}
			continue
		}
		if err := d.Fits(e.Instrument); err != nil {
			return api.Problem(http.StatusConflict, "The declaration contradicts that of %s: %v.", e.ID, err)
		}
		if _, provider := source.Find(e.ID.Source); e.Role != market.NoRole && !provider {
			voting++
		}
	}
	if d.Role != "" && voting >= maxVoting {
		return api.Problem(http.StatusConflict, "%d series of one's own vote on %s, which is as many as may: declare this one without a role.",
			voting, d.Series.Instrument)
	}
	return nil
}

// decodeDeclaration reads what DeclareSeries stored.
func decodeDeclaration(record store.Record) (market.Declaration, error) {
	var d market.Declaration
	if err := json.Unmarshal(record.Body, &d); err != nil {
		return d, fmt.Errorf("no declaration: %w", err)
	}
	return d, d.Check()
}

// declared makes the catalogue know declarations, and returns the spans whose votes may have changed.
func (a *App) declared(ctx context.Context, blob store.RawName, declarations []market.Declaration) ([]market.Span, error) {
	var spans []market.Span
	for _, d := range declarations {
		touched, err := a.History.Declare(ctx, d, blob.Key())
		if err != nil {
			return nil, err
		}
		spans = append(spans, touched...)
	}
	return spans, nil
}
