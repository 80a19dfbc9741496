package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"
)

// The versions whose schemas the chart has to meet. They are read out of the modules' files; nothing of them is compiled.
var (
	kubernetes = module{"k8s.io/kubernetes@v1.36.4", "h1:08GT0ZOMtyCcRnslyvnpWurf1wm20KHbC/aRS+0LxSo="}
	keda       = module{"github.com/kedacore/keda/v2@v2.21.0", "h1:R6z2HZvstK4RLUMxroNACzBj74xGxt3kG59b5Xc+Xps="}
)

// module is a module of the Go proxy with the hash of its files, as go.sum has it.
type module struct{ version, sum string }

// object is one object of Kubernetes.
type object map[string]any

func (o object) kind() string { return o["kind"].(string) }

// at returns what lies on a path of keys, nil where there is nothing.
func (o object) at(keys ...string) any {
	var value any = map[string]any(o)
	for _, key := range keys {
		fields, _ := value.(map[string]any)
		value = fields[key]
	}
	return value
}

func (o object) name() string { return fmt.Sprint(o.at("metadata", "name")) }

func (o object) String() string { return o.kind() + " " + o.name() }

// folder downloads a module, or finds it downloaded.
func (m module) folder(t *testing.T) string {
	t.Helper()
	c := exec.Command("go", "mod", "download", "-json", m.version)
	c.Dir = t.TempDir()                         // outside of any module
	c.Env = append(os.Environ(), "GOSUMDB=off") // the hash is compared here
	out, err := c.Output()
	var got struct{ Dir, Sum, Error string }
	if jsonErr := json.Unmarshal(out, &got); err != nil || jsonErr != nil {
		t.Fatalf("go mod download %s: %v %s", m.version, err, got.Error)
	}
	if got.Sum != m.sum {
		t.Fatalf("%s has the hash %s, want %s", m.version, got.Sum, m.sum)
	}
	return got.Dir
}

// schemas hold the OpenAPI schemas of Kubernetes and the CRDs of KEDA, made strict: a field that they do not name is refused.
type schemas struct {
	compiler *jsonschema.Compiler
	kinds    map[string]string // apiVersion and kind to where the schema is
}

func newSchemas(t *testing.T) *schemas {
	t.Helper()
	s := &schemas{jsonschema.NewCompiler(), map[string]string{}}
	core := "file:///" + s.addKubernetes(t, "api__v1")
	for _, group := range []string{"apps__v1", "autoscaling__v2", "batch__v1", "networking.k8s.io__v1", "policy__v1"} {
		s.addKubernetes(t, "apis__"+group)
	}
	crds, err := filepath.Glob(filepath.Join(keda.folder(t), "config/crd/bases/keda.sh_*.yaml"))
	if err != nil || len(crds) == 0 {
		t.Fatalf("no CRDs: %v", err)
	}
	for _, crd := range crds {
		s.addCRD(t, crd, core)
	}
	return s
}

