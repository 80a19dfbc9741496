package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2"
)

// The queues.
const (
	RawPrices   = "raw-prices"   // pointers to raw blobs, for Clean
	CleanPrices = "clean-prices" // spans that were touched, for Load
	Backfill    = "backfill"     // steps of jobs that fetch history, for Backfill
	JobSteps    = "jobs"         // steps of all other jobs, for Job
)

// Poison returns the name of the queue that takes the messages of queue which failed too often.
func Poison(queue string) string { return queue + "-poison" }

// Queues is Queue storage. Messages are sent as they are: host.json says messageEncoding none.
type Queues struct{ service *azqueue.ServiceClient }

// Message is a message in hand.
type Message struct {
	ID, Receipt  string
	Text         string
	DequeueCount int
	Inserted     time.Time
}

const maxMessageBytes = 64 << 10

// Send puts a message on a queue; it is visible after delay, and stays until somebody deletes it.
func (q *Queues) Send(ctx context.Context, queue, text string, delay time.Duration) error {
	if err := checkText(text); err != nil {
		return fmt.Errorf("queue %s: %w", queue, err)
	}
	forever := int32(-1)
	client := q.service.NewQueueClient(queue)
	err := creating(ctx, "QueueNotFound", func() error {
		_, err := client.EnqueueMessage(ctx, text, &azqueue.EnqueueMessageOptions{TimeToLive: &forever, VisibilityTimeout: seconds(delay)})
		return err
	}, create(ctx, client))
	return named(queue, err)
}

// Receive takes up to count messages (at most 32) and hides them for visibility (at least a second).
func (q *Queues) Receive(ctx context.Context, queue string, count int, visibility time.Duration) ([]Message, error) {
	number := int32(min(max(count, 1), 32))
	client := q.service.NewQueueClient(queue)
	var messages []Message
	err := creating(ctx, "QueueNotFound", func() error {
		response, err := client.DequeueMessages(ctx, &azqueue.DequeueMessagesOptions{NumberOfMessages: &number, VisibilityTimeout: seconds(visibility)})
		if err != nil {
			return err
		}
		for _, m := range response.Messages {
			messages = append(messages, Message{
				ID: value(m.MessageID), Receipt: value(m.PopReceipt), Text: value(m.MessageText),
				DequeueCount: int(value(m.DequeueCount)), Inserted: value(m.InsertionTime).UTC(),
			})
		}
		return nil
	}, create(ctx, client))
	return messages, named(queue, err)
}

// Renew hides a message in hand for another visibility (0: gives it back now) and returns it with its new receipt.
// ErrNotFound when it went back to the queue meanwhile.
func (q *Queues) Renew(ctx context.Context, queue string, m Message, visibility time.Duration) (Message, error) {
	response, err := q.service.NewQueueClient(queue).UpdateMessage(ctx, m.ID, m.Receipt, m.Text,
		&azqueue.UpdateMessageOptions{VisibilityTimeout: seconds(visibility)})
	if err != nil {
		return m, named(queue, lost(err))
	}
	m.Receipt = value(response.PopReceipt)
	return m, nil
}

// Delete ends a message in hand. ErrNotFound when it went back to the queue meanwhile.
func (q *Queues) Delete(ctx context.Context, queue string, m Message) error {
	_, err := q.service.NewQueueClient(queue).DeleteMessage(ctx, m.ID, m.Receipt, nil)
	return named(queue, lost(err))
}

// Length returns about how many messages a queue holds; 0 for one that does not exist.
func (q *Queues) Length(ctx context.Context, queue string) (int, error) {
	response, err := q.service.NewQueueClient(queue).GetProperties(ctx, nil)
	if err = translate(err); errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	return int(value(response.ApproximateMessagesCount)), named(queue, err)
}

func create(ctx context.Context, client *azqueue.QueueClient) func() error {
	return func() error {
		_, err := client.Create(ctx, nil)
		return err
	}
}

// lost makes a receipt that is no longer valid ErrNotFound: somebody else has the message.
func lost(err error) error {
	if err = translate(err); hasCode(err, "PopReceiptMismatch") {
		return fmt.Errorf("message %w: it went back to the queue", ErrNotFound)
	}
	return err
}

func named(queue string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("queue %s: %w", queue, err)
}

// checkText refuses what cannot travel in XML: the service would, Azurite would not.
func checkText(text string) error {
	if len(text) > maxMessageBytes {
		return fmt.Errorf("a message of %d bytes: a queue takes %d", len(text), maxMessageBytes)
	}
	for i, r := range text {
		if !xmlChar(r) || r == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD") {
			return fmt.Errorf("byte %d of the message is no character of XML", i)
		}
	}
	return nil
}

// xmlChar is production 2, Char, of XML 1.0.
func xmlChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000
}

func seconds(d time.Duration) *int32 {
	s := int32((d + time.Second - 1) / time.Second)
	return &s
}

// value reads what the SDK may leave out.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
