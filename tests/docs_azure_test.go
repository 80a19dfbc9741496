package tests

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
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
	anyFlag      = regexp.MustCompile(`(?:^| )(--[\w-]+)`)
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
	for _, f := range anyFlag.FindAllStringSubmatch(line, -1) {
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

// runsIn30Days says how often each schedule of a timer fires in 30 days with 22 business days.
var runsIn30Days = map[string]int{
	"20 */5 * * * *": 12 * 24 * 30, "40 7,37 * * * *": 2 * 24 * 30,
	"20 */15 14-17 * * 1-5": 4 * 4 * 22, "20 */15 9-18 * * 1-5": 4 * 10 * 22, "20 */15 9-13 * * 1-5": 4 * 5 * 22,
}

// TestCostOfTriggers: docs/cost.md counts the executions and looks that the triggers make.
func TestCostOfTriggers(t *testing.T) {
	runs, fetches, queues := 0, 0, 0
	for _, name := range functionNames(t) {
		text, err := os.ReadFile(filepath.Join("functions", name, "function.json"))
		if err != nil {
			t.Fatal(err)
		}
		var file struct {
			Bindings []struct{ Schedule, QueueName string }
		}
		if err := json.Unmarshal(text, &file); err != nil {
			t.Fatal(err)
		}
		schedule := file.Bindings[0].Schedule
		if schedule != "" && runsIn30Days[schedule] == 0 {
			t.Errorf("%s: how often does %q fire in 30 days?", name, schedule)
		}
		runs += runsIn30Days[schedule]
		if file.Bindings[0].QueueName != "" {
			queues++
		}
		if strings.HasPrefix(name, "Fetch") {
			fetches += runsIn30Days[schedule]
		}
	}
	text, err := os.ReadFile("docs/cost.md")
	if err != nil {
		t.Fatal(err)
	}
	for what, n := range map[string]int{
		"runs of timers": runs, "most runs of Clean and Load": 2 * fetches, "most executions": runs + 2*fetches,
		"most looks at queues": queues * 24 * 60 * 30 * 30, // every 2 s, the maxPollingInterval of host.json
	} {
		if !strings.Contains(string(text), thousands(n)) {
			t.Errorf("docs/cost.md does not say %s: %s in 30 days", what, thousands(n))
		}
	}
}

// thousands writes 72232 as 72,232.
func thousands(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
