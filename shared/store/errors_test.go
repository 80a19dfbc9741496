package store_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"assay/shared/config"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

func TestSettingsThatCannotBeOpened(t *testing.T) {
	const key = "c2VjcmV0" // "secret"
	for _, c := range []struct {
		settings config.Storage
		want     string // a part of the sentence
	}{
		{config.Storage{}, "no storage is set: set AzureWebJobsStorage"},
		{config.Storage{Connection: key}, "AzureWebJobsStorage is not a connection string: a part of it is not of the form name=value"},
		{config.Storage{Connection: "AccountKey=" + key}, "it has no AccountName"},
		{config.Storage{Connection: "AccountName=a"}, "it has neither an AccountKey nor a SharedAccessSignature"},
		{config.Storage{Connection: "AccountName=a;AccountKey=" + key + "!"}, "its AccountKey is not base64"},
		{config.Storage{Connection: "AccountName=a;AccountKey=" + key + ";TableEndpoint=" + key}, "its endpoint of the table service is no URL"},
		{config.Storage{Connection: "SharedAccessSignature=sig=" + key + ";BlobEndpoint=https://a"}, "it has no AccountName and no endpoint of the queue service"},
		{config.Storage{Connection: "UseDevelopmentStorage=" + key}, "UseDevelopmentStorage can only be true"},
		{config.Storage{Connection: "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=" + key}, "its DevelopmentStorageProxyUri is no URL"},
		{config.Storage{BlobURI: "https://a.blob.core.windows.net"}, "AzureWebJobsStorage__queueServiceUri"},
		{config.Storage{AccountName: "a", TableURI: "http://" + key}, "AzureWebJobsStorage__tableServiceUri is no endpoint: want https://"},
		{config.Storage{AccountName: "a", Credential: "password"}, `AzureWebJobsStorage__credential="password": want managedidentity or workloadidentity`},
		{config.Storage{AccountName: "a", Credential: "workloadidentity"}, `AzureWebJobsStorage__credential "workloadidentity" cannot be used`},
	} {
		t.Setenv("AZURE_CLIENT_ID", "")
		_, err := store.Open(c.settings, store.Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		} else if strings.Contains(err.Error(), key) {
			t.Errorf("the error shows the setting's value: %v", err)
		}
	}
}

func TestSettingsThatOpen(t *testing.T) {
	for name, settings := range map[string]config.Storage{
		"development": {Connection: config.Development},
		"proxy":       {Connection: "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://azurite;"},
		"key":         {Connection: "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net"},
		"signature":   {Connection: "AccountName=a;SharedAccessSignature=?sv=2020&sig=x"},
		"default":     {AccountName: "a"},
		"client id":   {AccountName: "a", ClientID: "00000000-0000-0000-0000-000000000001"},
		"managed":     {AccountName: "a", Credential: "managedidentity", ClientID: "00000000-0000-0000-0000-000000000001"},
		"endpoints": {
			BlobURI: "https://a.blob.core.windows.net/", QueueURI: "https://a.queue.core.windows.net", TableURI: "https://a.table.core.windows.net",
			Credential: "managedidentity",
		},
	} {
		if _, err := store.Open(settings, store.Options{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhereRequestsGo(t *testing.T) {
	for _, c := range []struct {
		connection string
		want       string // host and path of a blob, a queue's and a table's request
	}{
		{config.Development, "127.0.0.1:10000/devstoreaccount1 127.0.0.1:10001/devstoreaccount1 127.0.0.1:10002/devstoreaccount1"},
		{
			"UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://azurite:1",
			"azurite:10000/devstoreaccount1 azurite:10001/devstoreaccount1 azurite:10002/devstoreaccount1",
		},
		{"AccountName=a;AccountKey=c2VjcmV0", "a.blob.core.windows.net a.queue.core.windows.net a.table.core.windows.net"},
		{
			"AccountName=a;SharedAccessSignature=sig=x;TableEndpoint=https://tables.test/a/;EndpointSuffix=core.chinacloudapi.cn",
			"a.blob.core.chinacloudapi.cn a.queue.core.chinacloudapi.cn tables.test/a",
		},
	} {
		var asked []string
		spy := &storetest.Fail{Count: -1, Match: func(r *http.Request) bool {
			for _, end := range []string{"/raw", "/raw-prices/messages", "/bars()"} {
				if at, found := strings.CutSuffix(r.URL.Host+r.URL.Path, end); found {
					asked = append(asked, at)
				}
			}
			return true
		}}
		s := storetest.Reopen(t, config.Storage{Connection: c.connection}, spy)
		_, listErr := s.Blobs.ListRaw(t.Context(), "kraken", 0, moment)
		_, queueErr := s.Queues.Receive(t.Context(), store.RawPrices, 1, 1)
		_, tableErr := s.Tables.Query(t.Context(), store.TableBars, "p", store.Range{})
		if got := strings.Join(asked, " "); got != c.want {
			t.Errorf("%s: asked %s, want %s (%v)", c.connection, got, c.want, errors.Join(listErr, queueErr, tableErr))
		}
	}
}

func TestNothingListens(t *testing.T) {
	t.Parallel() // waits for four tries
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := "http://" + listener.Addr().String()
	listener.Close()
	s := storetest.Reopen(t, config.Storage{Connection: fmt.Sprintf(
		"AccountName=a;AccountKey=c2VjcmV0;BlobEndpoint=%[1]s/a;QueueEndpoint=%[1]s/a;TableEndpoint=%[1]s/a", at)})
	_, err = s.Tables.Get(t.Context(), store.TableBars, "p", "r")
	want := "table bars, row p r: storage at " + at + " does not answer: start it with make run, or set AzureWebJobsStorage"
	if !errors.Is(err, store.ErrUnreachable) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// What a request says of itself may hold a signature.
func TestErrorsShowNoSignature(t *testing.T) {
	s := storetest.Reopen(t, config.Storage{Connection: "SharedAccessSignature=sv=2020&sig=SECRET;" +
		"BlobEndpoint=http://127.0.0.1:1/a;QueueEndpoint=http://127.0.0.1:1/a;TableEndpoint=http://127.0.0.1:1/a"})
	for name, ask := range map[string]func() error{
		"table": func() error {
			_, err := s.Tables.Query(t.Context(), store.TableBars, "p", store.Range{})
			return err
		},
		"queue": func() error { return s.Queues.Send(t.Context(), store.RawPrices, "text", 0) },
		"blob": func() error {
			_, err := s.Blobs.Raw(t.Context(), blob)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // waits for four tries
			if err := ask(); !errors.Is(err, store.ErrUnreachable) || strings.Contains(err.Error(), "SECRET") || strings.Contains(err.Error(), "sig=") {
				t.Errorf("got %v, want ErrUnreachable without a query", err)
			}
		})
	}
}

func TestCancelledRequestSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancelling := &storetest.Fail{Count: -1, Match: func(*http.Request) bool { cancel(); return false }}
	s := storetest.Open(t, cancelling)
	_, getErr := s.Tables.Get(ctx, store.TableBars, "p", "r")
	queueErr := s.Queues.Send(ctx, store.RawPrices, "text", 0)
	for _, err := range []error{getErr, queueErr} {
		if !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "http://") {
			t.Errorf("got %v, want context.Canceled and no URL", err)
		}
	}
}
