// What is denied never leaves the engine: not by the log, the API, the stream, an export, a notification,
// a metric, a log line or a core file; and what is shown in its place can be compared.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { newId } from './otlp.mjs';
import { OtlpSink } from './otlp_sink.mjs';
import { eventually, program, startedFor } from './server.mjs';

const canary = 'canary-51ab@example.test';
const mail = { id: 'mail', name: 'mail', severity: 'HIGH', expression: 'span.attributes["user.email"] != nil',
               message: 'mail of {span.attributes["user.email"]}, {span.attributes.user}' };
const perUser = { id: 'per-user', name: 'per-user', expression: 'count(send) by (user.email) > 1' };
const rules = [mail, perUser];

/** Two spans of one user in one trace, who is named in four ways. */
function spansOf(traceId = newId(16)) {
  const start = new Date().toISOString();
  return [1, 2].map((index) => ({
    trace_id: traceId, span_id: newId(8), name: 'send', service: 'post', duration_ms: index, start_time: start,
    attributes: { 'user.email': canary, user: { email: canary, id: 7 }, password: canary, form: [{ Password: canary }] },
    resource: { 'customer.email': canary } }));
}

async function bodiesOf(t) {
  const bodies = [];
  const server = http.createServer((request, answer) => {
    request.on('data', (piece) => bodies.push(`${piece}`));
    request.on('end', () => answer.writeHead(200).end());
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { bodies, url: `http://127.0.0.1:${server.address().port}/` };
}

/** The bytes of every file in `folder`, but of the key. */
async function filesOf(folder) {
  const names = await readdir(folder, { withFileTypes: true });
  const files = names.filter((file) => file.isFile() && file.name !== 'redaction.key');
  return (await Promise.all(files.map(({ name }) => readFile(join(folder, name), 'latin1')))).join('\n');
}

const violationsOf = async (server, traceId, count) => eventually(`${count} violations`, async () => {
  const { violations } = (await server.get(`/v1/violations?trace_id=${traceId}`)).body;
  return violations.length >= count ? violations : undefined;
});

const hashOf = (key) => `hmac:${createHmac('sha256', key).update(canary).digest('hex').slice(0, 16)}`;

test('R20: a denied value shows as its keyed hash, and nowhere as itself', async (t) => {
  const sink = await new OtlpSink('http/protobuf').start();
  const hook = await bodiesOf(t);
  const server = await startedFor(t, { env: { ...sink.env, BETRACE_EVIDENCE_EMIT_SPANS: 'true', LOG_LEVEL: 'debug',
    BETRACE_WEBHOOK_URL: hook.url, BETRACE_REDACTION_ALLOW: 'user,password,form,customer.*',
    BETRACE_LIMITS_MEMORY: '256MiB' } });
  for (const rule of rules) assert.equal((await server.post('/v1/rules', rule)).status, 201);
  const stream = await fetch(`${server.api}/v1/violations/stream`);
  const events = [];
  (async () => { for await (const piece of stream.body) events.push(Buffer.from(piece).toString()); })().catch(() => {});

  const spans = spansOf();
  assert.equal((await server.post('/v1/spans', { spans })).status, 202);
  const listed = await violationsOf(server, spans[0].trace_id, 3);
  const shown = [JSON.stringify(listed)];
  for (const { id } of listed) {
    for (const path of [`/v1/violations/${id}`, `/v1/violations/${id}/evidence`]) {
      const { body } = await server.get(path);
      shown.push(JSON.stringify(body));
      if (body.payload) shown.push(Buffer.from(body.payload, 'base64').toString());
    }
  }
  for (const path of ['/v1/attributes', '/v1/stats', '/v1/limits', '/ready', '/v1/rules', '/v1/audit']) {
    shown.push(JSON.stringify((await server.get(path)).body));
  }
  shown.push(JSON.stringify((await server.post('/v1/rules/test', { rule_id: 'mail', spans })).body));
  shown.push(await (await fetch(`${server.api}/metrics`)).text());
  await eventually('the export', () => (sink.distinct.size >= 3 && hook.bodies.length >= 3 ? true : undefined));
  await eventually('the stream', () => (events.join('').includes('viol-') ? true : undefined));
  const limits = await readFile(`/proc/${server.process.pid}/limits`, 'utf8');
  assert.match(limits, /Max core file size\s+0\s+0\s/, 'there is no core file to read');
  assert.equal(await server.stop(), 0);
  await sink.stop();

  const state = join(server.folder, 'rules', '.betrace');
  const keyFile = join(state, 'redaction.key');
  assert.equal((await stat(keyFile)).mode & 0o777, 0o600);
  const key = await readFile(keyFile, 'utf8');
  const hidden = hashOf(key);
  const one = JSON.parse(shown.find((text) => text.includes('"rule_id":"mail"') && text.includes('"verified"')));
  assert.equal(one.message, `mail of ${hidden}, {email: ${hidden}, id: 7}`);
  const { attributes } = one.witnesses[0];
  assert.deepEqual([attributes['user.email'], attributes.user, attributes.password, attributes.form],
    [hidden, { email: hidden, id: 7 }, hidden, [{ Password: hidden }]]);
  assert.match(JSON.parse(shown.find((text) => text.startsWith('{"anchor"'))).redaction, /^p-[0-9a-f]{8}$/);
  const sample = JSON.parse(shown.find((text) => text.includes('"sampled"'))).attributes;
  assert.deepEqual(sample.find((seen) => seen.key === 'user.email').examples, [hidden]);
  const openssl = spawnSync('bash', ['-c',
    `printf %s ${canary} | openssl dgst -sha256 -hmac "$(cat ${keyFile})"`], { encoding: 'utf8' });
  if (openssl.status === 0) assert.ok(openssl.stdout.includes(hidden.slice(5)), 'as the page says');

  shown.push(server.output, events.join(''), hook.bodies.join(''), await filesOf(state));
  shown.push(JSON.stringify([...sink.distinct.values(), ...sink.requests], (name, value) => (
    typeof value === 'bigint' ? `${value}` : value)));
  shown.push(execFileSync(program, ['log', 'dump', '--json', '--state-path', state], { encoding: 'utf8' }));
  const everything = shown.join('\n');
  assert.ok(everything.includes(hidden));
  const at = everything.indexOf(canary);
  assert.equal(at, -1, everything.slice(Math.max(0, at - 200), at + 200));
  assert.ok(!everything.includes(key), 'the key is in its file alone');
});

test('SIGHUP puts new lists in force, names what waits for a restart, and keeps what is wrong out', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'betrace-e2e-'));
  const file = join(folder, 'betrace.yaml');
  const keyFile = join(folder, 'key');
  await writeFile(keyFile, `${'k'.repeat(40)}\n`);
  const settings = (deny, more = '') => writeFile(file,
    `redaction:\n  deny: [${deny}]\n  key_file: ${keyFile}\n${more}`);
  await settings("'@shipped', order");
  const server = await startedFor(t, { folder, flags: ['--config', file] });
  assert.equal((await server.post('/v1/rules', mail)).status, 201);
  const modes = async () => (await server.get('/v1/limits')).body.modes.redaction;
  const messageOf = async () => {
    const spans = spansOf();
    await server.post('/v1/spans', { spans });
    return (await violationsOf(server, spans[0].trace_id, 2))[0].message;
  };
  const hidden = hashOf('k'.repeat(40));
  const reload = async (check) => {
    server.process.kill('SIGHUP');
    await eventually('the reload', check);
  };
  const first = await modes();
  assert.match(await messageOf(), new RegExp(`^mail of ${hidden}, `));

  await settings('order', 'limits:\n  rules: 7\nlogging:\n  level: debug\n');
  await reload(async () => ((await modes()) === first ? undefined : true));
  assert.match(await messageOf(), new RegExp(`^mail of ${canary}, `));
  assert.match(server.output, /takes effect at the next start","setting":"limits.rules"/);
  assert.match(server.output, /was read again","setting":"redaction.deny"/);
  await eventually('more of the log', async () => {
    await server.get('/v1/rules');
    return /"level":"debug"/.test(server.output) ? true : undefined;
  });

  const second = await modes();
  await settings('order', 'limits:\n  rulse: 7\n');
  await reload(() => (/limits.rulse \(file\): is not a setting/.test(server.output) ? true : undefined));
  await settings("'@shipped', order");
  await writeFile(keyFile, 'short');
  await reload(() => (/redaction.key_file: .* is shorter than 32 bytes/.test(server.output) ? true : undefined));
  assert.equal(await modes(), second, 'what is wrong changes nothing');

  await writeFile(keyFile, 'k'.repeat(40));
  await reload(async () => ((await modes()) === first ? true : undefined));
  assert.match(await messageOf(), new RegExp(`^mail of ${hidden}, `));
});

test('a key file that is too short ends the start with advice', () => {
  const run = spawnSync(program, ['config', 'check', '--redaction-key-file', '/dev/null'], { encoding: 'utf8' });
  assert.equal(run.status, 2);
  assert.match(run.stderr, /config error: redaction.key_file: /);
});
