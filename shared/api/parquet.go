package api

import (
	"bytes"
	"strconv"

	"github.com/parquet-go/parquet-go"

	"assay/shared/market"
)

// parquetBar is a row of a Parquet file.
type parquetBar struct {
	Time   int64    `parquet:"time,delta,timestamp(millisecond)"`
	Open   *float64 `parquet:"open,optional"`
	High   *float64 `parquet:"high,optional"`
	Low    *float64 `parquet:"low,optional"`
	Close  *float64 `parquet:"close,optional"`
	Volume *float64 `parquet:"volume,optional"`
	Flags  []string `parquet:"flags,list" parquet-element:",dict"`
}

// convertedBar is a row of what was converted, with the exchange rate and its date, null where none is young enough.
type convertedBar struct {
	parquetBar
	Rate     *float64 `parquet:"rate,optional"`
	RateDate *int32   `parquet:"rateDate,optional,date"`
}

const (
	parquetGroup = 1 << 17 // rows, of a row group
	parquetBatch = 1 << 10 // rows that are laid out at a time
)

// parquet prints the table as a Parquet file. Equal tables, heads and releases give equal bytes. head, the JSON object that other
// formats begin with, is in the metadata under assay, and what a reader asks for first also under names of its own.
func (t table) parquet(head []byte, about BarsHead, version string, simulated bool) []byte {
	metadata := map[string]string{
		"assay": string(append(t.appendHead(nil, head), '}')), "simulated": strconv.FormatBool(simulated),
		"series": about.Series, "interval": about.Interval, "currency": about.Currency, "unit": about.Unit,
	}
	options := []parquet.WriterOption{parquet.CreatedBy("assay", version, ""), parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(parquetGroup)}
	for key, value := range metadata {
		options = append(options, parquet.KeyValueMetadata(key, value))
	}
	var file bytes.Buffer
	if len(t.rates) > 0 {
		writeParquet(&file, len(t.bars), t.convertedBar, options)
	} else {
		writeParquet(&file, len(t.bars), t.parquetBar, options)
	}
	return file.Bytes()
}

// writeParquet writes rows in batches. It panics on an error, since a buffer takes everything.
func writeParquet[R any](file *bytes.Buffer, rows int, row func(n int) R, options []parquet.WriterOption) {
	w := parquet.NewGenericWriter[R](file, options...)
	batch := make([]R, 0, min(rows, parquetBatch))
	for n := range rows {
		if batch = append(batch, row(n)); len(batch) < parquetBatch && n < rows-1 {
			continue
		}
		if _, err := w.Write(batch); err != nil {
			panic(err)
		}
		batch = batch[:0]
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
}

func (t table) parquetBar(n int) parquetBar {
	b := &t.bars[n]
	present := func(v *float64) *float64 {
		if market.IsAbsent(*v) {
			return nil
		}
		return v
	}
	return parquetBar{b.Start * 1000, present(&b.Open), present(&b.High), present(&b.Low), present(&b.Close), present(&b.Volume), t.flagsOf(n)}
}

func (t table) convertedBar(n int) convertedBar {
	r := convertedBar{parquetBar: t.parquetBar(n)}
	if rate := t.rates[n]; rate != nil {
		day := int32(rate.Start / int64(market.Day))
		r.Rate, r.RateDate = &rate.Close, &day
	}
	return r
}
