package tests

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// azureBlock is what the documents tell to do on Azure. No test can run it: it takes a subscription, and makes things that cost money. So it
// has a fence of its own, whose lines are only checked against azureCommands; what stands between ```sh is run.
var azureBlock = regexp.MustCompile("(?ms)^```azurecli\n(.*?)^```")

// azureCommands are the documented commands with the flags that they may have, as az 2.91.0 and the documentation of azd, gh and
// kubectl list them.
var azureCommands = map[string]string{
	"az login": "", "az functionapp stop": "--resource-group --name", "az group delete": "--name",
	"az functionapp keys list":       "--resource-group --name --query --output",
	"az ad signed-in-user show":      "--query --output",
	"az storage blob download-batch": "--auth-mode --account-name --source --destination",
	"az lock delete":                 "--name --resource-group --resource-name --resource-type",
	"az role assignment create":      "--role --assignee --scope",
	"az aks show":                    "--resource-group --name --query --output",
	"az aks get-credentials":         "--resource-group --name",
	"azd auth login":                 "", "azd env new": "", "azd env set": "", "azd env get-value": "", "azd up": "", "azd provision": "",
	"azd hooks run": "", "azd pipeline config": "--provider", "gh variable set": "--body", "gh workflow run": "",
	"kubectl annotate serviceaccount": "--namespace", "kubectl rollout restart deployment": "--namespace",
	"./assay sources": "",
}

var (
	innerCommand = regexp.MustCompile(`\$\(([^()]*)\)`)
	assignment   = regexp.MustCompile(`^\w+=\S+ `)
	flag         = regexp.MustCompile(`(?:^| )(--[\w-]+)`)
	quoted       = regexp.MustCompile(`"[^"]*"`)
	ourSetting   = regexp.MustCompile(`ASSAY_[A-Z_]+`)
)

// TestDocumentedAzureCommands: each is in the list, and names no setting that the deployment does not know.
func TestDocumentedAzureCommands(t *testing.T) {
	set := namesIn(t, "infra/main.bicepparam", `readEnvironmentVariable\('(ASSAY_\w+)'`)
	known := append(namesIn(t, "infra/main.bicep", `(?m)^output (ASSAY_\w+) `), set...)
	found := 0
	for _, file := range documents(t, ".") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range azureBlock.FindAllStringSubmatch(string(text), -1) {
			for line := range strings.Lines(block[1]) {
				found++
				for _, problem := range azureProblems(strings.TrimSpace(line)) {
					t.Errorf("%s: %s", file, problem)
				}
			}
		}
		if filepath.Base(file) != "deploy.md" {
			continue
		}
		for _, name := range ourSetting.FindAllString(string(text), -1) {
			if !slices.Contains(known, name) {
				t.Errorf("%s: the deployment knows no %s", file, name)
			}
		}
		for _, name := range set {
			if !strings.Contains(string(text), "`"+name+" ") {
				t.Errorf("%s: %s, which infra/main.bicepparam reads, is missing", file, name)
			}
		}
	}
	if found == 0 {
		t.Error("no document says what to do on Azure")
	}
	for _, wrong := range []string{"az group remove --name rg-assay", "az group delete --nmae rg-assay", `az aks show --name "$(azd env get ASSAY_CLUSTER)"`} {
		if azureProblems(wrong) == nil {
			t.Errorf("%s is taken for a command", wrong)
		}
	}
}

// azureProblems says what is wrong with a line: a command, with others in $(…) at any depth.
func azureProblems(line string) (problems []string) {
	for inner := innerCommand.FindStringSubmatchIndex(line); inner != nil; inner = innerCommand.FindStringSubmatchIndex(line) {
		problems = append(problems, azureProblems(line[inner[2]:inner[3]])...)
		line = line[:inner[0]] + "value" + line[inner[1]:]
	}
	line = assignment.ReplaceAllString(quoted.ReplaceAllString(line, "value"), "")
	command := ""
	for known := range azureCommands {
		if (line == known || strings.HasPrefix(line, known+" ")) && len(known) > len(command) {
			command = known
		}
	}
	if command == "" {
		return append(problems, "no command begins with "+line)
	}
	for _, f := range flag.FindAllStringSubmatch(line, -1) {
		if !strings.Contains(azureCommands[command]+" ", f[1]+" ") {
			problems = append(problems, command+" has no flag "+f[1])
		}
	}
	return problems
}

// namesIn returns what the pattern's group matches in a file.
func namesIn(t *testing.T, file, pattern string) (names []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
		names = append(names, match[1])
	}
	return names
}
