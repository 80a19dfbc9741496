package sim

import (
	"math"

	"assay/shared/market"
)

// The factors that instruments share, and the groups of instruments that have a volatility regime and jumps in common.
const (
	crypto = iota
	metal
	dollar
	factors
)

// instrument is what is priced, and how it moves.
type instrument struct {
	id     string
	base   string
	name   string
	level  float64 // dollars, of its trend at the reference
	growth float64 // of its trend, per year, of the logarithm
	daily  float64 // standard deviation of a day's logarithmic return, in the normal regime
	loads  [factors]float64
	group  int
	open   market.Calendar
	volume float64 // traded at all venues in an average minute, in units of itself
	quiet  float64 // how much rarer than bitcoin's are its trades
	follow string  // the instrument whose price a token has

	number  int
	anchors []float64 // logarithm of the price at 00:00 of each day
}

var instruments = []instrument{
	{id: "BTC-USD", base: "BTC", level: 90000, growth: 0.30, daily: 0.028, loads: [factors]float64{0.85, 0.05, 0.1}, group: crypto, open: market.Always, volume: 8, quiet: 1},
	{id: "ETH-USD", base: "ETH", level: 3200, growth: 0.25, daily: 0.036, loads: [factors]float64{0.8, 0, 0.1}, group: crypto, open: market.Always, volume: 120, quiet: 1.5},
	{id: "LTC-USD", base: "LTC", level: 95, growth: 0.05, daily: 0.038, loads: [factors]float64{0.7, 0, 0.1}, group: crypto, open: market.Always, volume: 300, quiet: 5},
	{id: "PAXG-USD", base: "PAXG", group: metal, open: market.Always, volume: 0.3, quiet: 10, follow: "XAU-USD"},
	{id: "XAU-USD", base: "XAU", name: "Gold", level: 4100, growth: 0.10, daily: 0.010, loads: [factors]float64{0.1, 0.8, 0.3}, group: metal, open: market.MetalSession},
	{id: "XAG-USD", base: "XAG", name: "Silver", level: 50, growth: 0.09, daily: 0.018, loads: [factors]float64{0.1, 0.75, 0.25}, group: metal, open: market.MetalSession},
	{id: "XPT-USD", base: "XPT", name: "Platinum", level: 1500, growth: 0.03, daily: 0.016, loads: [factors]float64{0.05, 0.6, 0.2}, group: metal, open: market.MetalSession},
	{id: "XPD-USD", base: "XPD", name: "Palladium", level: 1400, growth: 0.01, daily: 0.021, loads: [factors]float64{0.05, 0.5, 0.15}, group: metal, open: market.MetalSession},
	{id: "EUR-USD", base: "EUR", name: "Euro", level: 1.15, daily: 0.0048, loads: [factors]float64{0, 0.1, 0.9}, group: dollar, open: market.MetalSession},
}

// find returns the instrument of this id.
func (w *world) find(id string) *instrument {
	for i := range w.list {
		if w.list[i].id == id {
			return &w.list[i]
		}
	}
	return nil
}

// innovation mixes the shared factors with an instrument's own: it has variance 1.
func (in *instrument) innovation(shared [factors]float64, own float64) float64 {
	sum, rest := 0.0, 1.0
	for k, load := range in.loads {
		sum += float64(load * shared[k])
		rest -= float64(load * load)
	}
	return sum + float64(math.Sqrt(rest)*own)
}

// trend is the logarithm of the price that an instrument is pulled to.
func (in *instrument) trend(d int) float64 {
	return math.Log(in.level) + float64(in.growth*float64(dayStart(d)-reference)/(yearDays*float64(market.Day)))
}

// other is the instrument whose prices take an instrument's place: never one that trades elsewhere.
func (in *instrument) other() string {
	return map[string]string{"BTC-USD": "ETH-USD", "ETH-USD": "BTC-USD", "LTC-USD": "ETH-USD", "XAU-USD": "XAG-USD", "XAG-USD": "XAU-USD", "XPT-USD": "XPD-USD", "XPD-USD": "XPT-USD"}[in.id]
}
