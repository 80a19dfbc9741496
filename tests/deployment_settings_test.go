package tests

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/shared/config"
	"assay/shared/source"
)

// notDeployed are the settings that are read and not deployed.
var notDeployed = map[string]string{
	"AzureWebJobsStorage":                  "a connection string holds a key",
	"AzureWebJobsStorage__blobServiceUri":  "follows from the name of the account",
	"AzureWebJobsStorage__queueServiceUri": "follows from the name of the account",
	"AzureWebJobsStorage__tableServiceUri": "follows from the name of the account",
	"ASSAY_SOURCE_URL":                     "for simulated prices",
	"ASSAY_FUNCTION_KEYS_FILE":             "for assay run: the Functions host has keys of its own",
	"FUNCTIONS_CUSTOMHANDLER_PORT":         "given by the Functions host",
}

// hostSettings are the deployed settings that the Functions host reads.
var hostSettings = regexp.MustCompile(`^(APPLICATIONINSIGHTS_|AzureFunctionsJobHost__|AzureWebJobsDisableHomepage$|AzureWebJobs\.\w+\.Disabled$)`)

// checkResting: the timers of sources that must be turned on stand still, and no others.
func checkResting(t *testing.T, snapshot string, resources []deployed) {
	t.Helper()
	var want, got []string
	for _, name := range functionNames(t) {
		if s, ok := source.Find(strings.ToLower(strings.TrimPrefix(name, "Fetch"))); ok && s.Inert(nil, nil) != "" {
			want = append(want, "AzureWebJobs."+name+".Disabled true")
		}
	}
	for _, d := range ofType(resources, "Microsoft.Web/sites/config") {
		for name, value := range d.Properties {
			if strings.HasSuffix(name, ".Disabled") {
				got = append(got, fmt.Sprint(name, " ", value))
			}
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: timers that stand still (-want +got):\n%s", snapshot, diff)
	}
}

// checkSettings: every setting that shared/config reads is deployed or has a reason not to be, nothing else is, the program takes
// the values, those that local.settings.json.example also has are the same, and none is a secret.
func checkSettings(t *testing.T, snapshot string, resources []deployed) {
	t.Helper()
	settings := map[string]string{}
	for _, d := range ofType(resources, "Microsoft.Web/sites/config") {
		for name, value := range d.Properties {
			settings[name], _ = value.(string)
			if secretLike.MatchString(settings[name]) {
				t.Errorf("%s: setting %s holds a key", snapshot, name)
			}
		}
	}
	read := map[string]bool{}
	if _, err := config.Load(func(name string) string { read[name] = true; return settings[name] }); err != nil {
		t.Errorf("%s: the program does not take the deployed settings: %v", snapshot, err)
	}
	for name := range read {
		if _, ok := settings[name]; ok == (notDeployed[name] != "") {
			t.Errorf("%s: setting %s is deployed: %v; not to be deployed because: %q", snapshot, name, ok, notDeployed[name])
		}
	}
	for name := range settings {
		if !read[name] && !hostSettings.MatchString(name) {
			t.Errorf("%s: setting %s is deployed and nothing reads it", snapshot, name)
		}
	}
	for name, want := range exampleSettings(t) {
		got, ok := settings[name]
		if ok && got != want {
			t.Errorf("%s: setting %s is %q, and %q in local.settings.json.example", snapshot, name, got, want)
		}
		if !ok && notDeployed[name] == "" && name != "FUNCTIONS_WORKER_RUNTIME" { // Flex Consumption refuses it: its runtime is a property
			t.Errorf("%s: setting %s of local.settings.json.example is not deployed", snapshot, name)
		}
	}
}

var secretLike = regexp.MustCompile(`(?i)AccountKey=|SharedAccessSignature|\bsig=|[A-Za-z0-9+/]{60,}==`)

func exampleSettings(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("local.settings.json.example")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Values map[string]string }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file.Values
}
