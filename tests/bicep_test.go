package tests

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// snapshots are the sets of parameters whose predicted deployments are kept beside them, in infra/snapshots: whoever changes a
// template sees there what it changes. Written anew with
//
//	bicep snapshot infra/snapshots/default.bicepparam --subscription-id 00000000-0000-0000-0000-000000000000 --location westeurope
var snapshots = []string{"default", "network", "cluster"}

// TestBicep compiles what describes the deployment. Azure is not asked: whether a region has the sizes, a policy forbids something or
// a quota is used up, only Azure knows.
func TestBicep(t *testing.T) {
	t.Parallel()
	script := findBicep(t)
	t.Run("Lint", func(t *testing.T) {
		t.Parallel()
		bicep(t, script, nil, "lint", "--pattern", "infra/**/*.bicep")
		bicep(t, script, nil, "lint", "--pattern", "infra/**/*.bicepparam")
	})
	t.Run("LintFindsErrors", func(t *testing.T) { t.Parallel(); testLintFindsErrors(t, script) })
	t.Run("Keyless", func(t *testing.T) {
		t.Parallel()
		text := bicep(t, script, nil, "build", "infra/main.bicep", "--stdout")
		if found := handsOutKeys.FindAllString(text, -1); found != nil {
			t.Errorf("the template asks Azure for keys: %q", found)
		}
		if key := secretLike.FindString(text); key != "" {
			t.Errorf("the template holds a key, %.20s…", key)
		}
	})
	t.Run("Parameters", func(t *testing.T) { t.Parallel(); testParameters(t, script) })
	for _, name := range snapshots {
		t.Run("Snapshot/"+name, func(t *testing.T) {
			t.Parallel()
			bicep(t, script, nil, "snapshot", "infra/snapshots/"+name+".bicepparam", "--mode", "Validate",
				"--subscription-id", "00000000-0000-0000-0000-000000000000", "--location", "westeurope")
		})
	}
}

// handsOutKeys matches the functions of a template that return a secret, and the types of parameters that hold one.
var handsOutKeys = regexp.MustCompile(`(?i)\blist(Keys|AccountSas|ServiceSas|Secrets|Credentials|AdminKeys|QueryKeys|ClusterAdminCredential)?\(|\bgetSecret\(|"secure(String|Object)"`)

// findBicep finds the compiler, or skips.
func findBicep(t *testing.T) string {
	t.Helper()
	return findTool(t, "bicep", "BICEP", "bicep is missing, so nothing of infra/ is compiled: az bicep install, or https://github.com/Azure/bicep/releases, then put it on PATH or name it in BICEP")
}

// bicep runs the compiler and returns what it prints. Any finding, a warning too, fails the test.
func bicep(t *testing.T, script string, env []string, arguments ...string) string {
	t.Helper()
	out, said, err := tryBicep(script, env, arguments...)
	if err != nil || said != "" {
		t.Errorf("bicep %s: %v\n%s", strings.Join(arguments, " "), err, said)
	}
	return out
}

func tryBicep(script string, env []string, arguments ...string) (out, said string, err error) {
	c := exec.Command(script, arguments...)
	c.Env = append(os.Environ(), env...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	err = c.Run()
	return stdout.String(), stderr.String(), err
}

// testLintFindsErrors: a file that breaks a rule is refused, and so is a set of parameters that does not go together.
func testLintFindsErrors(t *testing.T, script string) {
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS("infra")); err != nil {
		t.Fatal(err)
	}
	wrong := filepath.Join(folder, "wrong.bicep")
	if err := os.WriteFile(wrong, []byte("param unused string\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, said, err := tryBicep(script, nil, "lint", wrong); err == nil || !strings.Contains(said, "Error no-unused-params") {
		t.Errorf("a parameter that nothing uses: %v %s, want an error", err, said)
	}
	both := filepath.Join(folder, "snapshots", "both.bicepparam")
	text := "using '../main.bicep'\nparam environmentName = 'assay'\nparam location = 'westeurope'\nparam privateNetwork = true\nparam deployAks = true\n"
	if err := os.WriteFile(both, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	_, said, err := tryBicep(script, nil, "snapshot", both, "--subscription-id", "00000000-0000-0000-0000-000000000000", "--location", "westeurope")
	if err == nil || !strings.Contains(said, "privateNetwork and deployAks do not go together") {
		t.Errorf("a private network and a cluster: %v %s, want a sentence that says they do not go together", err, said)
	}
}

// testParameters: what azd and its owner set in the environment arrives, and what nobody sets is the default of main.bicep.
func testParameters(t *testing.T, script string) {
	for _, test := range []struct {
		env  []string
		want map[string]any
	}{
		{nil, map[string]any{
			"environmentName": "assay", "publicRead": false, "deployAks": false, "privateNetwork": false, "instanceMemoryMB": 512.0, "budgetStart": "",
		}},
		{
			[]string{"AZURE_ENV_NAME=gold", "AZURE_LOCATION=northeurope", "ASSAY_PUBLIC_READ=true", "ASSAY_BUDGET_START=2026-12-01"},
			map[string]any{"environmentName": "gold", "location": "northeurope", "publicRead": true, "budgetStart": "2026-12-01"},
		},
	} {
		var built struct{ ParametersJSON string }
		if err := json.Unmarshal([]byte(bicep(t, script, test.env, "build-params", "infra/main.bicepparam", "--stdout")), &built); err != nil {
			t.Fatal(err)
		}
		var file struct {
			Parameters map[string]struct{ Value any }
		}
		if err := json.Unmarshal([]byte(built.ParametersJSON), &file); err != nil {
			t.Fatal(err)
		}
		for name, want := range test.want {
			if got, ok := file.Parameters[name]; !ok || got.Value != want {
				t.Errorf("with %v parameter %s is %v, want %v", test.env, name, got.Value, want)
			}
		}
	}
}
