package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

const nodeName = "node1"

// node is this machine as a node of the cluster: a bridge for its pods, a containerd and a kubelet of its own.
type node struct {
	*workplace
	bridge  string
	subnet  string // of its pods, the first three numbers
	address string // of this machine on the bridge
	socket  string // of containerd
	state   string // of containerd, which is mounted into; short, since paths of sockets are
}

// newBridge makes the bridge, for one run at a time: kubelet has folders and groups on a machine that no flag moves. The MAC address is
// pinned: it would be the lowest of the ports, change whenever a pod goes, and stall the connections of the others for seconds.
func newBridge(ctx context.Context, w *workplace) (*node, error) {
	n := &node{workplace: w, bridge: "assay-e2e", subnet: "10.214.0", address: "10.214.0.1", state: "/run/assay-e2e", socket: "/run/assay-e2e/containerd.sock"}
	lock, err := os.OpenFile("/run/assay-e2e.lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	w.later(lock.Close)
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.New("another run has a node on this machine: wait until it has ended")
	}
	_ = quietly("ip", "link", "delete", n.bridge) // of a run that was killed
	w.later(func() error { return quietly("ip", "link", "delete", n.bridge) })
	for _, command := range [][]string{
		{"ip", "link", "add", n.bridge, "address", "02:a5:5a:00:00:01", "type", "bridge"},
		{"ip", "address", "add", n.address + "/24", "dev", n.bridge},
		{"ip", "link", "set", n.bridge, "up"},
	} {
		if _, err := output(ctx, command...); err != nil {
			return nil, err
		}
	}
	return n, nil
}

// quietly runs a command although the run may have been stopped.
func quietly(command ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	_, err := output(ctx, command...)
	return err
}

// leftovers are what kubelet and containerd write where no flag reaches.
var leftovers = []string{"/var/lib/kubelet", "/var/lib/cni/results", "/usr/libexec/kubernetes"}

func (c *cluster) startNode(ctx context.Context) error {
	n := c.node
	for _, path := range leftovers {
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			c.later(func() error { return os.RemoveAll(path) })
		}
	}
	if len(cgroups()) == 0 {
		c.later(removeCgroups)
	}
	c.later(n.unmount)
	config, err := c.write("containerd.toml", n.containerdConfig())
	if err == nil {
		_, err = c.write("cni/10-bridge.conflist", n.network())
	}
	if err == nil {
		err = c.start("containerd", nil, "containerd", "--config", config)
	}
	if err != nil {
		return err
	}
	if err := await(ctx, "containerd answers", 30*time.Second, func() (bool, error) {
		_, err := n.ctr(ctx, "version")
		return err == nil, err
	}); err != nil {
		return err
	}
	for _, archive := range c.images {
		if _, err := n.ctr(ctx, "images", "import", archive); err != nil {
			return err
		}
	}
	port, err := freePort(n.address)
	if err != nil {
		return err
	}
	health, err := freePort("127.0.0.1")
	if err != nil {
		return err
	}
	kubelet, err := c.write("kubelet.yaml", n.kubeletConfig(c.authority, port, health))
	if err != nil {
		return err
	}
	err = c.start("kubelet", nil, c.kube, "kubelet", "--config", kubelet, "--kubeconfig", c.authority.path("node.kubeconfig"), "--hostname-override", nodeName,
		"--node-ip", n.address, "--root-dir", c.path("kubelet"), "--cert-dir", c.path("kubelet-certificates"))
	if err != nil {
		return err
	}
	return c.ready(ctx, "kubelet", "http://127.0.0.1:"+health+"/healthz", nil)
}

func (c *cluster) awaitNode(ctx context.Context) error {
	return await(ctx, "the node is ready", time.Minute, func() (bool, error) {
		node, err := c.api.object("/api/v1/nodes/" + nodeName)
		return condition(node, "Ready") == "True", err
	})
}

// ctr speaks to the node's containerd.
func (n *node) ctr(ctx context.Context, arguments ...string) (string, error) {
	return output(ctx, append([]string{"ctr", "--address", n.socket, "--namespace", "k8s.io"}, arguments...)...)
}

// kill sends SIGKILL to the containers of pods, by their names, and returns how many there were.
func (n *node) kill(ctx context.Context, pods ...string) (killed int, err error) {
	printed, err := n.ctr(ctx, "containers", "list")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(printed) {
		id, image, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !strings.Contains(image, "/assay:") {
			continue
		}
		info, err := n.ctr(ctx, "containers", "info", id)
		if err != nil {
			continue // it went away meanwhile
		}
		if !containsAny(info, pods) {
			continue
		}
		if _, err := n.ctr(ctx, "tasks", "kill", "--signal", "SIGKILL", id); err == nil {
			killed++
		}
	}
	return killed, nil
}

func containsAny(text string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(text, `"`+part+`"`) {
			return true
		}
	}
	return false
}

// removePods has kubelet take away every pod with its network, which nobody does after kubelet has ended.
func (c *cluster) removePods() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, arguments := range [][]string{
		{"delete", "scaledobjects,scaledjobs,cronjobs,jobs,deployments", "--all", "--all-namespaces", "--wait=false"},
		{"delete", "pods", "--all", "--all-namespaces", "--force", "--grace-period=0", "--wait=false"},
	} {
		if _, err := c.kubectl(ctx, arguments...); err != nil {
			return err
		}
	}
	return await(ctx, "no pod runs any more", 50*time.Second, func() (bool, error) {
		running, err := c.node.ctr(ctx, "tasks", "list", "--quiet")
		return err == nil && strings.TrimSpace(running) == "", err
	})
}

// cgroups are those that kubelet makes for pods, of either version.
func cgroups() []string {
	old, _ := filepath.Glob("/sys/fs/cgroup/*/kubepods")
	unified, _ := filepath.Glob("/sys/fs/cgroup/kubepods")
	return append(old, unified...)
}

// removeCgroups removes them, innermost first; nothing is in them any more.
func removeCgroups() error {
	var folders []string
	for _, top := range cgroups() {
		_ = filepath.WalkDir(top, func(path string, entry os.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				folders = append(folders, path)
			}
			return nil
		})
	}
	var failed []error
	for _, folder := range slices.Backward(folders) {
		failed = append(failed, os.Remove(folder))
	}
	return errors.Join(failed...)
}

// unmount lets go of what was mounted for containers, innermost first.
func (n *node) unmount() error {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return err
	}
	var ours []string
	for line := range strings.Lines(string(mounts)) {
		if point := strings.Fields(line)[1]; strings.HasPrefix(point, n.state+"/") || strings.HasPrefix(point, n.folder+string(filepath.Separator)) {
			ours = append([]string{point}, ours...)
		}
	}
	for _, point := range ours {
		if err := quietly("umount", "--lazy", point); err != nil {
			return err
		}
	}
	return os.RemoveAll(n.state)
}
