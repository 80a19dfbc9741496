package store

import (
	"slices"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2"
)

// clientOptions are the same for the three services. Four tries within about two seconds: a moody server is ridden out, a
// missing one is reported while somebody still waits for it. Longer patience is the queue's.
func clientOptions(service string, o Options) azcore.ClientOptions {
	return azcore.ClientOptions{
		Retry:            policy.RetryOptions{MaxRetries: 3, RetryDelay: 200 * time.Millisecond, MaxRetryDelay: 2 * time.Second},
		Telemetry:        policy.TelemetryOptions{ApplicationID: "assay"},
		Transport:        o.Transport,
		PerRetryPolicies: slices.Concat([]policy.Policy{counted{service}}, o.Policies), // the SDKs append to it
	}
}

func (a account) tables(o Options) (*aztables.ServiceClient, error) {
	options := &aztables.ClientOptions{ClientOptions: clientOptions("table", o)}
	options.PerCallPolicies = []policy.Policy{ownBatch{}}
	options.PerRetryPolicies = slices.Insert(options.PerRetryPolicies, 0, policy.Policy(rawBody{}))
	switch {
	case a.key != "":
		key, err := aztables.NewSharedKeyCredential(a.name, a.key)
		if err != nil {
			return nil, err
		}
		return aztables.NewServiceClientWithSharedKey(a.table, key, options)
	case a.sas != "":
		return aztables.NewServiceClientWithNoCredential(a.table+"/?"+a.sas, options)
	default:
		return aztables.NewServiceClient(a.table, a.credential, options)
	}
}

func (a account) queues(o Options) (*azqueue.ServiceClient, error) {
	options := &azqueue.ClientOptions{ClientOptions: clientOptions("queue", o)}
	switch {
	case a.key != "":
		key, err := azqueue.NewSharedKeyCredential(a.name, a.key)
		if err != nil {
			return nil, err
		}
		return azqueue.NewServiceClientWithSharedKeyCredential(a.queue, key, options)
	case a.sas != "":
		return azqueue.NewServiceClientWithNoCredential(a.queue+"/?"+a.sas, options)
	default:
		return azqueue.NewServiceClient(a.queue, a.credential, options)
	}
}

func (a account) blobs(o Options) (*azblob.Client, error) {
	options := &azblob.ClientOptions{ClientOptions: clientOptions("blob", o)}
	switch {
	case a.key != "":
		key, err := azblob.NewSharedKeyCredential(a.name, a.key)
		if err != nil {
			return nil, err
		}
		return azblob.NewClientWithSharedKeyCredential(a.blob, key, options)
	case a.sas != "":
		return azblob.NewClientWithNoCredential(a.blob+"/?"+a.sas, options)
	default:
		return azblob.NewClient(a.blob, a.credential, options)
	}
}
