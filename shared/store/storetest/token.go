package storetest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"assay/shared/config"
	"assay/shared/store"
)

// OpenWithToken is Open over HTTPS with an identity: a second Azurite that wants bearer tokens, whose claims it checks and
// whose signature it does not.
func OpenWithToken(tb testing.TB, policies ...policy.Policy) *store.Store {
	tb.Helper()
	cert := certificate(tb)
	e := secure.start(tb, "--oauth", "basic", "--cert", cert.certFile, "--key", cert.keyFile)
	account := nextAccount(tb)
	settings := config.Storage{BlobURI: e.blob + "/" + account, QueueURI: e.queue + "/" + account, TableURI: e.table + "/" + account}
	s, err := store.Open(settings, store.Options{
		Policies:   append(policies[:len(policies):len(policies)], NewAzureRules(tb)),
		Credential: tokens{},
		Transport:  &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: cert.pool}, MaxIdleConnsPerHost: 10}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// tokens mints what Azurite takes for a token of Entra ID.
type tokens struct{}

// GetToken returns an unsigned JWT that is good for an hour.
func (tokens) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	now := time.Now()
	claims, err := json.Marshal(map[string]any{
		"aud": "https://storage.azure.com", "iss": "https://sts.windows.net/00000000-0000-0000-0000-000000000001/",
		"nbf": now.Add(-time.Minute).Unix(), "iat": now.Add(-time.Minute).Unix(), "exp": now.Add(time.Hour).Unix(),
	})
	if err != nil {
		return azcore.AccessToken{}, err
	}
	part := base64.RawURLEncoding.EncodeToString
	token := part([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + part(claims) + "." + part([]byte("unsigned"))
	return azcore.AccessToken{Token: token, ExpiresOn: now.Add(time.Hour)}, nil
}

type selfSigned struct {
	once              sync.Once
	err               error
	certFile, keyFile string
	pool              *x509.CertPool
}

var ownCertificate selfSigned

// certificate makes a certificate for 127.0.0.1, once for the binary. Azurite reads its files when it starts.
func certificate(tb testing.TB) *selfSigned {
	tb.Helper()
	c := &ownCertificate
	c.once.Do(func() { c.err = c.make(tb.TempDir()) })
	if c.err != nil {
		tb.Fatal(c.err)
	}
	return c
}

func (c *selfSigned) make(folder string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return err
	}
	c.pool = x509.NewCertPool()
	c.pool.AddCert(parsed)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	c.certFile, c.keyFile = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	if err := os.WriteFile(c.certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		return err
	}
	return os.WriteFile(c.keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600)
}
