package market_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"assay/shared/market"
)

// bars in ascending order: each is greater than all before it.
func ascending() []market.Bar {
	with := func(change func(b *market.Bar)) market.Bar {
		b := market.Empty(0)
		change(&b)
		return b
	}
	return []market.Bar{
		with(func(b *market.Bar) {}),
		with(func(b *market.Bar) { b.Flags = market.Partial }),
		with(func(b *market.Bar) { b.Volume = 0 }),
		with(func(b *market.Bar) { b.Volume = 5e-324 }),
		with(func(b *market.Bar) { b.Volume = 1 }),
		with(func(b *market.Bar) { b.Close = 1 }),
		with(func(b *market.Bar) { b.Low = 1 }),
		with(func(b *market.Bar) { b.High = 1 }),
		with(func(b *market.Bar) { b.Open = 0 }),
		with(func(b *market.Bar) { b.Open, b.Volume = 0, 1 }),
		with(func(b *market.Bar) { b.Open = 1 }),
		with(func(b *market.Bar) { b.Open = math.Inf(1) }),
		with(func(b *market.Bar) { b.Open = math.Copysign(0, -1) }),
		with(func(b *market.Bar) { b.Open = -1 }),
		with(func(b *market.Bar) { b.Received = 1 }),
		with(func(b *market.Bar) { b.Received, b.Open = 2, 1 }),
		with(func(b *market.Bar) { b.Authority = market.Own }),
		with(func(b *market.Bar) { b.Authority, b.Received = market.Own, 1 }),
	}
}

func TestCompareIsATotalOrder(t *testing.T) {
	bars := ascending()
	for i := range bars {
		for j := range bars {
			want := 0
			switch {
			case i < j:
				want = -1
			case i > j:
				want = 1
			}
			if got := market.Compare(&bars[i], &bars[j]); got != want {
				t.Errorf("compare %+v with %+v: got %d, want %d", bars[i], bars[j], got, want)
			}
		}
	}
}

func TestAbsentIsAbsentWhateverItsBits(t *testing.T) {
	a, b := market.Empty(0), market.Empty(0)
	b.High = math.Float64frombits(0xfff8000000000123)
	if market.Compare(&a, &b) != 0 || !a.SameValue(&b) {
		t.Error("two bars without a high differ")
	}
}

func TestSameValue(t *testing.T) {
	a := market.Bar{Start: 60, Open: 1, High: 2, Low: 0.5, Close: 1, Volume: 3}
	for name, tt := range map[string]struct {
		change func(b *market.Bar)
		want   bool
	}{
		"received":     {func(b *market.Bar) { b.Received = 1 }, true},
		"authority":    {func(b *market.Bar) { b.Authority = market.Own }, true},
		"start":        {func(b *market.Bar) { b.Start = 120 }, false},
		"flags":        {func(b *market.Bar) { b.Flags = market.Thin }, false},
		"a last bit":   {func(b *market.Bar) { b.Close = math.Nextafter(1, 2) }, false},
		"sign of zero": {func(b *market.Bar) { b.Volume = math.Copysign(0, -1) }, false},
		"absent":       {func(b *market.Bar) { b.Volume = market.Absent }, false},
	} {
		b := a
		tt.change(&b)
		if got := a.SameValue(&b); got != tt.want {
			t.Errorf("another %s: got same %t, want %t", name, got, tt.want)
		}
	}
}

func TestFields(t *testing.T) {
	b := market.Empty(7)
	for f := market.Open; f < market.Fields; f++ {
		if !market.IsAbsent(b.Value(f)) {
			t.Errorf("%s of an empty bar: got %v, want it absent", f, b.Value(f))
		}
		b.Set(f, float64(f))
	}
	want := market.Bar{Start: 7, Open: 0, High: 1, Low: 2, Close: 3, Volume: 4}
	if b != want {
		t.Errorf("got %+v, want %+v", b, want)
	}
	if got := market.Volume.String(); got != "volume" {
		t.Errorf("the last field: got %s, want volume", got)
	}
}

// The bits are stored, and the names are served: both stay.
func TestFlags(t *testing.T) {
	flags := market.Partial | market.SwappedVolume | market.Thin | market.ByPublisher | market.Unfinished
	if want := market.Flags(1<<0 | 1<<2 | 1<<8 | 1<<13 | 1<<17); flags != want {
		t.Errorf("bits: got %b, want %b", flags, want)
	}
	if got, want := flags.String(), "partial,swapped-volume,thin,by-publisher,unfinished"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if !flags.Has(market.Thin|market.Partial) || flags.Has(market.Thin|market.Stub) {
		t.Error("Has: want true for all of the flags only")
	}
	all := (^market.Flags(0)).Names()
	if slices.Contains(all, "") || len(slices.Compact(slices.Sorted(slices.Values(all)))) != 18 {
		t.Errorf("names of all flags: got %s, want 18 different ones", strings.Join(all, " "))
	}
	if names := market.Flags(0).Names(); len(names) != 0 {
		t.Errorf("names of no flag: got %v", names)
	}
}

func TestRoles(t *testing.T) {
	for r := market.NoRole; r <= market.Venue; r++ {
		if got, ok := market.ParseRole(r.String()); !ok || got != r {
			t.Errorf("role %q is read as %q", r, got)
		}
	}
	if _, ok := market.ParseRole("Venue"); ok {
		t.Error("role Venue was taken, want lower case only")
	}
	for role, want := range map[market.Role]string{market.Venue: "", market.Publisher: "by-publisher", market.Quote: "by-quote", market.Aggregator: "by-aggregator"} {
		if got := market.ByRole(role).String(); got != want {
			t.Errorf("flag of %s: got %q, want %q", role, got, want)
		}
	}
}
