package commands

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/shared/store/storetest"
)

func TestSeries(t *testing.T) {
	settings := storetest.Azurite(t)
	for _, test := range []struct {
		arguments string
		code      int
		says      string
	}{
		{
			"add XCU-USD.mine --class metal --unit lb --calendar new-york --role quote", 0,
			"XCU-USD.mine is declared: metal spot, for one lb in USD, calendar new-york, it votes with the role quote\n  kept as raw/operator/",
		},
		{"add BTC-USD.mine", 0, "BTC-USD.mine is declared: crypto spot, for one BTC in USD, calendar always, it does not vote\n"},
		{"add BTC-USD.mine --role king", 2, "venue, publisher, quote or aggregator"},
		{"add XNI-USD.mine", 2, "class"},
		{"add BTC-USD.kraken", 2, "name of a provider"},
		{"add btc", 2, "want an instrument"},
		{"add", 2, "accepts 1 arg"},
	} {
		r := run(t, settings, t.TempDir(), append([]string{"series"}, strings.Fields(test.arguments)...)...)
		if said := r.stdout + r.stderr; r.code != test.code || !strings.Contains(said, test.says) {
			t.Errorf("series %s: exit code %d, %s; want %d, %q", test.arguments, r.code, said, test.code, test.says)
		}
	}
	want := `
SERIES        CLASS   KIND  UNIT  CALENDAR  ROLE   BARS
BTC-USD.mine  crypto  spot  BTC   always    -      
XCU-USD.mine  metal   spot  lb    new-york  quote  
`
	if diff := cmp.Diff(want, "\n"+run(t, settings, t.TempDir(), "series", "list").stdout); diff != "" {
		t.Errorf("series list (-want +got):\n%s", diff)
	}
	const asJSON = `{"series":"XCU-USD.mine","class":"metal","kind":"spot","unit":"lb","currency":"USD","calendar":"new-york","role":"quote","declared":true,"bars":[]}`
	if got := run(t, settings, t.TempDir(), "series", "list", "--json").stdout; !strings.Contains(got, asJSON+"\n") {
		t.Errorf("series list --json: %s; want the line %s", got, asJSON)
	}
}
