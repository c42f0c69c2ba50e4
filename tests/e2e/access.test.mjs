// Who gets in without TLS: the modes, what the log and the metrics say of them, key files that change,
// and that no secret is ever shown.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { call, connect } from './grpc.mjs';
import { jsonRequest, newId, protobufRequest, traceOf } from './otlp.mjs';
import { OtlpSink } from './otlp_sink.mjs';
import { ask, endAll, eventually, program, Server } from './server.mjs';

const servers = [];
async function start(options) {
  servers.push(await Server.start(options));
  return servers.at(-1);
}
after(() => endAll(servers, 'SIGTERM'));

const json = { 'content-type': 'application/json' };
const key = 'correct-horse-battery-staple';
const rule = { id: 'slow', name: 'slow', expression: 'span.duration > 1s' };
const newKey = (...flags) => execFileSync(program, ['key', 'new', ...flags], { encoding: 'utf8', stdio: 'pipe' });
const status = async (url, options) => (await ask(url, options)).status;

test('a loopback server without a credential is open, and says so', async () => {
  const server = await start();
  const ready = (await server.get('/ready')).body;
  assert.equal(ready.auth, 'off');
  assert.ok(ready.warnings.includes('auth_off'));
  assert.equal((await server.post('/v1/rules', rule)).status, 201);
  assert.equal(await status(`${server.api}/v1/rules`, { headers: { host: 'evil.example' } }), 403);
});

test('any address without a credential is bootstrap: an admin key is made, and telemetry is taken', async () => {
  const server = await start({ flags: ['--http-bind', '0.0.0.0'] });
  const ready = (await server.get('/ready')).body;
  assert.equal(ready.auth, 'bootstrap');
  assert.deepEqual(ready.warnings, ['auth_bootstrap', 'plaintext_listener', 'signing_off']);
  const file = join(server.folder, 'rules', '.betrace', 'bootstrap-admin.key');
  const made = await readFile(file, 'utf8');
  assert.match(made, /^[\w-]{43}$/);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.ok(server.output.includes(file) && !server.output.includes(made));
  for (const path of ['/v1/rules', '/v1/nothing', '/v1/limits']) assert.equal(await status(server.api + path), 401);
  for (const path of ['/health', '/ready', '/metrics']) assert.equal(await status(server.api + path), 200);
  assert.equal(await status(`${server.otlp}/v1/traces`, { method: 'POST', headers: json, body: '{}' }), 200);
  assert.equal(await status(`${server.api}/v1/spans`, { method: 'POST', headers: json, body: '{}' }), 401);
  assert.equal(await status(`${server.api}/v1/rules`, { headers: { 'x-api-key': made } }), 200);
  assert.match((await ask(`${server.api}/metrics`)).text, /^betrace_auth_bootstrap 1$/m);
  // The command line of the same machine finds the key by itself; there is just nothing to send to.
  const resend = spawnSync(program, ['violations', 'resend', '--from', '1', '--http-bind', '0.0.0.0', '--http-port',
    `${server.httpPort}`, '--storage-path', join(server.folder, 'rules')], { encoding: 'utf8' });
  assert.doesNotMatch(resend.stderr, /credential/);
});

test('insecure opens everything, and says so', async () => {
  const server = await start({ flags: ['--http-bind', '0.0.0.0', '--insecure'] });
  assert.equal((await server.get('/ready')).body.auth, 'insecure');
  assert.equal((await server.post('/v1/rules', rule)).status, 201);
  await eventually('warning', () => (/everything is open/.test(server.output) ? true : undefined));
});

test('the actor of a rule change is the id of its key, and a key file is read again when it changes', async () => {
  const server = await start({ env: { BETRACE_API_KEY: key } });
  await server.stop();
  const keys = join(server.folder, 'keys.yaml');
  const ops = newKey('--roles', 'write', '--id', 'ops', '--file', keys).trim();
  const again = await start({ folder: server.folder, env: { BETRACE_API_KEY: key, BETRACE_API_KEYS_FILE: keys } });
  const headers = { ...json, authorization: `Bearer ${ops}` };
  assert.equal(await status(`${again.api}/v1/rules`, { method: 'POST', headers, body: JSON.stringify(rule) }), 201);
  const history = JSON.parse((await ask(`${again.api}/v1/rules/slow/history`, { headers })).text);
  assert.equal(history.revisions[0].actor, 'key:ops');

  const next = newKey('--roles', 'read', '--id', 'next', '--file', keys).trim();
  await eventually('the new key', async () =>
    ((await status(`${again.api}/v1/rules`, { headers: { 'x-api-key': next } })) === 200 ? true : undefined));
  const text = await readFile(keys, 'utf8');
  await writeFile(keys, text + '- {id: broken}\n');
  await eventually('the complaint', () => (/entry 3: roles/.test(again.output) ? true : undefined));
  assert.equal(await status(`${again.api}/v1/rules`, { headers: { 'x-api-key': next } }), 200);
  await writeFile(keys, text.split('\n').slice(0, 1).join('\n'));
  again.process.kill('SIGHUP');
  await eventually('the key is gone', async () =>
    ((await status(`${again.api}/v1/rules`, { headers: { 'x-api-key': next } })) === 401 ? true : undefined));
});

