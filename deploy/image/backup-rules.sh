#!/bin/sh
# Prints all rules of a running server as one JSON document, or fails and prints nothing.
#
#   kubectl exec -n betrace deployment/betrace-backend -- /backup-rules.sh > rules-backup.json
#
# BETRACE_URL is the server (that of this machine). The API key is that of the container,
# BETRACE_API_KEY or BETRACE_API_KEY_FILE. Exit 1: no answer, no permission, or no rules in it.
set -eu

# A server with TLS shows a certificate of another name than 127.0.0.1: here it is known by its public key.
url=${BETRACE_URL:-}
pin=
if [ -z "$url" ] && [ -n "${BETRACE_TLS_CERT:-}" ]; then
  url=https://127.0.0.1:${BETRACE_HTTP_PORT:-12011}
  pin=$(mktemp)
  openssl x509 -pubkey -noout -in "$BETRACE_TLS_CERT" >"$pin"
fi
url=${url:-http://127.0.0.1:${BETRACE_HTTP_PORT:-12011}}
document=$(mktemp)
trap 'rm -f "$document" "$pin"' EXIT

key=${BETRACE_API_KEY:-}
if [ -z "$key" ] && [ -n "${BETRACE_API_KEY_FILE:-}" ]; then key=$(cat "$BETRACE_API_KEY_FILE"); fi

# The key goes through standard input, so that no list of processes shows it.
ask() {
  if [ -n "$pin" ]; then set -- --insecure --pinnedpubkey "$pin" "$@"; fi
  curl "$@"
}
request() {
  if [ -n "$key" ]; then
    printf 'header = "%s: %s"\n' "${BETRACE_API_KEY_HEADER:-X-API-Key}" "$key"
  fi | ask -fsS --max-time 60 --config - "$@"
}

request -o "$document" "$url/v1/rules"
if ! jq -e '.rules | type == "array"' "$document" >/dev/null; then
  echo "backup-rules: the answer holds no rules" >&2
  exit 1
fi
cat "$document"
