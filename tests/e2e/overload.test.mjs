// R8: more traffic than the engine can judge, in all forms of OTLP at once. Nothing is lost silently,
// memory stays in its bounds, and probes do not wait.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { checkAccount } from './account.mjs';
import { Exporter, protocols } from './exporters.mjs';
import { Flood } from './flood.mjs';
import { readMetrics, residentBytes, spansAccountedFor, sumOf } from './metrics.mjs';
import { traceOf } from './otlp.mjs';
import { Probe, quantile } from './probe.mjs';
import { showProgress } from './progress.mjs';
import { eventually, Server } from './server.mjs';

const seconds = Number(process.env.BETRACE_OVERLOAD_SECONDS ?? 6);
const mebibyte = 1024 * 1024;
const memory = 256 * mebibyte;
const recoveryMsMax = 10_000;

/** They match every span or trace, so that judging is slow and the queue fills. */
async function addCostlyRules(server) {
  const costly = [
    ...Array.from({ length: 60 }, (_, index) => `span.duration >= ${index}ns`),
    ...Array.from({ length: 10 }, (_, index) => `not never.seen_${index}`),
  ];
  const rules = costly.map((expression, index) => ({
    id: `rule-${index}`, name: `rule ${index}`, severity: 'HIGH', expression }));
  const answer = await server.post('/v1/rules/import', { rules });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
}

async function flooded(server, options) {
  const probe = await Probe.start(`${server.api}/health`);
  const flood = new Flood(server, options);
  const hide = showProgress(async () => `${flood.total('sent')} spans sent, ${flood.total('taken')} taken, ` +
    `${Math.round((await residentBytes(server)) / mebibyte)} MiB`);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  await flood.stop();
  hide();
  return { flood, health: await probe.stop() };
}

const lateSpans = 3;

/** Every form is taken again, one request of `lateSpans` each, not long after the flood; returns how long that took. */
async function recovered(server) {
  const started = Date.now();
  for (const protocol of protocols) {
    const exporter = new Exporter(server, protocol);
    const body = exporter.make(traceOf(lateSpans));
    await eventually(`${protocol} is taken again`,
      async () => ((await exporter.send(body)) === 'taken' ? true : undefined), recoveryMsMax);
    exporter.close();
  }
  const took = Date.now() - started;
  assert.ok(took <= recoveryMsMax, `${took} ms`);
  return took;
}

/** What /metrics shows once the last trace is judged and what it violated is on disk: from then on nothing is counted. */
async function settledMetrics(server) {
  await spansAccountedFor(server);
  return eventually('no trace is open and no record waits', async () => {
    const metrics = await readMetrics(server);
    return ['betrace_traces_open', 'betrace_log_pending'].every((name) => sumOf(metrics, name) === 0) ? metrics : undefined;
  });
}

function checkAnswers(flood) {
  assert.deepEqual(flood.others, [], 'every answer is OK or a refusal that may be sent again');
  assert.equal(flood.total('taken') + flood.total('refused'), flood.total('sent'));
  assert.ok(flood.total('refused') > 0, 'it was overloaded');
  if (seconds >= 30) assert.ok(flood.total('sent') >= 3 * flood.total('taken'), 'three times what fits');
  for (const [protocol, { taken }] of Object.entries(flood.accounts)) assert.ok(taken > 0, protocol);
}

async function checkCounters(server, flood) {
  const spans = await spansAccountedFor(server);
  assert.equal(spans.received, flood.total('taken') + protocols.length * lateSpans);
  assert.equal(spans.rejected, 0);
  const metrics = await readMetrics(server);
  for (const [protocol, { taken }] of Object.entries(flood.accounts)) {
    assert.equal(sumOf(metrics, 'betrace_spans_received_total', `"${protocol}"`), taken + lateSpans, protocol);
  }
  return metrics.match(/^betrace_refused_total.* [1-9].*$/gm);
}

// Small requests fill the queue; large ones the memory for bodies too.
for (const [title, options] of [['small', { connections: 4, traces: 40 }],
                                ['large', { connections: 6, traces: 500, attributes: {
                                  'http.url': 'https://shop.example/checkout/'.repeat(4) } }]]) {
  test(`R8: an overload of ${title} requests is refused retryably, counted exactly, and keeps within memory`,
    { timeout: (seconds + 180) * 1000 }, async (context) => {
      // Closed traces that are kept for late spans fill the memory for traces at every load.
      const server = await Server.start({ flags: ['--limits-memory', `${memory}`,
        '--violations-rule-rate', '50/400', '--trace-late', '5s'] });
      try {
        await addCostlyRules(server);
        const { flood, health } = await flooded(server, options);
        const recoveryMs = await recovered(server);
        checkAnswers(flood);
        const refusals = await checkCounters(server, flood);
        const peak = await residentBytes(server, 'VmHWM');
        const p99 = quantile(health.latencies, 0.99);
        context.diagnostic(`${flood.total('sent')} spans sent, ${flood.total('taken')} taken; peak ` +
          `${Math.round(peak / mebibyte)} MiB; /health p99 ${p99.toFixed(1)} ms, worst ` +
          `${health.latencies.at(-1).toFixed(1)} ms of ${health.latencies.length}; taken again after ${recoveryMs} ms`);
        for (const line of refusals) context.diagnostic(line);
        assert.ok(peak <= memory * 1.1, `${peak / mebibyte} MiB`);
        assert.deepEqual(health.failures, []);
        const metrics = await settledMetrics(server);
        assert.equal(await server.stop(), 0, server.output);
        await checkAccount(server, metrics);
        assert.ok(p99 < 100, `${health.latencies.slice(-20)}`);
      } finally {
        await server.stop('SIGKILL');
        await server.remove();
      }
    });
}