test('a record names the key that its deciding span came with, through every door', async () => {
  const server = await start({ env: { BETRACE_API_KEY: key } });
  await server.stop();
  const keys = join(server.folder, 'keys.yaml');
  const shop = newKey('--roles', 'ingest', '--id', 'k-ing-2', '--file', keys).trim();
  const again = await start({ folder: server.folder, env: { BETRACE_API_KEY: key, BETRACE_API_KEYS_FILE: keys } });
  const admin = { ...json, 'x-api-key': key };
  const headers = { ...json, 'x-api-key': shop };
  const every = { id: 'every', name: 'every', expression: 'span.name == "work"' };
  assert.equal(await status(`${again.api}/v1/rules`, { method: 'POST', headers: admin, body: JSON.stringify(every) }), 201);
  const spanOf = (traceId) => traceOf(1, { traceId }).map((span) => ({ ...span, name: 'work' }));
  const ids = [newId(16), newId(16), newId(16)];
  await ask(`${again.otlp}/v1/traces`, { method: 'POST', headers, body: jsonRequest(spanOf(ids[0])) });
  const client = connect(`127.0.0.1:${again.grpcPort}`);
  const answer = await call(client, 'export', protobufRequest(spanOf(ids[1])), { metadata: { 'x-api-key': shop } });
  client.close();
  assert.equal(answer.name, 'OK');
  await ask(`${again.api}/v1/spans`, { method: 'POST', headers: admin, body: JSON.stringify({ spans: [
    { trace_id: ids[2], span_id: newId(8), name: 'work' }] }) });
  const seen = await eventually('three violations', async () => {
    const { violations } = JSON.parse((await ask(`${again.api}/v1/violations`, { headers: admin })).text);
    return violations.length === 3 ? violations : undefined;
  });
  for (const { id, trace_id: traceId } of seen) {
    const { payload } = JSON.parse((await ask(`${again.api}/v1/violations/${id}/evidence`, { headers: admin })).text);
    const { ingest_key: sender } = JSON.parse(Buffer.from(payload, 'base64'));
    assert.equal(sender, traceId === ids[2] ? 'api_key' : 'k-ing-2');
  }
});

test('401 and 403 have the one error body, and the rate of reads is shown', async () => {
  const server = await start({ env: {
    BETRACE_API_KEY: key, BETRACE_METRICS_PUBLIC: 'false', BETRACE_LIMITS_REST_RATE: '100/1000' } });
  const none = await ask(`${server.api}/v1/rules`);
  assert.equal(none.status, 401);
  assert.equal(none.headers['www-authenticate'], 'Bearer realm="betrace"');
  const body = JSON.parse(none.text);
  assert.equal(body.error.code, 'unauthorized');
  assert.equal(body.message, body.error.message);
  assert.equal(await status(`${server.api}/metrics`), 401);
  const some = await ask(`${server.api}/v1/rules`, { headers: { 'x-api-key': key } });
  assert.equal(some.headers['x-ratelimit-limit'], '1000');
  assert.equal(some.headers['x-ratelimit-remaining'], '999');
  const otlp = await ask(`${server.otlp}/v1/traces`, { method: 'POST', headers: json, body: '{}' });
  assert.deepEqual([otlp.status, JSON.parse(otlp.text).code], [401, 16]);
});

test('a bad key ends the start with advice and is not shown', () => {
  for (const [bad, why] of [['your-secret-api-key-here', /placeholder/], ['tiny-key', /shorter than 16 bytes/],
    ['', /set but empty/]]) {
    const run = spawnSync(program, ['serve'], { encoding: 'utf8', env: { ...process.env, BETRACE_API_KEY: bad } });
    assert.equal(run.status, 2);
    assert.match(run.stderr, why);
    assert.ok(bad === '' || !run.stderr.includes(bad));
  }
});

