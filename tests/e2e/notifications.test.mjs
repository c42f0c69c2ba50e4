// Notifications: what a webhook and Alertmanager are told, and that they are told whatever fails.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { look } from './canary.mjs';
import { readMetrics, sumOf } from './metrics.mjs';
import { newId } from './otlp.mjs';
import { eventually, freePort, program, startedFor } from './server.mjs';

const execute = promisify(execFile);
const alertmanager = fileURLToPath(new URL('../../build/tools/bin/prometheus-alertmanager', import.meta.url));
const slow = { name: 'slow', severity: 'HIGH', expression: 'span.duration > 2s',
               message: 'order {span.attributes["order"]} is "slow"' };
const audited = { name: 'audited', severity: 'LOW',
                  expression: 'trace.has(span.name == "read") and not trace.has(span.name == "audit")' };

/** Keeps requests; `behave(request)` gives a status or `{ status, headers }`, 200 unless it does. */
class Receiver {
  constructor() {
    this.requests = [];
    this.behave = () => 200;
  }

  async start() {
    this.server = http.createServer((request, answer) => {
      const pieces = [];
      request.on('data', (piece) => pieces.push(piece));
      request.on('end', () => {
        const body = Buffer.concat(pieces).toString();
        look('a notification', body);
        const seen = { path: request.url, headers: request.headers, body };
        const reply = this.behave(seen) ?? 200;
        const { status, headers = {} } = typeof reply === 'number' ? { status: reply } : reply;
        this.requests.push({ ...seen, status });
        answer.writeHead(status, headers).end();
      });
    });
    await new Promise((resolve) => this.server.listen(this.port ?? 0, '127.0.0.1', resolve));
    this.port = this.server.address().port;
    return this;
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }

  get taken() {
    return this.requests.filter(({ status }) => status === 200).map(({ body }) => JSON.parse(body));
  }
}

async function receiverOf(t) {
  const receiver = await new Receiver().start();
  t.after(() => receiver.stop());
  return receiver;
}

const start = (t, { rules = [slow], ...options } = {}) => startedFor(t, { rules, ...options });

const webhook = ({ port }, more = {}) => ({ BETRACE_WEBHOOK_URL: `http://127.0.0.1:${port}/hook?key=hush`, ...more });

async function violate(server, count, from = 0) {
  const before = (await server.get('/v1/violations?limit=1')).body.total;
  const spans = Array.from({ length: count }, (_, index) => ({
    trace_id: newId(16), span_id: newId(8), name: 'api.request', service: 'checkout',
    duration_ms: 2500, attributes: { order: `${from + index}` } }));
  assert.equal((await server.post('/v1/spans', { spans })).status, 202);
  await eventually('the violations', async () => (
    (await server.get('/v1/violations?limit=1')).body.total >= before + count ? true : undefined));
}

/** A violation of `audited`, and the span that withdraws it. */
async function violateAudit(server) {
  const first = { trace_id: newId(16), span_id: newId(8), name: 'read', service: 'records' };
  await server.post('/v1/spans', { spans: [first] });
  return () => server.post('/v1/spans', { spans: [{
    trace_id: first.trace_id, span_id: newId(8), parent_span_id: first.span_id, name: 'audit', service: 'records' }] });
}

const taken = (receiver, count) => eventually(`${count} notifications`, () => (
  receiver.taken.length >= count ? receiver.taken : undefined));
const orders = (events) => [...new Set(events.filter(({ event }) => event === 'violation').map(({ violation }) => (
  Number(violation.message.match(/order (\d+)/)[1]))))].sort((a, b) => a - b);
const upTo = (count) => Array.from({ length: count }, (_, index) => index);

