package main

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/lint"
	"helm.sh/helm/v4/pkg/chart/v2/lint/support"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	"sigs.k8s.io/yaml"
)

const chartFolder = "../helm"

// valueSets are values that people give, by what they want.
var valueSets = map[string]string{
	"nothing": "",
	"identity": `storage: {accountName: stassay, clientId: 5c9f1f3e-0c0e-4b53-9d3c-6f0f4a3f2b11, scalerClientId: 0d9f1f3e-0c0e-4b53-9d3c-6f0f4a3f2b12}
image: {repository: registry.example:5000/assay, tag: 1.2.3, pullSecrets: [registry]}`,
	"everything": `storage: {secret: azurite}
settings: {ASSAY_WATCHLIST: "BTC-USD,XAU-USD", OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318"}
settingsSecret: source-keys
publicRead: true
http: {serviceType: LoadBalancer}
timers: {suspend: true}
stream: {enabled: true}
simulatedMarket: true
networkPolicy: {ports: [443, 10000, 10001, 10002]}`,
	"names of digits": `storage: {accountName: "1234", clientId: 5c9f1f3e-0c0e-4b53-9d3c-6f0f4a3f2b11}
keysSecret: "1234"
settingsSecret: "1234"
settings: {ASSAY_WATCHLIST: "1234"}
image: {tag: "1234", pullSecrets: ["1234"]}`,
	"no network policies": `networkPolicy: {enabled: false}`,
}

// render does what helm template does: the objects of the chart, in the order of their files, and the notes.
func render(t *testing.T, values string) (objects []object, notes string, err error) {
	t.Helper()
	given, err := common.ReadValues([]byte(values))
	if err != nil {
		t.Fatal(err)
	}
	return renderAs(t, "test", given)
}

func renderAs(t *testing.T, release string, values map[string]any) (objects []object, notes string, err error) {
	t.Helper()
	chart, err := loader.Load(chartFolder)
	if err != nil {
		t.Fatal(err)
	}
	top, err := util.ToRenderValues(chart, values, common.ReleaseOptions{Name: release, Namespace: "prices", Revision: 1, IsInstall: true}, nil)
	if err != nil {
		return nil, "", err
	}
	files, err := engine.Render(chart, top)
	if err != nil {
		return nil, "", err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasSuffix(name, "NOTES.txt") {
			notes = files[name]
			continue
		}
		for _, text := range strings.Split("\n"+files[name], "\n---") {
			var o object
			if err := yaml.UnmarshalStrict([]byte(text), &o); err != nil {
				t.Fatalf("%s: %v\n%s", name, err, text)
			}
			if len(o) > 0 {
				objects = append(objects, o)
			}
		}
	}
	return objects, notes, nil
}

