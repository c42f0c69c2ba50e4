// Reads /metrics and /proc of a server under test.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';

import { eventually } from './server.mjs';

/** The sum of all series of a metric whose labels hold `labels`, as `limit="memory"`. */
export function sumOf(metrics, name, labels = '') {
  const series = [...metrics.matchAll(new RegExp(`^${name}(\\{[^}]*\\})? (\\S+)$`, 'gm'))];
  assert.ok(series.length > 0, name);
  return series.filter(([, found]) => (found ?? '').includes(labels))
    .reduce((sum, [, , value]) => sum + Number(value), 0);
}

export async function readMetrics(server) {
  return (await fetch(`${server.api}/metrics`)).text();
}

/** Spans by fate, once received = ingested + rejected + dropped: when the queues are empty. */
export async function spansAccountedFor(server) {
  return eventually('nothing in the queues', async () => {
    const metrics = await readMetrics(server);
    const sums = Object.fromEntries(['received', 'ingested', 'rejected', 'dropped'].map(
      (word) => [word, sumOf(metrics, `betrace_spans_${word}_total`)]));
    return sums.received === sums.ingested + sums.rejected + sums.dropped ? sums : undefined;
  });
}

/** A line of /proc/<pid>/status in bytes: `VmRSS` now, `VmHWM` at most. */
export async function residentBytes(server, line = 'VmRSS') {
  const status = await readFile(`/proc/${server.process.pid}/status`, 'utf8');
  return Number(status.match(new RegExp(`^${line}:\\s+(\\d+) kB$`, 'm'))[1]) * 1024;
}

/** Processor time that was taken so far, by user and kernel. */
export async function processorSeconds(server) {
  const stat = await readFile(`/proc/${server.process.pid}/stat`, 'utf8');
  const words = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(words[11]) + Number(words[12])) / 100; // USER_HZ, which is the same on every Linux
}

/** Open descriptors and threads. */
export async function held(server) {
  const count = async (kind) => (await readdir(`/proc/${server.process.pid}/${kind}`)).length;
  return { descriptors: await count('fd'), threads: await count('task') };
}