test('a webhook gets a signed event for each violation and its withdrawal', async (t) => {
  const receiver = await receiverOf(t);
  const server = await start(t, { rules: [audited], env: webhook(receiver, {
    BETRACE_WEBHOOK_SECRET: 'between us', BETRACE_WEBHOOK_HEADERS: 'authorization=Bearer%20hidden' }) });
  const withdraw = await violateAudit(server);
  const [{ event, violation }] = await taken(receiver, 1);
  const { body: { violations: [seen] } } = await server.get('/v1/violations');
  assert.equal(event, 'violation');
  assert.deepEqual(violation, seen);
  await withdraw();
  const [, withdrawal] = await taken(receiver, 2);
  assert.deepEqual([withdrawal.event, withdrawal.violation.id, withdrawal.violation.status],
                   ['withdrawn', seen.id, 'withdrawn']);
  for (const { path, headers, body } of receiver.requests) {
    assert.equal(path, '/hook?key=hush');
    assert.equal(headers['content-type'], 'application/json');
    assert.equal(headers.authorization, 'Bearer hidden');
    assert.equal(headers['x-betrace-signature'], createHmac('sha256', 'between us').update(body).digest('hex'));
  }
  await eventually('they are counted', async () => (sumOf(await readMetrics(server),
    'betrace_notifications_total', 'sink="webhook",result="delivered"') === 2 ? true : undefined));
  for (const secret of ['hidden', 'between us', 'hush']) assert.ok(!server.output.includes(secret), secret);
});

test('a template says it in other words, and small matters are left out', async (t) => {
  const receiver = await receiverOf(t);
  const server = await start(t, { rules: [slow, audited], env: webhook(receiver, {
    BETRACE_WEBHOOK_TEMPLATE: '{"text":"{severity} {rule_name}: {message} {completeness}","all":{violation}}',
    BETRACE_WEBHOOK_MIN_SEVERITY: 'high' }) });
  await violateAudit(server);
  await eventually('a small one', async () => (
    (await server.get('/v1/violations')).body.total === 1 ? true : undefined));
  await violate(server, 1);
  const [body] = await taken(receiver, 1);
  const { body: { violations } } = await server.get('/v1/violations?rule_id=slow');
  assert.equal(body.text, 'HIGH slow: order 0 is "slow" -');
  assert.deepEqual(body.all, violations[0]);
  assert.equal(receiver.requests.length, 1);
});

test('a new webhook is not told what the log held before', async (t) => {
  const receiver = await receiverOf(t);
  const before = await start(t, {});
  await violate(before, 20);
  await before.stop();
  const server = await start(t, { folder: before.folder, env: webhook(receiver) });
  await violate(server, 3, 20);
  assert.deepEqual(orders(await taken(receiver, 3)), [20, 21, 22]);
});

test('what happens while the webhook is away is told when it is back, over a kill', async (t) => {
  const receiver = await receiverOf(t);
  const first = await start(t, { env: webhook(receiver) });
  await violate(first, 10);
  await taken(receiver, 10);
  await receiver.stop();
  await violate(first, 30, 10);
  await eventually('it is noticed', async () => (
    sumOf(await readMetrics(first), 'betrace_notifications_total', 'result="failed"') > 0 ? true : undefined));
  await first.stop('SIGKILL');
  const second = await start(t, { folder: first.folder, env: webhook(receiver) });
  await violate(second, 10, 40);
  await receiver.start();
  assert.deepEqual(await eventually('all 50', () => {
    const seen = orders(receiver.taken);
    return seen.length === 50 ? seen : undefined;
  }), upTo(50));
});

test('a redirect is not followed, and credentials go nowhere else', async (t) => {
  const receiver = await receiverOf(t);
  const other = await receiverOf(t);
  receiver.behave = () => ({ status: 307, headers: { location: `http://127.0.0.1:${other.port}/` } });
  const server = await start(t, { env: webhook(receiver) });
  await violate(server, 1);
  await eventually('it is said', () => (/does not take them/.test(server.output) ? true : undefined));
  assert.equal(other.requests.length, 0);
});