func mustRender(t *testing.T, values string) []object {
	t.Helper()
	objects, _, err := render(t, values)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

func TestFunctionsFile(t *testing.T) {
	functions, err := readFunctions(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	want, err := text(functions)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(chartFolder + "/functions.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("infra/helm/functions.json is not what functions/ and host.json say; make chart writes it (-want +got):\n%s", diff)
	}
}

func TestLint(t *testing.T) {
	for name, values := range valueSets {
		given, err := common.ReadValues([]byte(values))
		if err != nil {
			t.Fatal(err)
		}
		for _, message := range lint.RunAll(chartFolder, given, "prices").Messages {
			if message.Severity > support.InfoSev { // below are pieces of advice, such as to have an icon
				t.Errorf("%s: %v", name, message)
			}
		}
	}
}

// TestWrongValues gives each wrong value by itself; want is in the error.
func TestWrongValues(t *testing.T) {
	const id = "5c9f1f3e-0c0e-4b53-9d3c-6f0f4a3f2b11"
	for _, test := range []struct{ values, want string }{
		{"storage: {clientId: " + id + "}", "at '/storage': properties 'accountName' required, if 'clientId' exists"},
		{"storage: {accountName: stassay}", "at '/storage': properties 'clientId' required, if 'accountName' exists"},
		{"storage: {accountName: '', clientId: " + id + "}", "at '/storage/accountName': '' does not match pattern"},
		{"storage: {accountName: St_Assay, clientId: " + id + "}", "at '/storage/accountName': 'St_Assay' does not match pattern"},
		{"storage: {accountName: stassay, clientId: me}", "at '/storage/clientId': 'me' does not match pattern"},
		{"storage: {secret: ''}", "at '/storage/secret': '' does not match pattern"},
		{"storage: {secret: null}", "at '/storage': missing property 'secret'"},
		{"replicas: 3", "additional properties 'replicas' not allowed"},
		{"http: {replicas: 3}", "at '/http': additional properties 'replicas' not allowed"},
		{"http: {minReplicas: -1}", "at '/http/minReplicas': minimum: got -1, want 1"},
		{"http: {minReplicas: two}", "at '/http/minReplicas': got string, want integer"},
		{"http: {minReplicas: 9, maxReplicas: 3}", "http.minReplicas is 9 and http.maxReplicas 3: want a minimum that is not above the maximum"},
		{"http: {serviceType: External}", "at '/http/serviceType': value must be one of 'ClusterIP', 'NodePort', 'LoadBalancer'"},
		{"queues: {maxReplicas: 0}", "at '/queues/maxReplicas': minimum: got 0, want 1"},
		{"queues: {pollingSeconds: -5}", "at '/queues/pollingSeconds': minimum: got -5, want 1"},
		{"queues: {resources: {limits: {memory: -1Mi}}}", "at '/queues/resources/limits/memory': '-1Mi' does not match pattern"},
		{"queues: {resources: {limits: {cpu: -1}}}", "at '/queues/resources/limits/cpu': exclusiveMinimum: got -1, want 0"},
		{"jobs: {maxReplicas: 1.5}", "at '/jobs/maxReplicas': got number, want integer"},
		{"timers: {suspend: 'no'}", "at '/timers/suspend': got string, want boolean"},
		{"settings: {ASSAY_WATCHLISTS: BTC-USD}", "at '/settings': additional properties 'ASSAY_WATCHLISTS' not allowed"},
		{"settings: {ASSAY_COINGECKO_KEY: key}", "at '/settings': additional properties 'ASSAY_COINGECKO_KEY' not allowed"},
		{"settings: {OTEL_EXPORTER_OTLP_HEADERS: key=key}", "settings.OTEL_EXPORTER_OTLP_HEADERS may hold a key, and what the chart writes"},
		{"settings: {AzureWebJobsStorage: secret}", "at '/settings': additional properties 'AzureWebJobsStorage' not allowed"},
		{"publicRead: 'true'", "at '/publicRead': got string, want boolean"},
		{"keysSecret: Keys", "at '/keysSecret': 'Keys' does not match pattern"},
		{"image: {repository: 'assay:1'}", "at '/image/repository': 'assay:1' does not match pattern"},
		{"image: {tag: 'a b'}", "at '/image/tag': 'a b' does not match pattern"},
		{"stream: {source: Kraken}", "at '/stream/source': 'Kraken' does not match pattern"},
		{"networkPolicy: {ports: [0]}", "at '/networkPolicy/ports/0': minimum: got 0, want 1"},
		{"networkPolicy: {ports: []}", "at '/networkPolicy/ports': minItems: got 0, want 1"},
	} {
		if _, _, err := render(t, test.values); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.values, err, test.want)
		}
	}
}

// TestValuesAreDescribed asks of the schema a sentence for each value.
func TestValuesAreDescribed(t *testing.T) {
	text, err := os.ReadFile(chartFolder + "/values.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := yaml.UnmarshalStrict(text, &schema); err != nil {
		t.Fatal(err)
	}
	var walk func(path string, node any)
	walk = func(path string, node any) {
		fields, _ := node.(map[string]any)
		properties, _ := fields["properties"].(map[string]any)
		for name, property := range properties {
			described := property.(map[string]any)
			if sentence, _ := described["description"].(string); described["$ref"] == nil && !strings.HasSuffix(sentence, ".") {
				t.Errorf("%s.%s: description %q: want a sentence", path, name, sentence)
			}
			walk(path+"."+name, property)
		}
	}
	walk("", schema)
}

// TestSettings compares the settings that the chart hands over with those of local.settings.json.example.
func TestSettings(t *testing.T) {
	var schema struct {
		Properties struct {
			Settings struct{ Properties map[string]any }
		}
	}
	var example struct{ Values map[string]string }
	root := os.DirFS("../..")
	if err := readJSON(root, "infra/helm/values.schema.json", &schema); err != nil {
		t.Fatal(err)
	}
	if err := readJSON(root, "local.settings.json.example", &example); err != nil {
		t.Fatal(err)
	}
	got := slices.Concat(slices.Collect(maps.Keys(schema.Properties.Settings.Properties)), []string{
		"AzureWebJobsStorage", "ASSAY_FUNCTION_KEYS_FILE", "ASSAY_PUBLIC_READ", "ASSAY_SOURCE_URL", // from other values
		"ASSAY_COINGECKO_KEY",      // a secret
		"FUNCTIONS_WORKER_RUNTIME", // of the Functions host only
	})
	slices.Sort(got)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(example.Values)), got); diff != "" {
		t.Errorf("settings of local.settings.json.example and of the chart (-example +chart):\n%s", diff)
	}
}

func TestNotes(t *testing.T) {
	_, notes, err := render(t, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"create secret generic assay-keys", "create secret generic assay-storage", "cronjob/test-assay-fetchkraken", "service/test-assay-http", "KEDA is missing"} {
		if !strings.Contains(notes, want) {
			t.Errorf("notes lack %q:\n%s", want, notes)
		}
	}
	if _, notes, _ = render(t, valueSets["identity"]); strings.Contains(notes, "assay-storage") {
		t.Errorf("notes ask for a connection string beside an identity:\n%s", notes)
	}
}
