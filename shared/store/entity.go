package store

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
)

// Entities are encoded here, not by the SDK's EDMEntity: that writes a whole number without its type, and the service then
// takes 100.0 for an Edm.Int32.

const typeSuffix = "@odata.type"

var validColumn = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,254}$`)

// encodeEntity returns the JSON of an entity; every number and every binary value names its type.
func encodeEntity(e Entity) ([]byte, error) {
	out := append(make([]byte, 0, 1024), `{"PartitionKey":`...)
	out = appendString(out, e.Partition)
	out = append(out, `,"RowKey":`...)
	out = appendString(out, e.Row)
	for _, name := range slices.Sorted(maps.Keys(e.Values)) {
		if !validColumn.MatchString(name) || name == "PartitionKey" || name == "RowKey" || name == "Timestamp" {
			return nil, fmt.Errorf("column %.60q: want a letter, then letters, digits and _, and no name of the service's own", name)
		}
		var err error
		if out, err = appendColumn(out, name, e.Values[name]); err != nil {
			return nil, err
		}
	}
	return append(out, '}'), nil
}

func appendColumn(out []byte, name string, value any) ([]byte, error) {
	typed := func(edm string) {
		out = append(append(append(append(out, `,"`...), name...), typeSuffix+`":"`...), edm...)
		out = append(append(append(out, `","`...), name...), `":`...)
	}
	plain := func() { out = append(append(append(out, `,"`...), name...), `":`...) }
	switch v := value.(type) {
	case string:
		plain()
		return appendString(out, v), nil
	case bool:
		plain()
		return strconv.AppendBool(out, v), nil
	case int64:
		typed("Edm.Int64")
		return append(strconv.AppendInt(append(out, '"'), v, 10), '"'), nil
	case float64:
		typed("Edm.Double")
		return appendDouble(out, v), nil
	case []byte:
		typed("Edm.Binary")
		return append(base64.StdEncoding.AppendEncode(append(out, '"'), v), '"'), nil
	default:
		return nil, fmt.Errorf("column %s is a %T: want string, bool, int64, float64 or []byte", name, value)
	}
}

func appendDouble(out []byte, v float64) []byte {
	switch {
	case math.IsNaN(v):
		return append(out, `"NaN"`...)
	case math.IsInf(v, 1):
		return append(out, `"Infinity"`...)
	case math.IsInf(v, -1):
		return append(out, `"-Infinity"`...)
	}
	return strconv.AppendFloat(out, v, 'g', -1, 64)
}

func appendString(out []byte, s string) []byte {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always marshals
	}
	return append(out, text...)
}

// setColumn stores one decoded property. edm is its type as annotated, "" where the JSON says enough.
func (e *Entity) setColumn(name []byte, edm string, v jsonValue) error {
	switch string(name) {
	case "PartitionKey":
		e.Partition = v.text()
		return nil
	case "RowKey":
		e.Row = v.text()
		return nil
	case "odata.etag":
		e.ETag = v.text()
		return nil
	case "Timestamp", "odata.metadata", "odata.type", "odata.id", "odata.editLink":
		return nil
	}
	value, err := v.column(edm)
	if err != nil {
		return fmt.Errorf("column %s: %w", name, err)
	}
	if value != nil {
		e.Values[string(name)] = value
	}
	return nil
}

// column converts a property's value; nil stands for null, which a service may answer for a column that a row lacks.
func (v jsonValue) column(edm string) (any, error) {
	switch {
	case v.kind == 'n':
		return nil, nil
	case v.kind == 't' || v.kind == 'f':
		return v.kind == 't', nil
	case v.kind == '0' || edm == "Edm.Double" || edm == "Edm.Int32":
		return strconv.ParseFloat(string(v.raw), 64)
	case edm == "Edm.Int64":
		return strconv.ParseInt(string(v.raw), 10, 64)
	case edm == "Edm.Binary":
		out := make([]byte, base64.StdEncoding.DecodedLen(len(v.raw)))
		// A service may escape the slash.
		n, err := base64.StdEncoding.Decode(out, v.bytes())
		return out[:n:n], err
	default:
		return v.text(), nil
	}
}
