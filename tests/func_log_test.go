package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// records counts the invocations of a function, or of all for "", that ended as the handler's log says: done or failed.
func (h *functionsHost) records(ended, function string) int {
	n := 0
	for line := range strings.Lines(h.printed()) {
		if strings.Contains(line, fmt.Sprintf(`"msg":%q`, ended)) && strings.Contains(line, `"function":"`+function) {
			n++
		}
	}
	return n
}

// died counts the handlers that ended on their own or were killed.
func (h *functionsHost) died() int {
	return strings.Count(h.printed(), "Language Worker Process exited")
}

// errorLine is the first line of a record at Error level or above in the host's log files.
var errorLine = regexp.MustCompile(`(?m)^\S+ \[(?:Error|Critical)\] .*$`)

// checkErrors fails the test for what the host logged at Error level, the lines left out that one of the patterns matches.
// Call it after stop: until then some of the log is not written.
func (h *functionsHost) checkErrors(but ...string) {
	h.t.Helper()
	for _, line := range h.logged(errorLine) {
		if !slices.ContainsFunc(but, func(pattern string) bool { return regexp.MustCompile(pattern).MatchString(line) }) {
			h.t.Errorf("the host logged an error that this test did not provoke: %s", line)
		}
	}
}

// logged returns what a pattern matches in the host's log files.
func (h *functionsHost) logged(pattern *regexp.Regexp) []string {
	h.t.Helper()
	files := 0
	var found []string
	err := filepath.WalkDir(h.temp, func(path string, entry os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".log" {
			return err
		}
		files++
		text, err := os.ReadFile(path)
		found = append(found, pattern.FindAllString(string(text), -1)...)
		return err
	})
	if err != nil || files == 0 {
		h.t.Fatalf("the host wrote %d log files: %v", files, err)
	}
	return found
}

// checkTelemetry fails the test when the host warns of how host.json wants to be watched: Application Insights or OpenTelemetry mode.
func (h *functionsHost) checkTelemetry() {
	h.t.Helper()
	for line := range strings.Lines(h.printed()) {
		lower := strings.ToLower(line)
		if strings.Contains(lower, "warn") && (strings.Contains(lower, "telemetry") || strings.Contains(lower, "insights")) {
			h.t.Errorf("the host warns: %s", line)
		}
	}
}