test('an event that the webhook refuses is set aside, and only that', async (t) => {
  const receiver = await receiverOf(t);
  receiver.behave = ({ body }) => (body.includes('order 2 ') ? 400 : 200);
  const server = await start(t, { env: webhook(receiver) });
  await violate(server, 5);
  assert.deepEqual(orders(await taken(receiver, 4)), [0, 1, 3, 4]);
  assert.equal(sumOf(await readMetrics(server), 'betrace_export_parked_total', 'reason="export_refused"'), 1);
});

test('settings that cannot work end the start', async () => {
  for (const [environment, problem] of [
    [{ BETRACE_WEBHOOK_URL: 'ftp://hooks/x' }, /BETRACE_WEBHOOK_URL .*scheme/],
    [{ BETRACE_WEBHOOK_URL: 'http://hooks', BETRACE_WEBHOOK_TEMPLATE: '{"a":"{rule}"}' }, /TEMPLATE .*\{rule\}/],
    [{ BETRACE_ALERTMANAGER_URL: 'http://a:b@alerts' }, /BETRACE_ALERTMANAGER_URL .*a user/]]) {
    const ended = await execute(program, ['config', 'check'], { env: { ...process.env, ...environment } })
      .catch((error) => error);
    assert.equal(ended.code, 2, JSON.stringify(environment));
    assert.match(ended.stderr, problem);
  }
});

test('Alertmanager gets an alert, which ends with the withdrawal', async (t) => {
  const receiver = await receiverOf(t);
  const server = await start(t, { rules: [audited],
    env: { BETRACE_ALERTMANAGER_URL: `http://127.0.0.1:${receiver.port}/prefix/` } });
  const withdraw = await violateAudit(server);
  await taken(receiver, 1);
  const { body: { violations: [seen] } } = await server.get('/v1/violations');
  await withdraw();
  const [[alert], [ended]] = await taken(receiver, 2);
  assert.equal(receiver.requests[0].path, '/prefix/api/v2/alerts');
  assert.deepEqual(alert.labels, { alertname: 'BeTraceViolation', rule_id: 'audited', severity: 'LOW',
                                   service: 'records', violation_id: seen.id });
  assert.equal(alert.startsAt, seen.created_at);
  assert.equal(alert.annotations.summary, seen.message);
  assert.equal(alert.annotations.trace_id, seen.trace_id);
  assert.equal(alert.endsAt, undefined);
  assert.deepEqual([ended.labels, ended.startsAt], [alert.labels, alert.startsAt]);
  assert.ok(ended.endsAt >= ended.startsAt);
});

test('a real Alertmanager shows the alert, and no longer once it is withdrawn', {
  skip: existsSync(alertmanager) ? false : 'Alertmanager is not installed (tools/setup --e2e)',
}, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'betrace-alerts-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  await writeFile(join(folder, 'config.yml'), 'route:\n  receiver: nobody\nreceivers:\n  - name: nobody\n');
  const child = spawn(alertmanager, [`--config.file=${folder}/config.yml`, `--storage.path=${folder}/data`,
    `--web.listen-address=127.0.0.1:${port}`, '--cluster.listen-address='], { stdio: 'ignore' });
  t.after(async () => {
    child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });
  const alerts = async () => (await fetch(`${url}/api/v2/alerts`)).json().catch(() => undefined);
  await eventually('it answers', () => alerts().catch(() => undefined));
  const server = await start(t, { rules: [audited], env: { BETRACE_ALERTMANAGER_URL: url } });
  const withdraw = await violateAudit(server);
  const [alert] = await eventually('the alert', async () => {
    const shown = await alerts();
    return shown.length ? shown : undefined;
  });
  const { body: { violations: [seen] } } = await server.get('/v1/violations');
  assert.equal(alert.labels.violation_id, seen.id);
  assert.equal(alert.annotations.rule_name, 'audited');
  assert.equal(alert.status.state, 'active');
  await withdraw();
  await eventually('it is resolved', async () => ((await alerts()).length === 0 ? true : undefined));
  assert.equal(sumOf(await readMetrics(server), 'betrace_notifications_total', 'sink="alertmanager",result="failed"'), 0);
});
