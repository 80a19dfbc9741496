// Check holds what needs Helm or Kubernetes' schemas and so a module of its own: the tests of the chart in infra/helm and of the
// image. As a program it prints functions.json, from which the chart knows the functions: Helm reads nothing outside its folder.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	functions, err := readFunctions(os.DirFS("../.."))
	var printed string
	if err == nil {
		printed, err = text(functions)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "check:", err)
		os.Exit(1)
	}
	fmt.Print(printed)
}

// text is the functions as the chart's file has them.
func text(functions Functions) (string, error) {
	text, err := json.MarshalIndent(functions, "", "  ")
	return string(text) + "\n", err
}
