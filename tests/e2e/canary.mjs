// R20: every server of these suites holds secrets, and shows them nowhere.
//
// A suite's own secrets count; where it sets none the server gets canaries, which change nothing
// that it does. What servers write, answer and send is looked through as it comes, and their folders
// when they end: the end of a server fails if a secret was seen anywhere.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const bytesMin = 16;  // a shorter text can stand somewhere by chance
const canary = () => `canary-${randomBytes(20).toString('hex')}`;

const canaries = {
  OTEL_EXPORTER_OTLP_HEADERS: `x-canary=${canary()}`,
  BETRACE_WEBHOOK_HEADERS: `x-canary=${canary()}`,
  BETRACE_WEBHOOK_SECRET: canary(),
  BETRACE_SIGNATURE_KEY_PREVIOUS: canary(),
};
const ofSuites = ['BETRACE_API_KEY', 'BETRACE_SIGNATURE_KEY', 'OTEL_EXPORTER_OTLP_TRACES_HEADERS'];
const files = ['BETRACE_TLS_KEY', 'BETRACE_REDACTION_KEY_FILE', 'OTEL_EXPORTER_OTLP_CLIENT_KEY'];

/** A key that goes with requests to servers that want none. */
export const needlessKey = canary();

const secrets = new Map([[needlessKey, 'the key of a request']]);
const seen = new Map();  // what was seen where, with the text around it

function learn(name, text) {
  if (text.length >= bytesMin) secrets.set(text, name);
}

/** The environment of a server with canaries; remembers what is secret in it. */
export function withCanaries(env) {
  const whole = { ...canaries, ...env };
  for (const name of [...Object.keys(canaries), ...ofSuites]) {
    const texts = name.endsWith('_HEADERS')
      ? (whole[name] ?? '').split(',').map((pair) => decodeURIComponent(pair.slice(pair.indexOf('=') + 1)))
      : [whole[name] ?? ''];
    for (const text of texts) learn(name, text);
  }
  return whole;
}

/** Looks for every secret in what was seen at `place`. */
export function look(place, bytes) {
  const text = Buffer.from(bytes);
  for (const [secret, name] of secrets) {
    const at = text.indexOf(secret);
    if (at >= 0) seen.set(`${name} in ${place}`, `${text.subarray(Math.max(0, at - 80), at + secret.length)}`);
  }
}

const contentOf = (path) => readFile(path).catch((error) => {
  if (error.code !== 'ENOENT') throw error;  // removed meanwhile
  return Buffer.alloc(0);
});

/** Where keys are kept; nothing else may hold them. */
const isKeyFile = (path) => /\.key$|\/keys\/[^/]*\.pem$/.test(path);

/** Looks through log and folder of a server that has ended, and fails if anything was seen so far. */
export async function nothingShown({ folder, output, env }) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const kept = [...paths.filter(isKeyFile), ...files.map((name) => env[name]).filter((path) => path !== undefined)];
  for (const path of kept) {
    for (const line of `${await contentOf(path)}`.split('\n')) if (!line.startsWith('-----')) learn(path, line);
  }
  look('the log', output);
  for (const path of paths) if (!kept.includes(path)) look(path, await contentOf(path));
  const shown = [...seen].map(([what, text]) => `${what}: ${text}`);
  seen.clear();
  assert.ok(shown.length === 0, `a secret is shown: ${shown.join('\n')}`);
}
