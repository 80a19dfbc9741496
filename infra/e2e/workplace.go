package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// running is a program that was started.
type running struct {
	*exec.Cmd
	ended chan struct{} // closed when it has
}

// workplace is a folder with what runs in it. close ends all of it, the latest first.
type workplace struct {
	folder  string
	keep    bool
	undo    []func() error
	running map[string]*running
}

func newWorkplace(keep bool) (*workplace, error) {
	folder, err := os.MkdirTemp("", "assay-e2e-")
	return &workplace{folder: folder, keep: keep, running: map[string]*running{}}, err
}

func (w *workplace) path(name string) string { return filepath.Join(w.folder, name) }

// later has close call undo.
func (w *workplace) later(undo func() error) { w.undo = append(w.undo, undo) }

func (w *workplace) close() error {
	var failed []error
	for _, undo := range slices.Backward(w.undo) {
		failed = append(failed, undo())
	}
	if w.keep {
		fmt.Println("logs:", w.folder)
	} else {
		failed = append(failed, os.RemoveAll(w.folder))
	}
	return errors.Join(failed...)
}

// write writes a file of the workplace and returns its path.
func (w *workplace) write(name, text string) (string, error) {
	path := w.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	return path, os.WriteFile(path, []byte(text), 0o600)
}

// start runs a program until close, in a process group of its own: a signal for us is not for it. What it prints goes to NAME.log.
func (w *workplace) start(name string, env []string, program string, arguments ...string) error {
	log, err := os.Create(w.path(name + ".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	c := exec.Command(program, arguments...)
	c.Env, c.Stdout, c.Stderr = append(os.Environ(), env...), log, log
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := c.Start(); err != nil {
		return err
	}
	r := &running{c, make(chan struct{})}
	go func() {
		_ = c.Wait() // how it ended is nobody's concern
		close(r.ended)
	}()
	w.running[name] = r
	w.later(func() error { r.stop(); return nil })
	return nil
}

// stop asks a program to end, and makes it end when it does not.
func (r *running) stop() {
	_ = r.Process.Signal(syscall.SIGTERM)
	timer := time.AfterFunc(5*time.Second, func() { _ = r.Process.Kill() })
	defer timer.Stop()
	<-r.ended
}

// tail is the end of a program's log.
func (w *workplace) tail(name string, size int) string {
	text, _ := os.ReadFile(w.path(name + ".log"))
	return string(text[max(0, len(text)-size):])
}

// ready waits until a program answers 200 at a URL.
func (w *workplace) ready(ctx context.Context, name, url string, identity *tls.Config) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-w.running[name].ended: // nothing to wait for
			cancel()
		case <-ctx.Done():
		}
	}()
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: identity}}
	defer client.CloseIdleConnections()
	err := await(ctx, name+" is ready", 90*time.Second, func() (bool, error) {
		answer, err := client.Get(url)
		if err != nil {
			return false, err
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK, fmt.Errorf("%s: %s", url, answer.Status)
	})
	if err != nil {
		return fmt.Errorf("%w\n%s", err, w.tail(name, 2000))
	}
	return nil
}

// freePort returns a port that nobody uses at an address.
func freePort(address string) (string, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		return "", err
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil
}

// freePorts returns several on loopback.
func freePorts(n int) ([]string, error) {
	var ports []string
	for len(ports) < n {
		port, err := freePort("127.0.0.1")
		if err != nil {
			return nil, err
		}
		if !slices.Contains(ports, port) {
			ports = append(ports, port)
		}
	}
	return ports, nil
}

// memory is what a program has in memory now, in MiB.
func memory(r *running) int {
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", r.Process.Pid))
	var size, resident int
	if err == nil {
		_, err = fmt.Sscan(string(statm), &size, &resident)
	}
	if err != nil {
		return 0
	}
	return resident * os.Getpagesize() >> 20
}
