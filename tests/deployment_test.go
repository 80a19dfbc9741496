package tests

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// deployed is a resource of a snapshot: what Azure is asked for.
type deployed struct {
	ID, Type, Name, Kind string
	SKU                  map[string]string
	Properties           map[string]any
}

// at returns a property by its path, such as "networkAcls.defaultAction".
func (d deployed) at(path string) any {
	var value any = d.Properties
	for name := range strings.SplitSeq(path, ".") {
		inside, _ := value.(map[string]any)
		value = inside[name]
	}
	return value
}

func readSnapshot(t *testing.T, name string) []deployed {
	t.Helper()
	text, err := os.ReadFile("infra/snapshots/" + name + ".snapshot.json")
	if err != nil {
		t.Fatal(err)
	}
	if key := secretLike.Find(text); key != nil {
		t.Errorf("snapshot %s holds a key, %.20s…", name, key)
	}
	var file struct {
		PredictedResources []deployed
		Diagnostics        []any
	}
	if err := json.Unmarshal(text, &file); err != nil || len(file.PredictedResources) == 0 || len(file.Diagnostics) > 0 {
		t.Fatalf("snapshot %s: %v, %d resources, findings %v", name, err, len(file.PredictedResources), file.Diagnostics)
	}
	return file.PredictedResources
}

func ofType(resources []deployed, kind string) []deployed {
	return slices.DeleteFunc(slices.Clone(resources), func(d deployed) bool { return d.Type != kind })
}

// demand is what every resource of a type must have. There must be one.
type demand struct {
	kind, property string
	want           any
}

// demands hold for every snapshot, and those below for one of them.
var demands = []demand{
	{"Microsoft.Storage/storageAccounts", "allowSharedKeyAccess", false},
	{"Microsoft.Storage/storageAccounts", "allowBlobPublicAccess", false},
	{"Microsoft.Storage/storageAccounts", "supportsHttpsTrafficOnly", true},
	{"Microsoft.Storage/storageAccounts", "minimumTlsVersion", "TLS1_2"},
	{"Microsoft.Storage/storageAccounts/blobServices", "deleteRetentionPolicy.enabled", true},
	{"Microsoft.Storage/storageAccounts/blobServices/containers", "publicAccess", nil},
	{"Microsoft.Authorization/locks", "level", "CanNotDelete"},
	{"Microsoft.OperationalInsights/workspaces", "features.disableLocalAuth", true},
	{"Microsoft.Insights/components", "DisableLocalAuth", true},
	{"Microsoft.Insights/scheduledQueryRules", "enabled", true},
	{"Microsoft.Insights/metricAlerts", "enabled", true},
	{"Microsoft.Web/sites", "httpsOnly", true},
	{"Microsoft.Web/sites", "siteConfig.minTlsVersion", "1.2"},
	{"Microsoft.Web/sites", "functionAppConfig.runtime.name", "custom"},
	{"Microsoft.Web/sites", "functionAppConfig.scaleAndConcurrency.instanceMemoryMB", 512.0},
	{"Microsoft.Web/sites", "functionAppConfig.deployment.storage.type", "blobContainer"},
	{"Microsoft.Web/sites", "functionAppConfig.deployment.storage.authentication.type", "UserAssignedIdentity"},
	{"Microsoft.Web/sites/basicPublishingCredentialsPolicies", "allow", false},
}

var ownDemands = map[string][]demand{
	"default": {
		{"Microsoft.Insights/actionGroups", "enabled", true},
		{"Microsoft.Consumption/budgets", "notifications.forecast.enabled", true},
	},
	"network": {
		{"Microsoft.Storage/storageAccounts", "publicNetworkAccess", "Disabled"},
		{"Microsoft.Storage/storageAccounts", "networkAcls.defaultAction", "Deny"},
		{"Microsoft.Network/privateDnsZones/virtualNetworkLinks", "registrationEnabled", false},
	},
	"cluster": {
		{"Microsoft.ContainerRegistry/registries", "adminUserEnabled", false},
		{"Microsoft.ContainerRegistry/registries", "anonymousPullEnabled", false},
		{"Microsoft.ContainerService/managedClusters", "disableLocalAccounts", true},
		{"Microsoft.ContainerService/managedClusters", "workloadAutoScalerProfile.keda.enabled", true},
		{"Microsoft.ContainerService/managedClusters", "oidcIssuerProfile.enabled", true},
		{"Microsoft.ContainerService/managedClusters", "securityProfile.workloadIdentity.enabled", true},
	},
}

// onlyIn are the resources of two types, by snapshot.
var onlyIn = map[string]map[string][]string{
	"default": {},
	"network": {"Microsoft.Network/privateEndpoints": {"pe-blob-assay-tb66he", "pe-queue-assay-tb66he", "pe-table-assay-tb66he"}},
	"cluster": {"Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials": {"id-scaler-assay-tb66he/keda-operator", "id-worker-assay-tb66he/worker"}},
}

