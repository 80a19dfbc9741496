package main

import (
	"encoding/base64"
	"fmt"
	"os"
)

// metricsService has the API server find KEDA's adapter, which runs beside it and not in a pod: Endpoints may not hold loopback addresses,
// an external name may.
func metricsService(keda *authority, port string) string {
	certificate, _ := os.ReadFile(keda.path("ca.crt"))
	return fmt.Sprintf(`apiVersion: v1
kind: Service
metadata: {name: keda-metrics-apiserver, namespace: keda}
spec: {type: ExternalName, externalName: localhost, ports: [{name: https, port: %s}]}
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.external.metrics.k8s.io}
spec:
  service: {name: keda-metrics-apiserver, namespace: keda, port: %[1]s}
  group: external.metrics.k8s.io
  version: v1beta1
  groupPriorityMinimum: 100
  versionPriority: 100
  caBundle: %s
`, port, base64.StdEncoding.EncodeToString(certificate))
}

// containerdConfig keeps everything of this containerd apart from the system's. restrict_oom_score_adj: root in a container may not lower it.
func (n *node) containerdConfig() string {
	return fmt.Sprintf(`version = 2
root = %q
state = %q
[grpc]
  address = %q
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %q
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = %q
    conf_dir = %q
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
`, n.path("containerd/root"), n.state, n.socket, pauseName, cniFolder, n.path("cni"))
}

func (n *node) network() string {
	return fmt.Sprintf(`{"cniVersion": "1.0.0", "name": "assay-e2e", "plugins": [
  {"type": "bridge", "bridge": %q, "isGateway": true, "isDefaultGateway": true, "ipMasq": false,
   "ipam": {"type": "host-local", "dataDir": %q, "ranges": [[{"subnet": %q, "rangeStart": %q}]]}}]}
`, n.bridge, n.path("addresses"), n.subnet+".0/24", n.subnet+".10")
}

// kubeletConfig: cgroup v1 is there on some machines still; nothing is evicted for a disk that is nearly full of other things.
func (n *node) kubeletConfig(authority *authority, port, health string) string {
	return fmt.Sprintf(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: %s
port: %s
healthzBindAddress: 127.0.0.1
healthzPort: %s
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: %q}}
authorization: {mode: Webhook}
containerRuntimeEndpoint: "unix://%s"
cgroupDriver: cgroupfs
failCgroupV1: false
makeIPTablesUtilChains: false
podLogsDir: %q
maxPods: 60
evictionHard: {memory.available: "50Mi", nodefs.available: "1%%", nodefs.inodesFree: "1%%", imagefs.available: "1%%"}
`, n.address, port, health, authority.path("ca.crt"), n.socket, n.path("pods"))
}
