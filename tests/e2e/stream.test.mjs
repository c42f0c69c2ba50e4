// The live feed of violations: everything in order, once, over restarts; and nobody waits for a slow reader.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';

import { EventStream } from './event_stream.mjs';
import { readMetrics, sumOf } from './metrics.mjs';
import { newId } from './otlp.mjs';
import { eventually, startedFor } from './server.mjs';

const slow = { name: 'slow', severity: 'HIGH', expression: 'span.duration > 2s',
               message: 'order {span.attributes["order"]} is slow' };
const audited = { name: 'audited', severity: 'LOW',
                  expression: 'trace.has(span.name == "read") and not trace.has(span.name == "audit")' };
const read = { name: 'read', severity: 'MEDIUM', expression: 'trace.has(span.name == "read")' };

const start = (t, { rules = [slow], ...options } = {}) => startedFor(t, { rules, ...options });

async function open(t, server, query, options) {
  const stream = await EventStream.open(server, query, options);
  t.after(() => stream.close());
  return stream;
}

async function violate(server, count, from = 0, more = {}) {
  const spans = Array.from({ length: count }, (_, index) => ({
    trace_id: newId(16), span_id: newId(8), name: 'api.request', service: 'checkout', kind: 'SERVER',
    duration_ms: 2500, attributes: { order: `${from + index}` }, ...more }));
  assert.equal((await server.post('/v1/spans', { spans })).status, 202);
}

const orders = (events) => events.map(({ data }) => Number(data.message.match(/order (\d+)/)[1]));
const upTo = (count) => Array.from({ length: count }, (_, index) => index);

test('a violation comes as the object of the list, with its sequence as id', async (t) => {
  const server = await start(t);
  const stream = await open(t, server);
  await violate(server, 1);
  const event = await stream.next();
  const { body: { violations: [seen] } } = await server.get('/v1/violations');
  assert.equal(event.event, 'violation');
  assert.equal(event.id, `${seen.sequence}`);
  assert.deepEqual(event.data, seen);
});

test('the final form and the withdrawal of a violation come too', async (t) => {
  const server = await start(t, { rules: [audited, read] });
  const stream = await open(t, server, '?rule_id=read');
  const withdrawals = await open(t, server, '?rule_id=audited');
  const trace = newId(16);
  const first = { trace_id: trace, span_id: newId(8), name: 'read', service: 'records' };
  await server.post('/v1/spans', { spans: [first] });
  const [early, final] = await stream.take(2);
  assert.deepEqual([early.event, early.data.completeness], ['violation', null]);
  assert.deepEqual([final.event, final.data.completeness], ['final', 'complete']);
  assert.equal(final.data.sequence, early.data.sequence, 'it stands where the first one does');
  assert.equal(final.data.created_at, early.data.created_at);
  assert.ok(Number(final.id) > Number(early.id));
  await withdrawals.next();
  await server.post('/v1/spans', { spans: [
    { trace_id: trace, span_id: newId(8), parent_span_id: first.span_id, name: 'audit', service: 'records' }] });
  const withdrawal = await withdrawals.next();
  assert.deepEqual([withdrawal.event, withdrawal.data.status], ['withdrawn', 'withdrawn']);
});

test('filters leave out what does not fit', async (t) => {
  const server = await start(t, { rules: [slow, audited] });
  const streams = await Promise.all(['?severity=low,critical', '?service=records', '?completeness=complete',
    '?rule_id=slow&status=confirmed'].map((query) => open(t, server, query)));
  await violate(server, 1);
  await server.post('/v1/spans', { spans: [
    { trace_id: newId(16), span_id: newId(8), name: 'read', service: 'records' }] });
  const first = await Promise.all(streams.map((stream) => stream.next()));
  assert.deepEqual(first.map(({ data }) => data.rule_id), ['audited', 'audited', 'audited', 'slow']);
});

test('who comes back gets what was missed, over a kill, once and in order', async (t) => {
  const first = await start(t);
  const stream = await open(t, first);
  await violate(first, 100);
  const seen = await stream.take(70);
  stream.close();
  await violate(first, 150, 100);
  await eventually('all are in the log', async () => (
    (await first.get('/v1/violations?limit=1')).body.total === 250 ? true : undefined));
  await first.stop('SIGKILL');
  const second = await start(t, { folder: first.folder });
  const resumed = await open(t, second, '', { after: seen.at(-1).id });
  await violate(second, 50, 250);
  const all = [...seen, ...await resumed.take(230)];
  assert.deepEqual(orders(all).sort((a, b) => a - b), upTo(300));
  const ids = all.map(({ id }) => Number(id));
  assert.deepEqual(ids, [...ids].sort((a, b) => a - b));
  const again = await open(t, second, `?last_event_id=${ids[289]}`);
  assert.deepEqual(orders(await again.take(10)), orders(all).slice(290));
  const whole = await open(t, second, '?last_event_id=0');
  assert.deepEqual(orders(await whole.take(300)), orders(all));
});

