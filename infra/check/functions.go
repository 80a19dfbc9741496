package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// long names the functions whose work on one message may take minutes: ScaledJobs, which scaling in never stops.
var long = []string{"Backfill", "Job"}

// Functions is what the chart knows of functions/ and host.json.
type Functions struct {
	TimeoutSeconds int               `json:"timeoutSeconds"` // functionTimeout: the most that a handler may take
	QueueLength    int               `json:"queueLength"`    // messages for each replica: batchSize, by which the Functions host scales, too
	Timers         map[string]string `json:"timers"`         // schedules as cron has them: five fields, UTC
	Queues         map[string]string `json:"queues"`         // queues of Deployments
	Jobs           map[string]string `json:"jobs"`           // queues of ScaledJobs
	HTTP           []string          `json:"http"`
}

type trigger struct {
	Type      string `json:"type"`
	Schedule  string `json:"schedule"`
	QueueName string `json:"queueName"`
}

// readFunctions reads functions/*/function.json and host.json, in the root of the repository. That they are sound is checked where
// they are run; here only what Kubernetes cannot do is an error.
func readFunctions(root fs.FS) (Functions, error) {
	functions, err := readHost(root)
	if err != nil {
		return Functions{}, fmt.Errorf("host.json: %w", err)
	}
	files, err := fs.Glob(root, "functions/*/function.json")
	if err != nil {
		return Functions{}, err
	}
	for _, file := range files {
		t, err := readTrigger(root, file)
		if err == nil {
			err = functions.add(path.Base(path.Dir(file)), t)
		}
		if err != nil {
			return Functions{}, fmt.Errorf("%s: %w", file, err)
		}
	}
	return functions, nil
}

func readHost(root fs.FS) (Functions, error) {
	var host struct {
		FunctionTimeout string
		Extensions      struct {
			Queues struct{ BatchSize int }
		}
	}
	if err := readJSON(root, "host.json", &host); err != nil {
		return Functions{}, err
	}
	clock, err := time.Parse(time.TimeOnly, host.FunctionTimeout)
	if err != nil {
		return Functions{}, fmt.Errorf("functionTimeout: %w", err)
	}
	timeout := clock.Sub(clock.Truncate(24 * time.Hour))
	return Functions{
		TimeoutSeconds: int(timeout.Seconds()), QueueLength: host.Extensions.Queues.BatchSize,
		Timers: map[string]string{}, Queues: map[string]string{}, Jobs: map[string]string{},
	}, nil
}

// readTrigger returns the binding that starts a function: the one that is no answer.
func readTrigger(root fs.FS, file string) (trigger, error) {
	var function struct{ Bindings []trigger }
	if err := readJSON(root, file, &function); err != nil {
		return trigger{}, err
	}
	for _, binding := range function.Bindings {
		if strings.HasSuffix(binding.Type, "Trigger") {
			return binding, nil
		}
	}
	return trigger{}, fmt.Errorf("no trigger among %d bindings", len(function.Bindings))
}

func readJSON(root fs.FS, file string, to any) error {
	text, err := fs.ReadFile(root, file)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, to)
}

func (f *Functions) add(name string, t trigger) error {
	if text := t.Schedule + t.QueueName; strings.Contains(text, "%") {
		return fmt.Errorf("%q: the chart cannot know what a setting will be: write the value", text)
	}
	switch t.Type {
	case "timerTrigger":
		cron, err := cronOf(t.Schedule)
		if err != nil {
			return err
		}
		f.Timers[name] = cron
	case "queueTrigger":
		if slices.Contains(long, name) {
			f.Jobs[name] = t.QueueName
		} else {
			f.Queues[name] = t.QueueName
		}
	case "httpTrigger":
		f.HTTP = append(f.HTTP, name)
	default:
		return fmt.Errorf("the chart has nothing for a %s", t.Type)
	}
	return nil
}

var second = regexp.MustCompile(`^[0-5]?[0-9]$`)

// cronOf makes of an NCRONTAB expression the five fields of cron, which starts with the minute: at its second 0. The second that is
// dropped is waited for by `assay invoke --wait`. What runs more often than once a minute is refused.
func cronOf(schedule string) (string, error) {
	fields := strings.Fields(schedule)
	if len(fields) != 6 {
		return "", fmt.Errorf("schedule %q has %d fields: want six (second minute hour day month weekday)", schedule, len(fields))
	}
	if !second.MatchString(fields[0]) {
		return "", fmt.Errorf("schedule %q: second %q: want one number: a CronJob runs at most once a minute", schedule, fields[0])
	}
	return strings.Join(fields[1:], " "), nil
}
