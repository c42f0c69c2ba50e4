// Measures how long requests take from a thread of its own, so that a busy test does not spoil it.
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

import { call, connect } from './grpc.mjs';

/**
 * Asks `url` again and again, `intervalMs` after each answer, until stop(), which gives what was seen.
 * A URL with `grpc:` sends `body` as an Export call.
 */
export class Probe {
  static async start(url, { intervalMs = 20, ...send } = {}) {
    const probe = new Probe();
    probe.worker = new Worker(fileURLToPath(import.meta.url), {
      workerData: { isProbe: true, url, intervalMs, send } });
    await new Promise((resolve, reject) => {
      probe.worker.once('message', resolve);
      probe.worker.once('error', reject);
    });
    return probe;
  }

  /** `{ latencies, failures }`: milliseconds, sorted, and what was no 200. */
  async stop() {
    const seen = new Promise((resolve, reject) => {
      this.worker.once('message', resolve);
      this.worker.once('error', reject);
    });
    this.worker.postMessage('stop');
    const result = await seen;
    await this.worker.terminate();
    result.latencies.sort((a, b) => a - b);
    return result;
  }
}

/** The value below which that share of sorted numbers lies. */
export function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** Asks once over HTTP. `send` is what http.request takes, and a body. */
function askHttp({ url, send: { body, ...head } }, agent) {
  return new Promise((resolve) => {
    const request = http.request(url, { agent, ...head }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode === 200 ? undefined : `${answer.statusCode}`));
    });
    request.on('error', (error) => resolve(error.message));
    request.end(body && Buffer.from(body));
  });
}

function asker({ url, send }) {
  if (!url.startsWith('grpc:')) {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    return { ask: () => askHttp({ url, send }, agent), close: () => agent.destroy() };
  }
  const client = connect(url.replace('grpc://', ''));
  return {
    ask: async () => {
      const { name } = await call(client, 'export', Buffer.from(send.body));
      return name === 'OK' ? undefined : name;
    },
    close: () => client.close(),
  };
}

async function run() {
  const { ask, close } = asker(workerData);
  const seen = { latencies: [], failures: [] };
  let isStopped = false;
  parentPort.once('message', () => { isStopped = true; });
  await ask();
  parentPort.postMessage('started');
  while (!isStopped) {
    const started = performance.now();
    const failure = await ask();
    seen.latencies.push(performance.now() - started);
    if (failure) seen.failures.push(failure);
    await new Promise((resolve) => setTimeout(resolve, workerData.intervalMs));
  }
  close();
  parentPort.postMessage(seen);
}

if (!isMainThread && workerData?.isProbe) await run();
