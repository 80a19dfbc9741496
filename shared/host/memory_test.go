package host

import (
	"context"
	"fmt"
	"sync"
	"time"

	"assay/shared/store"
)

// memoryQueues is Queue storage in memory, by the clock of the test: hiding, receipts and counts of tries as the service has
// them. down makes every request fail.
type memoryQueues struct {
	mu       sync.Mutex
	queues   map[string][]*memoryMessage
	receipts int
	down     bool
	receives int
	renewals int
}

type memoryMessage struct {
	store.Message
	visible time.Time
}

func (q *memoryQueues) lock(wanted string) (unlock func(), err error) {
	q.mu.Lock()
	if q.down {
		q.mu.Unlock()
		return nil, fmt.Errorf("%s: %w", wanted, store.ErrUnreachable)
	}
	if q.queues == nil {
		q.queues = map[string][]*memoryMessage{}
	}
	return q.mu.Unlock, nil
}

func (q *memoryQueues) Send(_ context.Context, queue, text string, delay time.Duration) error {
	unlock, err := q.lock("send")
	if err != nil {
		return err
	}
	defer unlock()
	q.receipts++
	m := store.Message{ID: fmt.Sprint("m", q.receipts), Text: text, Inserted: time.Now()}
	q.queues[queue] = append(q.queues[queue], &memoryMessage{m, time.Now().Add(delay)})
	return nil
}

func (q *memoryQueues) Receive(_ context.Context, queue string, count int, visibility time.Duration) ([]store.Message, error) {
	unlock, err := q.lock("receive")
	if err != nil {
		return nil, err
	}
	defer unlock()
	q.receives++
	var taken []store.Message
	for _, m := range q.queues[queue] {
		if len(taken) < count && !m.visible.After(time.Now()) {
			m.DequeueCount++
			q.hide(m, visibility)
			taken = append(taken, m.Message)
		}
	}
	return taken, nil
}

func (q *memoryQueues) hide(m *memoryMessage, visibility time.Duration) {
	q.receipts++
	m.Receipt, m.visible = fmt.Sprint(q.receipts), time.Now().Add(visibility)
}

func (q *memoryQueues) Renew(_ context.Context, queue string, m store.Message, visibility time.Duration) (store.Message, error) {
	unlock, err := q.lock("renew")
	if err != nil {
		return m, err
	}
	defer unlock()
	for _, held := range q.queues[queue] {
		if held.ID == m.ID && held.Receipt == m.Receipt {
			q.renewals++
			q.hide(held, visibility)
			return held.Message, nil
		}
	}
	return m, store.ErrNotFound
}

func (q *memoryQueues) Delete(_ context.Context, queue string, m store.Message) error {
	unlock, err := q.lock("delete")
	if err != nil {
		return err
	}
	defer unlock()
	for i, held := range q.queues[queue] {
		if held.ID == m.ID && held.Receipt == m.Receipt {
			q.queues[queue] = append(q.queues[queue][:i:i], q.queues[queue][i+1:]...)
			return nil
		}
	}
	return store.ErrNotFound
}

// texts lists what is on a queue, hidden or not.
func (q *memoryQueues) texts(queue string) []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	var texts []string
	for _, m := range q.queues[queue] {
		texts = append(texts, m.Text)
	}
	return texts
}

func (q *memoryQueues) setDown(down bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.down = down
}

func (q *memoryQueues) counts() (receives, renewals int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.receives, q.renewals
}
