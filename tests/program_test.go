package tests

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestHandlerProcess plays the Functions host against the program itself. Nothing answers at its storage.
func TestHandlerProcess(t *testing.T) {
	t.Parallel()
	binary, port := build(t), freePort(t)
	handler := exec.Command(binary, "host")
	handler.Env = append(os.Environ(), "FUNCTIONS_CUSTOMHANDLER_PORT="+port,
		"AzureWebJobsStorage=DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;BlobEndpoint=http://127.0.0.1:1/a;"+
			"QueueEndpoint=http://127.0.0.1:1/a;TableEndpoint=http://127.0.0.1:1/a")
	var stderr strings.Builder
	handler.Stdout, handler.Stderr = t.Output(), io.MultiWriter(&stderr, t.Output())
	began := time.Now()
	if err := handler.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = handler.Process.Kill() }) // it has ended when all went well
	url := "http://127.0.0.1:" + port
	ask := func(method, path, forwarded string) (int, string) {
		r, err := http.NewRequest(method, url+path, strings.NewReader(`{"Data":{"message":"bm90IGEgcG9pbnRlcg=="},"Metadata":{}}`))
		if err != nil {
			t.Fatal(err)
		}
		if forwarded != "" {
			r.Header.Set("X-Forwarded-Host", forwarded)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			return 0, err.Error()
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, response.Header.Get("Content-Type") + " " + string(body)
	}
	eventually(t, "the handler answers", func() bool { status, _ := ask("GET", "/", ""); return status != 0 })
	t.Logf("ready after %v", time.Since(began))
	for _, test := range []struct {
		method, path, forwarded string
		status                  int
		body                    string
	}{
		{"GET", "/", "localhost:7071", 200, "text/html"},
		{"GET", "/Clean", "localhost:7071", 404, "text/html"},
		{"POST", "/Clean", "localhost:7071", 405, "application/problem+json"},
		{"POST", "/Clean", "", 500, "application/json {\"error\":"},
		{"GET", "/api/openapi.json", "localhost:7071", 200, "application/"},
		{"GET", "/api/nothing", "localhost:7071", 404, "application/problem+json"},
	} {
		if status, body := ask(test.method, test.path, test.forwarded); status != test.status || !strings.HasPrefix(body, test.body) {
			t.Errorf("%s %s, forwarded %q: %d %.200s, want %d %s", test.method, test.path, test.forwarded, status, body, test.status, test.body)
		}
	}
	if err := handler.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := handler.Wait(); handler.ProcessState.ExitCode() != 200 || stderr.Len() > 0 {
		t.Errorf("after SIGTERM: %v, stderr %q, want exit code 200 (0 would leave the Functions host without a handler)", err, stderr.String())
	}
}

// TestMistakes: one clear sentence and the right exit code.
func TestMistakes(t *testing.T) {
	binary := build(t)
	for _, test := range []struct {
		arguments, setting string
		code               int
		want               string
	}{
		{"host", "FUNCTIONS_CUSTOMHANDLER_PORT=many", 1, "FUNCTIONS_CUSTOMHANDLER_PORT=\"many\": want a port number from 1 to 65535"},
		{"run --port 0 --address 0.0.0.0", "", 1, "can be reached by others: name a file of function keys in ASSAY_FUNCTION_KEYS_FILE"},
		{"run", "ASSAY_FUNCTION_KEYS_FILE=missing", 1, "function keys: open missing: no such file"},
		{"run --only Clean,Lod", "", 2, `no function is called "Lod": there are Api, Backfill`},
		{"invoke Nothing", "", 2, `no function is called "Nothing": there are Api, Backfill`},
		{"invoke Clean {", "", 2, "the payload is not JSON"},
		{"invoke Page", "", 1, "Page answers HTTP"},
		{"run --grace -5s", "", 2, "--grace -5s: want 0 or more, such as 25s"},
		{"invoke Clean --wait", "", 1, "Clean has no schedule to wait for"},
		{"stage --in-place --package", "", 2, "--in-place links to functions/"},
		{"local sim", "", 2, `"sim": what is meant for Azurite stands behind --`},
		{"local --market moon", "", 2, `the market "moon" is not known: want auto, live or sim`},
		{"local --market live", "ASSAY_SOURCE_URL=http://127.0.0.1:1", 2, "ASSAY_SOURCE_URL names a server in every provider's place: unset it"},
		{"sing", "", 2, `there is no command "sing"`},
		{"run", "ASSAY_PUBLIC_READ=perhaps", 1, `ASSAY_PUBLIC_READ="perhaps": want true or false`},
		{"run", "AzureWebJobsStorage=nonsense", 1, "AzureWebJobsStorage"},
	} {
		c := exec.Command(binary, strings.Fields(test.arguments)...)
		c.Env = append(os.Environ(), test.setting)
		var stderr strings.Builder
		c.Stderr = io.MultiWriter(&stderr, t.Output())
		err := c.Run()
		said := strings.TrimSuffix(stderr.String(), "\n")
		if c.ProcessState.ExitCode() != test.code || !strings.Contains(said, test.want) || strings.Contains(said, "\n") {
			t.Errorf("assay %s with %q: %v, %q, want exit code %d and one line with %q", test.arguments, test.setting, err, said, test.code, test.want)
		}
	}
}
