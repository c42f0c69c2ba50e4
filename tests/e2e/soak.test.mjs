// R16: traffic of all kinds below capacity, rules that change, mistakes and questions, for as long as
// one likes: memory, descriptors and threads level off, and at the end every span is accounted for.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Flood } from './flood.mjs';
import { held, readMetrics, residentBytes, spansAccountedFor, sumOf } from './metrics.mjs';
import { showProgress } from './progress.mjs';
import { Server } from './server.mjs';

const seconds = Number(process.env.BETRACE_SOAK_SECONDS ?? 8);
// Memory needs some time to show whether it levels off.
const isLong = seconds >= 60;
const mebibyte = 1024 * 1024;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Calls `work` with 0, 1, 2, ... until the time is over, `everyMs` between two. */
async function repeat(end, everyMs, work) {
  for (let round = 0; Date.now() < end; ++round) {
    await work(round);
    await pause(everyMs);
  }
}

function changeRules(server) {
  return async (round) => {
    const rules = [0, 1, 2].map((index) => ({ id: `rule-${index}`, name: `rule ${index}`, severity: 'LOW',
      expression: index === 0 ? `span.duration >= ${round}ns` : `not never.seen_${round % 7}` }));
    const answer = await server.post('/v1/rules/import?on_conflict=replace&prune=true', { rules });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
  };
}

function makeMistakes(server) {
  const mistakes = ['{"resourceSpans":[', 'nonsense', `{"resourceSpans":${'['.repeat(10_000)}`];
  return async (round) => {
    const answer = await fetch(`${server.otlp}/v1/traces`, { method: 'POST',
      body: mistakes[round % mistakes.length], headers: { 'content-type': 'application/json' } });
    assert.equal(answer.status, 400);
    await answer.arrayBuffer();
  };
}

function askQuestions(server) {
  const paths = ['/v1/violations?limit=100', '/v1/rules', '/v1/violations?severity=LOW&limit=10', '/ready'];
  return async (round) => assert.equal((await server.get(paths[round % paths.length])).status, 200);
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
/** The median of that quarter, from 0, of what was sampled evenly. */
const quarter = (samples, word, index) => median(samples.slice(
  Math.floor(samples.length * index / 4), Math.floor(samples.length * (index + 1) / 4)).map((at) => at[word]));

function checkLevels(samples) {
  for (const word of ['descriptors', 'threads']) {
    const [third, last] = [quarter(samples, word, 2), quarter(samples, word, 3)];
    assert.ok(last <= third + 2, `${word}: ${third}, then ${last}`);
  }
  if (!isLong) return;
  const [third, last] = [quarter(samples, 'resident', 2), quarter(samples, 'resident', 3)];
  assert.ok(last <= third * 1.05 + 4 * mebibyte, `memory: ${third / mebibyte}, then ${last / mebibyte} MiB`);
}

test('R16: mixed traffic for a long time costs no more than for a short one',
  { timeout: (seconds + 120) * 1000 }, async (context) => {
    // The filter of evicted ids is a share of the memory; its pages are touched one by one.
    const server = await Server.start({ env: { BETRACE_TRACE_LATE: '2s', BETRACE_LIMITS_MEMORY: '512MiB' } });
    try {
      const flood = new Flood(server, { connections: 2, traces: 20, pauseMs: 50 });
      const samples = [];
      const end = Date.now() + seconds * 1000;
      const summary = () => `${flood.total('taken')} spans taken, ${flood.total('refused')} refused, ` +
        `${Math.round(samples.at(-1).resident / mebibyte)} MiB, ${samples.at(-1).descriptors} descriptors, ` +
        `${samples.at(-1).threads} threads`;
      const hide = showProgress(summary);
      await Promise.all([
        repeat(end, 500, changeRules(server)), repeat(end, 200, makeMistakes(server)),
        repeat(end, 100, askQuestions(server)),
        repeat(end, 250, async () => samples.push({
          ...(await held(server)), resident: await residentBytes(server) })),
      ]);
      await flood.stop();
      hide();
      context.diagnostic(summary());

      assert.deepEqual(flood.others, []);
      const spans = await spansAccountedFor(server);
      assert.equal(spans.received, flood.total('taken'));
      assert.equal(spans.ingested, spans.received, 'all ids are new');
      assert.equal(flood.total('refused'), 0, 'it was below capacity');
      assert.equal(sumOf(await readMetrics(server), 'betrace_blind_ratio'), 0);
      checkLevels(samples);
    } finally {
      assert.equal(await server.stop(), 0, server.output);
      await server.remove();
    }
  });
