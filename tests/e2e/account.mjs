// What a stopped server has told of itself in its log, held against its last /metrics.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { sumOf } from './metrics.mjs';
import { program } from './server.mjs';

function add(sums, counts) {
  for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
}

/** The sums of all `coverage` records, member by member, and of all `gap` records by cause. */
async function readAccount(server) {
  const dump = spawn(program, ['log', 'dump', '--json', '--state-path', join(server.folder, 'rules', '.betrace')],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => dump.once('close', resolve));
  const sums = { gaps: {}, numbers: {}, closed: {} };
  for await (const line of createInterface({ input: dump.stdout })) {
    if (!/"type":"(coverage|gap)"/.test(line)) continue;
    const { payload } = JSON.parse(line);
    if (payload.type === 'gap') add(sums.gaps, { [payload.cause]: payload.count });
    if (payload.type !== 'coverage') continue;
    for (const [name, value] of Object.entries(payload)) {
      if (typeof value === 'number') add(sums.numbers, { [name]: value });
      if (name.startsWith('spans_') && typeof value === 'object') add(sums[name] ??= {}, value);
    }
    add(sums.refused ??= {}, payload.requests_refused);
    for (const [reason, grades] of Object.entries(payload.traces_closed)) {
      for (const [grade, count] of Object.entries(grades)) add(sums.closed, { [`${reason} ${grade}`]: count });
    }
  }
  assert.equal(await ended, 0);
  return sums;
}

/** The series of a metric that are not 0, by the values of their labels. */
function byLabels(metrics, name, labels) {
  const sums = {};
  for (const [, found, value] of metrics.matchAll(new RegExp(`^${name}\\{([^}]*)\\} (\\S+)$`, 'gm'))) {
    const words = labels.map((label) => new RegExp(`\\b${label}="([^"]*)"`).exec(found)[1]);
    if (Number(value) > 0) add(sums, { [words.join(' ')]: Number(value) });
  }
  return sums;
}

/** Fails unless the records of a server that was stopped after `metrics`, with no trace open, add up to it. */
export async function checkAccount(server, metrics) {
  const { gaps, numbers, closed, refused, spans_rejected: rejected, spans_dropped: dropped } = await readAccount(server);
  assert.equal(numbers.spans_received, sumOf(metrics, 'betrace_spans_received_total'));
  assert.equal(numbers.spans_ingested, sumOf(metrics, 'betrace_spans_ingested_total'));
  assert.deepEqual(rejected, byLabels(metrics, 'betrace_spans_rejected_total', ['reason']));
  assert.deepEqual(dropped, byLabels(metrics, 'betrace_spans_dropped_total', ['reason']));
  assert.deepEqual(refused, byLabels(metrics, 'betrace_refused_total', ['limit']));
  assert.deepEqual(closed, byLabels(metrics, 'betrace_traces_closed_total', ['reason', 'completeness']));
  const evaluations = byLabels(metrics, 'betrace_rule_evaluations_total', ['result']);
  const notMade = numbers.evaluations_not_made;
  assert.equal(notMade, (evaluations.not_made ?? 0) + (evaluations.error ?? 0));
  assert.equal(numbers.violations_recorded, sumOf(metrics, 'betrace_violations_total'));
  const suppressed = sumOf(metrics, 'betrace_violations_suppressed_total');
  assert.equal(numbers.violations_suppressed, suppressed);

  const graded = byLabels(metrics, 'betrace_traces_closed_total', ['completeness']);
  const expected = { shed: graded.shed, truncated: graded.truncated, suppressed, evaluations_missed: notMade };
  for (const [reason, count] of Object.entries(dropped)) {
    if (reason !== 'duplicate' && reason !== 'own') expected[`dropped_${reason}`] = count;
  }
  for (const [reason, count] of Object.entries(rejected)) expected[`rejected_${reason}`] = count;
  for (const [limit, count] of Object.entries(refused)) expected[`refused_${limit}`] = count;
  assert.deepEqual(gaps, Object.fromEntries(Object.entries(expected).filter(([, count]) => count > 0)));
}
