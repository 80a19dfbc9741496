package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// unset is what there is when nothing is set.
func unset() Config {
	return Config{
		Storage: Storage{Connection: "UseDevelopmentStorage=true"},
		Watchlist: []string{
			"BTC-USD", "ETH-USD", "LTC-USD", "PAXG-USD", "XAU-USD", "XAG-USD", "XPT-USD", "XPD-USD", "EUR-USD",
			"XAU-USD-AM", "XAU-USD-PM", "XAG-USD-FIX", "XPT-USD-AM", "XPT-USD-PM", "XPD-USD-AM", "XPD-USD-PM", "XAU-PLN-FIX",
		},
		ResendAfter: 30 * time.Minute, HandlerPort: "8080",
	}
}

func TestLoad(t *testing.T) {
	for _, c := range []struct {
		name string
		set  map[string]string
		want func(*Config)
	}{
		{"nothing", nil, func(*Config) {}},
		{"a connection string", map[string]string{"AzureWebJobsStorage": "AccountName=a"}, func(c *Config) { c.Storage.Connection = "AccountName=a" }},
		{"an identity: nothing is Azurite then", map[string]string{
			"AzureWebJobsStorage__accountName": "prices", "AzureWebJobsStorage__credential": "managedidentity", "AzureWebJobsStorage__clientId": "1-2",
		}, func(c *Config) {
			c.Storage = Storage{AccountName: "prices", Credential: "managedidentity", ClientID: "1-2"}
		}},
		{"services by address", map[string]string{
			"AzureWebJobsStorage__blobServiceUri": "https://b", "AzureWebJobsStorage__queueServiceUri": "https://q", "AzureWebJobsStorage__tableServiceUri": "https://t",
		}, func(c *Config) {
			c.Storage = Storage{BlobURI: "https://b", QueueURI: "https://q", TableURI: "https://t"}
		}},
		{"both: store decides", map[string]string{"AzureWebJobsStorage": "x=y", "AzureWebJobsStorage__accountName": "prices"}, func(c *Config) {
			c.Storage = Storage{Connection: "x=y", AccountName: "prices"}
		}},
		{"lists, with blanks and empty items", map[string]string{"ASSAY_ACCEPT_TERMS": " lbma, ,ecb,", "ASSAY_WATCHLIST": "BTC-USD"}, func(c *Config) {
			c.AcceptTerms, c.Watchlist = []string{"lbma", "ecb"}, []string{"BTC-USD"}
		}},
		{"the rest", map[string]string{
			"ASSAY_SOURCE_URL": "http://127.0.0.1:9", "ASSAY_RESEND_AFTER": "90s", "ASSAY_FUNCTION_KEYS_FILE": "keys", "ASSAY_PUBLIC_READ": "true",
			"FUNCTIONS_CUSTOMHANDLER_PORT": "9999",
		}, func(c *Config) {
			c.SourceURL, c.ResendAfter, c.KeysFile, c.PublicRead, c.HandlerPort = "http://127.0.0.1:9", 90*time.Second, "keys", true, "9999"
		}},
		{"a key, with a line end", map[string]string{"ASSAY_COINGECKO_KEY": "CG-1\n"}, func(c *Config) {
			c.Keys = map[string]string{"ASSAY_COINGECKO_KEY": "CG-1"}
		}},
		{"no public reading", map[string]string{"ASSAY_PUBLIC_READ": "false"}, func(*Config) {}},
	} {
		want := unset()
		c.want(&want)
		got, err := Load(func(name string) string { return c.set[name] })
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", c.name, err, diff)
		}
	}
}

func TestLoadErrors(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"ASSAY_PUBLIC_READ", "yes", `ASSAY_PUBLIC_READ="yes": want true or false`},
		{"ASSAY_RESEND_AFTER", "30", `ASSAY_RESEND_AFTER="30": want a positive duration such as 30m`},
		{"ASSAY_RESEND_AFTER", "0s", `ASSAY_RESEND_AFTER="0s"`},
		{"ASSAY_RESEND_AFTER", "-1m", `ASSAY_RESEND_AFTER="-1m"`},
	} {
		_, err := Load(func(name string) string {
			if name == c.name {
				return c.value
			}
			return ""
		})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s=%s: got %v, want an error with %q", c.name, c.value, err, c.want)
		}
	}
}
