package api

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"unicode"

	"github.com/danielgtaylor/huma/v2"

	"assay/shared/analysis"
)

// Results are printed, and described in the document, from their Go types alone. A member is named as its field, with a small first
// letter. A number that is not defined is null, and says why in undefined: a member of the answer that maps the JSON pointer
// (RFC 6901) of each such null to a reason. The rows of a column that have no value are null without more: warm-up, next to a gap,
// or where the definition has none.

// attempt is a result, or the reason why there is none.
type attempt[T any] struct {
	value T
	why   analysis.Reason
}

// tried makes an attempt of what a function of analysis returned; it panics on an error that is no reason, which they do not have.
func tried[T any](value T, err error) attempt[T] {
	if err == nil {
		return attempt[T]{value: value}
	}
	return attempt[T]{why: err.(analysis.Reason)}
}

func (t attempt[T]) result() (any, analysis.Reason) { return t.value, t.why }

type attempted interface {
	result() (any, analysis.Reason)
}

var (
	valueType     = reflect.TypeFor[analysis.Value]()
	reasonType    = reflect.TypeFor[analysis.Reason]()
	attemptedType = reflect.TypeFor[attempted]()
)

// printer prints one result.
type printer struct {
	out       []byte
	pointer   []byte // to the value that is printed
	undefined map[string]analysis.Reason
}

func (p *printer) null(why analysis.Reason) {
	p.out = append(p.out, "null"...)
	p.undefined[string(p.pointer)] = why
}

func (p *printer) print(v reflect.Value) {
	switch t := v.Type(); {
	case t == valueType:
		p.value(v.Interface().(analysis.Value))
		return
	case t.Implements(attemptedType):
		result, why := v.Interface().(attempted).result()
		if why != "" {
			p.null(why)
			return
		}
		p.print(reflect.ValueOf(result))
		return
	}
	switch v.Kind() {
	case reflect.Float64:
		p.value(analysis.Of(v.Float()))
	case reflect.Int, reflect.Int64:
		p.out = strconv.AppendInt(p.out, v.Int(), 10)
	case reflect.Bool:
		p.out = strconv.AppendBool(p.out, v.Bool())
	case reflect.String:
		if v.Type() == reasonType && v.Len() == 0 {
			p.out = append(p.out, "null"...)
			return
		}
		text, err := json.Marshal(v.String())
		if err != nil {
			panic(err) // a text always marshals
		}
		p.out = append(p.out, text...)
	case reflect.Slice, reflect.Array:
		p.list(v)
	case reflect.Struct:
		p.object(v)
	default:
		panic("api: a result holds a " + v.Type().String())
	}
}

func (p *printer) value(v analysis.Value) {
	if !v.Ok() {
		p.null(v.Reason)
		return
	}
	p.out = appendNumber(p.out, v.Number)
}

func (p *printer) object(v reflect.Value) {
	p.out = append(p.out, '{')
	for n, f := range members(v.Type()) {
		p.out = append(strconv.AppendQuote(comma(p.out, n), f.name), ':')
		p.under(f.name, v.FieldByIndex(f.index))
	}
	p.out = append(p.out, '}')
}

func (p *printer) list(v reflect.Value) {
	p.out = append(p.out, '[')
	if column, ok := v.Interface().([]float64); ok {
		for n, x := range column {
			p.out = appendNumber(comma(p.out, n), x)
		}
	} else {
		for n := range v.Len() {
			p.out = comma(p.out, n)
			p.under(strconv.Itoa(n), v.Index(n))
		}
	}
	p.out = append(p.out, ']')
}

// under prints a part of the value, whose pointer is longer by name.
func (p *printer) under(name string, v reflect.Value) {
	length := len(p.pointer)
	p.pointer = append(append(p.pointer, '/'), name...)
	p.print(v)
	p.pointer = p.pointer[:length]
}

// member is a field as it is printed.
type member struct {
	name  string
	index []int
	doc   string
	kind  reflect.Type
}

// members lists the exported fields of a struct; those of embedded structs are its own.
func members(t reflect.Type) []member {
	var list []member
	for _, f := range reflect.VisibleFields(t) {
		if f.IsExported() && !f.Anonymous {
			list = append(list, member{memberName(f.Name), f.Index, f.Tag.Get("doc"), f.Type})
		}
	}
	return list
}

// memberName is a field's name with a small first letter, or small first letters of an abbreviation: MAEByStep becomes maeByStep.
func memberName(name string) string {
	switch name {
	case "VaR", "CVaR", "AICc":
		return strings.ToLower(name)
	}
	capitals := strings.IndexFunc(name, func(r rune) bool { return !unicode.IsUpper(r) })
	switch {
	case capitals < 0:
		return strings.ToLower(name)
	case capitals > 1 && unicode.IsLower(rune(name[capitals])):
		capitals--
	}
	return strings.ToLower(name[:capitals]) + name[capitals:]
}

// resultSchema describes what print makes of a type.
func resultSchema(t reflect.Type) *huma.Schema {
	if t.Implements(attemptedType) {
		result, _ := reflect.Zero(t).Interface().(attempted).result()
		s := resultSchema(reflect.TypeOf(result))
		s.Nullable = true
		return s
	}
	switch {
	case t == valueType, t.Kind() == reflect.Float64:
		return &huma.Schema{Type: huma.TypeNumber, Nullable: true}
	case t == reasonType:
		return &huma.Schema{Type: huma.TypeString, Nullable: true}
	}
	switch t.Kind() {
	case reflect.Int, reflect.Int64:
		return &huma.Schema{Type: huma.TypeInteger}
	case reflect.Bool:
		return &huma.Schema{Type: huma.TypeBoolean}
	case reflect.String:
		return &huma.Schema{Type: huma.TypeString}
	case reflect.Slice, reflect.Array:
		return &huma.Schema{Type: huma.TypeArray, Items: resultSchema(t.Elem())}
	}
	s := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{}, AdditionalProperties: false}
	for _, f := range members(t) {
		s.Properties[f.name] = resultSchema(f.kind)
		s.Properties[f.name].Description = f.doc
		s.Required = append(s.Required, f.name)
	}
	s.PrecomputeMessages()
	return s
}
