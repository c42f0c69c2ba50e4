# Sourced by the two scripts beside it: how they find and ask the server of their container.
#
# `url` is BETRACE_URL, or the server of this machine by its own settings. `ask` is curl; `request` is
# curl with the API key, BETRACE_API_KEY or BETRACE_API_KEY_FILE. `pin` is a file to be removed, or empty.

# A server with TLS shows a certificate of another name than 127.0.0.1: here it is known by its public key.
url=${BETRACE_URL:-}
pin=
if [ -z "$url" ] && [ -n "${BETRACE_TLS_CERT:-}" ]; then
  url=https://127.0.0.1:${BETRACE_HTTP_PORT:-12011}
  pin=$(mktemp)
  openssl x509 -pubkey -noout -in "$BETRACE_TLS_CERT" >"$pin"
fi
url=${url:-http://127.0.0.1:${BETRACE_HTTP_PORT:-12011}}
key=${BETRACE_API_KEY:-}
if [ -z "$key" ] && [ -n "${BETRACE_API_KEY_FILE:-}" ]; then key=$(cat "$BETRACE_API_KEY_FILE"); fi

ask() {
  if [ -n "$pin" ]; then set -- --insecure --pinnedpubkey "$pin" "$@"; fi
  curl -sS "$@"
}
# The key goes through standard input, so that no list of processes shows it.
request() {
  if [ -n "$key" ]; then
    printf 'header = "%s: %s"\n' "${BETRACE_API_KEY_HEADER:-X-API-Key}" "$key"
  fi | ask --config - "$@"
}
