{{- define "betrace.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "betrace.confined" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: ["ALL"]
{{- end }}

{{- define "betrace.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "betrace.apiKey" -}}
- name: BETRACE_API_KEY
  valueFrom:
    secretKeyRef:
      name: {{ .Values.config.authSecret }}
      key: api-key
      {{- if not .Values.config.authRequired }}
      optional: true
      {{- end }}
{{- end }}
