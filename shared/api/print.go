package api

import (
	"math"
	"slices"
	"strconv"
	"time"

	"assay/shared/market"
)

// print writes the table in a format; head is the JSON object to continue.
func (t table) print(head []byte, format string) []byte {
	if format == "csv" {
		return t.appendCSV(make([]byte, 0, 64+64*len(t.bars)))
	}
	out := t.appendHead(make([]byte, 0, len(head)+256+72*len(t.bars)), head)
	if format == "rows" {
		return append(t.appendRows(append(out, `,"rows":[`...)), "]}"...)
	}
	return append(t.appendColumns(out), '}')
}

// appendHead appends the JSON object head, open, with the quality of the bars.
func (t table) appendHead(out, head []byte) []byte {
	q := t.quality()
	out = append(out, head[:len(head)-1]...)
	return append(appendCounts(out, `,"quality":{"bars":`, q.Bars, `,"expected":`, q.Expected, `,"absent":`, q.Absent, `,"flagged":`, q.Flagged), '}')
}

// flagsOf names the flags of a bar; one that is not there has the flag filled.
func (t table) flagsOf(n int) []string {
	names := t.bars[n].Flags.Names()
	if _, filled := slices.BinarySearch(t.filled, n); filled {
		names = append(names, "filled")
	}
	return names
}

// appendCounts appends texts and numbers in turn.
func appendCounts(out []byte, parts ...any) []byte {
	for _, part := range parts {
		switch v := part.(type) {
		case string:
			out = append(out, v...)
		case int:
			out = strconv.AppendInt(out, int64(v), 10)
		}
	}
	return out
}

func (t table) appendColumns(out []byte) []byte {
	out = appendTimes(out, t.bars)
	for f := market.Open; f < market.Fields; f++ {
		out = appendField(out, t.bars, f)
	}
	if len(t.decisions) > 0 {
		out = append(out, `,"votes":[`...)
		for n := range t.decisions {
			out = strconv.AppendInt(comma(out, n), int64(t.decisions[n].Votes), 10)
		}
		out = append(out, `],"dispersion":[`...)
		for n := range t.decisions {
			out = appendNumber(comma(out, n), t.decisions[n].Dispersion)
		}
		out = append(out, ']')
	}
	out = appendFlags(t.appendRates(appendQuotes(out, t.bars)), t.bars)
	if len(t.filled) > 0 {
		out = append(appendPositions(append(out, `,"filled":[`...), t.filled), ']')
	}
	return out
}

func appendTimes(out []byte, bars []market.Bar) []byte {
	out = append(out, `,"time":[`...)
	for n := range bars {
		out = strconv.AppendInt(comma(out, n), bars[n].Start, 10)
	}
	return append(out, ']')
}

func appendField(out []byte, bars []market.Bar, f market.Field) []byte {
	out = append(append(append(out, `,"`...), f.String()...), `":[`...)
	for n := range bars {
		out = appendNumber(comma(out, n), bars[n].Value(f))
	}
	return append(out, ']')
}

// appendRates appends the exchange rates of the bars and their dates, where the bars were converted, and which bars have none.
func (t table) appendRates(out []byte) []byte {
	if len(t.rates) == 0 {
		return out
	}
	var none []int
	out = append(out, `,"rate":[`...)
	for n, rate := range t.rates {
		v := market.Absent
		if rate != nil {
			v = rate.Close
		} else {
			none = append(none, n)
		}
		out = appendNumber(comma(out, n), v)
	}
	out = append(out, `],"rateDate":[`...)
	for n, rate := range t.rates {
		out = comma(out, n)
		if rate == nil {
			out = append(out, "null"...)
			continue
		}
		out = append(append(append(out, '"'), printedDate(rate.Start)...), '"')
	}
	if out = append(out, ']'); len(none) > 0 {
		out = append(appendPositions(append(out, `,"noRate":[`...), none), ']')
	}
	return out
}

// appendQuotes appends how many quotes the bars are made of, if any is.
func appendQuotes(out []byte, bars []market.Bar) []byte {
	if !slices.ContainsFunc(bars, func(b market.Bar) bool { return b.QuoteCount() > 0 }) {
		return out
	}
	out = append(out, `,"quotes":[`...)
	for n := range bars {
		out = strconv.AppendInt(comma(out, n), int64(bars[n].QuoteCount()), 10)
	}
	return append(out, ']')
}

