package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"assay/shared/fetch"
	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
)

// FetchCoinbase gathers the newest prices of Coinbase.
//
// This and the other Fetch functions are one list of steps. Running one twice for the same slot does nothing the second time.
// After a kill the slot is run again once its claim is free: everything is asked again, since what is remembered of an answer
// is written after the blob, its receipt and its pointer. A blob that the kill left without a receipt is found by Reconcile.
// A provider that fails is not an error: the breaker and the turn's outcome say so, and the next turn asks from the watermark.
func (a *App) FetchCoinbase(ctx context.Context, slot []byte) error {
	return a.fetch(ctx, "coinbase", slot)
}

// FetchKraken gathers the newest prices of Kraken. See FetchCoinbase.
func (a *App) FetchKraken(ctx context.Context, slot []byte) error {
	return a.fetch(ctx, "kraken", slot)
}

// FetchBitstamp gathers the newest prices of Bitstamp. See FetchCoinbase.
func (a *App) FetchBitstamp(ctx context.Context, slot []byte) error {
	return a.fetch(ctx, "bitstamp", slot)
}

// FetchBitfinex gathers the newest prices of Bitfinex. See FetchCoinbase.
func (a *App) FetchBitfinex(ctx context.Context, slot []byte) error {
	return a.fetch(ctx, "bitfinex", slot)
}

// FetchGoldAPI gathers the spot prices of metals of gold-api.com, while the market is open. See FetchCoinbase.
func (a *App) FetchGoldAPI(ctx context.Context, slot []byte) error {
	return a.fetch(ctx, "goldapi", slot)
}

// FetchSwissquote gathers Swissquote's quotes of metals, while the market is open. See FetchCoinbase.
func (a *App) FetchSwissquote(ctx context.Context, slot []byte) error {
	return a.fetch(ctx, "swissquote", slot)
}

// FetchECB gathers the euro's reference rates. See FetchCoinbase.
func (a *App) FetchECB(ctx context.Context, slot []byte) error { return a.fetch(ctx, "ecb", slot) }

// FetchLBMA gathers the London fixes, and nothing until ASSAY_ACCEPT_TERMS names lbma. See FetchCoinbase.
func (a *App) FetchLBMA(ctx context.Context, slot []byte) error { return a.fetch(ctx, "lbma", slot) }

// FetchNBP gathers Poland's price of gold, and nothing until ASSAY_ACCEPT_TERMS names nbp. See FetchCoinbase.
func (a *App) FetchNBP(ctx context.Context, slot []byte) error { return a.fetch(ctx, "nbp", slot) }

// FetchBinance gathers the newest prices in USDT, and nothing until ASSAY_ACCEPT_TERMS names binance. See FetchCoinbase.
func (a *App) FetchBinance(ctx context.Context, slot []byte) error {
	return a.fetch(ctx, "binance", slot)
}

// FetchCoinGecko gathers the newest prices of CoinGecko, and nothing until ASSAY_COINGECKO_KEY is set. See FetchCoinbase.
func (a *App) FetchCoinGecko(ctx context.Context, slot []byte) error {
	return a.fetch(ctx, "coingecko", slot)
}

const (
	// overlap is how far before the watermark a turn asks: the bars in it may have been corrected.
	overlap = 15 * time.Minute
	// dayOverlap is added in the first turn of a UTC day.
	dayOverlap = 48 * time.Hour
	// askLimit is how long a turn may ask, so that what came can still be stored within its claim.
	askLimit = fetch.TurnLimit - time.Minute
	// maxGathered is how many bytes a turn gathers before it leaves the rest to the next one, as it does with more series and intervals
	// than one receipt has room for.
	maxGathered = 64 << 20
)

func (a *App) fetch(ctx context.Context, name string, payload []byte) error {
	src, found := source.Find(name)
	if !found {
		return fmt.Errorf("fetch: no source is called %s", name)
	}
	if src.Inert(a.Config.AcceptTerms, a.Config.Keys) != "" {
		return nil
	}
	slot, err := decodeSlot(payload)
	if err != nil {
		return fmt.Errorf("fetch %s: %w", name, err)
	}
	_, err = a.turn(ctx, src, slot)
	return err
}

