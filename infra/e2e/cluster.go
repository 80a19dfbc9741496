package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"io"
	"path/filepath"
	"time"
)

// cluster is a control plane with KEDA, a node where pods are to run, and a storage emulator that both reach.
type cluster struct {
	*workplace
	programs
	options
	began    time.Time
	timeline *timeline
	api      *apiServer
	node     *node // nil without pods
	storage  *storage

	longJobs  []string        // pods of the simulated market that were at work during its update
	killed    map[string]bool // pods, on purpose
	authority *authority      // of the cluster
	server    string          // URL of the API server
}

// startCluster starts everything that the chart needs of a cluster, and waits until it works.
func startCluster(ctx context.Context, w *workplace, p programs, o options) (*cluster, error) {
	c := &cluster{workplace: w, programs: p, options: o, began: time.Now(), killed: map[string]bool{}}
	c.timeline = newTimeline(c.began)
	if !o.noNode {
		n, err := newBridge(ctx, w)
		if err != nil {
			return nil, fmt.Errorf("bridge: %w", err)
		}
		c.node = n
	}
	address := "127.0.0.1"
	if c.node != nil {
		address = c.node.address
	}
	var err error
	if c.storage, err = startStorage(ctx, w, address); err != nil {
		return nil, fmt.Errorf("Azurite: %w", err)
	}
	if err := c.startControlPlane(ctx); err != nil {
		return nil, fmt.Errorf("control plane: %w", err)
	}
	c.timeline.note("control plane ready")
	if c.node != nil {
		if err := c.startNode(ctx); err != nil {
			return nil, fmt.Errorf("node: %w", err)
		}
	}
	if err := c.startKEDA(ctx); err != nil {
		return nil, fmt.Errorf("KEDA: %w", err)
	}
	c.timeline.note("KEDA ready, metrics API available")
	if c.node != nil {
		if err := c.awaitNode(ctx); err != nil {
			return nil, err
		}
		c.later(c.removePods)
		c.timeline.note("node ready")
	}
	return c, nil
}

