// Starts a real `betrace serve` on free ports with a folder of its own, and stops it.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { look, needlessKey, nothingShown, withCanaries } from './canary.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const program = process.env.BETRACE_PROGRAM ?? join(root, 'build', 'betrace');

const givenPorts = new Set();

/**
 * A port that was free a moment ago and was not given before by this process. It lies below the ports
 * that systems give to clients, so that no connection of another test takes it meanwhile, and above 10080,
 * the last one that fetch() refuses.
 */
export async function freePort() {
  for (;;) {
    const port = 10_081 + Math.floor(Math.random() * 20_000);
    if (!givenPorts.has(port) && await isFree(port)) {
      givenPorts.add(port);
      return port;
    }
  }
}

function isFree(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

/** Asks once, over TLS if `url` says so; `options` as of node:https, and `body`. Never checks names. */
export function ask(url, { body, ...options } = {}) {
  const client = url.startsWith('https:') ? https : http;
  return new Promise((resolve, reject) => {
    const request = client.request(url, { checkServerIdentity: () => undefined, ...options }, (answer) => {
      const pieces = [];
      answer.on('data', (piece) => pieces.push(piece));
      answer.on('error', reject);
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers,
                                       text: Buffer.concat(pieces).toString() }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Polls `attempt` until it gives something other than undefined; fails after `deadlineMs`. */
export async function eventually(what, attempt, deadlineMs = 60_000) {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const result = await attempt();
    if (result !== undefined) return result;
    if (Date.now() > deadline) throw new Error(`not seen within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

export class Server {
  /**
   * `folder` keeps rules and log; it is made when absent and removed by `remove()`. `under` is a
   * command that runs the program, such as `prlimit`; with `ca` it serves over TLS. Traces close soon and rates
   * have no bound, unless `flags` or `env` say else. It has secrets, and its end fails if it has shown one.
   */
  static async start({ folder, flags = [], env = {}, under = [], ca } = {}) {
    const server = new Server();
    server.folder = folder ?? (await mkdtemp(join(tmpdir(), 'betrace-e2e-')));
    const scheme = ca ? 'https' : 'http';
    server.api = `${scheme}://127.0.0.1:${(server.httpPort = await freePort())}`;
    server.otlp = `${scheme}://127.0.0.1:${(server.otlpPort = await freePort())}`;
    server.grpc = `${scheme}://127.0.0.1:${(server.grpcPort = await freePort())}`;
    server.output = '';
    server.ca = ca;
    server.env = withCanaries(env);
    const [command, ...before] = [...under, program];
    server.process = spawn(command, [...before, 'serve',
      '--http-port', `${server.httpPort}`, '--otlp-http-port', `${server.otlpPort}`,
      '--otlp-grpc-port', `${server.grpcPort}`,
      '--storage-path', join(server.folder, 'rules'), ...flags], { env: {
        ...process.env, BETRACE_TRACE_QUIET: '50ms', BETRACE_TRACE_IDLE: '500ms',
        BETRACE_TRACE_AGE_MAX: '5s', BETRACE_LIMITS_REST_RATE: '0', BETRACE_LIMITS_REST_WRITE_RATE: '0', ...server.env } });
    for (const stream of [server.process.stdout, server.process.stderr]) {
      stream.on('data', (text) => { server.output += text; });
    }
    server.exited = new Promise((resolve) => server.process.once('close', resolve)).then(async (code) => {
      await nothingShown(server);
      return code;
    });
    server.process.once('exit', () => { server.gone = true; });
    await eventually('ready', async () => {
      if (server.gone) throw new Error(`betrace serve ended:\n${server.output}`);
      const answer = await ask(`${server.api}/ready`, { ca, agent: false }).catch(() => undefined);
      return answer?.status === 200 ? true : undefined;
    });
    return server;
  }

  /** Asks for an orderly end and returns the exit code. */
  async stop(signal = 'SIGTERM') {
    const options = { ca: this.ca, agent: false, signal: AbortSignal.timeout(2_000) };
    const metrics = await ask(`${this.api}/metrics`, options).catch(() => undefined);
    if (metrics) look('/metrics', metrics.text);
    this.process.kill(signal);
    return this.exited;
  }

  async remove() {
    await rm(this.folder, { recursive: true, force: true });
  }

  async get(path) {
    return this.#fetch(path);
  }

  async post(path, body) {
    return this.#fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  async #fetch(path, { headers = {}, ...options } = {}) {
    const key = this.env.BETRACE_API_KEY ? {} : { 'x-api-key': needlessKey };
    const answer = await fetch(this.api + path, { headers: { ...key, ...headers }, ...options });
    const text = await answer.text();
    look(`the answer of ${path}`, text);
    return { status: answer.status, headers: answer.headers, body: JSON.parse(text) };
  }
}

/** Ends all of them, then removes their folders, which they may share; fails if one of them has shown a secret. */
export async function endAll(servers, signal = 'SIGKILL') {
  const ends = await Promise.allSettled(servers.map((each) => each.stop(signal)));
  for (const each of servers) await each.remove();
  for (const { status, reason } of ends) if (status === 'rejected') throw reason;
}

const serversOf = new WeakMap();  // by test

/** A server with these rules. When the test `t` ends all of its servers are killed, then their folders removed. */
export async function startedFor(t, { rules = [], ...options } = {}) {
  const server = await Server.start(options);
  if (!serversOf.has(t)) {
    const servers = [];
    serversOf.set(t, servers);
    t.after(() => endAll(servers));
  }
  serversOf.get(t).push(server);
  for (const rule of rules) {
    const { status } = await server.post('/v1/rules', rule);
    if (status >= 300) throw new Error(`rule ${rule.name}: ${status}`);
  }
  return server;
}
