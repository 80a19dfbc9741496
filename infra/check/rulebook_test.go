package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// rules are what no schema says. Each returns what breaks it.
type rules struct {
	functions Functions
	scalers   map[string]scaler
	security  policy.Evaluator
}

// scaler is a type of trigger, as KEDA's scalers-schema.json describes it.
type scaler struct {
	Type       string
	Parameters []struct {
		Name         string
		Optional     bool
		Default      string
		AllowedValue []string
	}
}

func newRules(t *testing.T) rules {
	t.Helper()
	functions, err := readFunctions(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(keda.folder(t), "schema/generated/scalers-schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Scalers []scaler }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	r := rules{functions: functions, scalers: map[string]scaler{}}
	for _, s := range file.Scalers {
		r.scalers[s.Type] = s
	}
	if r.security, err = policy.NewEvaluator(policy.DefaultChecks(), nil); err != nil {
		t.Fatal(err)
	}
	return r
}

// broken returns every break of a rule, in words.
func (r rules) broken(objects []object) []string {
	broken := slices.Concat(r.runs(objects), r.scaling(objects), r.selectors(objects))
	for _, o := range objects {
		if len(o.name()) > 52 {
			broken = append(broken, fmt.Sprintf("%s: a name of %d characters: want at most 52, for a CronJob's Jobs", o, len(o.name())))
		}
		if o.kind() == "Secret" {
			broken = append(broken, fmt.Sprintf("%s: a chart's values are kept in the cluster for all to read: want the name of a Secret", o))
		}
		if triggers, ok := o.at("spec", "triggers").([]any); ok {
			for _, t := range triggers {
				broken = append(broken, r.trigger(o, object(t.(map[string]any)), objects)...)
			}
		}
		if template := podOf(o); template != nil {
			broken = append(broken, r.pod(o, template)...)
		}
	}
	return broken
}

// podOf returns the pod template of an object that makes pods, else nil.
func podOf(o object) object {
	var template any
	switch o.kind() {
	case "Deployment":
		template = o.at("spec", "template")
	case "CronJob":
		template = o.at("spec", "jobTemplate", "spec", "template")
	case "ScaledJob":
		template = o.at("spec", "jobTargetRef", "template")
	default:
		return nil
	}
	return object(template.(map[string]any))
}

// runs checks that every function is run by one object of its kind: a timer in a Deployment at zero would never fire.
func (r rules) runs(objects []object) (broken []string) {
	run := fmt.Sprintf("Deployment run --grace %ds ", r.functions.TimeoutSeconds)
	wanted := map[string]string{}
	for name := range r.functions.Timers {
		wanted[name] = "CronJob invoke " + name + " --wait"
	}
	for name := range r.functions.Queues {
		wanted[name] = run + "--hide 60s --only " + name // by default a minute
	}
	for name := range r.functions.Jobs {
		wanted[name] = "ScaledJob invoke " + name
	}
	for _, name := range r.functions.HTTP {
		wanted[name] = run + "--address 0.0.0.0 --port 8080 --only " + strings.Join(r.functions.HTTP, ",")
	}
	got := map[string]int{}
	for _, o := range objects {
		if template := podOf(o); template != nil {
			got[o.kind()+" "+strings.Join(argsOf(template), " ")]++
		}
	}
	for name, want := range wanted {
		if got[want] != 1 {
			broken = append(broken, fmt.Sprintf("function %s: %d of %q: want one", name, got[want], want))
		}
	}
	return broken
}

func argsOf(template object) (args []string) {
	list, _ := container(template)["args"].([]any)
	for _, arg := range list {
		args = append(args, fmt.Sprint(arg))
	}
	return args
}

func container(template object) object {
	return object(template.at("spec", "containers").([]any)[0].(map[string]any))
}

// scaling checks that what is scaled is there, scaled once, and has no number of replicas of its own.
func (r rules) scaling(objects []object) (broken []string) {
	scaled := map[string]int{}
	for _, o := range objects {
		if o.kind() != "ScaledObject" && o.kind() != "HorizontalPodAutoscaler" {
			continue
		}
		target := fmt.Sprint(o.at("spec", "scaleTargetRef", "name"))
		scaled[target]++
		i := slices.IndexFunc(objects, func(d object) bool { return d.kind() == "Deployment" && d.name() == target })
		if i < 0 {
			broken = append(broken, fmt.Sprintf("%s scales %s, which is not there", o, target))
		} else if objects[i].at("spec", "replicas") != nil {
			broken = append(broken, fmt.Sprintf("%s has replicas, which fight %s", objects[i], o))
		}
		if fallback := o.at("spec", "fallback"); o.kind() == "ScaledObject" && fallback == nil {
			broken = append(broken, fmt.Sprintf("%s has no fallback", o))
		}
	}
	for _, o := range objects {
		if o.kind() == "Deployment" && argsOf(podOf(o))[0] == "run" && scaled[o.name()] != 1 {
			broken = append(broken, fmt.Sprintf("%s is scaled by %d: want one", o, scaled[o.name()]))
		}
	}
	return broken
}

// trigger checks a trigger against what KEDA knows of its type, and ours against host.json.
func (r rules) trigger(o, trigger object, objects []object) (broken []string) {
	say := func(format string, args ...any) {
		broken = append(broken, fmt.Sprintf("%s: %s", o, fmt.Sprintf(format, args...)))
	}
	metadata, _ := trigger["metadata"].(map[string]any)
	known, ok := r.scalers[fmt.Sprint(trigger["type"])]
	if !ok {
		say("no scaler is called %v", trigger["type"])
		return broken
	}
	left := map[string]bool{}
	for key, value := range metadata {
		left[key] = true
		if strings.Contains(fmt.Sprint(value), "%") {
			say("%s %v is not expanded", key, value)
		}
	}
	for _, p := range known.Parameters {
		value, given := metadata[p.Name]
		if !given && !p.Optional && p.Default == "" {
			say("trigger without %s", p.Name)
		}
		if given && len(p.AllowedValue) > 0 && !slices.Contains(p.AllowedValue, fmt.Sprint(value)) {
			say("%s %v: want one of %v", p.Name, value, p.AllowedValue)
		}
		delete(left, p.Name)
	}
	for key := range left {
		say("%s has no %s", known.Type, key)
	}
	if got, want := metadata["queueLength"], fmt.Sprint(r.functions.QueueLength); got != want {
		say("queueLength %v: want batchSize, %s", got, want)
	}
	if metadata["queueLengthStrategy"] != "all" {
		say("queueLengthStrategy %v: want all, or work in hand is scaled to nothing", metadata["queueLengthStrategy"])
	}
	return append(broken, r.authentication(o, trigger, objects)...)
}

// authentication checks that KEDA may read the queue: KEDA has no default for where.
func (r rules) authentication(o, trigger object, objects []object) []string {
	name := trigger.at("authenticationRef", "name")
	for _, a := range objects {
		if a.kind() != "TriggerAuthentication" || a.name() != name {
			continue
		}
		byIdentity := a.at("spec", "podIdentity") != nil
		if named := trigger.at("metadata", "accountName") != nil; named != byIdentity {
			return []string{fmt.Sprintf("%s: accountName and an identity go together", o)}
		}
		return nil
	}
	return []string{fmt.Sprintf("%s: its TriggerAuthentication %v is not there", o, name)}
}

// pod checks a pod template: time to end, limits, and the restricted pod security standard.
func (r rules) pod(o, template object) (broken []string) {
	say := func(format string, args ...any) {
		broken = append(broken, fmt.Sprintf("%s: %s", o, fmt.Sprintf(format, args...)))
	}
	text, err := json.Marshal(template)
	if err != nil {
		return []string{err.Error()}
	}
	var pod corev1.PodTemplateSpec
	if err := json.Unmarshal(text, &pod); err != nil {
		return []string{err.Error()}
	}
	if share := pod.Spec.ShareProcessNamespace; share == nil || !*share {
		say("the program is process 1 and would miss an early SIGTERM: want shareProcessNamespace")
	}
	if grace := pod.Spec.TerminationGracePeriodSeconds; grace == nil || *grace <= int64(r.functions.TimeoutSeconds) {
		say("the grace period is not above functionTimeout, %d s", r.functions.TimeoutSeconds)
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	for _, result := range r.security.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec) {
		if !result.Allowed {
			say("%s: %s", result.ForbiddenReason, result.ForbiddenDetail)
		}
	}
	for _, c := range pod.Spec.Containers {
		if c.SecurityContext == nil || c.SecurityContext.ReadOnlyRootFilesystem == nil || !*c.SecurityContext.ReadOnlyRootFilesystem {
			say("the root file system can be written")
		}
		for _, resource := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
			request, limit := c.Resources.Requests.Name(resource, ""), c.Resources.Limits.Name(resource, "")
			if request.Sign() <= 0 || limit.Cmp(*request) < 0 {
				say("%s: want a request, and a limit that is not below it", resource)
			}
		}
		if http := len(c.Ports) > 0; http && (c.ReadinessProbe == nil || c.LivenessProbe == nil || c.StartupProbe == nil) {
			say("it serves without probes")
		} else if http && (c.ReadinessProbe.HTTPGet == nil || c.LivenessProbe.HTTPGet == nil || c.StartupProbe.HTTPGet == nil) {
			say("a probe that only opens a connection is answered by the kernel: want httpGet")
		}
	}
	return broken
}

// selectors checks that what selects pods finds some, and a Deployment those it makes.
func (r rules) selectors(objects []object) (broken []string) {
	for _, o := range objects {
		var selector any
		switch o.kind() {
		case "Deployment", "PodDisruptionBudget":
			selector = o.at("spec", "selector", "matchLabels")
		case "Service":
			selector = o.at("spec", "selector")
		case "NetworkPolicy":
			selector = o.at("spec", "podSelector", "matchLabels")
		default:
			continue
		}
		wanted := metav1.LabelSelector{MatchLabels: map[string]string{}}
		for key, value := range selector.(map[string]any) {
			wanted.MatchLabels[key] = fmt.Sprint(value)
		}
		found := slices.ContainsFunc(objects, func(d object) bool {
			template := podOf(d)
			return template != nil && (o.kind() != "Deployment" || o.name() == d.name()) && selects(wanted, template)
		})
		if !found {
			broken = append(broken, fmt.Sprintf("%s selects no pod", o))
		}
	}
	return broken
}

func selects(selector metav1.LabelSelector, template object) bool {
	for key, value := range selector.MatchLabels {
		if template.at("metadata", "labels", key) != value {
			return false
		}
	}
	return true
}
