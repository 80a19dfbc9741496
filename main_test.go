package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/shared/config"
	"assay/shared/host"
	"assay/shared/store"
)

func noSettings(string) string { return "" }

// TestFunctionsAgree: functions/, the names in main.go, host.json, the queues of store and what git ignores.
func TestFunctionsAgree(t *testing.T) {
	program, err := wire(noSettings)
	if err != nil {
		t.Fatal(err)
	}
	h, err := host.New(files, program.Functions, host.Options{Getenv: noSettings})
	if err != nil {
		t.Fatal(err)
	}
	var folders []string
	entries, err := os.ReadDir("functions")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		folders = append(folders, entry.Name())
	}
	if diff := cmp.Diff(folders, h.Names()); diff != "" {
		t.Errorf("folders and functions (-folders +embedded):\n%s", diff)
	}
	functions, _, err := host.Load(files, noSettings)
	if err != nil {
		t.Fatal(err)
	}
	queues := map[string]string{}
	for _, f := range functions {
		if f.Trigger == host.Queue {
			queues[f.Name] = f.Queue
		}
	}
	if diff := cmp.Diff(map[string]string{"Backfill": store.Backfill, "Clean": store.RawPrices, "Job": store.JobSteps, "Load": store.CleanPrices}, queues); diff != "" {
		t.Errorf("queues (-want +got):\n%s", diff)
	}
	for _, name := range folders {
		if exec.Command("git", "check-ignore", "--quiet", name).Run() != nil {
			t.Errorf(".gitignore does not cover /%s, which assay stage --in-place puts there", name)
		}
		if exec.Command("git", "check-ignore", "--quiet", "functions/"+name+"/function.json").Run() == nil {
			t.Errorf(".gitignore covers functions/%s", name)
		}
	}
}

// TestSettingsExample: local.settings.json.example names every setting of the program that a person sets, and no other.
func TestSettingsExample(t *testing.T) {
	text, err := os.ReadFile("local.settings.json.example")
	if err != nil {
		t.Fatal(err)
	}
	var example struct {
		IsEncrypted bool
		Values      map[string]string
	}
	if err := json.Unmarshal(text, &example); err != nil {
		t.Fatal(err)
	}
	asked := map[string]bool{"FUNCTIONS_WORKER_RUNTIME": true} // for func
	if _, err := config.Load(func(name string) string {
		if name != "FUNCTIONS_CUSTOMHANDLER_PORT" && !strings.HasPrefix(name, "AzureWebJobsStorage__") {
			asked[name] = true
		}
		return example.Values[name]
	}); err != nil {
		t.Errorf("the example does not load: %v", err)
	}
	for name := range asked {
		if _, ok := example.Values[name]; !ok {
			t.Errorf("%s is not in the example", name)
		}
	}
	for name := range example.Values {
		if !asked[name] {
			t.Errorf("%s is in the example, but nobody reads it", name)
		}
	}
}

// TestFixesAreFetched: from the moment a fix is struck there is a turn in every quarter of an hour for three hours, in winter
// and in summer. Times are London's: LBMA and LPPM say when they strike.
func TestFixesAreFetched(t *testing.T) {
	functions, _, err := host.Load(files, noSettings)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(functions, func(f host.Function) bool { return f.Name == "FetchLBMA" })
	for _, midnight := range []time.Time{
		time.Date(2026, 1, 12, 0, 0, 0, 0, time.UTC),  // a Monday, GMT
		time.Date(2026, 7, 16, 23, 0, 0, 0, time.UTC), // a Friday, BST
	} {
		for _, struck := range []time.Duration{10*time.Hour + 30*time.Minute, 12 * time.Hour, 14 * time.Hour, 15 * time.Hour} {
			fix := midnight.Add(struck)
			for quarter := fix; quarter.Before(fix.Add(3 * time.Hour)); quarter = quarter.Add(15 * time.Minute) {
				if next := functions[i].Schedule.Next(quarter); next.Sub(quarter) > 15*time.Minute {
					t.Errorf("after the fix of %v: next turn after %v is %v", fix, quarter, next)
				}
			}
		}
	}
}
