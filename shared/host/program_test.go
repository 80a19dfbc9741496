package host

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"assay/shared/config"
	"assay/shared/group"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// programMode is the environment variable that makes this test binary a small program with functions of its own: "host" for
// a custom handler, "run" for own triggers. So the tests play the Functions host against a real process.
const programMode = "ASSAY_TEST_PROGRAM"

// programEvents names the file to which the program's functions append what they are called with.
const programEvents = "ASSAY_TEST_EVENTS"

func TestMain(m *testing.M) {
	if mode := os.Getenv(programMode); mode != "" {
		if err := runProgram(mode); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	storetest.Main(m)
}

// programFiles are the program's host.json and function.json files: the names and bindings are those of the recorded requests.
func programFiles() fs.FS {
	files := fstest.MapFS{"host.json": {Data: []byte(hostJSON)}}
	for name, bindings := range map[string]string{
		"TimerTick":  timerBinding("0 * * * * *"),
		"TimerOften": timerBinding("*/2 * * * * *"),
		"QueueEcho":  queueBinding("echo"),
		"QueueText":  queueBinding("text"),
		"Api":        httpBinding("api/{*path}", "get", "head"),
		"Ingest":     httpBinding("api/v1/ingest/{series}", "post"),
		"Page":       httpBinding("{*path}", "get", "head"),
	} {
		files[functionFile(name)] = &fstest.MapFile{Data: []byte(`{"bindings": [` + bindings + `]}`)}
	}
	return files
}

// hostJSON has the same keys as the program's, with times that suit a test.
const hostJSON = `{
  "version": "2.0",
  "functionTimeout": "00:00:04",
  "extensionBundle": {"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.*, 5.0.0)"},
  "extensions": {
    "http": {"routePrefix": ""},
    "queues": {
      "batchSize": 4, "newBatchThreshold": 2, "maxDequeueCount": 3, "visibilityTimeout": "00:00:01",
      "maxPollingInterval": "00:00:01", "messageEncoding": "none"
    }
  },
  "customHandler": {
    "description": {"defaultExecutablePath": "program", "arguments": ["host"]},
    "enableProxyingHttpRequest": true
  }
}`

func timerBinding(schedule string) string {
	return fmt.Sprintf(`{"type": "timerTrigger", "name": "timer", "direction": "in", "schedule": %q}`, schedule)
}

func queueBinding(queue string) string {
	return fmt.Sprintf(`{"type": "queueTrigger", "name": "msg", "direction": "in", "queueName": %q,
		"connection": "AzureWebJobsStorage", "dataType": "binary"}`, queue)
}

func httpBinding(route string, methods ...string) string {
	list, _ := json.Marshal(methods) // strings
	return fmt.Sprintf(`{"type": "httpTrigger", "name": "req", "direction": "in", "authLevel": "function", "methods": %s, "route": %q},
		{"type": "http", "name": "res", "direction": "out"}`, list, route)
}

// event is one call of a function of the program.
type event struct {
	Function string
	Payload  []byte
	Process  int
}

// programFunctions are the program's functions. Work writes its payload to the events file and then does what the payload
// says: fail, panic, beside (a panic in a goroutine of shared/group), kill or goroutine (a panic in one of its own; the process ends,
// the first time), slow (until its deadline), stuck (for ever), or nothing.
func programFunctions() Functions {
	events, err := os.OpenFile(os.Getenv(programEvents), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	work := func(name string) Work {
		return func(ctx context.Context, payload []byte) error {
			line, _ := json.Marshal(event{name, payload, os.Getpid()}) // strings
			if _, err := events.Write(append(line, '\n')); err != nil {
				return err
			}
			return obey(ctx, string(payload))
		}
	}
	return Functions{
		Work: map[string]Work{
			"TimerTick": work("TimerTick"), "TimerOften": work("TimerOften"),
			"QueueEcho": work("QueueEcho"), "QueueText": work("QueueText"),
		},
		HTTP: map[string]http.Handler{
			"Api": http.HandlerFunc(programAPI), "Ingest": http.HandlerFunc(programAPI), "Page": http.HandlerFunc(programPage),
		},
	}
}

func obey(ctx context.Context, order string) error {
	order, detail, _ := strings.Cut(order, " ")
	switch order {
	case "fail":
		return errors.New("asked to fail\nin two lines")
	case "panic":
		panic("asked to panic")
	case "beside":
		beside, _ := group.WithContext(ctx)
		beside.Go(func() error { panic("asked to panic beside") })
		return beside.Wait()
	case "kill", "goroutine":
		marker := os.Getenv(programEvents) + "." + order + detail
		if _, err := os.Stat(marker); err == nil {
			return nil
		}
		if err := os.WriteFile(marker, nil, 0o600); err != nil {
			return err
		}
		if order == "goroutine" {
			go panic("asked to panic in a goroutine")
		} else if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
			return err
		}
		select {}
	case "slow":
		<-ctx.Done()
		return ctx.Err()
	case "stuck":
		select {}
	case "wait":
		d, err := time.ParseDuration(detail)
		if err != nil {
			return err
		}
		select {
		case <-time.After(d):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// programAPI answers with what it was asked, and panics before or after its answer began when the path says so.
func programAPI(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/api/panic" {
		panic("asked to panic")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "text/plain")
	fmt.Fprintf(w, "%s %s body=%s", r.Method, r.URL.RequestURI(), base64.StdEncoding.EncodeToString(body))
	if r.URL.Path == "/api/panic-late" {
		panic("asked to panic")
	}
}

// programPage is a page at / and a 404 elsewhere.
func programPage(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.Error(w, "no such page", http.StatusNotFound)
		return
	}
	fmt.Fprint(w, "the page")
}

func runProgram(mode string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	st, err := store.Open(config.Storage{Connection: os.Getenv("AzureWebJobsStorage")}, store.Options{})
	if err != nil {
		return err
	}
	h, err := New(programFiles(), programFunctions(), Options{
		Getenv: os.Getenv, Queues: st.Queues, Log: slog.New(slog.NewJSONHandler(os.Stdout, nil)),
	})
	if err != nil {
		return err
	}
	h.hidden = 2 * time.Second // a killed process's messages come back while a test waits
	if mode == "run" {
		listener, err := Listen("127.0.0.1", 0)
		if err != nil {
			return err
		}
		return h.Run(ctx, RunOptions{Listener: listener, Grace: DefaultGrace})
	}
	port, err := Port("FUNCTIONS_CUSTOMHANDLER_PORT", os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT"))
	if err != nil {
		return err
	}
	listener, err := Listen("127.0.0.1", port)
	if err != nil {
		return err
	}
	return h.CustomHandler(ctx, listener)
}
