// Attributes with very many values, each seen once: no series of metrics and no memory is kept for them.
// BETRACE_VALUES says how many.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Exporter } from './exporters.mjs';
import { readMetrics, residentBytes, spansAccountedFor } from './metrics.mjs';
import { traceOf } from './otlp.mjs';
import { eventually, Server } from './server.mjs';

const values = Number(process.env.BETRACE_VALUES ?? 100_000);
const mebibyte = 1024 * 1024;
const growthMax = 16 * mebibyte;
const spansPerTrace = 10;
const spansPerRequest = 1_000;

const seriesOf = (metrics) => metrics.split('\n').filter((line) => line && !line.startsWith('#')).length;

test(`${values} values of an attribute make no series and keep no memory`, { timeout: 600_000 }, async (t) => {
  // Little memory makes the table of evicted traces small, whose pages are touched one by one.
  const server = await Server.start({ env: { BETRACE_TRACE_LATE: '0s', BETRACE_LIMITS_MEMORY: '256MiB' } });
  t.after(async () => {
    await server.stop();
    await server.remove();
  });
  // Rules that read the value: on a span, over the trace, and compared between spans.
  for (const [name, expression] of [['one', 'span.attributes["user.id"] == "nobody"'],
    ['many', 'count_distinct(span.attributes["user.id"]) > 100'],
    ['pairs', 'span.name == "refund" and not trace.has(span.attributes["user.id"] == anchor.attributes["user.id"])']]) {
    assert.equal((await server.post('/v1/rules', { name, expression })).status, 201, name);
  }
  const exporter = new Exporter(server, 'http_protobuf');
  t.after(() => exporter.close());
  let sent = 0;
  const sendUpTo = async (count) => {
    while (sent < count) {
      const spans = Array.from({ length: spansPerRequest / spansPerTrace }, () => traceOf(spansPerTrace)).flat();
      for (const span of spans) span.attributes = { 'user.id': `user-${++sent}-of-a-great-many` };
      await eventually('room', async () => ((await exporter.send(exporter.make(spans))) === 'taken' ? true : undefined));
    }
    await spansAccountedFor(server);
  };
  await sendUpTo(Math.floor(values / 3));
  const [series, before] = [seriesOf(await readMetrics(server)), await residentBytes(server)];
  await sendUpTo(values);
  const after = await residentBytes(server);
  assert.equal(seriesOf(await readMetrics(server)), series);
  t.diagnostic(`${sent} values, ${series} series; resident ${(before / mebibyte).toFixed(1)} MiB after a third, ` +
    `${(after / mebibyte).toFixed(1)} MiB at the end`);
  assert.ok(after - before < growthMax, `${after - before} bytes`);
  assert.equal((await spansAccountedFor(server)).ingested, sent);
});