// turn runs a source's turn of this slot. It returns why not everything was asked, nil when it was: somebody else may have the
// turn, the provider may fail.
func (a *App) turn(ctx context.Context, src source.Source, slot time.Time) (stopped, err error) {
	ctx, cancel := context.WithTimeout(ctx, fetch.TurnLimit)
	defer cancel()
	if err := a.Store.Admit(ctx, a.gathers()); err != nil {
		return nil, fmt.Errorf("fetch %s: %w", src.Name, err)
	}
	turn, claimed, err := a.Fetch.Claim(ctx, src.Name, slot)
	if err != nil || !claimed {
		return errNotOurs, err
	}
	requests, err := a.requests(ctx, src, turn.FirstOfDay)
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", src.Name, err)
	}
	got, err := a.gather(ctx, src, requests)
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", src.Name, err)
	}
	if n := len(got.records); n > 0 {
		if _, err := a.Keep(ctx, src.Name, got.records[n-1].Date, got.records); err != nil {
			return nil, fmt.Errorf("fetch %s: %w", src.Name, err)
		}
	}
	for _, answer := range got.fresh {
		if err := a.Fetch.Remember(ctx, src, answer.request, answer.record); err != nil {
			return nil, err
		}
	}
	if err := a.Fetch.Answered(ctx, src.Name, got.answered...); err != nil {
		return nil, err
	}
	for _, id := range got.unknown {
		if err := a.Fetch.MarkUnknown(ctx, src.Name, id.Instrument); err != nil {
			return nil, err
		}
	}
	return got.stopped, a.Fetch.End(ctx, turn, got.outcome(), got.stopped == nil)
}

// errNotOurs says of a turn that it was not run here.
var errNotOurs = errors.New("another process has the source's turn")

// decodeSlot reads a timer's payload: the schedule's occurrence that is run.
func decodeSlot(payload []byte) (time.Time, error) {
	var timer struct {
		Slot time.Time `json:"slot"`
	}
	if err := json.Unmarshal(payload, &timer); err != nil || timer.Slot.IsZero() {
		return time.Time{}, fmt.Errorf(`timer payload %.100q: want {"slot":"2026-01-02T03:05:00Z"}`, payload)
	}
	return timer.Slot, nil
}

// gathered is what one turn has got.
type gathered struct {
	records  []store.Record    // to be stored
	fresh    []answer          // those of them that were understood
	answered []source.Request  // those that were understood, now or when the same answer came before
	unknown  []market.SeriesID // that the provider has no such thing
	asked    int
	stopped  error // why the turn ended before everything was asked; nil when it did not
}

type answer struct {
	request source.Request
	record  store.Record
}

// answers notes that a request was answered, unless by what was asked in its place: that answers another question.
func (g *gathered) answers(request source.Request, record store.Record) {
	if record.Dataset == request.Dataset {
		g.answered = append(g.answered, request)
	}
}

// outcome is a sentence for people.
func (g gathered) outcome() string {
	text := fmt.Sprintf("%d asked, %d stored", g.asked, len(g.records))
	if g.stopped != nil {
		text += "; stopped: " + g.stopped.Error()
	}
	return text
}

// gather asks the requests in order, until one meets a provider that fails or may not be asked now. It takes the answers that were
// understood, and those that only a person can do something about, which Clean records as rejected. Of any other failure the
// breaker keeps the reason.
func (a *App) gather(ctx context.Context, src source.Source, requests []source.Request) (gathered, error) {
	asking, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	var g gathered
	size, spans := 0, 0
	for n := 0; n < len(requests); n++ {
		request := requests[n]
		switch {
		case size > maxGathered:
			g.stopped = fmt.Errorf("more than %d MiB in one turn", maxGathered>>20)
			return g, nil
		case spans+len(request.Series) > store.MaxSpans && spans > 0:
			g.stopped = fmt.Errorf("more than %d series and intervals in one turn", store.MaxSpans)
			return g, nil
		}
		record, err := a.Fetch.Ask(asking, src, request)
		switch {
		case err == nil:
			g.fresh = append(g.fresh, answer{request, record})
			g.records = append(g.records, record)
			g.answers(request, record)
		case errors.Is(err, source.ErrFormat), errors.Is(err, source.ErrUnknownSymbol):
			g.records = append(g.records, record)
			if request.Else != nil {
				requests = slices.Insert(slices.Clip(requests), n+1, *request.Else)
			}
			if errors.Is(err, source.ErrUnknownSymbol) {
				g.unknown = append(g.unknown, request.Series...)
			}
		case errors.Is(err, fetch.ErrUnchanged):
			g.answers(request, record)
		case errors.Is(err, fetch.ErrPaused), errors.Is(err, source.ErrLimited),
			errors.Is(err, source.ErrUnavailable), errors.Is(err, source.ErrRefused):
			g.stopped = err
			return g, nil
		case asking.Err() != nil && ctx.Err() == nil:
			g.stopped = fmt.Errorf("not all was answered within %s", askLimit)
			return g, nil
		default:
			return g, err
		}
		g.asked++
		size += len(record.Body)
		spans += len(record.Series)
	}
	return g, nil
}
