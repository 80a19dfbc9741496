package main

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/adhocore/gronx"
	"github.com/google/go-cmp/cmp"
	"github.com/robfig/cron/v3" // which Kubernetes reads schedules with
)

// TestCronOf compares all starts of a year: those of the schedule with its second dropped, and those that Kubernetes makes of the result.
func TestCronOf(t *testing.T) {
	for _, test := range []struct{ schedule, want string }{
		{"20 */5 * * * *", "*/5 * * * *"},
		{"40 7,37 * * * *", "7,37 * * * *"},
		{"20 */15 14-17 * * 1-5", "*/15 14-17 * * 1-5"},
		{"0 0 0 1 1 *", "0 0 1 1 *"},
		{"59 59 23 * * 0", "59 23 * * 0"},
		{"05 3 2-22/4 29 2 *", "3 2-22/4 29 2 *"},
		{"  7  1   *  */10 * * ", "1 * */10 * *"},
	} {
		got, err := cronOf(test.schedule)
		if err != nil || got != test.want {
			t.Errorf("%q: %q, %v, want %q", test.schedule, got, err, test.want)
			continue
		}
		if diff := cmp.Diff(startsOfSchedule(t, test.schedule), startsOfCron(t, got)); diff != "" {
			t.Errorf("%q and %q start differently:\n%s", test.schedule, got, diff)
		}
	}
}

// year is a leap year.
var year = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

const shown = 2000 // starts that are compared

func startsOfSchedule(t *testing.T, schedule string) (minutes []time.Time) {
	t.Helper()
	schedule = strings.Join(strings.Fields(schedule), " ")
	for at := year; len(minutes) < shown; {
		next, err := gronx.NextTickAfter(schedule, at, true)
		if err != nil {
			t.Fatal(err)
		}
		if next.Year() != year.Year() {
			return minutes
		}
		minutes = append(minutes, next.Truncate(time.Minute))
		at = next.Add(time.Second)
	}
	return minutes
}

func startsOfCron(t *testing.T, expression string) (minutes []time.Time) {
	t.Helper()
	schedule, err := cron.ParseStandard(expression)
	if err != nil {
		t.Fatal(err)
	}
	for at := schedule.Next(year.Add(-time.Second)); at.Year() == year.Year() && len(minutes) < shown; at = schedule.Next(at) {
		minutes = append(minutes, at)
	}
	return minutes
}

func TestReadFunctions(t *testing.T) {
	const host = `{"functionTimeout": "01:02:03", "extensions": {"queues": {"batchSize": 7}}}`
	root := func(name, trigger string) fstest.MapFS {
		return fstest.MapFS{
			"host.json":                            {Data: []byte(host)},
			"functions/" + name + "/function.json": {Data: []byte(`{"bindings": [{"type": "http", "direction": "out"}, ` + trigger + `]}`)},
		}
	}
	for _, test := range []struct {
		name, trigger string
		want          Functions
	}{
		{"Tick", `{"type": "timerTrigger", "schedule": "5 0 1 * * *"}`, Functions{Timers: map[string]string{"Tick": "0 1 * * *"}}},
		{"Echo", `{"type": "queueTrigger", "queueName": "echoes"}`, Functions{Queues: map[string]string{"Echo": "echoes"}}},
		{"Job", `{"type": "queueTrigger", "queueName": "jobs"}`, Functions{Jobs: map[string]string{"Job": "jobs"}}},
		{"Read", `{"type": "httpTrigger", "route": "read"}`, Functions{HTTP: []string{"Read"}}},
	} {
		test.want.TimeoutSeconds, test.want.QueueLength = 3723, 7
		for _, m := range []*map[string]string{&test.want.Timers, &test.want.Queues, &test.want.Jobs} {
			if *m == nil {
				*m = map[string]string{}
			}
		}
		got, err := readFunctions(root(test.name, test.trigger))
		if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", test.name, err, diff)
		}
	}
	for _, test := range []struct{ trigger, want string }{
		{`{"type": "timerTrigger", "schedule": "*/20 * * * * *"}`, `second "*/20": want one number: a CronJob runs at most once a minute`},
		{`{"type": "timerTrigger", "schedule": "0,30 * * * * *"}`, `second "0,30": want one number`},
		{`{"type": "timerTrigger", "schedule": "60 * * * * *"}`, `second "60": want one number`},
		{`{"type": "timerTrigger", "schedule": "* * * * *"}`, "has 5 fields: want six"},
		{`{"type": "timerTrigger", "schedule": "%WHEN%"}`, "the chart cannot know what a setting will be"},
		{`{"type": "queueTrigger", "queueName": "%WHERE%"}`, "the chart cannot know what a setting will be"},
		{`{"type": "blobTrigger"}`, "functions/F/function.json: the chart has nothing for a blobTrigger"},
		{`{"type": "queue", "direction": "out"}`, "no trigger among 2 bindings"},
	} {
		if _, err := readFunctions(root("F", test.trigger)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.trigger, err, test.want)
		}
	}
}
