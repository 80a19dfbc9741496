{{- define "assay.fullname" -}}
{{- /* a CronJob name has at most 52 characters, 16 of them the function */ -}}
{{- $name := .Release.Name }}{{ if not (contains .Chart.Name .Release.Name) }}{{ $name = printf "%s-%s" .Release.Name .Chart.Name }}{{ end -}}
{{- $name | trunc 36 | trimSuffix "-" -}}
{{- end }}

{{- define "assay.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "assay.labels" -}}
{{ include "assay.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{/* What every object has: its name, from the component, and its labels. */}}
{{- define "assay.metadata" -}}
name: {{ include "assay.fullname" .root }}-{{ .component }}
labels:
  {{- include "assay.labels" . | nindent 2 }}
{{- end }}

{{- define "assay.trigger" -}}
type: azure-queue
metadata:
  queueName: {{ .queue }}
  queueLength: {{ .functions.queueLength | toString | quote }}
  queueLengthStrategy: all # messages in hand count: with visibleonly, work in flight would be scaled to nothing
  {{- with .root.Values.storage.accountName }}
  accountName: {{ . | quote }}
  {{- end }}
authenticationRef:
  name: {{ include "assay.fullname" .root }}
{{- end }}

{{/*
A pod of the program: root, component, args, resources; restart is Never in a Job; http where it serves, asks where it asks providers.
After SIGTERM the program finishes what is in hand, for functionTimeout at most; Kubernetes waits a little longer.
*/}}
{{- define "assay.pod" -}}
{{- $functions := .root.Files.Get "functions.json" | fromJson -}}
metadata:
  labels:
    {{- include "assay.selector" . | nindent 4 }}
    {{- if .root.Values.storage.accountName }}
    azure.workload.identity/use: "true"
    {{- end }}
spec:
  serviceAccountName: {{ include "assay.fullname" .root }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  shareProcessNamespace: true # as process 1 it would miss a SIGTERM of its first milliseconds, and be killed with messages in hand
  restartPolicy: {{ .restart | default "Always" }}
  terminationGracePeriodSeconds: {{ add $functions.timeoutSeconds 30 }}
  {{- with .root.Values.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . | quote }}
    {{- end }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    seccompProfile:
      type: RuntimeDefault
  {{- if .http }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "assay.selector" . | nindent 10 }}
  volumes:
    - name: keys
      secret:
        secretName: {{ .root.Values.keysSecret | quote }}
  {{- end }}
  {{- if and .asks .root.Values.simulatedMarket }}
  initContainers:
    - name: market
      restartPolicy: Always # beside the program, until that ends
      {{- include "assay.image" . | nindent 6 }}
      args: [sim, --port, "8090"]
      resources:
        {{- toYaml .resources | nindent 8 }}
      {{- include "assay.confined" . | nindent 6 }}
  {{- end }}
  containers:
    - name: assay
      {{- include "assay.image" . | nindent 6 }}
      args: {{ toJson .args }}
      env:
        {{- include "assay.environment" . | nindent 8 }}
      {{- with .root.Values.settingsSecret }}
      envFrom:
        - secretRef:
            name: {{ . | quote }}
      {{- end }}
      {{- if .http }}
      ports:
        - name: http
          containerPort: 8080
      volumeMounts:
        - name: keys
          mountPath: /etc/assay/keys
          readOnly: true
      startupProbe: # the one path that asks for no key
        httpGet: { path: /healthz, port: http }
        periodSeconds: 1
        failureThreshold: 60
      readinessProbe:
        httpGet: { path: /healthz, port: http }
        periodSeconds: 5
      livenessProbe:
        httpGet: { path: /healthz, port: http }
        periodSeconds: 10
      lifecycle:
        preStop:
          sleep: { seconds: 5 } # the Service stops sending before the listener closes
      {{- end }}
      resources:
        {{- toYaml .resources | nindent 8 }}
      {{- include "assay.confined" . | nindent 6 }}
{{- end }}

{{- define "assay.image" -}}
image: "{{ .root.Values.image.repository }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}"
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
{{- end }}

{{- define "assay.confined" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{- define "assay.environment" -}}
{{- with .root.Values.storage -}}
{{- if .accountName -}}
- name: AzureWebJobsStorage__accountName
  value: {{ .accountName | quote }}
- name: AzureWebJobsStorage__credential
  value: workloadidentity
- name: AzureWebJobsStorage__clientId
  value: {{ .clientId | quote }}
{{- else -}}
- name: AzureWebJobsStorage
  valueFrom:
    secretKeyRef:
      name: {{ .secret | quote }}
      key: connection
{{- end }}
{{- end }}
{{- if .http }}
- name: ASSAY_FUNCTION_KEYS_FILE
  value: /etc/assay/keys/keys
- name: ASSAY_PUBLIC_READ
  value: {{ .root.Values.publicRead | quote }}
{{- end }}
{{- if and .asks .root.Values.simulatedMarket }}
- name: ASSAY_SOURCE_URL
  value: http://127.0.0.1:8090
{{- end }}
{{- range $name, $value := .root.Values.settings }}
{{- if hasSuffix "_HEADERS" $name }}
{{- fail (printf "settings.%s may hold a key, and what the chart writes is kept in the cluster for all to read: put it into the Secret that settingsSecret names" $name) }}
{{- end }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
