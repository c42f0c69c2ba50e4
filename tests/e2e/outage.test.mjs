// R7 in the long form: the sink is away, violations go on, we are killed again and again, and in the end
// every one of them is at the sink. The second half of the outage is one life, which must not grow.
// BETRACE_OUTAGE_SECONDS says how long, BETRACE_OUTAGE_RATE how many violations a second.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { processorSeconds, readMetrics, residentBytes, sumOf } from './metrics.mjs';
import { newId } from './otlp.mjs';
import { OtlpSink } from './otlp_sink.mjs';
import { showProgress } from './progress.mjs';
import { eventually, Server } from './server.mjs';

const seconds = Number(process.env.BETRACE_OUTAGE_SECONDS ?? 3);
const perSlice = Number(process.env.BETRACE_OUTAGE_RATE ?? 500);
const kills = Math.max(2, Math.floor(seconds / 60)); // in the first half; three more while it catches up
const mebibyte = 1024 * 1024;
const rule = { name: 'slow', severity: 'HIGH', expression: 'span.duration > 2s',
               message: 'order {span.attributes["order"]} is slow' };

/** Until `total` violations wait in the log. The page of violations counts them anew each time it is asked. */
async function waiting(server, total) {
  await eventually(`${total} that wait`, async () => (
    sumOf(await readMetrics(server), 'betrace_export_backlog_records') === total ? true : undefined));
}

/** Violates the rule `perSlice` times; waits until they are in the log. */
async function violate(server, from) {
  const spans = Array.from({ length: perSlice }, (_, index) => ({
    trace_id: newId(16), span_id: newId(8), name: 'api.request', service: 'checkout',
    duration_ms: 2500, attributes: { order: `${from + index}` } }));
  assert.equal((await server.post('/v1/spans', { spans })).status, 202);
  await waiting(server, from + perSlice);
}

/** Counts what arrives, by order: millions of spans are too many to keep. */
function countDelivered(sink) {
  const ids = [];
  const delivered = { distinct: 0, taken: 0, changed: [], missing: (total) => (
    Array.from({ length: total }, (_, order) => order).filter((order) => !ids[order])) };
  sink.behave = (spans) => {
    for (const { traceId, spanId, attributes } of spans) {
      const order = Number(attributes['betrace.violation.message'].match(/order (\d+)/)[1]);
      const id = `${traceId}/${spanId}`;
      delivered.taken += 1;
      if (!ids[order]) delivered.distinct += 1;
      else if (ids[order] !== id) delivered.changed.push(order);
      ids[order] = id;
    }
    sink.requests.length = 0;
    return undefined;
  };
  return delivered;
}

/** The share of a processor that a server takes while nothing but retries is to be done. */
async function shareWhileWaiting(server, waitSeconds) {
  const before = await processorSeconds(server);
  await new Promise((resolve) => setTimeout(resolve, waitSeconds * 1_000));
  return (await processorSeconds(server) - before) / waitSeconds;
}

test(`R7 ${seconds} s without a sink, and kills, lose nothing`, { timeout: 1_800_000 + seconds * 1_000 }, async (t) => {
  const sink = await new OtlpSink('grpc').start();
  t.after(() => sink.stop());
  const delivered = countDelivered(sink);
  // What is bounded by a share of the memory, such as the filter of evicted ids, is touched bit by bit.
  const options = { env: { ...sink.env, BETRACE_VIOLATIONS_RULE_RATE: '0', BETRACE_VIOLATIONS_TOTAL_RATE: '0',
                           BETRACE_LIMITS_MEMORY: '512MiB' } };
  let server = await Server.start(options);
  options.folder = server.folder;
  t.after(async () => {
    await server.stop('SIGKILL');
    await server.remove();
  });
  let life = []; // what was resident, slice by slice, of the process that lives
  const killed = async () => {
    await server.stop('SIGKILL');
    server = await Server.start(options);
    life = [];
  };
  assert.equal((await server.post('/v1/rules', rule)).status, 201);
  await sink.stop();

  let total = 0;
  t.after(showProgress(() => `${total} violations, ${delivered.distinct} delivered, ${life.at(-1) >> 20} MiB`));
  const killsAt = (passed) => Math.floor((Math.min(passed, seconds / 2) * kills) / (seconds / 2));
  const began = Date.now();
  for (let passed = 0; passed < seconds || life.length === 0;) {
    await violate(server, total);
    total += perSlice;
    life.push(await residentBytes(server));
    // A busy machine makes fewer of them, not a longer outage.
    const now = Math.min(seconds, Math.max(passed + 1, Math.floor((Date.now() - began) / 1_000)));
    if (killsAt(now) > killsAt(passed)) await killed();
    passed = now;
    const left = began + passed * 1_000 - Date.now();
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
  }
  // At first caches fill, whether the sink is there or not.
  const warm = life[Math.floor(life.length / 2)];
  const grown = (Math.max(...life) - warm) / mebibyte;
  // Long enough for the one checkpoint of an idle log not to count.
  const share = await shareWhileWaiting(server, seconds >= 30 ? 20 : 4);
  t.diagnostic(`${total} violations wait; grown by ${grown.toFixed(1)} MiB from ${warm >> 20}, ` +
    `${(share * 100).toFixed(1)} % of a processor while it waits`);
  assert.ok(grown <= 64, `grown by ${grown} MiB`);
  assert.ok(share <= 0.05, `${share} of a processor`);

  await sink.start();
  for (const part of [1 / 3, 2 / 3]) {
    await killed();
    await eventually('a part', () => (delivered.distinct >= total * part ? true : undefined), 600_000);
  }
  await killed();
  await eventually('the rest', () => (delivered.distinct >= total ? true : undefined), 600_000);
  assert.deepEqual(delivered.missing(total), []);
  assert.equal(delivered.distinct, total);
  assert.deepEqual(delivered.changed, []);
  await waiting(server, 0);
  t.diagnostic(`${delivered.distinct} delivered; ${delivered.taken - delivered.distinct} deliveries were repeats`);
  // Each of the three kills costs what came since the position was kept: of a short outage, all of it.
  assert.ok(delivered.taken <= 4 * total, `${delivered.taken} of ${total}`);
});
