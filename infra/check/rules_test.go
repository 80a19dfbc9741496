package main

import (
	"slices"
	"strings"
	"testing"
)

func TestRules(t *testing.T) {
	r := newRules(t)
	for name, values := range valueSets {
		for _, broken := range r.broken(mustRender(t, values)) {
			t.Errorf("%s: %s", name, broken)
		}
	}
}

// TestRulesRefuse breaks one rule at a time. An object's name stands without the release's; no path takes the object away.
func TestRulesRefuse(t *testing.T) {
	r := newRules(t)
	const pod = "spec.template.spec."
	for _, test := range []struct {
		object, path string
		value        any
		want         string
	}{
		{"CronJob fetchkraken", "", nil, `function FetchKraken: 0 of "CronJob invoke FetchKraken --wait": want one`},
		{"ScaledJob backfill", "", nil, `function Backfill: 0 of "ScaledJob invoke Backfill": want one`},
		{"ScaledObject clean", "", nil, "Deployment test-assay-clean is scaled by 0: want one"},
		{"Deployment clean", "", nil, "ScaledObject test-assay-clean scales test-assay-clean, which is not there"},
		{"ScaledObject load", "spec.scaleTargetRef.name", "test-assay-clean", "Deployment test-assay-clean is scaled by 2: want one"},
		{"ScaledObject load", "spec.fallback", nil, "ScaledObject test-assay-load has no fallback"},
		{"Deployment load", "spec.replicas", 1.0, "Deployment test-assay-load has replicas, which fight ScaledObject test-assay-load"},
		{"Deployment http", "spec.replicas", 2.0, "Deployment test-assay-http has replicas, which fight HorizontalPodAutoscaler test-assay-http"},
		{"ScaledObject load", "type", "timertrigger", "ScaledObject test-assay-load: no scaler is called timertrigger"},
		{"ScaledObject load", "metadata.queueLenght", "4", "ScaledObject test-assay-load: azure-queue has no queueLenght"},
		{"ScaledObject load", "metadata.queueName", nil, "ScaledObject test-assay-load: trigger without queueName"},
		{"ScaledObject load", "metadata.queueName", "%QUEUE%", "ScaledObject test-assay-load: queueName %QUEUE% is not expanded"},
		{"ScaledObject load", "metadata.queueLength", "5", "ScaledObject test-assay-load: queueLength 5: want batchSize, 4"},
		{"ScaledObject load", "metadata.queueLengthStrategy", "visibleonly", "ScaledObject test-assay-load: queueLengthStrategy visibleonly: want all, or work in hand is scaled to nothing"},
		{"ScaledJob backfill", "metadata.queueLengthStrategy", "some", "ScaledJob test-assay-backfill: queueLengthStrategy some: want one of [all visibleonly]"},
		{"ScaledJob backfill", "metadata.accountName", "stassay", "ScaledJob test-assay-backfill: accountName and an identity go together"},
		{"ScaledJob backfill", "authenticationRef.name", "other", "ScaledJob test-assay-backfill: its TriggerAuthentication other is not there"},
		{"Deployment clean", pod + "shareProcessNamespace", nil, "Deployment test-assay-clean: the program is process 1 and would miss an early SIGTERM: want shareProcessNamespace"},
		{"Deployment clean", pod + "terminationGracePeriodSeconds", 600.0, "Deployment test-assay-clean: the grace period is not above functionTimeout, 600 s"},
		{"Deployment clean", pod + "securityContext.runAsNonRoot", nil, "Deployment test-assay-clean: runAsNonRoot != true: pod or container \"assay\" must set securityContext.runAsNonRoot=true"},
		{"Deployment clean", pod + "hostNetwork", true, "Deployment test-assay-clean: host namespaces: hostNetwork=true"},
		{"Deployment http", "container.securityContext.readOnlyRootFilesystem", false, "Deployment test-assay-http: the root file system can be written"},
		{"Deployment http", "container.resources.limits.memory", nil, "Deployment test-assay-http: memory: want a request, and a limit that is not below it"},
		{"Deployment http", "container.livenessProbe", nil, "Deployment test-assay-http: it serves without probes"},
		{"Deployment http", "container.livenessProbe", map[string]any{"tcpSocket": map[string]any{"port": "http"}}, "Deployment test-assay-http: a probe that only opens a connection is answered by the kernel: want httpGet"},
		{"Service http", "spec.selector", map[string]any{"a": "b"}, "Service test-assay-http selects no pod"},
		{"Deployment load", "spec.selector.matchLabels.a", "b", "Deployment test-assay-load selects no pod"},
		{"Service http", "kind", "Secret", "Secret test-assay-http: a chart's values are kept in the cluster for all to read: want the name of a Secret"},
		{"CronJob fetchkraken", "metadata.name", strings.Repeat("n", 53), "CronJob " + strings.Repeat("n", 53) + ": a name of 53 characters: want at most 52, for a CronJob's Jobs"},
	} {
		objects := mustRender(t, "")
		kind, name, _ := strings.Cut(test.object, " ")
		i := slices.IndexFunc(objects, func(o object) bool { return o.kind() == kind && o.name() == "test-assay-"+name })
		if test.path == "" {
			objects = slices.Delete(objects, i, i+1)
		} else {
			part(objects[i], test.path).set(strings.TrimPrefix(test.path, "container."), test.value)
		}
		if got := r.broken(objects); !slices.Contains(got, test.want) {
			t.Errorf("%s %s=%v: got\n%s\nwant %s", test.object, test.path, test.value, strings.Join(got, "\n"), test.want)
		}
	}
}

// part is where a path of TestRulesRefuse begins: the container, the trigger, or the object.
func part(o object, path string) object {
	triggers, scales := o.at("spec", "triggers").([]any)
	switch {
	case strings.HasPrefix(path, "container."):
		return container(podOf(o))
	case scales && !strings.HasPrefix(path, "spec."):
		return object(triggers[0].(map[string]any))
	default:
		return o
	}
}
