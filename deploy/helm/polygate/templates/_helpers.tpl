{{/* Names and labels, and the gateway's configuration as the chart completes it. */}}

{{- define "polygate.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $whole := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- $whole | trunc 53 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "polygate.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "polygate.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "polygate.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "polygate.serviceAccountName" -}}
{{- default (include "polygate.fullname" .) .Values.serviceAccount.name -}}
{{- end -}}

{{- define "polygate.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ default $.Chart.AppVersion .tag }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "polygate.config" -}}
{{- $gateway := dict "name" "gateway" "port" 8080 "serves" (list "rpc" "rest" "openai" "anthropic" "gemini" "oip" "tfserving" "portal" "admin") -}}
{{- if .Values.tls.secretName -}}
{{- $_ := set $gateway "tls" (dict "cert_file" "/run/secrets/tls/tls.crt" "key_file" "/run/secrets/tls/tls.key") -}}
{{- end -}}
{{- $metrics := dict "name" "metrics" "port" 9090 "serves" (list "metrics") -}}
{{- $drain := dict "drain_timeout" (printf "%ds" (int .Values.drain.timeoutSeconds)) -}}
{{- $chart := dict "listeners" (list $gateway $metrics) "gateway" $drain -}}
{{- mergeOverwrite (deepCopy .Values.config) $chart | toYaml -}}
{{- end -}}
