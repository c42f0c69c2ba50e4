// Rules change all the time while traces come in parts over all forms of OTLP: nothing is refused or
// lost because of it, and each trace is judged by one version of the rules.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Exporter, protocols } from './exporters.mjs';
import { readMetrics, spansAccountedFor, sumOf } from './metrics.mjs';
import { traceOf } from './otlp.mjs';
import { showProgress } from './progress.mjs';
import { eventually, Server } from './server.mjs';

const seconds = Number(process.env.BETRACE_RELOAD_SECONDS ?? 4);
const spansPerTrace = 3;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Rules that every trace violates, one in each span and one at its close, and one in odd versions. */
function versionOf(number) {
  const message = `version ${number}`;
  const rule = (id, expression) => ({ id, name: id, severity: 'LOW', message, expression });
  return [rule('span', `span.duration >= ${number % 50}ns`),
          rule('trace', `not never.seen_${number % 50}`),
          ...(number % 2 === 1 ? [rule('odd', `not never.seen.odd_${number}`)] : [])];
}

const importOf = (rules) => [`/v1/rules/import?on_conflict=replace&prune=true`, { rules }];

/** Replaces the rules every 50 ms; each third set is a bad one. Returns how often it did. */
async function replaceRules(server, isOver) {
  let version = 1;
  let tries = 0;
  const hide = showProgress(() => `${tries} replacements`);
  for (; !isOver(); ++tries) {
    const next = pause(50);
    if (tries % 3 === 2) {
      const before = (await server.get('/v1/rules')).body.rules;
      const bad = [...versionOf(version + 1), { id: 'bad', name: 'bad', expression: 'span.duraton > 1' }];
      assert.equal((await server.post(...importOf(bad))).status, 400);
      assert.deepEqual((await server.get('/v1/rules')).body.rules, before, 'the old ones are in force');
    } else {
      const answer = await server.post(...importOf(versionOf(++version)));
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
    }
    await next;
  }
  hide();
  return { version, tries };
}

/** Sends five traces at a time, a span of each in every request; returns the ids of all traces. */
async function sendTraces(exporter, isOver) {
  const ids = [];
  while (!isOver()) {
    const traces = Array.from({ length: 5 }, () => traceOf(spansPerTrace));
    for (let index = 0; index < spansPerTrace; ++index) {
      const outcome = await exporter.send(exporter.make(traces.map((trace) => trace[index])));
      assert.equal(outcome, 'taken', exporter.protocol);
      await pause(10);
    }
    ids.push(...traces.map(([{ traceId }]) => traceId));
  }
  exporter.close();
  return ids;
}

/** All violations, by trace. */
async function violationsByTrace(server) {
  const found = new Map();
  let page = '/v1/violations?limit=1000';
  while (page) {
    const { body } = await server.get(page);
    for (const violation of body.violations) {
      const known = found.get(violation.trace_id);
      if (known) known.push(violation);
      else found.set(violation.trace_id, [violation]);
    }
    page = body.next_cursor && `/v1/violations?limit=1000&cursor=${body.next_cursor}`;
  }
  return found;
}

function checkTrace(id, violations) {
  const count = (rule) => violations.filter(({ rule_id }) => rule_id === rule).length;
  const seen = `${id}: ${violations.map(({ rule_id, message }) => `${rule_id} ${message}`)}`;
  assert.equal(new Set(violations.map(({ message }) => message)).size, 1, seen);
  assert.equal(count('span'), spansPerTrace, seen);
  assert.equal(count('trace'), 1, seen);
  const version = Number(violations[0].message.replace('version ', ''));
  // A rule that is gone is silent on open traces at once.
  assert.ok(count('odd') <= version % 2, seen);
  return version;
}

test('rules that are replaced all the time lose no span and judge each trace by one version',
  { timeout: (seconds + 120) * 1000 }, async (context) => {
    const server = await Server.start({ flags: ['--trace-quiet', '200ms',
      '--violations-rule-rate', '0', '--violations-total-rate', '0'] });
    try {
      assert.equal((await server.post(...importOf(versionOf(1)))).status, 200);
      const end = Date.now() + seconds * 1000;
      const isOver = () => Date.now() > end;
      const senders = [...protocols, ...protocols].map(
        (protocol) => sendTraces(new Exporter(server, protocol), isOver));
      const replaced = await replaceRules(server, isOver);
      const ids = (await Promise.all(senders)).flat();

      const spans = await spansAccountedFor(server);
      assert.equal(spans.ingested, ids.length * spansPerTrace);
      assert.equal(spans.received, spans.ingested);
      const found = await eventually('a violation at the close of each trace', async () => {
        const { body } = await server.get('/v1/violations?rule_id=trace&limit=1');
        return body.total === ids.length ? violationsByTrace(server) : undefined;
      });
      assert.equal(found.size, ids.length);
      const metrics = await readMetrics(server);
      assert.ok(sumOf(metrics, 'betrace_rule_evaluation_duration_seconds_count') > 0, 'some were timed');
      const { body: rule } = await server.get('/v1/rules/trace');
      assert.ok(rule.statistics.cpu_seconds > 0, JSON.stringify(rule.statistics));
      assert.ok(rule.statistics.avg_evaluation_time_ms > 0, JSON.stringify(rule.statistics));
      const versions = new Set(ids.map((id) => checkTrace(id, found.get(id))));
      context.diagnostic(`${ids.length} traces, ${replaced.tries} replacements, ` +
                         `${versions.size} versions seen`);
      assert.ok(versions.size > 3, `${versions.size} of ${replaced.version} versions were seen`);
    } finally {
      assert.equal(await server.stop(), 0, server.output);
      await server.remove();
    }
  });
