package api

import (
	"context"
	"errors"
	"testing"

	"assay/shared/analysis"
	"assay/shared/market"
)

// When nobody waits for an answer any more, no series, pair or fit is begun after the one that is under way.
func TestAnalysesStop(t *testing.T) {
	for name, in := range map[string]any{
		"changepoints": &changePointParameters{Of: "price", Cost: "variance", MinSize: 10},
		"correlation":  &correlationParameters{},
		"backtest":     &backtestParameters{tested: tested{modelled: modelled{Of: "price", Period: 1}, Horizon: 1, Origins: 50}, Models: []string{"theta"}},
	} {
		left, asked := context.Canceled, 0
		s := &sheet{join: analysis.PricesFirst, returns: analysis.LogReturns}
		for _, instrument := range []string{"BTC-USD", "ETH-USD", "LTC-USD"} {
			o := observed{bars: wandering(instrument, 1, 200), stopped: func() error {
				if asked++; asked == 1 {
					return nil
				}
				return left // after the first series, pair or fit
			}}
			o.ID = market.SeriesID{Instrument: instrument}
			s.series = append(s.series, o)
		}
		k, err := kindOf(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.compute(in, s); !errors.Is(err, left) || asked > 3 {
			t.Errorf("%s: %v after the client was looked for %d times; want %v at the second", name, err, asked, left)
		}
	}
}
