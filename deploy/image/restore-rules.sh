#!/bin/sh
# Makes the rules of a server equal to a backup: all of it or nothing.
#
#   /restore-rules.sh [--keep] FILE
#
# FILE is what /backup-rules.sh or /v1/rules/export gave. Rules that it does not hold are deleted, unless
# --keep is said. With a server at BETRACE_URL (http://127.0.0.1:12011) the rules go through its API;
# without one they are written to BETRACE_STORAGE_PATH. Exit 1: nothing was changed.
set -eu

prune=true
if [ "${1:-}" = --keep ]; then
  prune=false
  shift
fi
if [ $# -ne 1 ]; then
  echo "usage: restore-rules.sh [--keep] FILE" >&2
  exit 2
fi
file=$1
if ! jq -e '.rules | type == "array"' "$file" >/dev/null; then
  echo "restore-rules: $file holds no rules; nothing was changed" >&2
  exit 1
fi

# shellcheck source=ask-server.sh
. "$(dirname "$0")/ask-server.sh"
answer=$(mktemp)
trap 'rm -f "$answer" "$pin"' EXIT

if ! ask -f --max-time 5 -o /dev/null "$url/health" 2>/dev/null; then
  if [ -n "${BETRACE_URL:-}" ]; then
    echo "restore-rules: no server at $url; nothing was changed" >&2
    exit 1
  fi
  rm -f "$answer" "$pin"
  if [ "$prune" = true ]; then set -- --prune; else set --; fi
  exec betrace rules import "$@" --on-conflict replace --storage-path "$BETRACE_STORAGE_PATH" "$file"
fi

status=$(request --max-time 120 -o "$answer" -w '%{http_code}' -H 'Content-Type: application/json' \
  --data-binary "@$file" "$url/v1/rules/import?atomic=true&on_conflict=replace&prune=$prune")
if [ "$status" != 200 ]; then
  echo "restore-rules: the server answered $status; nothing was changed" >&2
  jq -c '.error // .' "$answer" >&2 || true
  exit 1
fi
jq -c '{total, created, updated, unchanged, deleted}' "$answer"