func (c *cluster) startControlPlane(ctx context.Context) error {
	ports, err := freePorts(5)
	if err != nil {
		return err
	}
	etcd, peer, secure, manager, scheduler := ports[0], ports[1], ports[2], ports[3], ports[4]
	c.server = "https://127.0.0.1:" + secure
	front, err := c.certificates()
	if err != nil {
		return err
	}
	etcdURL, peerURL := "http://127.0.0.1:"+etcd, "http://127.0.0.1:"+peer
	err = c.start("etcd", nil, c.kube, "etcd", "--unsafe-no-fsync", "--data-dir", c.path("etcd"), "--listen-client-urls", etcdURL,
		"--advertise-client-urls", etcdURL, "--listen-peer-urls", peerURL, "--initial-advertise-peer-urls", peerURL, "--initial-cluster", "default="+peerURL)
	if err == nil {
		err = c.ready(ctx, "etcd", etcdURL+"/health", nil)
	}
	if err != nil {
		return err
	}
	a := c.authority
	err = c.start("apiserver", nil, c.kube, "kube-apiserver", "--etcd-servers", etcdURL, "--bind-address", "127.0.0.1", "--secure-port", secure,
		"--service-cluster-ip-range", "10.96.0.0/16", "--authorization-mode", "Node,RBAC", "--enable-admission-plugins", "NodeRestriction",
		"--client-ca-file", a.path("ca.crt"), "--tls-cert-file", a.path("apiserver.crt"), "--tls-private-key-file", a.path("apiserver.key"),
		"--service-account-issuer", "https://kubernetes.default.svc", "--service-account-signing-key-file", a.path("tokens.key"), "--service-account-key-file", a.path("tokens.key"),
		"--requestheader-client-ca-file", front.path("ca.crt"), "--requestheader-allowed-names", "front-proxy-client", "--requestheader-username-headers", "X-Remote-User",
		"--requestheader-group-headers", "X-Remote-Group", "--requestheader-extra-headers-prefix", "X-Remote-Extra-",
		"--proxy-client-cert-file", front.path("client.crt"), "--proxy-client-key-file", front.path("client.key"), "--endpoint-reconciler-type", "none", "--cert-dir", c.path("apiserver"),
		"--kubelet-client-certificate", a.path("admin.crt"), "--kubelet-client-key", a.path("admin.key"), "--kubelet-preferred-address-types", "InternalIP")
	if err != nil {
		return err
	}
	admin, err := a.identity("admin")
	if err != nil {
		return err
	}
	if err := c.ready(ctx, "apiserver", c.server+"/readyz", admin); err != nil {
		return err
	}
	c.api = newAPIServer(c.server, admin)
	// The autoscaler looks every second and comes down after five, instead of 15 s and 5 min.
	err = c.start("controller-manager", nil, c.kube, "kube-controller-manager", "--kubeconfig", a.path("admin.kubeconfig"), "--leader-elect=false", "--bind-address", "127.0.0.1",
		"--secure-port", manager, "--service-account-private-key-file", a.path("tokens.key"), "--root-ca-file", a.path("ca.crt"), "--cert-dir", c.path("manager"),
		"--horizontal-pod-autoscaler-sync-period", "1s", "--horizontal-pod-autoscaler-downscale-stabilization", "5s", "--concurrent-job-syncs", "5")
	if err == nil {
		err = c.start("scheduler", nil, c.kube, "kube-scheduler", "--kubeconfig", a.path("admin.kubeconfig"), "--leader-elect=false", "--bind-address", "127.0.0.1",
			"--secure-port", scheduler, "--cert-dir", c.path("scheduler"))
	}
	if err != nil {
		return err
	}
	careless := &tls.Config{InsecureSkipVerify: true} // each has made a certificate of its own
	if err := c.ready(ctx, "controller-manager", "https://127.0.0.1:"+manager+"/healthz", careless); err != nil {
		return err
	}
	return c.ready(ctx, "scheduler", "https://127.0.0.1:"+scheduler+"/healthz", careless)
}

