package chart

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/shared/analysis"
	"assay/shared/market"
)

var (
	first = time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	last  = time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
)

func frame(title, unit string, series ...string) Frame {
	return Frame{
		Title: title, Series: series, From: first, To: last, Interval: market.Day, Unit: unit,
		Prices: "consensus of bitstamp, coinbase and kraken", Width: 960, Height: 480,
	}
}

// waves are prices of four years that rise and fall, without the April of 2020.
func waves(level, rise, phase float64) analysis.Series {
	var s analysis.Series
	for day := range (last - first) / int64(market.Day) {
		x := float64(day)
		s.Time = append(s.Time, first+day*int64(market.Day))
		s.Value = append(s.Value, level*math.Exp(float64(rise*x)+float64(0.3*math.Sin(x/50+phase))+float64(0.05*math.Sin(x*1.7))))
		if at := time.Unix(first+day*int64(market.Day), 0).UTC(); at.Year() == 2020 && at.Month() == time.April {
			s.Value[day] = market.Absent
		}
	}
	return s
}

func drawdowns(s analysis.Series) analysis.Series {
	return analysis.Series{Time: s.Time, Value: analysis.Drawdowns(s.Value)}
}

var names = []string{"BTC-USD", "ETH-USD", "LTC-USD", "XAU-USD", "XAG-USD", "XPT-USD"}

// correlations are of three coins, and of three metals of which one is not known beside the last coin.
func correlations() [][]float64 {
	c := make([][]float64, len(names))
	for i := range c {
		c[i] = make([]float64, len(names))
		for j := range c {
			switch {
			case i == j:
				c[i][j] = 1
			case i/3 == j/3:
				c[i][j] = 0.9 - 0.1*math.Abs(float64(i-j))
			default:
				c[i][j] = -0.1 * float64(i+j) / 5
			}
		}
	}
	return c
}

// pictures are one of every kind.
func pictures(t *testing.T) map[string]Picture {
	t.Helper()
	btc, gold := Line{"BTC-USD", waves(8000, 0.001, 0)}, Line{"XAU-USD", waves(1500, 0.0002, 2)}
	simulated := frame("Bitcoin", "USD", "BTC-USD")
	simulated.Simulated = true
	night := frame("Bitcoin and gold, from 100", "first price = 100", "BTC-USD", "XAU-USD")
	night.Dark = true
	tree, err := analysis.Cluster(analysis.CorrelationDistance(correlations()), analysis.Average)
	if err != nil {
		t.Fatal(err)
	}
	holes := correlations()
	holes[3][2], holes[2][3] = math.NaN(), math.NaN()
	ahead := frame("Gold, forecast", "USD per toz", "XAU-USD")
	ahead.To += 60 * int64(market.Day)
	ahead.From = last - 300*int64(market.Day)
	gold.Series.Time, gold.Series.Value = gold.Series.Time[len(gold.Series.Time)-300:], gold.Series.Value[len(gold.Series.Value)-300:]
	small := frame("A very long title that does not fit into so narrow a picture", "USD", "BTC-USD", "XAU-USD")
	small.Width, small.Height, small.Dark, small.Simulated = MinWidth, MinHeight, true, true
	whole := Line{"XAU-USD", waves(1500, 0.0002, 2)}
	return map[string]Picture{
		"prices":    Lines(frame("Bitcoin", "USD", "BTC-USD"), []Line{btc}, Linear, false),
		"log":       Lines(frame("Bitcoin and gold", "USD", "BTC-USD", "XAU-USD"), []Line{btc, whole}, Log, false),
		"dark":      Lines(night, []Line{{"BTC-USD", rebased(btc.Series)}, {"XAU-USD", rebased(whole.Series)}}, Linear, false),
		"drawdown":  Lines(frame("Drawdown", "below the highest price so far", "BTC-USD", "XAU-USD"), []Line{{"BTC-USD", drawdowns(btc.Series)}, {"XAU-USD", drawdowns(whole.Series)}}, Percent, true),
		"simulated": Lines(simulated, []Line{btc}, Linear, false),
		"matrix":    Matrix(frame("Correlation of daily log returns", "Pearson", names...), names, holes),
		"months":    Months(frame("Bitcoin, month by month", "% in a month", "BTC-USD"), analysis.MonthlyReturns(btc.Series)),
		"tree":      Tree(frame("Which move together", "distance √((1−ρ)/2), average linkage", names...), names, tree, tree.Cut(2)),
		"fan":       Fan(ahead, gold, outlook(), Linear),
		"small":     Lines(small, []Line{btc, whole}, Log, false),
		"nothing":   Lines(frame("Bitcoin", "USD", "BTC-USD"), []Line{{"BTC-USD", analysis.Series{}}}, Linear, false),
	}
}

func rebased(s analysis.Series) analysis.Series {
	out := analysis.Series{Time: s.Time}
	for _, v := range s.Value {
		out.Value = append(out.Value, 100*v/s.Value[0])
	}
	return out
}

func outlook() Outlook {
	o := Outlook{Model: "theta", Bands: []Band{{Probability: 0.95}, {Probability: 0.8}}}
	for day := range 60 {
		mean, sd := 2000+float64(day), 20*math.Sqrt(float64(day+1))
		o.Time, o.Mean = append(o.Time, last+int64(day)*int64(market.Day)), append(o.Mean, mean)
		for n, z := range []float64{1.96, 1.28} {
			o.Bands[n].Low = append(o.Bands[n].Low, mean-float64(z*sd))
			o.Bands[n].High = append(o.Bands[n].High, mean+float64(z*sd))
		}
	}
	return o
}

// TestPictures: the bytes of every kind are those that were looked at (go test -artifacts keeps them, to be looked at again).
func TestPictures(t *testing.T) {
	golden, err := os.ReadFile("testdata/pictures.txt")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, name := range []string{"dark", "drawdown", "fan", "log", "matrix", "months", "nothing", "prices", "simulated", "small", "tree"} {
		picture := pictures(t)[name]
		raster := picture.PNG()
		for _, file := range []struct {
			extension string
			content   []byte
		}{{"svg", picture.SVG()}, {"png", raster}} {
			sum := sha256.Sum256(file.content)
			fmt.Fprintf(&got, "%s.%s %s\n", name, file.extension, hex.EncodeToString(sum[:8]))
			if err := os.WriteFile(filepath.Join(t.ArtifactDir(), name+"."+file.extension), file.content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := xml.Unmarshal(picture.SVG(), new(struct{})); err != nil {
			t.Errorf("%s.svg: %v", name, err)
		}
		if again := pictures(t)[name].PNG(); !bytes.Equal(again, raster) {
			t.Errorf("%s: drawn again it has other bytes", name)
		}
		if size, err := png.DecodeConfig(bytes.NewReader(raster)); err != nil || size.Width != picture.frame.Width || size.Height != picture.frame.Height {
			t.Errorf("%s.png: got %d by %d, %v; want %d by %d", name, size.Width, size.Height, err, picture.frame.Width, picture.frame.Height)
		}
	}
	if diff := cmp.Diff(string(golden), got.String()); diff != "" {
		t.Errorf("pictures (-golden +drawn): look at them and correct testdata/pictures.txt\n%s", diff)
	}
}
