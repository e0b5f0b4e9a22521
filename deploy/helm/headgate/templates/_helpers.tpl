{{- define "headgate.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "headgate.fullname" -}}
{{- $name := include "headgate.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "headgate.account" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "headgate.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "headgate.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- define "headgate.selector" -}}
app.kubernetes.io/name: {{ include "headgate.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: controller
{{- end }}

{{- define "headgate.labels" -}}
app.kubernetes.io/name: {{ include "headgate.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/part-of: headgate
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* The one namespace that is watched; empty for all of them. */}}
{{- define "headgate.namespace" -}}
{{- range .Values.watchNamespaces }}
{{- if ne . $.Release.Namespace }}
{{- fail (printf "watchNamespaces has %s: install the release there, with --namespace %s" . .) }}
{{- end }}
{{- . }}
{{- end }}
{{- end }}

{{/* Names of the parts that are on, as a list of JSON; files/features.yaml says what each adds. */}}
{{- define "headgate.parts" -}}
{{- $parts := list }}
{{- $doors := .Values.doors }}
{{- if $doors.kulta.enabled }}
{{- $parts = append $parts "kulta" }}
{{- end }}
{{- if $doors.canaryapp.enabled }}
{{- $parts = append $parts "canaryapp" }}
{{- end }}
{{- if and $doors.kulta.enabled $doors.kulta.webhooks (not .Values.watchNamespaces) }}
{{- $parts = append $parts "kulta-webhooks" }}
{{- end }}
{{- if $doors.superposition.enabled }}
{{- $parts = append $parts "superposition" }}
{{- end }}
{{- if $doors.deployer.enabled }}
{{- if .Values.watchNamespaces }}
{{- fail "doors.deployer asks the cluster who somebody is, which no rights in one namespace allow: leave watchNamespaces empty" }}
{{- end }}
{{- $parts = append $parts "deployer" }}
{{- end }}
{{- if .Values.dashboard.enabled }}
{{- if .Values.watchNamespaces }}
{{- fail "dashboard.enabled asks the cluster who somebody is, which no rights in one namespace allow: leave watchNamespaces empty" }}
{{- end }}
{{- $parts = append $parts "dashboard" }}
{{- end }}
{{- $parts | toJson }}
{{- end }}

{{/* Ports of the parts that are on, each once: two may share one. */}}
{{- define "headgate.ports" -}}
{{- $all := .Files.Get "files/features.yaml" | fromYaml }}
{{- $ports := list }}
{{- range include "headgate.parts" . | fromJsonArray }}
{{- with (get $all .).port }}
{{- $ports = append $ports . }}
{{- end }}
{{- end }}
{{- $ports | uniq | toJson }}
{{- end }}
