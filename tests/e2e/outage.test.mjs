// R7 in the long form: the sink is away, violations go on, we are killed again and again, and in the end
// every one of them is at the sink. BETRACE_OUTAGE_SECONDS says how long, BETRACE_OUTAGE_RATE how many violations a second.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readMetrics, residentBytes, sumOf } from './metrics.mjs';
import { newId } from './otlp.mjs';
import { OtlpSink } from './otlp_sink.mjs';
import { showProgress } from './progress.mjs';
import { eventually, Server } from './server.mjs';

const seconds = Number(process.env.BETRACE_OUTAGE_SECONDS ?? 3);
const perSlice = Number(process.env.BETRACE_OUTAGE_RATE ?? 500);
const kills = 4; // while the sink is away; two more while it catches up
const rule = { name: 'slow', severity: 'HIGH', expression: 'span.duration > 2s',
               message: 'order {span.attributes["order"]} is slow' };

/** Violates the rule `perSlice` times; waits until `total` are in the log. */
async function violate(server, from) {
  const spans = Array.from({ length: perSlice }, (_, index) => ({
    trace_id: newId(16), span_id: newId(8), name: 'api.request', service: 'checkout',
    duration_ms: 2500, attributes: { order: `${from + index}` } }));
  assert.equal((await server.post('/v1/spans', { spans })).status, 202);
  await eventually('the violations', async () => (
    (await server.get('/v1/violations?limit=1')).body.total === from + perSlice ? true : undefined));
}

test(`R7 ${seconds} s without a sink, and kills, lose nothing`, { timeout: 900_000 + seconds * 1_000 }, async (t) => {
  const sink = await new OtlpSink('grpc').start();
  t.after(() => sink.stop());
  const options = { env: { ...sink.env, BETRACE_VIOLATIONS_RULE_RATE: '0', BETRACE_VIOLATIONS_TOTAL_RATE: '0' } };
  let server = await Server.start(options);
  options.folder = server.folder;
  t.after(async () => {
    await server.stop('SIGKILL');
    await server.remove();
  });
  const killed = async () => {
    await server.stop('SIGKILL');
    server = await Server.start(options);
  };
  assert.equal((await server.post('/v1/rules', rule)).status, 201);
  await sink.stop();

  let total = 0;
  let peak = 0;
  t.after(showProgress(() => `${total} violations, ${sink.distinct.size} delivered, ${peak >> 20} MiB`));
  const began = Date.now();
  for (let passed = 0; passed < seconds;) {
    await violate(server, total);
    total += perSlice;
    peak = Math.max(peak, await residentBytes(server));
    // A busy machine makes fewer of them, not a longer outage.
    const now = Math.min(seconds, Math.max(passed + 1, Math.floor((Date.now() - began) / 1_000)));
    if (Math.floor((now * kills) / seconds) > Math.floor((passed * kills) / seconds)) await killed();
    passed = now;
    const left = began + passed * 1_000 - Date.now();
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
  }
  await eventually('that all wait', async () => (
    sumOf(await readMetrics(server), 'betrace_export_backlog_records') === total ? true : undefined));

  await sink.start();
  for (const share of [1 / 3, 2 / 3]) {
    await killed();
    await eventually('a part', () => (sink.distinct.size >= total * share ? true : undefined), 300_000);
  }
  await killed();
  await eventually('the rest', () => (sink.distinct.size >= total ? true : undefined), 300_000);
  const orders = [...sink.distinct.values()].map(({ attributes }) => (
    Number(attributes['betrace.violation.message'].match(/order (\d+)/)[1]))).sort((a, b) => a - b);
  assert.deepEqual(orders, Array.from({ length: total }, (_, index) => index));
  await eventually('that nothing waits', async () => (
    sumOf(await readMetrics(server), 'betrace_export_backlog_records') === 0 ? true : undefined));
  // Each of the three kills costs what came since the position was kept: of a short outage, all of it.
  assert.ok(sink.taken.length <= 4 * total, `${sink.taken.length} of ${total}`);
});
