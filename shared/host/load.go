package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"assay/shared/store"
	"assay/shared/telemetry"
)

// Trigger is what starts a function.
type Trigger string

// The triggers, as function.json names them.
const (
	Timer Trigger = "timerTrigger"
	Queue Trigger = "queueTrigger"
	HTTP  Trigger = "httpTrigger"
)

// faas is the trigger in OpenTelemetry's words.
func (t Trigger) faas() string {
	return map[Trigger]string{Timer: telemetry.Timer, Queue: telemetry.Queue, HTTP: telemetry.HTTP}[t]
}

// Function is when one function runs: its function.json.
type Function struct {
	Name     string // of its folder
	Trigger  Trigger
	Input    string   // name of the trigger's binding, the key of its value in an invocation
	Schedule Schedule // of a timer
	Queue    string   // of a queue function
	Route    string   // of an HTTP function: literals, {name}, {name?} and at the end {*name}, without a leading slash
	Methods  []string // of an HTTP function, in upper case
	Open     bool     // an HTTP function that needs no key: authLevel anonymous
}

// binding is one entry of function.json. Which keys each type may have is in keysOf.
type binding struct {
	Type       string   `json:"type"`
	Name       string   `json:"name"`
	Direction  string   `json:"direction"`
	Schedule   string   `json:"schedule"`
	QueueName  string   `json:"queueName"`
	Connection string   `json:"connection"`
	DataType   string   `json:"dataType"`
	AuthLevel  string   `json:"authLevel"`
	Methods    []string `json:"methods"`
	Route      string   `json:"route"`
}

// keysOf are the keys that a binding of each type must have; no other is allowed. The Functions host ignores a key that it does
// not know, and obeys some that our own triggers would ignore: then the two hosts would do different things.
var keysOf = map[string][]string{
	string(Timer): {"type", "name", "direction", "schedule"},
	string(Queue): {"type", "name", "direction", "queueName", "connection", "dataType"},
	string(HTTP):  {"type", "name", "direction", "authLevel", "methods", "route"},
	"http":        {"type", "name", "direction"},
}

var (
	functionName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,127}$`)
	bindingName  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*$`)
	queueName    = regexp.MustCompile(`^[a-z0-9]([a-z0-9]|-[a-z0-9]){2,62}$`)
	routeForm    = regexp.MustCompile(`^([A-Za-z0-9._~-]+|\{[A-Za-z]+\})(/([A-Za-z0-9._~-]+|\{[A-Za-z]+\}))*(/\{(\*[A-Za-z]+|[A-Za-z]+\?)\})?$|^\{\*[A-Za-z]+\}$`)
	setting      = regexp.MustCompile(`%[^%]*%`)
)

// Load reads host.json and every functions/<Name>/function.json, in alphabetical order. %NAME% in a schedule, queue name or
// route is the setting NAME, read through getenv; without getenv (nil) such a field is not checked. A key that is unknown or
// missing, or that the Functions host would understand differently, is an error that names file and field.
func Load(files fs.FS, getenv func(string) string) ([]Function, Settings, error) {
	settings, err := loadSettings(files)
	if err != nil {
		return nil, Settings{}, err
	}
	folders, err := fs.ReadDir(files, "functions")
	if err != nil {
		return nil, Settings{}, err
	}
	var functions []Function
	for _, folder := range folders {
		f, err := loadFunction(files, folder.Name(), getenv)
		if err != nil {
			return nil, Settings{}, fmt.Errorf("%s: %w", functionFile(folder.Name()), err)
		}
		functions = append(functions, f)
	}
	return functions, settings, checkRoutes(functions)
}

func functionFile(name string) string { return path.Join("functions", name, "function.json") }

func loadFunction(files fs.FS, name string, getenv func(string) string) (Function, error) {
	if !functionName.MatchString(name) || strings.EqualFold(name, "host") {
		return Function{}, fmt.Errorf("folder name %q: want a letter, then letters, digits, - and _, and not host", name)
	}
	text, err := fs.ReadFile(files, functionFile(name))
	if err != nil {
		return Function{}, err
	}
	var file map[string]json.RawMessage
	if err := json.Unmarshal(text, &file); err != nil {
		return Function{}, err
	}
	for key := range file {
		if key != "bindings" {
			return Function{}, fmt.Errorf("unknown key %q: want bindings only", key)
		}
	}
	bindings, err := decodeBindings(file["bindings"], getenv)
	if err != nil {
		return Function{}, err
	}
	return makeFunction(name, bindings)
}

// decodeBindings checks that every binding has the keys of its type, no other, and sound names.
func decodeBindings(text json.RawMessage, getenv func(string) string) ([]binding, error) {
	var raw []map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, fmt.Errorf("bindings: %w", err)
	}
	var bindings []binding
	if err := json.Unmarshal(text, &bindings); err != nil {
		return nil, fmt.Errorf("bindings: %w", err)
	}
	for i := range bindings {
		b := &bindings[i]
		if err := checkKeys(b, raw[i]); err != nil {
			return nil, fmt.Errorf("bindings[%d].%w", i, err)
		}
		for _, field := range []struct {
			name, standIn string
			text          *string
		}{{"schedule", "0 0 0 * * *", &b.Schedule}, {"queueName", "stand-in", &b.QueueName}, {"route", "stand-in", &b.Route}} {
			if getenv == nil && setting.MatchString(*field.text) {
				*field.text = field.standIn
				continue
			}
			var err error
			if *field.text, err = resolve(*field.text, getenv); err != nil {
				return nil, fmt.Errorf("bindings[%d].%s: %w", i, field.name, err)
			}
		}
	}
	return bindings, nil
}

