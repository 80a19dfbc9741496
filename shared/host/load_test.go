package host

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// testHost makes a host without queues, for tests of everything else.
func testHost(t *testing.T, files fs.FS, wired Functions) *Host {
	t.Helper()
	h, err := New(files, wired, Options{Getenv: func(string) string { return "" }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// stubs are functions that do nothing, one for each folder.
func stubs(files fs.FS) Functions {
	functions, _, err := Load(files, nil)
	if err != nil {
		panic(err)
	}
	wired := Functions{Work: map[string]Work{}, HTTP: map[string]http.Handler{}}
	for _, f := range functions {
		if f.Trigger == HTTP {
			wired.HTTP[f.Name] = http.NotFoundHandler()
		} else {
			wired.Work[f.Name] = func(context.Context, []byte) error { return nil }
		}
	}
	return wired
}

func TestLoad(t *testing.T) {
	files := fstest.MapFS{
		"host.json":                    {Data: []byte(hostJSON)},
		"functions/Api/function.json":  {Data: []byte(`{"bindings":[` + httpBinding("api/{*path}", "get", "head") + `]}`)},
		"functions/Load/function.json": {Data: []byte(`{"bindings":[` + queueBinding("%CLEAN%") + `]}`)},
		"functions/Tick/function.json": {Data: []byte(`{"bindings":[` + timerBinding("20 */5 * * * *") + `]}`)},
	}
	getenv := func(name string) string { return map[string]string{"CLEAN": "clean-prices"}[name] }
	functions, settings, err := Load(files, getenv)
	if err != nil {
		t.Fatal(err)
	}
	schedule, err := ParseSchedule("20 */5 * * * *")
	if err != nil {
		t.Fatal(err)
	}
	want := []Function{
		{Name: "Api", Trigger: HTTP, Input: "req", Route: "api/{*path}", Methods: []string{"GET", "HEAD"}},
		{Name: "Load", Trigger: Queue, Input: "msg", Queue: "clean-prices"},
		{Name: "Tick", Trigger: Timer, Input: "timer", Schedule: schedule},
	}
	if diff := cmp.Diff(want, functions, cmp.AllowUnexported(Schedule{})); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
	wantSettings := Settings{"program", 4 * time.Second, QueueSettings{4, 2, 3, time.Second, time.Second}}
	if diff := cmp.Diff(wantSettings, settings); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestLoadRefuses(t *testing.T) {
	timer := timerBinding("0 * * * * *")
	tests := []struct{ name, file, want string }{
		{"Tick", `{"bindings": [`, "unexpected end of JSON"},
		{"Tick", `{"bindings": [` + timer + `], "retry": {"strategy": "fixedDelay"}}`, `unknown key "retry"`},
		{"Tick", `{"bindings": [` + timer + `], "disabled": true}`, `unknown key "disabled"`},
		{"Tick", `{"bindings": []}`, "0 triggers: want one"},
		{"Tick", `{"bindings": [` + timer + "," + queueBinding("echo") + `]}`, "2 triggers: want one"},
		{"Tick", `{"bindings": [{"type": "blobTrigger"}]}`, `bindings[0].type: "blobTrigger"`},
		{"Tick", `{"bindings": [` + timer + `, {"type": "queue", "name": "out", "direction": "out"}]}`, `bindings[1].type: "queue"`},
		{"Tick", `{"bindings": [` + strings.Replace(timer, `"schedule"`, `"cron"`, 1) + `]}`, "bindings[0].cron: unknown key of a timerTrigger"},
		{"Tick", `{"bindings": [` + strings.Replace(timer, "}", `, "runOnStartup": true}`, 1) + `]}`, "bindings[0].runOnStartup: unknown key"},
		{"Tick", `{"bindings": [{"type": "timerTrigger", "name": "timer", "direction": "in"}]}`, "bindings[0].schedule: missing"},
		{"Tick", `{"bindings": [` + strings.Replace(timer, `"in"`, `"out"`, 1) + `]}`, `bindings[0].direction: "out": want in`},
		{"Tick", `{"bindings": [` + strings.Replace(timer, `"timer"`, `"a_timer"`, 1) + `]}`, `bindings[0].name: "a_timer"`},
		{"Tick", `{"bindings": [` + timerBinding("*/5 * * * *") + `]}`, "has 5 fields: want six"},
		{"Tick", `{"bindings": [` + timerBinding("%UNSET%") + `]}`, "bindings[0].schedule: setting %UNSET% is not set"},
		{"Tick", `{"bindings": [` + timer + `, {"type": "http", "name": "res", "direction": "out"}]}`, "want one binding of type http beside"},
		{"9Tick", `{"bindings": [` + timer + `]}`, `folder name "9Tick"`},
		{"host", `{"bindings": [` + timer + `]}`, `folder name "host"`},
		{"Echo", `{"bindings": [` + queueBinding("Echo_Queue") + `]}`, `queueName: "Echo_Queue"`},
		{"Echo", `{"bindings": [` + queueBinding("echo-poison") + `]}`, `queueName: "echo-poison"`},
		{"Echo", `{"bindings": [` + strings.Replace(queueBinding("echo"), `"binary"`, `"string"`, 1) + `]}`, `dataType: "string": want binary`},
		{"Echo", `{"bindings": [` + strings.Replace(queueBinding("echo"), `, "dataType": "binary"`, "", 1) + `]}`, "dataType: missing"},
		{"Echo", `{"bindings": [` + strings.Replace(queueBinding("echo"), "AzureWebJobsStorage", "Other", 1) + `]}`, `connection: "Other"`},
		{"Api", `{"bindings": [` + httpBinding("/api", "get") + `]}`, `route: "/api"`},
		{"Api", `{"bindings": [` + httpBinding("api/{id:int}", "get") + `]}`, "route:"},
		{"Api", `{"bindings": [` + httpBinding("api") + `]}`, "methods: "},
		{"Api", `{"bindings": [` + httpBinding("api", "GET") + `]}`, `methods: "GET"`},
		{"Api", `{"bindings": [` + strings.Replace(httpBinding("api", "get"), `"function"`, `"admin"`, 1) + `]}`, `authLevel: "admin"`},
		{"Api", `{"bindings": [` + strings.Split(httpBinding("api", "get"), "},")[0] + `}]}`, "want one binding of type http beside"},
		{"Api", `{"bindings": [` + httpBinding("{*path}", "get", "post") + `]}`, "takes a POST to /Api"},
		{"Api", `{"bindings": [` + httpBinding("{name}", "post") + `]}`, "takes a POST to /Api"},
		{"Api", `{"bindings": [` + httpBinding("api", "post") + `]}`, "takes a POST to /Api"},
	}
	for _, test := range tests {
		files := fstest.MapFS{"host.json": {Data: []byte(hostJSON)}, functionFile(test.name): {Data: []byte(test.file)}}
		_, _, err := Load(files, func(string) string { return "" })
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), functionFile(test.name)) {
			t.Errorf("%s\nerror %v\nwant one that names the file and has %q", test.file, err, test.want)
		}
	}
}

func TestHostJSONRefuses(t *testing.T) {
	tests := []struct{ old, replacement, want string }{
		{`"2.0"`, `"3.0"`, `version: "3.0"`},
		{`"routePrefix": ""`, `"routePrefix": "api"`, "extensions.http.routePrefix"},
		{`"http": {"routePrefix": ""},`, ``, "extensions.http.routePrefix"},
		{`"00:00:04"`, `"4s"`, `functionTimeout: "4s"`},
		{`"00:00:04"`, `"00:00:00"`, "functionTimeout"},
		{`"batchSize": 4,`, ``, "extensions.queues.batchSize: want a number from 1 to 32"},
		{`"batchSize": 4,`, `"batchSize": 64,`, "extensions.queues.batchSize"},
		{`"maxDequeueCount": 3`, `"maxDequeueCount": 0`, "extensions.queues.maxDequeueCount"},
		{`"visibilityTimeout": "00:00:01"`, `"visibilityTimeout": "1"`, "extensions.queues.visibilityTimeout"},
		{`"none"`, `"base64"`, `messageEncoding: "base64": want none`},
		{`"program"`, `"./program"`, "defaultExecutablePath"},
		{`"enableProxyingHttpRequest": true`, `"enableForwardingHttpRequest": true`, `unknown field "enableForwardingHttpRequest"`},
		{`"enableProxyingHttpRequest": true`, `"enableProxyingHttpRequest": false`, "enableProxyingHttpRequest: want true"},
		{`"version": "2.0",`, `"version": "2.0", "retry": {},`, `unknown field "retry"`},
	}
	for _, test := range tests {
		text := strings.Replace(hostJSON, test.old, test.replacement, 1)
		_, err := loadSettings(fstest.MapFS{"host.json": {Data: []byte(text)}})
		if text == hostJSON || err == nil || !strings.HasPrefix(err.Error(), "host.json: ") || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s → %s: error %v, want one with %q", test.old, test.replacement, err, test.want)
		}
	}
}

func TestNewWantsBoth(t *testing.T) {
	files := programFiles()
	tests := []struct {
		change func(*Functions)
		want   string
	}{
		{func(f *Functions) { delete(f.Work, "QueueEcho") }, "functions/QueueEcho/function.json: no work of this name is wired"},
		{func(f *Functions) { delete(f.HTTP, "Page") }, "functions/Page/function.json: no HTTP handler of this name is wired"},
		{func(f *Functions) { f.Work["Extra"] = f.Work["QueueEcho"] }, "function Extra is wired but has no functions/Extra/function.json"},
		{func(f *Functions) { f.HTTP["Extra"] = f.HTTP["Page"] }, "function Extra is wired but has no"},
	}
	for _, test := range tests {
		wired := stubs(files)
		test.change(&wired)
		if _, err := New(files, wired, Options{}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want %q", err, test.want)
		}
	}
}
