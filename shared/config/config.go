// Package config reads the settings of assay, once, in main. Setting names are those of Azure Functions where it has one.
package config

import (
	"fmt"
	"strings"
	"time"
)

// Config is every setting. local.settings.json.example lists them with values for a laptop.
type Config struct {
	Storage     Storage           // where everything is kept
	AcceptTerms []string          // ASSAY_ACCEPT_TERMS: sources whose terms the owner accepts, separated by commas; none
	Keys        map[string]string // ASSAY_COINGECKO_KEY: the owner's key for a source, by the setting that holds it; none
	Watchlist   []string          // ASSAY_WATCHLIST: the instruments to gather, separated by commas; see defaultWatchlist
	SourceURL   string            // ASSAY_SOURCE_URL: a server on loopback that answers in every provider's place, with simulated prices; none
	ResendAfter time.Duration     // ASSAY_RESEND_AFTER: how long a payload may be on its way before Reconcile sends it again; 30m
	KeysFile    string            // ASSAY_FUNCTION_KEYS_FILE: function keys that `assay run` accepts, one a line; none: loopback only
	PublicRead  bool              // ASSAY_PUBLIC_READ: reads need no key beyond loopback either; false
	HandlerPort string            // FUNCTIONS_CUSTOMHANDLER_PORT: given by the Functions host; 8080
}

// Storage is one storage account: a connection string, or names and an identity. The connection string wins.
type Storage struct {
	Connection  string // AzureWebJobsStorage; UseDevelopmentStorage=true is Azurite on its default ports
	AccountName string // AzureWebJobsStorage__accountName
	BlobURI     string // AzureWebJobsStorage__blobServiceUri
	QueueURI    string // AzureWebJobsStorage__queueServiceUri
	TableURI    string // AzureWebJobsStorage__tableServiceUri
	Credential  string // AzureWebJobsStorage__credential: managedidentity, workloadidentity, or empty for the default chain
	ClientID    string // AzureWebJobsStorage__clientId: a user-assigned identity
}

// Development is what commands use when nothing is set: Azurite on its default ports.
const Development = "UseDevelopmentStorage=true"

// defaultWatchlist is what is gathered when nothing is set: a source takes of it what it has.
const defaultWatchlist = "BTC-USD,ETH-USD,LTC-USD,PAXG-USD,XAU-USD,XAG-USD,XPT-USD,XPD-USD,EUR-USD," +
	"XAU-USD-AM,XAU-USD-PM,XAG-USD-FIX,XPT-USD-AM,XPT-USD-PM,XPD-USD-AM,XPD-USD-PM,XAU-PLN-FIX"

// Load reads the settings through get, which is os.Getenv in the program.
func Load(get func(string) string) (Config, error) {
	c := Config{
		Storage: Storage{
			Connection:  get("AzureWebJobsStorage"),
			AccountName: get("AzureWebJobsStorage__accountName"),
			BlobURI:     get("AzureWebJobsStorage__blobServiceUri"),
			QueueURI:    get("AzureWebJobsStorage__queueServiceUri"),
			TableURI:    get("AzureWebJobsStorage__tableServiceUri"),
			Credential:  get("AzureWebJobsStorage__credential"),
			ClientID:    get("AzureWebJobsStorage__clientId"),
		},
		AcceptTerms: list(get("ASSAY_ACCEPT_TERMS")),
		Keys:        set(get, "ASSAY_COINGECKO_KEY"),
		Watchlist:   list(or(get("ASSAY_WATCHLIST"), defaultWatchlist)),
		SourceURL:   get("ASSAY_SOURCE_URL"),
		KeysFile:    get("ASSAY_FUNCTION_KEYS_FILE"),
		HandlerPort: or(get("FUNCTIONS_CUSTOMHANDLER_PORT"), "8080"),
	}
	if (c.Storage == Storage{}) {
		c.Storage.Connection = Development
	}
	var err error
	if c.ResendAfter, err = time.ParseDuration(or(get("ASSAY_RESEND_AFTER"), "30m")); err != nil || c.ResendAfter <= 0 {
		return Config{}, fmt.Errorf("ASSAY_RESEND_AFTER=%q: want a positive duration such as 30m", get("ASSAY_RESEND_AFTER"))
	}
	switch v := get("ASSAY_PUBLIC_READ"); v {
	case "", "false":
	case "true":
		c.PublicRead = true
	default:
		return Config{}, fmt.Errorf("ASSAY_PUBLIC_READ=%q: want true or false", v)
	}
	return c, nil
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// set returns those of the settings that are set.
func set(get func(string) string, names ...string) map[string]string {
	var values map[string]string
	for _, name := range names {
		if value := strings.TrimSpace(get(name)); value != "" {
			if values == nil {
				values = map[string]string{}
			}
			values[name] = value
		}
	}
	return values
}

func list(s string) []string {
	var items []string
	for item := range strings.SplitSeq(s, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}