func checkKeys(b *binding, keys map[string]json.RawMessage) error {
	known, ok := keysOf[b.Type]
	if !ok {
		return fmt.Errorf("type: %q: want timerTrigger, queueTrigger, httpTrigger or http", b.Type)
	}
	for key := range keys {
		if !slices.Contains(known, key) {
			return fmt.Errorf("%s: unknown key of a %s: want %s", key, b.Type, strings.Join(known, ", "))
		}
	}
	for _, key := range known {
		if _, ok := keys[key]; !ok {
			return fmt.Errorf("%s: missing", key)
		}
	}
	direction := "in"
	if b.Type == "http" {
		direction = "out"
	}
	switch {
	case b.Direction != direction:
		return fmt.Errorf("direction: %q: want %s", b.Direction, direction)
	case !bindingName.MatchString(b.Name):
		return fmt.Errorf("name: %q: want a letter, then letters and digits", b.Name)
	}
	return nil
}

// resolve replaces each %NAME% by the setting of that name.
func resolve(text string, getenv func(string) string) (string, error) {
	var unset error
	resolved := setting.ReplaceAllStringFunc(text, func(name string) string {
		value := getenv(strings.Trim(name, "%"))
		if value == "" {
			unset = fmt.Errorf("setting %s is not set", name)
		}
		return value
	})
	return resolved, unset
}

// makeFunction makes the one trigger of a function.json a Function. An HTTP function has its answer beside it, and nothing
// else: with any other binding the Functions host would send it an envelope and not the client's request.
func makeFunction(name string, bindings []binding) (Function, error) {
	var triggers, answers []binding
	for _, b := range bindings {
		if b.Type == "http" {
			answers = append(answers, b)
		} else {
			triggers = append(triggers, b)
		}
	}
	if len(triggers) != 1 {
		return Function{}, fmt.Errorf("bindings: %d triggers: want one", len(triggers))
	}
	b := triggers[0]
	f := Function{Name: name, Trigger: Trigger(b.Type), Input: b.Name}
	if wanted := f.Trigger == HTTP; wanted != (len(answers) == 1) || len(answers) > 1 {
		return Function{}, errors.New("bindings: want one binding of type http beside an httpTrigger, and none elsewhere")
	}
	switch f.Trigger {
	case Timer:
		var err error
		if f.Schedule, err = ParseSchedule(b.Schedule); err != nil {
			return Function{}, fmt.Errorf("bindings: schedule: %w", err)
		}
		return f, nil
	case Queue:
		return queueFunction(f, b)
	default:
		return httpFunction(f, b)
	}
}

func queueFunction(f Function, b binding) (Function, error) {
	switch {
	case !queueName.MatchString(b.QueueName) || strings.HasSuffix(b.QueueName, store.Poison("")):
		return f, fmt.Errorf("bindings: queueName: %q: want 3 to 63 lower-case letters, digits and single dashes, not ending in %s",
			b.QueueName, store.Poison(""))
	case b.Connection != "AzureWebJobsStorage":
		return f, fmt.Errorf("bindings: connection: %q: want AzureWebJobsStorage", b.Connection)
	case b.DataType != "binary":
		// Without it the properties of a JSON message overwrite its id and its count of tries.
		return f, fmt.Errorf("bindings: dataType: %q: want binary", b.DataType)
	}
	f.Queue = b.QueueName
	return f, nil
}

func httpFunction(f Function, b binding) (Function, error) {
	if b.AuthLevel != "function" && b.AuthLevel != "anonymous" {
		return f, fmt.Errorf("bindings: authLevel: %q: want function or anonymous", b.AuthLevel)
	}
	if !routeForm.MatchString(b.Route) {
		return f, fmt.Errorf("bindings: route: %q: want literals and {names} between slashes, {*name} or {name?} only at the end", b.Route)
	}
	if len(b.Methods) == 0 {
		return f, errors.New("bindings: methods: want at least one: none would mean all")
	}
	for _, method := range b.Methods {
		if !slices.Contains([]string{"get", "head", "post", "put", "delete"}, method) {
			return f, fmt.Errorf("bindings: methods: %q: want get, head, post, put or delete", method)
		}
		f.Methods = append(f.Methods, strings.ToUpper(method))
	}
	f.Route, f.Open = b.Route, b.AuthLevel == "anonymous"
	return f, nil
}

// checkRoutes refuses a function that a stranger could reach with a POST to /<FunctionName>, which is an invocation.
func checkRoutes(functions []Function) error {
	for _, f := range functions {
		if f.Trigger != HTTP || !slices.Contains(f.Methods, "POST") {
			continue
		}
		for _, other := range functions {
			if matches(f.Route, "/"+other.Name) {
				return fmt.Errorf("%s: bindings: route: %q takes a POST to /%s, which is how the Functions host invokes %s",
					functionFile(f.Name), f.Route, other.Name, other.Name)
			}
		}
	}
	return nil
}
