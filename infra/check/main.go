// Check holds what needs Helm or Kubernetes' schemas and so a module of its own: the tests of the chart in infra/helm and of the
// image. As a program it prints functions.json, from which the chart knows the functions, since Helm reads nothing outside its folder;
// or, given a program, of which modules that is made, as CycloneDX.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	text, err := document(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "check:", err)
		os.Exit(1)
	}
	fmt.Print(text)
}

func document(args []string) (string, error) {
	if len(args) == 1 {
		modules, err := readBOM(args[0])
		if err != nil {
			return "", err
		}
		return text(modules)
	}
	functions, err := readFunctions(os.DirFS("../.."))
	if err != nil {
		return "", err
	}
	return text(functions)
}

// text is a document as it is written.
func text(document any) (string, error) {
	text, err := json.MarshalIndent(document, "", "  ")
	return string(text) + "\n", err
}