// certificates makes those of the cluster, and those by which the API server speaks for its users at KEDA's adapter.
func (c *cluster) certificates() (front *authority, err error) {
	if c.authority, err = newAuthority(c.path("pki/cluster")); err != nil {
		return nil, err
	}
	if front, err = newAuthority(c.path("pki/front")); err != nil {
		return nil, err
	}
	hosts := []string{"127.0.0.1", "10.96.0.1", "localhost", "kubernetes.default.svc"}
	for _, s := range []struct {
		by                  *authority
		file, name          string
		organisation, hosts []string
	}{
		{c.authority, "apiserver", "kube-apiserver", nil, hosts},
		{c.authority, "admin", "admin", []string{"system:masters"}, nil},
		{c.authority, "keda", "system:serviceaccount:keda:keda-operator", nil, nil}, // so that KEDA's own roles are what lets it work
		{c.authority, "node", "system:node:" + nodeName, []string{"system:nodes"}, nil},
		{front, "client", "front-proxy-client", nil, nil},
	} {
		if err := s.by.sign(s.file, s.name, s.organisation, s.hosts); err != nil {
			return nil, err
		}
		if err := s.by.kubeconfig(s.file, c.server); err != nil {
			return nil, err
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return front, writeKey(c.authority.path("tokens.key"), key)
}

// kubectl runs kubectl as the cluster's administrator.
func (c *cluster) kubectl(ctx context.Context, arguments ...string) (string, error) {
	return output(ctx, append([]string{"env", "KUBECONFIG=" + c.authority.path("admin.kubeconfig"), c.kube, "kubectl"}, arguments...)...)
}

// runHelm runs Helm as the cluster's administrator.
func (c *cluster) runHelm(ctx context.Context, arguments ...string) (string, error) {
	return output(ctx, append([]string{
		"env", "KUBECONFIG=" + c.authority.path("admin.kubeconfig"), "HELM_CACHE_HOME=" + c.path("helm"), "HELM_CONFIG_HOME=" + c.path("helm"), "HELM_DATA_HOME=" + c.path("helm"), c.helm,
	}, arguments...)...)
}

// startKEDA applies what KEDA's release applies and runs its two programs beside the control plane.
func (c *cluster) startKEDA(ctx context.Context) error {
	config := filepath.Join(c.keda, "config")
	ports, err := freePorts(6)
	if err != nil {
		return err
	}
	metrics, grpc, health, secure, plain := ports[0], ports[1], ports[2], ports[3], ports[4]
	keda, err := newAuthority(c.path("pki/keda"))
	if err != nil {
		return err
	}
	hosts := []string{"localhost", "keda-operator", "keda-operator.keda.svc", "keda-metrics-apiserver.keda.svc"}
	if err := keda.sign("tls", "keda", nil, hosts); err != nil {
		return err
	}
	service, err := c.write("metrics-service.yaml", metricsService(keda, secure))
	if err != nil {
		return err
	}
	for _, arguments := range [][]string{
		{"apply", "--server-side", "-f", config + "/crd/bases"},
		{"create", "namespace", "keda"},
		{"apply", "-f", config + "/service_account/service_account.yaml", "-f", config + "/rbac/role.yaml", "-f", config + "/rbac/role_binding.yaml"},
		{"apply", "-f", config + "/metrics-server/role.yaml", "-f", config + "/metrics-server/role_binding.yaml", "-f", service},
	} {
		if _, err := c.kubectl(ctx, arguments...); err != nil {
			return err
		}
	}
	if err := await(ctx, "KEDA's kinds are known", time.Minute, func() (bool, error) {
		kinds, err := c.api.object("/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
		for _, kind := range kinds.list("items") {
			if condition(kind, "Established") != "True" {
				return false, err
			}
		}
		return err == nil, err
	}); err != nil {
		return err
	}
	kubeconfig := c.authority.path("keda.kubeconfig")
	env := []string{"KUBECONFIG=" + kubeconfig, "POD_NAMESPACE=keda", "KEDA_CLUSTER_OBJECT_NAMESPACE=keda", "WATCH_NAMESPACE="}
	err = c.start("keda-operator", env, c.operator, "--cert-dir", keda.folder, "--enable-cert-rotation=false", "--metrics-bind-address", "127.0.0.1:"+metrics,
		"--metrics-service-bind-address", "127.0.0.1:"+grpc, "--health-probe-bind-address", "127.0.0.1:"+health)
	if err == nil {
		err = c.ready(ctx, "keda-operator", "http://127.0.0.1:"+health+"/readyz", nil)
	}
	if err == nil {
		err = c.start("keda-adapter", env, c.adapter, "--bind-address", "127.0.0.1", "--secure-port", secure, "--port", plain, "--metrics-service-address", "localhost:"+grpc,
			"--client-ca-file", keda.path("ca.crt"), "--tls-cert-file", keda.path("tls.crt"), "--tls-private-key-file", keda.path("tls.key"), "--cert-dir", keda.folder,
			"--lister-kubeconfig", kubeconfig, "--authentication-kubeconfig", kubeconfig, "--authorization-kubeconfig", kubeconfig)
	}
	if err != nil {
		return err
	}
	return await(ctx, "the external metrics API is available", time.Minute, func() (bool, error) {
		service, err := c.api.object("/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.external.metrics.k8s.io")
		return condition(service, "Available") == "True", err
	})
}

// explain prints what helps to find out why it went wrong.
func (c *cluster) explain(out io.Writer) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for _, arguments := range [][]string{
		{"get", "pods,jobs,scaledobjects,scaledjobs,horizontalpodautoscalers", "--all-namespaces"},
		{"get", "events", "--all-namespaces", "--field-selector", "type=Warning", "--sort-by", ".lastTimestamp"},
	} {
		printed, _ := c.kubectl(ctx, arguments...)
		fmt.Fprintln(out, printed)
	}
	fmt.Fprintln(out, c.storage.describe(ctx))
}
