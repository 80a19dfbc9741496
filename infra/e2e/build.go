package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Versions that belong together: KEDA 2.21 is for Kubernetes 1.34 to 1.36. What go.mod says of KEDA and Kubernetes has to agree.
const (
	kubernetesVersion = "v1.36.4"
	helmVersion       = "v4.3.1"
	kedaModule        = "github.com/kedacore/keda/v2"
)

// programs are the paths of what is run.
type programs struct {
	kube, operator, adapter, helm string
	keda                          string // KEDA's module, which has its manifests
	images                        []string
}

// build compiles what is not compiled yet: with a full cache of Go it takes seconds.
func build(ctx context.Context, o options) (programs, error) {
	cache := o.cache
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return programs{}, err
		}
		cache = filepath.Join(user, "assay-e2e")
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return programs{}, err
	}
	p := programs{
		kube: filepath.Join(cache, "kube"), operator: filepath.Join(cache, "keda-operator"), adapter: filepath.Join(cache, "keda-adapter"),
		helm: filepath.Join(cache, "helm"),
	}
	stamp := "-X k8s.io/component-base/version."
	version := strings.Split(strings.TrimPrefix(kubernetesVersion, "v"), ".")
	flags := fmt.Sprintf("-s -w %sgitVersion=%s %sgitMajor=%s %sgitMinor=%s", stamp, kubernetesVersion, stamp, version[0], stamp, version[1])
	goBuild := func(to, pkg string) []string {
		return []string{"go", "build", "-trimpath", "-ldflags", flags, "-o", to, pkg}
	}
	steps := []struct {
		what    string
		command []string
	}{
		{"Kubernetes", goBuild(p.kube, "./kube")},
		{"KEDA's operator", goBuild(p.operator, kedaModule+"/cmd/operator")},
		{"KEDA's adapter", goBuild(p.adapter, kedaModule+"/cmd/adapter")},
		{"Helm", []string{"env", "GOBIN=" + cache, "go", "install", "-trimpath", "-ldflags", "-s -w", "helm.sh/helm/v4/cmd/helm@" + helmVersion}},
	}
	for _, step := range steps {
		began := time.Now()
		if _, err := output(ctx, step.command...); err != nil {
			return p, fmt.Errorf("build %s: %w", step.what, err)
		}
		fmt.Printf("built %s in %.0f s\n", step.what, time.Since(began).Seconds())
	}
	folder, err := output(ctx, "go", "list", "-m", "-f", "{{.Dir}}", kedaModule)
	p.keda = strings.TrimSpace(folder)
	if err == nil && !o.noNode {
		p.images, err = images(ctx, cache)
	}
	return p, err
}

// images builds the image of assay by the script that releases it, and pause's.
func images(ctx context.Context, cache string) ([]string, error) {
	began := time.Now()
	arch, err := output(ctx, "go", "env", "GOARCH")
	if err != nil {
		return nil, err
	}
	arch = strings.TrimSpace(arch)
	if _, err := output(ctx, "env", "OUT="+cache, root+"/infra/image.sh", arch); err != nil {
		return nil, fmt.Errorf("build the image: %w", err)
	}
	pause, err := pauseImage(ctx, cache)
	fmt.Printf("built the images in %.0f s\n", time.Since(began).Seconds())
	return []string{filepath.Join(cache, "assay-"+arch+".tar"), pause}, err
}

const pauseName = "docker.io/library/assay-pause:1"

func pauseImage(ctx context.Context, cache string) (archive string, err error) {
	archive = filepath.Join(cache, "pause.tar")
	work, err := os.MkdirTemp("", "assay-e2e-pause")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	if err := os.WriteFile(filepath.Join(work, "Dockerfile"), []byte("FROM scratch\nCOPY pause /pause\nENTRYPOINT [\"/pause\"]\n"), 0o600); err != nil {
		return "", err
	}
	buildah := []string{
		"env", "BUILDAH_ISOLATION=chroot", "STORAGE_DRIVER=vfs", "buildah", "--root", filepath.Join(work, "storage"), "--runroot", filepath.Join(work, "run"),
	}
	for _, command := range [][]string{
		{"go", "build", "-trimpath", "-ldflags", "-s -w", "-o", filepath.Join(work, "pause"), "./pause"},
		append(buildah[:len(buildah):len(buildah)], "bud", "--quiet", "--tag", pauseName, work),
		{"rm", "-f", archive},
		append(buildah[:len(buildah):len(buildah)], "push", "--quiet", pauseName, "docker-archive:"+archive+":"+pauseName),
	} {
		if _, err := output(ctx, command...); err != nil {
			return "", fmt.Errorf("build pause: %w", err)
		}
	}
	return archive, nil
}

// output runs a command without cgo and returns what it prints; its error ends with what it complained about.
func output(ctx context.Context, command ...string) (string, error) {
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	var complaint strings.Builder
	c.Stderr = &complaint
	printed, err := c.Output()
	if err != nil {
		text := strings.TrimSpace(complaint.String())
		return string(printed), errors.Join(fmt.Errorf("%s: %w", strings.Join(command, " "), err), errors.New(text[max(0, len(text)-2000):]))
	}
	return string(printed), nil
}
