// Whatever is sent, the answer is the right 4xx, nothing crashes, nothing grows, and every span is
// accounted for.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { residentBytes, spansAccountedFor } from './metrics.mjs';
import { field } from './otlp.mjs';
import { Server } from './server.mjs';

const json = 'application/json';
const protobuf = 'application/x-protobuf';
const mebibyte = 1024 * 1024;

let server;
before(async () => { server = await Server.start(); });
after(async () => {
  assert.equal(await server.stop(), 0, server.output);
  await server.remove();
});

/** Sends a body as it is and returns the status and, where there is one, the error code. */
async function send(url, type, body, headers = {}) {
  const answer = await fetch(url, { method: 'POST', body, headers: { 'content-type': type, ...headers } });
  const bytes = Buffer.from(await answer.arrayBuffer());
  const isJson = answer.headers.get('content-type')?.startsWith(json);
  return { status: answer.status, body: isJson ? JSON.parse(bytes) : bytes, headers: answer.headers };
}

const spanWith = (members) => JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{
  traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174', name: 'a', ...members }] }] }] });
const nested = (depth) => `{"resourceSpans":${'['.repeat(depth)}${']'.repeat(depth)}}`;
const bomb = gzipSync(Buffer.alloc(64 * mebibyte));
const gzip = { 'content-encoding': 'gzip' };

/** A span with an attribute whose value is a list in a list in a list. */
function nestedProtobuf(depth) {
  let value = Buffer.alloc(0);
  for (let level = 0; level < depth; ++level) value = field(5, field(1, value));
  const attribute = Buffer.concat([field(1, 'k'), field(2, value)]);
  return field(1, field(2, field(2, field(9, attribute))));
}

// What is sent to /v1/traces on either port: title, type, body, headers, status.
const otlp = [
  ['JSON that ends too early', json, '{"resourceSpans":[', {}, 400],
  ['JSON that is none', json, 'nonsense', {}, 400],
  ['JSON of a wrong type', json, '{"resourceSpans":7}', {}, 400],
  ['a depth bomb in JSON', json, nested(100_000), {}, 400],
  ['protobuf that ends too early', protobuf, Buffer.from([0x0a, 0xff, 0xff]), {}, 400],
  ['protobuf that is none', protobuf, Buffer.from('nonsense'), {}, 400],
  ['a depth bomb in protobuf', protobuf, nestedProtobuf(2_000), {}, 400],
  ['text that is not gzip', json, 'nonsense', gzip, 400],
  ['gzip that ends too early', json, gzipSync('{}').subarray(0, 12), gzip, 400],
  ['a gzip bomb', json, bomb, gzip, 413],
  ['a gzip bomb of protobuf', protobuf, bomb, gzip, 413],
  ['another content type', 'text/plain', '{}', {}, 415],
  ['another coding', json, '{}', { 'content-encoding': 'br' }, 415],
  ['unknown members', json, '{"resourceSpans":[],"unknown":{"a":[1]}}', {}, 200],
];

for (const [title, type, body, headers, status] of otlp) {
  test(`OTLP: ${title} is ${status}`, async () => {
    for (const url of [`${server.otlp}/v1/traces`, `${server.api}/v1/traces`]) {
      const answer = await send(url, type, body, headers);
      assert.equal(answer.status, status);
      const expected = type === protobuf ? protobuf : json;
      assert.ok(answer.headers.get('content-type').startsWith(expected), 'the type of the request');
    }
  });
}

for (const [title, members] of [
  ['a short trace id', { traceId: '5b8efff7' }], ['a long trace id', { traceId: 'ab'.repeat(17) }],
  ['a short span id', { spanId: 'ee' }], ['a zero trace id', { traceId: '0'.repeat(32) }],
  ['no span id', { spanId: undefined }], ['a parent id of a wrong length', { parentSpanId: 'abcd' }],
]) {
  test(`OTLP: a span with ${title} is rejected alone`, async () => {
    const answer = await send(`${server.otlp}/v1/traces`, json, spanWith(members));
    assert.equal(answer.status, 200);
    assert.equal(answer.body.partialSuccess.rejectedSpans, '1');
  });
}

// What is sent to the API: title, path, type, body, headers, status, code.
const rule = (members) => JSON.stringify({ name: 'a', expression: 'true', ...members });
const api = [
  ['a rule of 1 MiB', '/v1/rules', json, rule({ expression: 'x'.repeat(mebibyte) }), {}, 413, 'payload_too_large'],
  ['an expression over 64 KiB', '/v1/rules', json, rule({ expression: ' '.repeat(65_537) }), {}, 400, 'invalid_field'],
  ['an expression nested 60,000 deep', '/v1/rules', json, rule({ expression: '('.repeat(60_000) }), {}, 400,
    'invalid_expression'],
  ['an unknown field in an expression', '/v1/rules', json, rule({ expression: 'span.foo == 1' }), {}, 400,
    'invalid_expression'],
  ['a depth bomb', '/v1/rules', json, `{"name":"a","x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, {}, 400,
    'invalid_json'],
  ['malformed JSON', '/v1/rules', json, '{', {}, 400, 'invalid_json'],
  ['malformed YAML', '/v1/rules/import', 'application/yaml', 'rules: [', {}, 400, 'invalid_yaml'],
  ['YAML that would expand', '/v1/rules/import', 'application/yaml', 'a: &a [1]\nb: [*a, *a]', {}, 400,
    'invalid_yaml'],
  ['text that is not gzip', '/v1/rules', json, 'nonsense', gzip, 400, 'invalid_json'],
  ['a gzip bomb', '/v1/rules/import', json, bomb, gzip, 413, 'payload_too_large'],
  ['another content type', '/v1/rules', 'text/plain', rule({}), {}, 415, 'unsupported_media_type'],
  ['an unknown parameter', '/v1/rules?on_conflct=skip', json, rule({}), {}, 400, 'unknown_parameter'],
  ['spans that are none', '/v1/spans', json, '{"spans":[{"trace_id":"a"}]}', {}, 400, 'no_valid_span'],
];

for (const [title, path, type, body, headers, status, code] of api) {
  test(`API: ${title} is ${status} ${code}`, async () => {
    const answer = await send(server.api + path, type, body, headers);
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    assert.equal(answer.body.error.code, code);
    assert.equal(answer.body.message, answer.body.error.message);
    assert.equal((await server.get('/v1/rules')).body.total_count, 0, 'nothing is stored');
  });
}

test('an unknown member is taken and named', async () => {
  const answer = await send(`${server.api}/v1/rules`, json, rule({ colour: 'red' }));
  assert.equal(answer.status, 201);
  assert.equal(answer.headers.get('x-betrace-ignored'), 'colour');
  assert.equal((await fetch(`${server.api}/v1/rules/a`, { method: 'DELETE' })).status, 200);
});

test('(a+)+$ on a long text costs no time', async () => {
  const started = Date.now();
  const answer = await server.post('/v1/rules/test', { expression: 'span.name matches "(a+)+$"',
    spans: [{ name: `${'a'.repeat(16_000)}b`, duration: 1 }, { name: 'a'.repeat(16_000), duration: 1 }] });
  assert.equal(answer.status, 200);
  assert.equal(answer.body.violations.length, 1);
  assert.ok(Date.now() - started < 5_000);
});

async function sendAll() {
  for (const [, type, body, headers] of otlp) await send(`${server.otlp}/v1/traces`, type, body, headers);
  for (const [, path, type, body, headers] of api) await send(server.api + path, type, body, headers);
}

/** The bytes by which the server grows while it is sent everything ten times. */
async function growth() {
  const before = await residentBytes(server);
  for (let round = 0; round < 10; ++round) await sendAll();
  return (await residentBytes(server)) - before;
}

test('bad input does not make the server grow', { timeout: 120_000 }, async () => {
  // Each thread fills buffers of its own once, whenever its turn comes; what leaks grows every time.
  const grown = [];
  do grown.push(await growth()); while (grown.at(-1) > 4 * mebibyte && grown.length < 8);
  assert.ok(grown.at(-1) <= 4 * mebibyte, `it grew by ${grown} bytes`);
});

test('every span that was received is ingested, rejected or dropped', async () => {
  const good = { trace_id: '4bf92f3577b34da6a3ce929d0e0e4736', span_id: '00f067aa0ba902b7', name: 'a' };
  const own = spanWith({}).replace('"spans"', '"scope":{"name":"betrace"},"spans"');
  assert.equal((await server.post('/v1/spans', { spans: [good, good, { name: 'no id' }] })).status, 202);
  assert.equal((await send(`${server.otlp}/v1/traces`, json, spanWith({}))).status, 200);
  assert.equal((await send(`${server.otlp}/v1/traces`, json, own)).status, 200);
  const seen = await spansAccountedFor(server);
  assert.ok(seen.ingested >= 2 && seen.rejected >= 7 && seen.dropped >= 2, JSON.stringify(seen));
});

const promtool = ['promtool', fileURLToPath(new URL('../../build/tools/bin/promtool', import.meta.url))].find(
  (name) => spawnSync(name, ['--version']).error === undefined);
test('promtool finds nothing to say about the metrics',
  { skip: promtool ? false : 'promtool is not installed (tools/setup --e2e)' }, async () => {
    const metrics = await (await fetch(`${server.api}/metrics`)).text();
    const checked = spawnSync(promtool, ['check', 'metrics'], { input: metrics, encoding: 'utf8' });
    assert.equal(checked.stdout + checked.stderr, '');
    assert.equal(checked.status, 0);
  });
