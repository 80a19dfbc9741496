package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
)

// ownBatch puts our body in the place of the one that the SDK makes for a transaction: the SDK would decode every entity into
// a map and encode it again, a third of the time of an import. The SDK still signs, sends and reads the answer.
type ownBatch struct{}

type ownBatchKey struct{}

// batchBody is the body of a transaction. The boundary is random: what is between two of them cannot hold one.
type batchBody struct {
	content  []byte
	boundary string
}

// submit sends a transaction. placeholder stands for the changes until ownBatch has their body.
func submit(ctx context.Context, client *aztables.Client, body batchBody) error {
	placeholder := []aztables.TransactionAction{{ActionType: aztables.TransactionTypeAdd, Entity: []byte(`{"PartitionKey":"","RowKey":""}`)}}
	_, err := client.SubmitTransaction(context.WithValue(ctx, ownBatchKey{}, body), placeholder, nil)
	return err
}

func (ownBatch) Do(request *policy.Request) (*http.Response, error) {
	if body, ok := request.Raw().Context().Value(ownBatchKey{}).(batchBody); ok {
		if err := request.SetBody(streaming.NopCloser(bytes.NewReader(body.content)), "multipart/mixed; boundary=batch_"+body.boundary); err != nil {
			return nil, err
		}
	}
	return request.Next()
}

// encodeBatch writes changes of one table as a changeset within a batch. endpoint is the service's URL.
func encodeBatch(endpoint, table string, actions []action) batchBody {
	size := changeBytes
	for _, a := range actions {
		size += len(a.body) + changeBytes
	}
	b := batchBody{make([]byte, 0, size), rand.Text()}
	b.content = fmt.Appendf(b.content, "--batch_%[1]s\r\nContent-Type: multipart/mixed; boundary=changeset_%[1]s\r\n\r\n", b.boundary)
	for _, a := range actions {
		b.content = fmt.Appendf(b.content, "--changeset_%s\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n", b.boundary)
		b.content = append(a.appendHead(b.content, endpoint+"/"+table), "\r\n"...)
		if a.change.Action != Delete {
			b.content = append(b.content, a.body...)
		}
		b.content = append(b.content, "\r\n"...)
	}
	b.content = fmt.Appendf(b.content, "--changeset_%[1]s--\r\n\r\n--batch_%[1]s--\r\n", b.boundary)
	return b
}

// appendHead writes the request line and the headers of one change. Keys need no escaping: see checkKeys.
func (a action) appendHead(out []byte, url string) []byte {
	e := a.change.Entity
	row := fmt.Sprintf("%s(PartitionKey='%s',RowKey='%s')", url, e.Partition, e.Row)
	switch a.change.Action {
	case Insert:
		out = fmt.Appendf(out, "POST %s HTTP/1.1\r\nPrefer: return-no-content\r\n", url)
	case Replace: // without an ETag it would be an upsert
		out = fmt.Appendf(out, "PUT %s HTTP/1.1\r\nIf-Match: %s\r\n", row, e.ETag)
	case Upsert:
		out = fmt.Appendf(out, "PUT %s HTTP/1.1\r\n", row)
	case Merge:
		out = fmt.Appendf(out, "PATCH %s HTTP/1.1\r\n", row)
	case Delete:
		return fmt.Appendf(out, "DELETE %s HTTP/1.1\r\nIf-Match: %s\r\nAccept: application/json;odata=minimalmetadata\r\nDataServiceVersion: 3.0\r\n", row, e.ETag)
	}
	return fmt.Appendf(out, "Accept: application/json;odata=minimalmetadata\r\nContent-Type: application/json\r\nContent-Length: %d\r\nDataServiceVersion: 3.0\r\n", len(a.body))
}