test('only so many may follow', async (t) => {
  const server = await start(t, { env: { BETRACE_LIMITS_SSE_CLIENTS: '2' } });
  const [one] = [await open(t, server), await open(t, server)];
  const refused = await server.get('/v1/violations/stream');
  assert.equal(refused.status, 503);
  assert.equal(refused.body.error.code, 'too_many_streams');
  assert.ok(refused.headers.get('retry-after') >= 1);
  assert.equal(sumOf(await readMetrics(server), 'betrace_sse_clients'), 2);
  one.close();
  await eventually('there is room again', () => open(t, server).catch(() => undefined));
});

test('a slow reader is told what it missed, and nobody else misses anything', async (t) => {
  const server = await start(t, { env: { BETRACE_LIMITS_SSE_BUFFER: '100' } });
  const quick = await open(t, server);
  const lazy = connect(server.httpPort, '127.0.0.1');
  t.after(() => lazy.destroy());
  lazy.pause();
  lazy.write('GET /v1/violations/stream HTTP/1.0\r\n\r\n');
  await eventually('it follows', async () => (
    sumOf(await readMetrics(server), 'betrace_sse_clients') === 2 ? true : undefined));
  const count = 3_000;
  const slice = 50;  // half of what the buffer holds, so that who reads cannot fall behind
  const seen = [];
  for (let from = 0; from < count; from += slice) {
    await violate(server, slice, from);
    seen.push(...orders(await quick.take(slice)));
  }
  assert.deepEqual(seen.sort((a, b) => a - b), upTo(count));
  const dropped = await eventually('some are dropped', async () => (
    sumOf(await readMetrics(server), 'betrace_sse_dropped_total') || undefined));
  await violate(server, 1, count);
  assert.deepEqual(orders([await quick.next()]), [count]);
  let text = '';
  lazy.setEncoding('utf8').on('data', (piece) => { text += piece; });
  lazy.resume();
  await eventually('it has caught up', () => (text.includes(`order ${count} is slow`) ? true : undefined));
  const gaps = [...text.matchAll(/event: gap\ndata: (.*)\n/g)].map(([, data]) => JSON.parse(data));
  const missed = gaps.reduce((sum, gap) => sum + gap.missed, 0);
  const given = text.match(/^event: violation$/gm).length;
  assert.equal(given + missed, count + 1, 'nothing is lost unsaid');
  assert.ok(missed >= dropped && missed > 0, `${missed} ${dropped}`);
  for (const { missed: some, from_seq: from, to_seq: to } of gaps) assert.ok(to - from + 1 >= some);
});

test('the end of the server is the end of its streams, slow ones too', async (t) => {
  const server = await start(t);
  const stream = await open(t, server);
  const lazy = connect(server.httpPort, '127.0.0.1');
  t.after(() => lazy.destroy());
  lazy.on('error', () => {});
  lazy.pause();
  lazy.write('GET /v1/violations/stream HTTP/1.1\r\nHost: localhost\r\n\r\n');
  for (let from = 0; from < 2_000; from += 500) {
    await violate(server, 500, from);
    await stream.take(500);
  }
  const asked = Date.now();
  assert.equal(await server.stop(), 0);
  assert.equal(await stream.next(), undefined);
  assert.ok(Date.now() - asked < 20_000, 'the grace period is not waited for');
});

test('what is asked wrongly is refused', async (t) => {
  const server = await start(t);
  for (const [query, code] of [['?rule=slow', 'unknown_parameter'], ['?status=open', 'invalid_parameter'],
    ['?last_event_id=yesterday', 'invalid_parameter'], ['?severity=worse', 'invalid_parameter']]) {
    const answer = await server.get(`/v1/violations/stream${query}`);
    assert.deepEqual([answer.status, answer.body.error.code], [400, code], query);
  }
  const url = `${server.api}/v1/violations/stream`;
  assert.equal((await fetch(url, { headers: { accept: 'application/json' } })).status, 406);
  assert.equal((await fetch(url, { method: 'HEAD' })).status, 200);
  assert.equal((await fetch(url, { method: 'POST' })).status, 405);
});
