package host

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"time"
)

// Settings are what host.json says, for the Functions host and for our own triggers alike.
type Settings struct {
	Executable      string // file name of the binary, beside host.json
	FunctionTimeout time.Duration
	Queues          QueueSettings
}

// QueueSettings are the limits of every queue function, for each process.
type QueueSettings struct {
	BatchSize          int           // messages taken at once, at most 32
	NewBatchThreshold  int           // more are taken when at most so many are in hand
	MaxDequeueCount    int           // tries before a message goes to the poison queue
	VisibilityTimeout  time.Duration // until a message that failed is tried again
	MaxPollingInterval time.Duration // between two looks at an idle queue: a price may wait so long, and at 2 s the looks are 43,200 paid requests a day
}

// Deadline is how long one invocation may take. It lies below FunctionTimeout, after which the Functions host kills the
// process and with it every other invocation.
func (s Settings) Deadline() time.Duration { return s.FunctionTimeout - s.margin() }

// grace is how long an invocation past its deadline may take to notice.
func (s Settings) grace() time.Duration { return s.margin() / 2 }

func (s Settings) margin() time.Duration { return min(30*time.Second, s.FunctionTimeout/4) }

// hostFile is host.json. Each key that is not here is refused: the Functions host would obey it, and our own triggers not.
type hostFile struct {
	Version         string          `json:"version"`
	FunctionTimeout string          `json:"functionTimeout"`
	Logging         json.RawMessage `json:"logging"`       // the Functions host's own
	TelemetryMode   string          `json:"telemetryMode"` // the Functions host's own
	ExtensionBundle struct {
		ID      string `json:"id"`
		Version string `json:"version"`
	} `json:"extensionBundle"`
	Extensions struct {
		HTTP struct {
			RoutePrefix *string `json:"routePrefix"`
		} `json:"http"`
		Queues struct {
			BatchSize          *int   `json:"batchSize"`
			NewBatchThreshold  *int   `json:"newBatchThreshold"`
			MaxDequeueCount    *int   `json:"maxDequeueCount"`
			VisibilityTimeout  string `json:"visibilityTimeout"`
			MaxPollingInterval string `json:"maxPollingInterval"`
			MessageEncoding    string `json:"messageEncoding"`
		} `json:"queues"`
	} `json:"extensions"`
	CustomHandler struct {
		Description struct {
			DefaultExecutablePath string   `json:"defaultExecutablePath"`
			Arguments             []string `json:"arguments"`
		} `json:"description"`
		EnableProxyingHTTPRequest bool   `json:"enableProxyingHttpRequest"`
		InitializationTimeout     string `json:"initializationTimeout"`
	} `json:"customHandler"`
}

func loadSettings(files fs.FS) (Settings, error) {
	text, err := fs.ReadFile(files, "host.json")
	if err != nil {
		return Settings{}, err
	}
	var file hostFile
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return Settings{}, fmt.Errorf("host.json: %w", err)
	}
	settings, err := file.settings()
	if err != nil {
		return Settings{}, fmt.Errorf("host.json: %w", err)
	}
	return settings, nil
}

func (f *hostFile) settings() (Settings, error) {
	handler := f.CustomHandler
	switch executable := handler.Description.DefaultExecutablePath; {
	case f.Version != "2.0":
		return Settings{}, fmt.Errorf(`version: %q: want "2.0"`, f.Version)
	case f.ExtensionBundle.ID == "" || f.ExtensionBundle.Version == "":
		return Settings{}, fmt.Errorf("extensionBundle: want id and version: queue triggers come from it")
	case f.Extensions.HTTP.RoutePrefix == nil || *f.Extensions.HTTP.RoutePrefix != "":
		return Settings{}, fmt.Errorf(`extensions.http.routePrefix: want "": routes are written out in function.json`)
	case executable == "" || executable != path.Base(executable):
		// func gives the execute bit only to an entry of exactly this name.
		return Settings{}, fmt.Errorf("customHandler.description.defaultExecutablePath: %q: want a bare file name", executable)
	case !handler.EnableProxyingHTTPRequest:
		return Settings{}, fmt.Errorf("customHandler.enableProxyingHttpRequest: want true: HTTP functions are proxied")
	case f.Extensions.Queues.MessageEncoding != "none":
		return Settings{}, fmt.Errorf("extensions.queues.messageEncoding: %q: want none: store sends messages as they are",
			f.Extensions.Queues.MessageEncoding)
	}
	timeout, err := timeSpan("functionTimeout", f.FunctionTimeout, time.Second)
	if err != nil {
		return Settings{}, err
	}
	queues, err := f.queues()
	return Settings{handler.Description.DefaultExecutablePath, timeout, queues}, err
}

// queues wants every setting written out: the defaults of the Functions host depend on the plan and on the number of cores.
func (f *hostFile) queues() (QueueSettings, error) {
	from := f.Extensions.Queues
	var to QueueSettings
	for _, number := range []struct {
		name     string
		value    *int
		min, max int
		to       *int
	}{
		{"batchSize", from.BatchSize, 1, 32, &to.BatchSize},
		{"newBatchThreshold", from.NewBatchThreshold, 0, 1000, &to.NewBatchThreshold},
		{"maxDequeueCount", from.MaxDequeueCount, 1, 100, &to.MaxDequeueCount},
	} {
		if number.value == nil || *number.value < number.min || *number.value > number.max {
			return to, fmt.Errorf("extensions.queues.%s: want a number from %d to %d", number.name, number.min, number.max)
		}
		*number.to = *number.value
	}
	var err error
	if to.VisibilityTimeout, err = timeSpan("extensions.queues.visibilityTimeout", from.VisibilityTimeout, 0); err != nil {
		return to, err
	}
	to.MaxPollingInterval, err = timeSpan("extensions.queues.maxPollingInterval", from.MaxPollingInterval, minPolling)
	return to, err
}

var timeSpanForm = regexp.MustCompile(`^(\d\d):([0-5]\d):([0-5]\d)$`)

func timeSpan(field, s string, least time.Duration) (time.Duration, error) {
	parts := timeSpanForm.FindStringSubmatch(s)
	if parts == nil {
		return 0, fmt.Errorf("%s: %q: want hh:mm:ss", field, s)
	}
	var d time.Duration
	for i, unit := range []time.Duration{time.Hour, time.Minute, time.Second} {
		n, _ := strconv.Atoi(parts[i+1]) // two digits
		d += time.Duration(n) * unit
	}
	if d < least {
		return 0, fmt.Errorf("%s: %q: want at least %v", field, s, least)
	}
	return d, nil
}
