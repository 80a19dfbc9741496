package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const planted = "AzureWebJobsStorage: AccountKey=dGhlIGtleSBvZiBhbiBhY2NvdW50IG9mIGEgdGVzdA==\n"

func TestScan(t *testing.T) {
	for _, test := range []struct {
		what   string
		events []event
		leaks  []string
		shown  string
	}{
		{"all is well", []event{
			{Action: "output", Package: "a", Test: "TestA", Output: "a line\n"},
			{Action: "pass", Package: "a", Test: "TestA"},
			{Action: "output", Package: "a", Output: "PASS\n"},
			{Action: "output", Package: "a", Output: "ok  \ta\t0.1s\n"},
			{Action: "pass", Package: "a"},
		}, nil, "ok  \ta\t0.1s\n"},
		{"a key in a test that passes", []event{
			{Action: "output", Package: "a", Test: "TestA", Output: planted},
			{Action: "output", Package: "a", Test: "TestA", Output: planted},
			{Action: "pass", Package: "a", Test: "TestA"},
		}, []string{"a TestA"}, ""},
		{"a key in one that fails", []event{
			{Action: "output", Package: "a", Test: "TestA", Output: planted},
			{Action: "fail", Package: "a", Test: "TestA"},
			{Action: "output", Package: "a", Output: "FAIL\ta\t0.1s\n"},
		}, []string{"a TestA"}, "AzureWebJobsStorage: (a key)\nFAIL\ta\t0.1s\n"},
		{"a key outside of tests", []event{{Action: "output", Package: "a", Output: planted}}, []string{"a"}, "AzureWebJobsStorage: (a key)\n"},
		{"a package that does not compile", []event{{Action: "build-output", ImportPath: "a", Output: "a.go:1:1: no\n"}}, nil, "a.go:1:1: no\n"},
	} {
		var lines, shown strings.Builder
		for _, e := range test.events {
			if err := json.NewEncoder(&lines).Encode(e); err != nil {
				t.Fatal(err)
			}
		}
		leaks, err := scan(strings.NewReader(lines.String()), &shown)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.leaks, leaks); diff != "" {
			t.Errorf("%s: leaks (-want +got):\n%s", test.what, diff)
		}
		if diff := cmp.Diff(test.shown, shown.String()); diff != "" {
			t.Errorf("%s: shown (-want +got):\n%s", test.what, diff)
		}
	}
}
