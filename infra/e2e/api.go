package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// object is one of Kubernetes, as JSON has it.
type object map[string]any

// at returns what lies under a path of names, or nil.
func (o object) at(path ...string) any {
	var value any = map[string]any(o)
	for _, name := range path {
		inner, _ := value.(map[string]any)
		value = inner[name]
	}
	return value
}

func (o object) text(path ...string) string { s, _ := o.at(path...).(string); return s }

func (o object) number(path ...string) int { n, _ := o.at(path...).(float64); return int(n) }

// list returns the objects of an array.
func (o object) list(path ...string) (found []object) {
	values, _ := o.at(path...).([]any)
	for _, value := range values {
		if inner, ok := value.(map[string]any); ok {
			found = append(found, inner)
		}
	}
	return found
}

// condition returns the status of a condition, or "".
func condition(o object, kind string) string {
	for _, c := range o.list("status", "conditions") {
		if c.text("type") == kind {
			return c.text("status")
		}
	}
	return ""
}

// apiServer is Kubernetes' API, for its administrator.
type apiServer struct {
	url    string
	client *http.Client
}

func newAPIServer(url string, identity *tls.Config) *apiServer {
	return &apiServer{url, &http.Client{Transport: &http.Transport{TLSClientConfig: identity}}}
}

// object reads one object, or a list of them.
func (a *apiServer) object(path string) (object, error) {
	answer, err := a.client.Get(a.url + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var found object
	if err := json.NewDecoder(answer.Body).Decode(&found); err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s: %s", path, answer.Status, found.text("message"))
	}
	return found, nil
}

// create makes an object in a collection.
func (a *apiServer) create(ctx context.Context, path string, o object) error {
	body, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return a.send(ctx, http.MethodPost, path, "application/json", string(body))
}

// patch merges a change into an object.
func (a *apiServer) patch(ctx context.Context, path, change string) error {
	return a.send(ctx, http.MethodPatch, path, "application/merge-patch+json", change)
}

func (a *apiServer) send(ctx context.Context, method, path, kind, body string) error {
	request, err := http.NewRequestWithContext(ctx, method, a.url+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", kind)
	answer, err := a.client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 300 {
		text, _ := io.ReadAll(answer.Body)
		return fmt.Errorf("%s: %s: %.500s", path, answer.Status, text)
	}
	return nil
}

// endpoints returns the addresses of the ready pods of a Service.
func (a *apiServer) endpoints(namespace, service string) (ready []string, err error) {
	slices, err := a.object("/apis/discovery.k8s.io/v1/namespaces/" + namespace + "/endpointslices?labelSelector=" + url.QueryEscape("kubernetes.io/service-name="+service))
	for _, slice := range slices.list("items") {
		for _, endpoint := range slice.list("endpoints") {
			addresses, _ := endpoint.at("addresses").([]any)
			if endpoint.at("conditions", "ready") == true && len(addresses) > 0 {
				ready = append(ready, addresses[0].(string))
			}
		}
	}
	return ready, err
}

// pods remembers what became of every pod of a cluster.
type pods struct {
	mu   sync.Mutex
	seen map[string]*pod
}

// pod is one that was seen.
type pod struct {
	namespace, name, component string
	running, gone              bool
	started                    time.Time
	restarts                   int
	exits                      map[string]exit // by container and restart
}

// exit is how a container ended, and after how long.
type exit struct {
	code  int
	after time.Duration
}

func exitOf(terminated object) exit {
	began, _ := time.Parse(time.RFC3339, terminated.text("startedAt"))
	ended, _ := time.Parse(time.RFC3339, terminated.text("finishedAt"))
	return exit{terminated.number("exitCode"), ended.Sub(began)}
}

// watchPods follows the pods of all namespaces until ctx is done.
func (a *apiServer) watchPods(ctx context.Context) *pods {
	p := &pods{seen: map[string]*pod{}}
	go func() {
		for ctx.Err() == nil {
			p.follow(ctx, a)
		}
	}()
	return p
}

func (p *pods) follow(ctx context.Context, a *apiServer) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url+"/api/v1/pods?watch=1", nil)
	if err != nil {
		return
	}
	answer, err := a.client.Do(request)
	if err != nil {
		return
	}
	defer answer.Body.Close()
	for events := json.NewDecoder(answer.Body); ; {
		var event struct {
			Type   string
			Object object
		}
		if events.Decode(&event) != nil {
			return
		}
		p.see(event.Type, event.Object)
	}
}

func (p *pods) see(event string, o object) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := o.text("metadata", "uid")
	if p.seen[key] == nil {
		p.seen[key] = &pod{
			namespace: o.text("metadata", "namespace"), name: o.text("metadata", "name"),
			component: o.text("metadata", "labels", "app.kubernetes.io/component"), exits: map[string]exit{},
		}
	}
	s := p.seen[key]
	s.gone = event == "DELETED"
	s.running = o.text("status", "phase") == "Running"
	if s.running && s.started.IsZero() {
		s.started = time.Now()
	}
	for _, status := range o.list("status", "containerStatuses") {
		restart := status.number("restartCount")
		s.restarts = max(s.restarts, restart)
		for _, state := range []string{"state", "lastState"} {
			if end, ok := status.at(state, "terminated").(map[string]any); ok {
				which := restart
				if state == "lastState" {
					which--
				}
				s.exits[fmt.Sprintf("%s %d", status.text("name"), which)] = exitOf(end)
			}
		}
	}
}

// of returns copies of those of a component.
func (p *pods) of(namespace, component string) (found []pod) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.seen {
		if s.namespace == namespace && s.component == component {
			found = append(found, *s)
		}
	}
	return found
}
