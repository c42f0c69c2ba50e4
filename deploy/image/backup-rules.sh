#!/bin/sh
# Prints all rules of a running server as one JSON document, or fails and prints nothing.
#
#   kubectl exec -n betrace deployment/betrace-backend -- /backup-rules.sh > rules-backup.json
#
# BETRACE_URL is the server (that of this machine). The API key is that of the container,
# BETRACE_API_KEY or BETRACE_API_KEY_FILE. Exit 1: no answer, no permission, or no rules in it.
set -eu

# shellcheck source=ask-server.sh
. "$(dirname "$0")/ask-server.sh"
document=$(mktemp)
trap 'rm -f "$document" "$pin"' EXIT

request -f --max-time 60 -o "$document" "$url/v1/rules"
if ! jq -e '.rules | type == "array"' "$document" >/dev/null; then
  echo "backup-rules: the answer holds no rules" >&2
  exit 1
fi
cat "$document"