// TestDeployment checks our own rules on what Azure is asked for.
func TestDeployment(t *testing.T) {
	for _, name := range snapshots {
		resources := readSnapshot(t, name)
		for _, demand := range slices.Concat(demands, ownDemands[name]) {
			found := ofType(resources, demand.kind)
			if len(found) == 0 {
				t.Errorf("%s: there is no %s", name, demand.kind)
			}
			for _, d := range found {
				if got := d.at(demand.property); got != demand.want {
					t.Errorf("%s: %s of %s is %v, want %v", name, demand.property, d.Name, got, demand.want)
				}
			}
		}
		for _, kind := range []string{"Microsoft.Network/privateEndpoints", "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials"} {
			var got []string
			for _, d := range ofType(resources, kind) {
				got = append(got, d.Name)
			}
			slices.Sort(got)
			if diff := cmp.Diff(onlyIn[name][kind], got); diff != "" {
				t.Errorf("%s: %s (-want +got):\n%s", name, kind, diff)
			}
		}
		checkLock(t, name, resources)
		checkNames(t, name, resources)
		checkSettings(t, name, resources)
		checkResting(t, name, resources)
		if diff := cmp.Diff(holders[name], rolesOf(t, resources)); diff != "" {
			t.Errorf("%s: roles (-want +got):\n%s", name, diff)
		}
	}
}

// checkLock: the lock is on the storage account, and nothing moves or deletes blobs by a rule.
func checkLock(t *testing.T, snapshot string, resources []deployed) {
	t.Helper()
	accounts, locks := ofType(resources, "Microsoft.Storage/storageAccounts"), ofType(resources, "Microsoft.Authorization/locks")
	if len(accounts) != 1 || len(locks) != 1 || !strings.HasPrefix(locks[0].ID, accounts[0].ID+"/") {
		t.Errorf("%s: %d storage accounts, locks %v; want one account with a lock", snapshot, len(accounts), locks)
	}
	if rules := ofType(resources, "Microsoft.Storage/storageAccounts/managementPolicies"); len(rules) > 0 {
		t.Errorf("%s: %v move or delete blobs: raw is for ever, and to move a small one costs more than to keep it", snapshot, rules)
	}
}

// checkNames: what is made in the storage account is what shared/store uses, and the container of the deployed package.
func checkNames(t *testing.T, snapshot string, resources []deployed) {
	t.Helper()
	want := storeNames(t)
	want["containers"] = append(want["containers"], "app-package")
	got := map[string][]string{}
	for _, d := range resources {
		if kind := path.Base(d.Type); strings.HasPrefix(d.Type, "Microsoft.Storage/storageAccounts/") && want[kind] != nil {
			got[kind] = append(got[kind], path.Base(d.Name))
		}
	}
	for kind := range want {
		slices.Sort(want[kind])
		slices.Sort(got[kind])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: what is made in the storage account (-shared/store +infra):\n%s", snapshot, diff)
	}
}

// storeNames reads the names of containers, queues and tables from the constants of shared/store.
func storeNames(t *testing.T) map[string][]string {
	t.Helper()
	names := map[string][]string{}
	for _, in := range []struct{ kind, files, constants string }{
		{"containers", "*.go", `Container$`}, {"queues", "queues.go", `^[A-Z]`}, {"tables", "*.go", `^Table`},
	} {
		files, err := filepath.Glob("shared/store/" + in.files)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			names[in.kind] = append(names[in.kind], textConstants(t, parsed, regexp.MustCompile(in.constants))...)
		}
		if len(names[in.kind]) == 0 {
			t.Fatalf("shared/store has no constant that names one of its %s", in.kind)
		}
	}
	return names
}

// textConstants returns the values of the string constants of a file whose names match.
func textConstants(t *testing.T, file *ast.File, name *regexp.Regexp) (values []string) {
	t.Helper()
	ast.Inspect(file, func(n ast.Node) bool {
		constant, ok := n.(*ast.ValueSpec)
		if !ok || len(constant.Values) != 1 || !name.MatchString(constant.Names[0].Name) {
			return true
		}
		if text, ok := constant.Values[0].(*ast.BasicLit); ok && text.Kind == token.STRING {
			value, err := strconv.Unquote(text.Value)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, value)
		}
		return true
	})
	return values
}

// holders say who has which roles: no more than each needs, by the names of infra/modules/roles.bicep.
var holders = map[string]map[string][]string{
	"default": {"app": appRoles}, "network": {"app": appRoles},
	"cluster": {
		"app": appRoles, "kubelet": {"acrPull"}, "scaler": {"queueDataReader"},
		"worker": {"blobDataContributor", "queueDataContributor", "tableDataContributor"},
	},
}

var appRoles = []string{"blobDataOwner", "metricsPublisher", "queueDataContributor", "tableDataContributor"}

var roleLine = regexp.MustCompile(`(?m)^  (\w+): '([0-9a-f-]{36})'`)

// rolesOf returns the names of the roles that each holder has.
func rolesOf(t *testing.T, resources []deployed) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("infra/modules/roles.bicep")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, line := range roleLine.FindAllStringSubmatch(string(text), -1) {
		names[line[2]] = line[1]
	}
	got := map[string][]string{}
	for _, d := range ofType(resources, "Microsoft.Authorization/roleAssignments") {
		id, _ := d.at("roleDefinitionId").(string)
		name := names[path.Base(id)]
		if name == "" {
			t.Errorf("role %s is not in infra/modules/roles.bicep", id)
		}
		principal, _ := d.at("principalId").(string)
		holder := "unknown: " + principal
		for who, mark := range map[string]string{"app": "'identity-{0}'", "worker": "'workerId'", "scaler": "'scalerId'", "kubelet": ".kubeletidentity."} {
			if strings.Contains(principal, mark) {
				holder = who
			}
		}
		got[holder] = append(got[holder], name)
		slices.Sort(got[holder])
	}
	return got
}
