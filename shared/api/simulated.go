package api

import (
	"context"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"assay/shared/group"
	"assay/shared/store"
)

// simulatedHeader is on every answer, problems too, from storage that holds a simulated market.
const simulatedHeader = "Assay-Simulated"

const simulatedDoc = "true where the prices are made up, by a simulated market; absent where they are real"

// marked makes a reply, and says in it whether the prices of the storage are made up. The mark is read meanwhile, so that a process
// that has just started does not wait for both.
func (a *api) marked(ctx context.Context, handle func(context.Context) (reply, error)) (reply, error) {
	simulated := false
	mark, marking := group.WithContext(ctx)
	mark.Go(func() (err error) {
		simulated, err = a.simulated(marking)
		return err
	})
	answer, err := handle(ctx)
	unknown := mark.Wait()
	if err == nil && unknown == nil && !simulated { // the first prices may have come meanwhile, and the mark with them
		simulated, unknown = a.simulated(ctx)
	}
	if err == nil && !answer.unread {
		err = unknown
	}
	answer.simulated = simulated
	return answer, err
}

// answer returns what a resource answers, for a caller that is not on HTTP.
func (a *api) answer(ctx context.Context, handle func(context.Context) (reply, error)) ([]byte, error) {
	r, err := a.marked(ctx, handle)
	switch {
	case err != nil:
		return nil, err
	case r.simulated:
		return stamped(r.body()), nil
	}
	return r.body(), nil
}

// simulated reports whether the storage holds a simulated market. A history in memory holds none.
func (a *api) simulated(ctx context.Context) (bool, error) {
	if a.Store == nil {
		return false, nil
	}
	mark, err := a.Store.Mark(ctx)
	return mark == store.Simulated, err
}

// stamped returns the JSON object with the member simulated in front. A list has it in its members.
func stamped(body []byte) []byte {
	if len(body) < 2 || body[0] != '{' {
		return body
	}
	out := append(make([]byte, 0, len(body)+len(`"simulated":true,`)), `{"simulated":true`...)
	if body[1] != '}' {
		out = append(out, ',')
	}
	return append(out, body[1:]...)
}

// mayBeStamped adds the member simulated to the schema of an answer.
func (a *api) mayBeStamped(answer reflect.Type) {
	if answer.Kind() == reflect.Struct {
		a.huma.OpenAPI().Components.Schemas.Map()[answer.Name()].Properties["simulated"] = &huma.Schema{Type: huma.TypeBoolean, Description: simulatedDoc}
	}
}