test('R20: neither a key nor a value that no rule names shows anywhere', async () => {
  const canary = 'canary-9d1c-key-of-this-test';
  const pii = 'pii-4f7b@example.test';
  const sink = await new OtlpSink('http/protobuf').start();
  const env = { ...sink.env, BETRACE_API_KEY: canary, LOG_LEVEL: 'debug' };
  const server = await start({ env });
  const headers = { ...json, 'x-api-key': canary };
  const shown = [];
  const see = async (path, options) => {
    const answer = await ask(path.startsWith('http') ? path : server.api + path, options);
    shown.push(JSON.stringify(answer.headers), answer.text);
    return answer;
  };
  await see('/v1/rules', { method: 'POST', headers, body: JSON.stringify(rule) });
  const spans = [{ trace_id: 'a1', span_id: 'b1', name: 'slow', service: 'shop', duration_ms: 2000,
                   start_time: new Date().toISOString(), attributes: { 'user.email': pii } }];
  await see('/v1/spans', { method: 'POST', headers, body: JSON.stringify({ spans }) });
  await eventually('the violation', async () => (/viol-/.test((await see('/v1/violations', { headers })).text) ? true : undefined));
  const { violations } = JSON.parse((await see('/v1/violations', { headers })).text);
  await see(`/v1/violations/${violations[0].id}`, { headers });
  for (const wrong of [{ 'x-api-key': canary + '0' }, { authorization: `Basic ${canary}` }, { cookie: canary }]) {
    assert.equal((await see('/v1/rules', { headers: wrong })).status, 401);
  }
  assert.equal((await see('/v1/rules', { method: 'POST', headers, body: `{"name": ${pii}` })).status, 400);
  for (const path of ['/metrics', '/ready', '/health', '/v1/limits', '/v1/rules/export']) await see(path, { headers });
  shown.push(execFileSync(program, ['config', 'show'], { encoding: 'utf8', env: { ...process.env, ...env } }));
  await server.stop();
  await sink.stop();
  shown.push(JSON.stringify([...sink.distinct.values(), ...sink.requests], (name, value) =>
    (typeof value === 'bigint' ? `${value}` : value)));
  assert.ok(sink.distinct.size > 0, 'the violation was exported');
  assert.match(server.output, /"request"/);
  const everything = [...shown, server.output].join('\n');
  for (const secret of [canary, pii]) assert.ok(!everything.includes(secret), `${secret} is shown`);
});

test('a sender that is over its rate of spans is told to come back, through every door', async () => {
  const server = await start({ env: { BETRACE_LIMITS_INGEST_RATE: '1/30' } });
  const spans = Array.from({ length: 100 }, (_, index) => (
    { trace_id: 'flood', span_id: `s${index}`, name: 'a', duration_ms: 1 }));
  const first = await server.post('/v1/spans', { spans });
  assert.equal(first.status, 202);
  assert.equal(first.body.accepted, 100, 'a request is taken whole');
  assert.equal(first.headers.get('x-ratelimit-limit'), '30');
  const second = await server.post('/v1/spans', { spans });
  assert.equal(second.status, 429);
  assert.equal(second.body.error.code, 'rate_limited');
  assert.equal(second.headers.get('retry-after'), '10');
  assert.equal(second.headers.get('x-ratelimit-remaining'), '0');
  for (const base of [server.api, server.otlp]) {
    const otlp = await ask(`${base}/v1/traces`, { method: 'POST', headers: json, body: '{"resourceSpans":[]}' });
    assert.equal(otlp.status, 429);
    assert.equal(otlp.headers['retry-after'], '10');
    const { code, details } = JSON.parse(otlp.text);
    assert.equal(code, 8);
    assert.equal(details[0]['@type'], 'type.googleapis.com/google.rpc.RetryInfo');
  }
  const client = connect(`127.0.0.1:${server.grpcPort}`);
  const answer = await call(client, 'export', Buffer.alloc(0));
  client.close();
  assert.equal(answer.name, 'RESOURCE_EXHAUSTED');
  assert.match(answer.trailers.get('grpc-status-details-bin')[0].toString('latin1'), /google\.rpc\.RetryInfo/);
  const metrics = (await ask(`${server.api}/metrics`)).text;
  assert.match(metrics, /^betrace_refused_total\{limit="ingest_rate",protocol="http_json"\} 2$/m);
  assert.match(metrics, /^betrace_refused_total\{limit="ingest_rate",protocol="grpc"\} 1$/m);
  assert.equal((await server.get('/v1/limits')).body.limits['limits.ingest_rate'], '1/30');
});