func (s *schemas) addKubernetes(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(kubernetes.folder(t), "api/openapi-spec/v3", name+"_openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	var document map[string]any
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	known := object(document).at("components", "schemas").(map[string]any)
	for typeName, schema := range known {
		kinds, _ := schema.(map[string]any)["x-kubernetes-group-version-kind"].([]any)
		for _, kind := range kinds {
			k := kind.(map[string]any)
			version := strings.TrimPrefix(fmt.Sprintf("%s/%s", k["group"], k["version"]), "/")
			s.kinds[fmt.Sprintf("%s %s", version, k["kind"])] = fmt.Sprintf("file:///%s#/components/schemas/%s", name, typeName)
		}
	}
	strict(known)
	if err := s.compiler.AddResource("file:///"+name, map[string]any{"components": map[string]any{"schemas": known}}); err != nil {
		t.Fatal(err)
	}
	return name
}

// addCRD adds the schema of a CRD, whose metadata is that of every object.
func (s *schemas) addCRD(t *testing.T, file, core string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var crd object
	if err := yaml.Unmarshal(text, &crd); err != nil {
		t.Fatal(err)
	}
	for _, v := range crd.at("spec", "versions").([]any) {
		version := object(v.(map[string]any))
		schema := version.at("schema", "openAPIV3Schema").(map[string]any)
		strict(schema)
		schema["properties"].(map[string]any)["metadata"] = map[string]any{"$ref": core + "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}
		at := "file:///" + filepath.Base(file)
		if err := s.compiler.AddResource(at, schema); err != nil {
			t.Fatal(err)
		}
		s.kinds[fmt.Sprintf("%s/%s %s", crd.at("spec", "group"), version["name"], crd.at("spec", "names", "kind"))] = at
	}
}

// strict makes every object schema refuse fields that it does not name.
func strict(node any) {
	switch node := node.(type) {
	case map[string]any:
		_, named := node["properties"].(map[string]any)
		if _, said := node["additionalProperties"]; named && !said && node["x-kubernetes-preserve-unknown-fields"] != true {
			node["additionalProperties"] = false
		}
		for _, child := range node {
			strict(child)
		}
	case []any:
		for _, child := range node {
			strict(child)
		}
	}
}

// check says what is wrong with an object, or returns nil.
func (s *schemas) check(o object) error {
	at, ok := s.kinds[fmt.Sprintf("%s %s", o["apiVersion"], o["kind"])]
	if !ok {
		return fmt.Errorf("no schema for %s %s", o["apiVersion"], o["kind"])
	}
	schema, err := s.compiler.Compile(at)
	if err != nil {
		return err
	}
	return schema.Validate(map[string]any(o))
}

func TestObjectsMeetTheirSchemas(t *testing.T) {
	s := newSchemas(t)
	for name, values := range valueSets {
		objects := mustRender(t, values)
		if len(objects) < 20 {
			t.Errorf("%s: %d objects: want all", name, len(objects))
		}
		for _, o := range objects {
			if err := s.check(o); err != nil {
				t.Errorf("%s: %s: %v", name, o, err)
			}
		}
	}
}

// TestReleaseOfDigits: a release may be called so, and a label is text.
func TestReleaseOfDigits(t *testing.T) {
	s := newSchemas(t)
	objects, _, err := renderAs(t, "1234", map[string]any{"storage": map[string]any{"secret": "1234"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		if err := s.check(o); err != nil {
			t.Errorf("%s: %v", o, err)
		}
	}
}

// TestSchemasRefuse spoils one field of a sound object at a time.
func TestSchemasRefuse(t *testing.T) {
	s := newSchemas(t)
	for _, test := range []struct {
		kind, path, want string
		value            any
	}{
		{"ScaledObject", "spec.poolingInterval", "additional properties 'poolingInterval' not allowed", 5},
		{"ScaledObject", "spec.pollingInterval", "got string, want integer", "5"},
		{"ScaledObject", "spec.scaleTargetRef", "got string, want object", "x"},
		{"ScaledObject", "metadata.lables", "additional properties 'lables' not allowed", 1},
		{"ScaledJob", "spec.jobTargetRef.backofLimit", "additional properties 'backofLimit' not allowed", 0},
		{"TriggerAuthentication", "spec.podIdentity", "missing property 'provider'", map[string]any{}},
		{"CronJob", "spec.concurencyPolicy", "additional properties 'concurencyPolicy' not allowed", "Forbid"},
		{"CronJob", "spec.schedule", "got number, want string", 5},
		{"Deployment", "spec.template.spec.containers", "missing property 'name'", []any{map[string]any{}}},
		{"NetworkPolicy", "spec.egres", "additional properties 'egres' not allowed", 1},
	} {
		objects := mustRender(t, "")
		o := objects[slices.IndexFunc(objects, func(o object) bool { return o.kind() == test.kind })]
		o.set(test.path, test.value)
		if err := s.check(o); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s with %s=%v: %v, want %q", test.kind, test.path, test.value, err, test.want)
		}
	}
}

// set writes a value at a path of keys with dots between them; nil takes it away.
func (o object) set(path string, value any) {
	keys := strings.Split(path, ".")
	last := len(keys) - 1
	fields := o.at(keys[:last]...).(map[string]any)
	if value == nil {
		delete(fields, keys[last])
		return
	}
	fields[keys[last]] = value
}
