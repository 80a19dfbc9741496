package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue/v2"
)

// Accounts of the Azurite: prices that are pushed, and invented ones, which assay keeps apart.
const (
	realAccount = "assay"
	simAccount  = "market"
)

// storage is an Azurite.
type storage struct {
	connections map[string]string // by account
}

var listeningAt = regexp.MustCompile(`Azurite (Blob|Queue|Table) service is successfully listening at (\S+)`)

// startStorage starts an Azurite in memory at an address, where pods and KEDA reach it.
func startStorage(ctx context.Context, w *workplace, address string) (*storage, error) {
	keys, accounts := map[string]string{}, []string{}
	for _, account := range []string{realAccount, simAccount} {
		key := make([]byte, 64)
		_, _ = rand.Read(key) // never fails
		keys[account] = base64.StdEncoding.EncodeToString(key)
		accounts = append(accounts, account+":"+keys[account])
	}
	err := w.start("azurite", []string{"AZURITE_ACCOUNTS=" + strings.Join(accounts, ";")}, "node", azuriteScript(), "--inMemoryPersistence", "--silent", "--disableTelemetry",
		"--skipApiVersionCheck", "--blobHost", address, "--queueHost", address, "--tableHost", address, "--blobPort", "0", "--queuePort", "0", "--tablePort", "0")
	if err != nil {
		return nil, err
	}
	at := map[string]string{}
	err = await(ctx, "Azurite listens", 30*time.Second, func() (bool, error) {
		for _, m := range listeningAt.FindAllStringSubmatch(w.tail("azurite", 1<<16), -1) {
			at[m[1]] = strings.TrimSuffix(m[2], "/")
		}
		return len(at) == 3, errors.New(w.tail("azurite", 500))
	})
	s := &storage{connections: map[string]string{}}
	for account, key := range keys {
		s.connections[account] = fmt.Sprintf("DefaultEndpointsProtocol=http;AccountName=%s;AccountKey=%s;BlobEndpoint=%s/%[1]s;QueueEndpoint=%[4]s/%[1]s;TableEndpoint=%[5]s/%[1]s;",
			account, key, at["Blob"], at["Queue"], at["Table"])
	}
	return s, err
}

func (s *storage) queue(account, name string) (*azqueue.QueueClient, error) {
	return azqueue.NewQueueClientFromConnectionString(s.connections[account], name, nil)
}

// waiting returns how many messages a queue has, those in hand too; none where it does not exist.
func (s *storage) waiting(ctx context.Context, account, name string) (int, error) {
	q, err := s.queue(account, name)
	if err != nil {
		return 0, err
	}
	properties, err := q.GetProperties(ctx, nil)
	if err != nil {
		if strings.Contains(err.Error(), "QueueNotFound") {
			return 0, nil
		}
		return 0, err
	}
	return int(*properties.ApproximateMessagesCount), nil
}

// put puts a message into a queue that is there or not.
func (s *storage) put(ctx context.Context, account, name, text string) error {
	q, err := s.queue(account, name)
	if err != nil {
		return err
	}
	if _, err := q.Create(ctx, nil); err != nil && !strings.Contains(err.Error(), "QueueAlreadyExists") {
		return err
	}
	_, err = q.EnqueueMessage(ctx, text, nil)
	return err
}

// texts returns the messages of a queue without taking them.
func (s *storage) texts(ctx context.Context, account, name string) (texts []string, err error) {
	q, err := s.queue(account, name)
	if err != nil {
		return nil, err
	}
	most := int32(32)
	peeked, err := q.PeekMessages(ctx, &azqueue.PeekMessagesOptions{NumberOfMessages: &most})
	if err != nil {
		if strings.Contains(err.Error(), "QueueNotFound") {
			return nil, nil
		}
		return nil, err
	}
	for _, m := range peeked.Messages {
		texts = append(texts, *m.MessageText)
	}
	return texts, nil
}

// checkRows counts the rows of the table bars: one for each hour and each day of what was pushed for some days, but for the newest, which
// nothing after it has ended.
func (s *storage) checkRows(ctx context.Context, days int) error {
	service, err := aztables.NewServiceClientFromConnectionString(s.connections[realAccount], nil)
	if err != nil {
		return err
	}
	table := service.NewClient("bars")
	for _, instrument := range pushedInstruments {
		for interval, want := range map[string]int{"1h": days*24 - 1, "1d": days - 1} {
			filter, got := fmt.Sprintf("PartitionKey eq '%s~%s~%d'", instrument, interval, firstDay.Year()), 0
			for pages := table.NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: &filter}); pages.More(); {
				page, err := pages.NextPage(ctx)
				if err != nil {
					return err
				}
				got += len(page.Entities)
			}
			if got != want {
				return fmt.Errorf("the table bars has %d rows of %s at %s, want %d", got, instrument, interval, want)
			}
		}
	}
	return nil
}

// Queues of assay.
var queueNames = []string{"raw-prices", "clean-prices", "backfill", "jobs"}

// describe says how many messages each queue has.
func (s *storage) describe(ctx context.Context) string {
	var text strings.Builder
	for account := range s.connections {
		for _, name := range queueNames {
			for _, queue := range []string{name, name + "-poison"} {
				if n, err := s.waiting(ctx, account, queue); n > 0 || err != nil {
					fmt.Fprintf(&text, "%s/%s: %d messages (%v)\n", account, queue, n, err)
				}
			}
		}
	}
	return text.String()
}
