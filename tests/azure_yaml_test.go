package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestAzureYAML: what azure.yaml tells azd exists, and azd finds the app that the deployment makes. The published schema of that file takes a
// misspelt host and unknown keys, so that to check against it would show nothing.
func TestAzureYAML(t *testing.T) {
	text, err := os.ReadFile("azure.yaml")
	if err != nil {
		t.Fatal(err)
	}
	value := func(key string) string {
		found := regexp.MustCompile(`(?m)^ +`+key+`: (.+)$`).FindAllStringSubmatch(string(text), -1)
		if len(found) == 0 {
			t.Errorf("azure.yaml has no %s", key)
			return ""
		}
		return found[0][1]
	}
	for key, want := range map[string]string{"host": "function", "language": "custom", "dist": "build/app", "provider": "bicep", "project": "."} {
		if got := value(key); got != want {
			t.Errorf("azure.yaml: %s is %s, want %s", key, got, want)
		}
	}
	if _, err := os.Stat(filepath.Join(value("path"), value("module")+".bicep")); err != nil {
		t.Error(err)
	}
	for _, script := range regexp.MustCompile(`infra/\w+\.(sh|ps1)`).FindAllString(string(text), -1) {
		if _, err := os.Stat(script); err != nil {
			t.Errorf("azure.yaml: %v", err)
		}
	}
	service := regexp.MustCompile(`(?m)^services:\n  (\w+):`).FindStringSubmatch(string(text))
	template, err := os.ReadFile("infra/modules/functions.bicep")
	if err != nil || service == nil || !strings.Contains(string(template), "'azd-service-name': '"+service[1]+"'") {
		t.Errorf("service %q of azure.yaml is the tag of no app in infra/modules/functions.bicep: %v", service, err)
	}
}

// TestLink: the address that azd up prints in the end has the key where reading needs one. In the place of az, which wants a
// subscription, stands a script that prints what it was asked.
func TestLink(t *testing.T) {
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "az"), []byte("#!/bin/sh\necho \"$*\" >&2\necho THEKEY\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ public, want, asked string }{
		{"true", "The page: https://assay.example/\n", ""},
		{"", "The page: https://assay.example/?code=THEKEY\n", "functionapp keys list --resource-group rg-assay --name func-assay --query functionKeys.default --output tsv\n"},
	} {
		c := exec.Command("sh", "infra/link.sh")
		c.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "ASSAY_PUBLIC_READ="+test.public,
			"ASSAY_ADDRESS=https://assay.example", "AZURE_RESOURCE_GROUP=rg-assay", "ASSAY_FUNCTION_APP=func-assay")
		var asked strings.Builder
		c.Stderr = &asked
		out, err := c.Output()
		if err != nil || string(out) != test.want || asked.String() != test.asked {
			t.Errorf("public read %q: %v, printed %q after asking %q; want %q after %q", test.public, err, out, asked.String(), test.want, test.asked)
		}
		if problems := azureProblems("az " + strings.TrimSpace(asked.String())); test.asked != "" && problems != nil {
			t.Errorf("infra/link.sh: %v", problems)
		}
	}
}

var action = regexp.MustCompile(`(?m)uses: (\S+?)@(\S+)(.*)$`)

// TestWorkflows: actions are pinned by commit, with the release beside it, and what the workflows run of this repository exists.
func TestWorkflows(t *testing.T) {
	files, err := filepath.Glob(".github/workflows/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("workflows: %v, %v", files, err)
	}
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, use := range action.FindAllStringSubmatch(string(text), -1) {
			if !regexp.MustCompile(`^[0-9a-f]{40}$`).MatchString(use[2]) || !strings.HasPrefix(use[3], " # v") {
				t.Errorf("%s: %s is pinned to %s%s, want a commit and a comment with its release", file, use[1], use[2], use[3])
			}
		}
		for _, target := range regexp.MustCompile(`run: make (\w+)`).FindAllStringSubmatch(string(text), -1) {
			if !strings.Contains(string(makefile), "\n"+target[1]+":") {
				t.Errorf("%s: there is no make %s", file, target[1])
			}
		}
		if strings.Contains(string(text), "\t") || !strings.Contains(string(text), "permissions:") {
			t.Errorf("%s: has a tab, or says nothing of permissions", file)
		}
	}
	deploy, err := os.ReadFile(".github/workflows/deploy.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range namesIn(t, "infra/main.bicepparam", `readEnvironmentVariable\('(\w+)'`) {
		if !strings.Contains(string(deploy), name+": ${{ vars."+name) {
			t.Errorf("deploy.yml does not pass %s, which infra/main.bicepparam reads", name)
		}
	}
}
