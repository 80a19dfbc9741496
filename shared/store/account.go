package store

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"assay/shared/config"
)

// account is what the settings say: three endpoints and exactly one of key, sas and credential.
type account struct {
	name               string
	blob, queue, table string // endpoints, without a slash at the end
	key                string // base64
	sas                string // a query without its question mark
	credential         azcore.TokenCredential
}

// The well-known account of Azurite; it is no secret.
const (
	devAccount = "devstoreaccount1"
	devKey     = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

// findAccount reads the settings. Its errors name a setting, never its value: a connection string is a secret.
func findAccount(s config.Storage, credential azcore.TokenCredential) (account, error) {
	if s.Connection != "" {
		a, err := parseConnection(s.Connection)
		if err != nil {
			return account{}, fmt.Errorf("AzureWebJobsStorage is not a connection string: %w; want UseDevelopmentStorage=true, "+
				"or the whole text from the storage account's page \"Access keys\"", err)
		}
		return a, nil
	}
	a := account{name: s.AccountName}
	var err error
	for _, service := range []struct {
		name, uri string
		to        *string
	}{
		{"blob", s.BlobURI, &a.blob}, {"queue", s.QueueURI, &a.queue}, {"table", s.TableURI, &a.table},
	} {
		if *service.to, err = identityEndpoint(service.name, service.uri, s.AccountName); err != nil {
			return account{}, err
		}
	}
	if a.credential = credential; credential == nil {
		a.credential, err = findCredential(s)
	}
	return a, err
}

func identityEndpoint(service, uri, accountName string) (string, error) {
	if uri == "" {
		if accountName == "" {
			return "", fmt.Errorf("no storage is set: set AzureWebJobsStorage (UseDevelopmentStorage=true for Azurite), "+
				"AzureWebJobsStorage__accountName, or AzureWebJobsStorage__%sServiceUri", service)
		}
		return "https://" + accountName + "." + service + ".core.windows.net", nil
	}
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" {
		return "", fmt.Errorf("AzureWebJobsStorage__%sServiceUri is no endpoint: want https://<account>.%s.core.windows.net", service, service)
	}
	return strings.TrimSuffix(uri, "/"), nil
}

// findCredential makes the credential that the settings name. The default chain is: AZURE_… variables, workload identity, managed
// identity, then what a developer is logged in with; with a client id, workload and managed identity only.
func findCredential(s config.Storage) (azcore.TokenCredential, error) {
	managed := &azidentity.ManagedIdentityCredentialOptions{}
	if s.ClientID != "" {
		managed.ID = azidentity.ClientID(s.ClientID)
	}
	workload := &azidentity.WorkloadIdentityCredentialOptions{ClientID: s.ClientID}
	var credential azcore.TokenCredential
	var err error
	switch s.Credential {
	case "managedidentity":
		credential, err = azidentity.NewManagedIdentityCredential(managed)
	case "workloadidentity":
		credential, err = azidentity.NewWorkloadIdentityCredential(workload)
	case "":
		if s.ClientID == "" {
			credential, err = azidentity.NewDefaultAzureCredential(nil)
			break
		}
		// The default chain takes a client id from AZURE_CLIENT_ID only.
		var chain []azcore.TokenCredential
		if c, err := azidentity.NewWorkloadIdentityCredential(workload); err == nil {
			chain = append(chain, c)
		}
		if c, err := azidentity.NewManagedIdentityCredential(managed); err == nil {
			chain = append(chain, c)
		}
		credential, err = azidentity.NewChainedTokenCredential(chain, nil)
	default:
		return nil, fmt.Errorf("AzureWebJobsStorage__credential=%q: want managedidentity or workloadidentity, or nothing for the default chain", s.Credential)
	}
	if err != nil {
		return nil, fmt.Errorf("AzureWebJobsStorage__credential %q cannot be used: %w", s.Credential, err)
	}
	return credential, nil
}

func parseConnection(connection string) (account, error) {
	parts := map[string]string{}
	for part := range strings.SplitSeq(connection, ";") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, value, found := strings.Cut(part, "=")
		if !found {
			return account{}, errors.New("a part of it is not of the form name=value")
		}
		parts[strings.ToLower(name)] = value
	}
	if dev, found := parts["usedevelopmentstorage"]; found {
		if !strings.EqualFold(dev, "true") {
			return account{}, errors.New("UseDevelopmentStorage can only be true")
		}
		return developmentAccount(parts["developmentstorageproxyuri"])
	}
	a := account{name: parts["accountname"], key: parts["accountkey"], sas: strings.TrimPrefix(parts["sharedaccesssignature"], "?")}
	if a.key == "" && a.sas == "" {
		return account{}, errors.New("it has neither an AccountKey nor a SharedAccessSignature")
	}
	if a.key != "" && a.name == "" {
		return account{}, errors.New("it has no AccountName")
	}
	if _, err := base64.StdEncoding.DecodeString(a.key); err != nil {
		return account{}, errors.New("its AccountKey is not base64")
	}
	var err error
	for _, endpoint := range []struct {
		service string
		to      *string
	}{{"blob", &a.blob}, {"queue", &a.queue}, {"table", &a.table}} {
		if *endpoint.to, err = connectionEndpoint(parts, endpoint.service); err != nil {
			return account{}, err
		}
	}
	return a, nil
}

func connectionEndpoint(parts map[string]string, service string) (string, error) {
	if endpoint := parts[service+"endpoint"]; endpoint != "" {
		u, err := url.Parse(endpoint)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
			return "", fmt.Errorf("its endpoint of the %s service is no URL", service)
		}
		return strings.TrimSuffix(endpoint, "/"), nil
	}
	if parts["accountname"] == "" {
		return "", fmt.Errorf("it has no AccountName and no endpoint of the %s service", service)
	}
	protocol, suffix := "https", "core.windows.net"
	if p := parts["defaultendpointsprotocol"]; p != "" {
		protocol = p
	}
	if s := parts["endpointsuffix"]; s != "" {
		suffix = s
	}
	return protocol + "://" + parts["accountname"] + "." + service + "." + suffix, nil
}

// developmentAccount is Azurite on its default ports, on this machine or on the proxy's host. None of the SDKs knows
// UseDevelopmentStorage.
func developmentAccount(proxy string) (account, error) {
	host := "http://127.0.0.1"
	if proxy != "" {
		u, err := url.Parse(proxy)
		if err != nil || u.Scheme == "" || u.Hostname() == "" {
			return account{}, errors.New("its DevelopmentStorageProxyUri is no URL")
		}
		host = u.Scheme + "://" + u.Hostname()
	}
	endpoint := func(port string) string { return host + ":" + port + "/" + devAccount }
	return account{name: devAccount, key: devKey, blob: endpoint("10000"), queue: endpoint("10001"), table: endpoint("10002")}, nil
}
