package source

import (
	"math/big"
	"regexp"
	"strings"

	"assay/shared/market"
)

// quoted is the row of one quote: a bar of the minute that it is of, with a close only. At is in Unix seconds.
func quoted(series market.SeriesID, at int64, price, text string) market.Row {
	return market.Row{
		Series: series, Interval: market.Minute, Number: 1, Start: market.Minute.Floor(at), Close: price, Sampled: true, Text: text,
	}
}

// spotMetal returns the code of a metal, for an instrument that is its spot price in dollars.
func spotMetal(in market.Instrument) (string, bool) {
	code, currency := pair(in.ID)
	return code, in.Class == market.Metal && in.Kind == market.Spot && currency == "USD"
}

// isOpen reports whether the market trades at the time of a question: the quote of a closed one is no news.
func isOpen(in market.Instrument, ask Ask) bool {
	return in.Calendar.Expects(market.Minute.Floor(ask.Now), market.Minute)
}

var plainDecimal = regexp.MustCompile(`^[0-9]{1,15}(\.[0-9]{1,15})?$`)

// middle returns the price between a bid and an ask, exactly, all as decimal text. What is no pair of prices is returned as it
// is, for the cleaner to refuse; one side that is missing is Missing.
func middle(bid, ask string) string {
	if bid == Missing || ask == Missing {
		return Missing
	}
	b, a := new(big.Rat), new(big.Rat)
	if !plainDecimal.MatchString(bid) || !plainDecimal.MatchString(ask) {
		return bid + " bid, " + ask + " ask"
	}
	b.SetString(bid)
	a.SetString(ask)
	if b.Cmp(a) > 0 || b.Sign() == 0 {
		return bid + " bid, " + ask + " ask"
	}
	_, cents, _ := strings.Cut(bid, ".")
	_, others, _ := strings.Cut(ask, ".")
	text := b.Mul(b.Add(b, a), big.NewRat(1, 2)).FloatString(max(len(cents), len(others)) + 1)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}
