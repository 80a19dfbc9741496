package store

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
)

// The tables: partition key, row key, what a row holds. Times in keys are UTC.
//
//	series     <class>                       <series>                          the catalogue: kind, unit, calendar, role; first, last and watermark per interval
//	chunks1m   <series>~<yyyy>               <yyyymmdd>                        a UTC day of minute bars, packed
//	chunks1h   <series>                      <yyyymm>                          a month of hourly bars, packed
//	chunks1d   <series>                      <yyyy>                            a year of daily bars, packed
//	bars       <series>~<interval>~<yyyy>    <yyyymmdd> or <yyyymmdd>T<hh>     the open view: one hourly or daily bar of a consensus, plain columns
//	receipts   <source>~<yyyymmdd>           <received>~<sha8>                 a raw blob on its way
//	rejects    <series>, else <source>       <received>~<sha8>~<record>~<row>~<rule>~<field>   what was refused, and why
//	sources    <source>                      turn, budget, breaker, unknown~…, asked~…, cond~<hash>, key~<hash>   what a process would otherwise keep in memory
//	sources    operator                      mark                              live or simulated: see Mark
//	jobs       <yyyymmdd>                    <job id>                          state, progress, cursor, result
const (
	TableSeries   = "series"
	TableChunks1m = "chunks1m"
	TableChunks1h = "chunks1h"
	TableChunks1d = "chunks1d"
	TableBars     = "bars"
	TableReceipts = "receipts"
	TableRejects  = "rejects"
	TableSources  = "sources"
	TableJobs     = "jobs"
)

// Entity is a row of a table. Values are string, bool, int64 (Edm.Int64), float64 (Edm.Double) and []byte (Edm.Binary).
// An absent value is a missing key. A number that somebody else wrote, as Edm.Int32 say, is read as float64.
type Entity struct {
	Partition string
	Row       string
	ETag      string // as read; compared by Replace and Delete
	Values    map[string]any
}

// Range selects rows of a partition: From <= Row < To. An empty bound is open.
type Range struct{ From, To string }

// Change is one action of a transaction.
type Change struct {
	Action Action
	Entity Entity
}

// Action is what a Change does.
type Action uint8

// The actions.
const (
	Insert  Action = iota // the row must not exist
	Replace               // the row must still have Entity.ETag
	Upsert                // unconditional: replaces the whole row, columns that are not given go away
	Delete                // the row must still have Entity.ETag, which may be *, any; a missing row is no error
	Merge                 // unconditional: writes the columns given, keeps the others; makes a missing row
)

// Tables is Table storage. Keys consist of A-Z, a-z, 0-9 and ._~- only: anything else is refused before it is sent.
type Tables struct {
	service  *aztables.ServiceClient
	endpoint string // URL, without a slash at the end
}

// Get reads one row, or returns ErrNotFound.
func (t *Tables) Get(ctx context.Context, table, partition, row string) (Entity, error) {
	if err := checkKeys(partition, row); err != nil {
		return Entity{}, err
	}
	var body []byte
	format := aztables.MetadataFormatMinimal
	response, err := t.service.NewClient(table).GetEntity(withRawBody(ctx, &body), partition, row, &aztables.GetEntityOptions{Format: &format})
	if err != nil {
		return Entity{}, fmt.Errorf("table %s, row %s %s: %w", table, partition, row, translate(err))
	}
	e, err := decodeEntity(body)
	if err != nil {
		return Entity{}, fmt.Errorf("table %s, row %s %s: %w", table, partition, row, err)
	}
	e.ETag = string(response.ETag)
	return e, nil
}

// Query reads rows of one partition in the order of their row keys, all pages of them. Columns limits what is read; none
// means all. A table or partition that does not exist has no rows.
func (t *Tables) Query(ctx context.Context, table, partition string, rows Range, columns ...string) ([]Entity, error) {
	return t.query(ctx, table, partition, rows, 0, columns)
}

// Write does one change and returns the new ETag. ErrConflict when the row exists (Insert) or has moved (Replace, Delete).
func (t *Tables) Write(ctx context.Context, table string, change Change) (etag string, err error) {
	body, err := encodeChange(change)
	if err != nil {
		return "", fmt.Errorf("table %s: %w", table, err)
	}
	client := t.service.NewClient(table)
	err = creating(ctx, "TableNotFound", func() (err error) {
		etag, err = write(ctx, client, change, body)
		return err
	}, t.create(ctx, table))
	switch {
	case change.Action == Delete && errors.Is(err, ErrNotFound):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("table %s, row %s %s: %w", table, change.Entity.Partition, change.Entity.Row, missingIsConflict(change, err))
	}
	return etag, nil
}

func write(ctx context.Context, client *aztables.Client, change Change, body []byte) (string, error) {
	switch e := change.Entity; change.Action {
	case Insert:
		// Without this the service sends the whole row back.
		quiet := policy.WithHTTPHeader(ctx, http.Header{"Prefer": {"return-no-content"}})
		response, err := client.AddEntity(quiet, body, nil)
		return string(response.ETag), err
	case Replace:
		etag := azcore.ETag(e.ETag)
		response, err := client.UpdateEntity(ctx, body, &aztables.UpdateEntityOptions{IfMatch: &etag, UpdateMode: aztables.UpdateModeReplace})
		return string(response.ETag), err
	case Delete:
		etag := azcore.ETag(e.ETag)
		_, err := client.DeleteEntity(ctx, e.Partition, e.Row, &aztables.DeleteEntityOptions{IfMatch: &etag})
		return "", err
	default:
		mode := aztables.UpdateModeReplace
		if change.Action == Merge {
			mode = aztables.UpdateModeMerge
		}
		response, err := client.UpsertEntity(ctx, body, &aztables.UpsertEntityOptions{UpdateMode: mode})
		return string(response.ETag), err
	}
}

func (t *Tables) create(ctx context.Context, table string) func() error {
	return func() error {
		_, err := t.service.CreateTable(ctx, table, nil)
		return err
	}
}

// missingIsConflict makes a Replace of a row that is gone what it is: somebody else deleted it.
func missingIsConflict(change Change, err error) error {
	if change.Action == Replace && errors.Is(err, ErrNotFound) {
		return fmt.Errorf("%w: the row is gone", ErrConflict)
	}
	return err
}

// encodeChange checks a change and returns its entity's body.
func encodeChange(c Change) ([]byte, error) {
	e := c.Entity
	if err := checkKeys(e.Partition, e.Row); err != nil {
		return nil, err
	}
	if (c.Action == Replace || c.Action == Delete) && e.ETag == "" {
		return nil, fmt.Errorf("row %s %s: to replace or delete it needs the ETag that was read", e.Partition, e.Row)
	}
	if c.Action == Delete {
		e.Values = nil
	}
	body, err := encodeEntity(e)
	if err != nil {
		return nil, fmt.Errorf("row %s %s: %w", e.Partition, e.Row, err)
	}
	return body, nil
}

var validKey = regexp.MustCompile(`^[A-Za-z0-9._~-]{1,512}$`)

func checkKeys(keys ...string) error {
	for _, key := range keys {
		if !validKey.MatchString(key) {
			return fmt.Errorf("table key %.60q: want 1 to 512 of A-Z, a-z, 0-9 and ._~-", key)
		}
	}
	return nil
}
