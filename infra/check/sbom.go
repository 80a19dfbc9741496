package main

import (
	"debug/buildinfo"
	"runtime/debug"
	"strings"
)

// bom is a CycloneDX 1.6 document: what a program is made of.
type bom struct {
	Format      string `json:"bomFormat"`
	SpecVersion string `json:"specVersion"`
	Version     int    `json:"version"`
	Metadata    struct {
		Component component `json:"component"`
	} `json:"metadata"`
	Components []component `json:"components"`
}

type component struct {
	Type    string `json:"type"`
	Name    string `json:"name"`
	Version string `json:"version"`
	PURL    string `json:"purl"`
}

// readBOM reads what the Go linker wrote into a program about its modules. The same program gives the same document.
func readBOM(program string) (bom, error) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return bom{}, err
	}
	b := bom{Format: "CycloneDX", SpecVersion: "1.6", Version: 1}
	b.Metadata.Component = moduleComponent(&info.Main)
	b.Metadata.Component.Type = "application"
	b.Components = append(b.Components, moduleComponent(&debug.Module{Path: "std", Version: strings.TrimPrefix(info.GoVersion, "go")}))
	for _, m := range info.Deps {
		b.Components = append(b.Components, moduleComponent(m))
	}
	return b, nil
}

func moduleComponent(m *debug.Module) component {
	if m.Replace != nil {
		m = m.Replace
	}
	return component{Type: "library", Name: m.Path, Version: m.Version, PURL: "pkg:golang/" + m.Path + "@" + m.Version}
}
