package main

import (
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/strvals"
)

// What docs/aks.md tells to do in a cluster has a fence of its own: it is only checked here. What stands between ```sh is run.
var clusterBlock = regexp.MustCompile("(?ms)^```shell\n(.*?)^```")

// clusterCommands are the documented commands with the flags that they may have, as kubectl 1.36, Helm 4 and their like list them.
var clusterCommands = map[string]string{
	"az acr login": "--name", "docker buildx build": "--platform --file --tag --push",
	"helm install": "--namespace --set", "helm upgrade": "--namespace --set --reuse-values", "helm rollback": "--namespace", "helm uninstall": "--namespace",
	"kubectl create namespace": "", "kubectl label namespace": "", "kubectl delete namespace": "",
	"kubectl create secret generic": "--namespace --from-literal", "kubectl create job": "--namespace --from",
	"kubectl get":    "--namespace --watch --output --field-selector",
	"kubectl wait":   "--namespace --for --timeout",
	"kubectl logs":   "--namespace --selector --tail",
	"kubectl delete": "--namespace --selector --wait --grace-period --force",
	"kubectl drain":  "--ignore-daemonsets --delete-emptydir-data", "kubectl uncordon": "",
	"kubectl rollout status": "--namespace --timeout", "kubectl port-forward": "--namespace",
}

// samples stand for what the commands in $(…) print.
var samples = strings.NewReplacer(
	"$(azd env get-value AZURE_CONTAINER_REGISTRY_ENDPOINT)", "registry.example",
	"$(azd env get-value ASSAY_STORAGE_ACCOUNT)", "stassay",
	"$(azd env get-value ASSAY_WORKER_CLIENT_ID)", "5c9f1f3e-0c0e-4b53-9d3c-6f0f4a3f2b11",
	"$(openssl rand -hex 32)", "key",
)

var (
	longFlag = regexp.MustCompile(` (--[a-z-]+)`)
	setValue = regexp.MustCompile(` --set (\S+)`)
	named    = regexp.MustCompile(`\b(cronjob|deployment|service)/(\S+)`)
	ofPods   = regexp.MustCompile(`app.kubernetes.io/component=(\S+)`)
)

func TestDocumentedClusterCommands(t *testing.T) {
	text, err := os.ReadFile(repository + "/docs/aks.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := clusterBlock.FindAllStringSubmatch(string(text), -1)
	if len(blocks) == 0 {
		t.Error("docs/aks.md says nothing to do")
	}
	for _, block := range blocks {
		for line := range strings.Lines(block[1]) {
			for _, problem := range clusterProblems(t, strings.TrimSpace(line)) {
				t.Errorf("%s: %s", strings.TrimSpace(line), problem)
			}
		}
	}
	for _, wrong := range []struct{ line, want string }{
		{"kubectl delete pod 'assay", "bash does not parse it"},
		{"kubectl explode", "no known command"},
		{"kubectl get pods --namepsace assay", "no flag --namepsace"},
		{"helm install assay infra/helm --set queues.maxreplicas=3", "not allowed"},
		{"kubectl rollout status deployment/assay-htpp", "the chart makes no deployment/assay-htpp"},
		{"kubectl logs --selector app.kubernetes.io/component=claen", "the chart makes no pod of claen"},
		{"kubectl create secret generic a --from-literal=connection=\"UseDevelopmentStorage=true\"", "KEDA does not know"},
		{"echo $(date)", "$(date) has no sample"},
	} {
		if got := strings.Join(clusterProblems(t, wrong.line), "\n"); !strings.Contains(got, wrong.want) {
			t.Errorf("%s: %q, want %q", wrong.line, got, wrong.want)
		}
	}
}

// clusterProblems says what is wrong with a line.
func clusterProblems(t *testing.T, line string) (problems []string) {
	t.Helper()
	if err := exec.Command("bash", "-n", "-c", line).Run(); err != nil {
		return []string{"bash does not parse it"}
	}
	line = strings.ReplaceAll(samples.Replace(line), `"`, "")
	if i := strings.Index(line, "$("); i >= 0 {
		return []string{line[i:] + " has no sample"}
	}
	commands := slices.SortedFunc(maps.Keys(clusterCommands), func(a, b string) int { return len(b) - len(a) })
	i := slices.IndexFunc(commands, func(known string) bool { return strings.HasPrefix(line+" ", known+" ") })
	if i < 0 {
		return []string{"no known command"}
	}
	for _, flag := range longFlag.FindAllStringSubmatch(line, -1) {
		if !slices.Contains(strings.Fields(clusterCommands[commands[i]]), flag[1]) {
			problems = append(problems, commands[i]+" has no flag "+flag[1])
		}
	}
	if strings.Contains(line, "connection=UseDevelopmentStorage") {
		problems = append(problems, "KEDA does not know UseDevelopmentStorage")
	}
	values := map[string]any{}
	for _, set := range setValue.FindAllStringSubmatch(line, -1) {
		if err := strvals.ParseInto(set[1], values); err != nil {
			problems = append(problems, err.Error())
		}
	}
	objects, _, err := renderAs(t, "assay", values)
	if err != nil {
		return append(problems, err.Error())
	}
	return append(problems, unknownNames(line, objects)...)
}

// unknownNames says which objects and pods in a line the chart does not make.
func unknownNames(line string, objects []object) (problems []string) {
	for _, name := range named.FindAllStringSubmatch(line, -1) {
		if !slices.ContainsFunc(objects, func(o object) bool { return strings.EqualFold(o.kind(), name[1]) && o.name() == name[2] }) {
			problems = append(problems, "the chart makes no "+name[0])
		}
	}
	for _, name := range ofPods.FindAllStringSubmatch(line, -1) {
		if !slices.ContainsFunc(objects, func(o object) bool {
			template := podOf(o)
			return template != nil && template.at("metadata", "labels", "app.kubernetes.io/component") == name[1]
		}) {
			problems = append(problems, "the chart makes no pod of "+name[1])
		}
	}
	return problems
}
