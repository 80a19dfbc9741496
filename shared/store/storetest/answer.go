package storetest

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// readBody returns what a request would send, and leaves it to be sent.
func readBody(request *policy.Request) ([]byte, error) {
	if request.Body() == nil {
		return nil, nil
	}
	if err := request.RewindBody(); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(request.Body())
	if err != nil {
		return nil, err
	}
	return body, request.RewindBody()
}

// messageText is the text of a queue message as the service would read it.
func messageText(body []byte) (string, error) {
	var message struct {
		Text string `xml:"MessageText"`
	}
	err := xml.Unmarshal(body, &message)
	return message.Text, err
}

// answer makes an answer that no server gave. The SDK is told to try again at once.
func answer(request *policy.Request, status int, code, message string) *http.Response {
	body := fmt.Sprintf(`{"odata.error":{"code":%q,"message":{"lang":"en-US","value":%q}}}`, code, message)
	return bare(request, status, http.Header{"X-Ms-Error-Code": {code}, "Content-Type": {"application/json"}, "Retry-After-Ms": {"1"}}, body)
}

func bare(request *policy.Request, status int, header http.Header, body string) *http.Response {
	response := &http.Response{
		Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)), Request: request.Raw(),
	}
	_, _ = runtime.Payload(response) // so that the body can be read again, as after a download; a string has no read errors
	return response
}