// appendFlags appends the positions of the bars that carry each flag, by its name, in the order of the flags' bits.
func appendFlags(out []byte, bars []market.Bar) []byte {
	var any market.Flags
	for n := range bars {
		any |= bars[n].Flags
	}
	out = append(out, `,"flags":{`...)
	first := true
	for flag := market.Flags(1); flag <= any && flag != 0; flag <<= 1 {
		if !any.Has(flag) {
			continue
		}
		if !first {
			out = append(out, ',')
		}
		out = append(append(append(out, '"'), flag.String()...), `":[`...)
		var positions []int
		for n := range bars {
			if bars[n].Flags.Has(flag) {
				positions = append(positions, n)
			}
		}
		out, first = append(appendPositions(out, positions), ']'), false
	}
	return append(out, '}')
}

func appendPositions(out []byte, positions []int) []byte {
	for n, position := range positions {
		out = strconv.AppendInt(comma(out, n), int64(position), 10)
	}
	return out
}

func (t table) appendRows(out []byte) []byte {
	filled := t.filled
	for n := range t.bars {
		b := &t.bars[n]
		out = append(appendTime(append(comma(out, n), `{"time":"`...), b.Start), '"')
		for f := market.Open; f < market.Fields; f++ {
			out = append(append(append(out, `,"`...), f.String()...), `":`...)
			out = appendNumber(out, b.Value(f))
		}
		out = append(out, `,"flags":[`...)
		for i, name := range b.Flags.Names() {
			out = append(append(append(comma(out, i), '"'), name...), '"')
		}
		out = append(out, ']')
		if quotes := b.QuoteCount(); quotes > 0 {
			out = strconv.AppendInt(append(out, `,"quotes":`...), int64(quotes), 10)
		}
		if len(filled) > 0 && filled[0] == n {
			out, filled = append(out, `,"filled":true`...), filled[1:]
		}
		switch {
		case len(t.rates) == 0:
		case t.rates[n] == nil:
			out = append(out, `,"noRate":true`...)
		default:
			out = appendNumber(append(out, `,"rate":`...), t.rates[n].Close)
			out = append(append(append(out, `,"rateDate":"`...), printedDate(t.rates[n].Start)...), '"')
		}
		out = append(out, '}')
	}
	return out
}

// appendCSV prints the table as RFC 4180 has it: lines end with CR LF, an absent field is empty, several flags are separated by
// spaces. What was converted has two columns more.
func (t table) appendCSV(out []byte) []byte {
	out = append(out, "time,open,high,low,close,volume,flags"...)
	if len(t.rates) > 0 {
		out = append(out, ",rate,rateDate"...)
	}
	out = append(out, "\r\n"...)
	for n := range t.bars {
		b := &t.bars[n]
		out = appendTime(out, b.Start)
		for f := market.Open; f < market.Fields; f++ {
			out = append(out, ',')
			if v := b.Value(f); !market.IsAbsent(v) {
				out = appendNumber(out, v)
			}
		}
		out = append(out, ',')
		for i, name := range t.flagsOf(n) {
			if i > 0 {
				out = append(out, ' ')
			}
			out = append(out, name...)
		}
		if len(t.rates) > 0 {
			out = append(out, ',')
			if rate := t.rates[n]; rate != nil {
				out = append(append(appendNumber(out, rate.Close), ','), printedDate(rate.Start)...)
			} else {
				out = append(out, ',')
			}
		}
		out = append(out, "\r\n"...)
	}
	return out
}

func comma(out []byte, n int) []byte {
	if n > 0 {
		return append(out, ',')
	}
	return out
}

func appendTime(out []byte, seconds int64) []byte {
	return time.Unix(seconds, 0).UTC().AppendFormat(out, time.RFC3339)
}

// appendNumber appends a number in the fewest digits that give it back exactly, as people write prices: without an exponent
// from a millionth to 10^21. What JSON has no number for is null.
func appendNumber(out []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(out, "null"...)
	}
	if size := math.Abs(v); size != 0 && (size < 1e-6 || size >= 1e21) {
		return strconv.AppendFloat(out, v, 'e', -1, 64)
	}
	return strconv.AppendFloat(out, v, 'f', -1, 64)
}
