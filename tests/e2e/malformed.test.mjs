// R9: whatever comes instead of spans, in whatever form of OTLP, gets the right answer, and nothing
// crashes; every span that could be read is accounted for.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import grpc from '@grpc/grpc-js';

import { call, connect } from './grpc.mjs';
import { dial } from './h2.mjs';
import { spansAccountedFor } from './metrics.mjs';
import { field, jsonRequest, protobufRequest, traceOf, varint } from './otlp.mjs';
import { Server } from './server.mjs';

let server;
let client;
before(async () => {
  server = await Server.start();
  client = connect(`127.0.0.1:${server.grpcPort}`);
});
after(async () => {
  client.close();
  assert.equal(await server.stop(), 0, server.output);
  await server.remove();
});

async function post(type, body) {
  const answer = await fetch(`${server.otlp}/v1/traces`, {
    method: 'POST', body, headers: { 'content-type': type } });
  return { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) };
}

/** The status of HTTP that each code of gRPC stands for here. */
const httpStatusOf = { OK: 200, INVALID_ARGUMENT: 400, RESOURCE_EXHAUSTED: 413 };

const ids = traceOf(1)[0];
const spansOf = (...bytes) => field(1, field(2, Buffer.concat(bytes.map((each) => field(2, each)))));
const id = (number, size) => field(number, Buffer.alloc(size, 1));
const good = Buffer.concat([id(1, 16), id(2, 8), field(5, 'a')]);
const with_ = (...fields) => spansOf(Buffer.concat([good, ...fields]));
const attribute = (key, value) => field(9, Buffer.concat([field(1, key), field(2, value)]));
const double = (value) => {
  const bytes = Buffer.alloc(9);
  bytes[0] = 0x21;
  bytes.writeDoubleLE(value, 1);
  return bytes;
};
const repeated = (count, bytes) => Buffer.concat(Array.from({ length: count }, () => bytes));

// Title, bytes, status, spans that are rejected.
const protobuf = [
  ['a varint of eleven bytes', Buffer.from([0x08, ...Array(10).fill(0xff), 1]), 400],
  ['a varint whose last bits have no room', Buffer.from([0x78, ...Array(9).fill(0xff), 0x7f]), 200],
  ['a varint without an end', Buffer.from([0x08, 0xff]), 400],
  ['a length over the end', Buffer.concat([Buffer.from([0x0a]), varint(100), Buffer.alloc(10)]), 400],
  ['a length of 2^63', Buffer.concat([Buffer.from([0x0a, ...Array(9).fill(0x80), 1])]), 400],
  ['a length over the end of a span', spansOf(Buffer.from([0x0a, 127, 1])), 400],
  ['field number 0', Buffer.from([0x02, 0]), 400],
  ['wire type 6', Buffer.from([0x7e]), 400],
  ['wire type 7', Buffer.from([0x7f]), 400],
  ['a known field of another wire type', Buffer.from([0x08, 1]), 200],
  ['an end of a group that was not begun', Buffer.from([0x7c]), 400],
  ['a fixed64 that ends too early', with_(Buffer.from([0x39, 1, 2])), 400],
  ['fields that nobody knows', with_(Buffer.from([0xf8, 7, 1]), field(200, 'x')), 200],
  ['the same field twice', with_(field(5, 'b'), field(5, 'c')), 200],
  ['a name that is no UTF-8', with_(field(5, Buffer.from([0xff, 0xfe]))), 200, 1],
  ['NaN and infinity', with_(attribute('a', double(NaN)), attribute('b', double(-Infinity))), 200],
  ['the same attribute 10,000 times', with_(repeated(10_000, attribute('a', field(1, 'b')))), 200],
  ['a key of 64 KiB', with_(attribute('k'.repeat(65_536), field(1, 'b'))), 200],
  ['an event and a link that are empty', with_(field(11, ''), field(13, '')), 200],
  ['no ids', spansOf(field(5, 'a')), 200, 1],
  ['ids of 0, 7, 15 and 17 bytes', spansOf(
    Buffer.concat([id(1, 0), id(2, 8)]), Buffer.concat([id(1, 16), id(2, 7)]),
    Buffer.concat([id(1, 15), id(2, 8)]), Buffer.concat([id(1, 17), id(2, 8)])), 200, 4],
  ['ids of zeros', spansOf(Buffer.concat([field(1, Buffer.alloc(16)), id(2, 8)]),
                           Buffer.concat([id(1, 16), field(2, Buffer.alloc(8))])), 200, 2],
  ['20,000 empty spans', spansOf(...Array(20_000).fill('')), 200, 20_000],
  ['20,001 empty spans', spansOf(...Array(20_001).fill('')), 413],
  ['a span that is its own parent', spansOf(Buffer.concat([good, id(4, 8)])), 200],
  ['spans that are parents of each other', spansOf(
    Buffer.concat([id(1, 16), field(2, 'aaaaaaaa'), field(4, 'bbbbbbbb')]),
    Buffer.concat([id(1, 16), field(2, 'bbbbbbbb'), field(4, 'aaaaaaaa')])), 200],
  ['times at the end of time', with_(Buffer.from([0x39, ...Array(8).fill(0xff)]),
                                     Buffer.from([0x41, ...Array(8).fill(0)])), 200],
];

/** The varint at `at`, and where it ends. */
function readVarint(bytes, at) {
  let value = 0;
  for (let shift = 0; ; ++at, shift += 7) {
    value += (bytes[at] & 127) * 2 ** shift;
    if (bytes[at] < 128) return [value, at + 1];
  }
}

/** rejected_spans of a protobuf answer: field 1 of partial_success, which is field 1. */
function rejectedOf(reply) {
  if (reply.length === 0) return 0;
  const [, begin] = readVarint(reply, 1);
  return reply[begin] === 0x08 ? readVarint(reply, begin + 1)[0] : 0;
}

for (const [title, bytes, status, rejected = 0] of protobuf) {
  test(`R9: protobuf with ${title} is ${status}`, async () => {
    const answer = await post('application/x-protobuf', bytes);
    assert.equal(answer.status, status, `${answer.body}`);
    const { name, reply, details, trailers } = await call(client, 'export', bytes);
    assert.equal(httpStatusOf[name], status, `${name}: ${details}`);
    if (status === 200) {
      assert.equal(rejectedOf(answer.body), rejected, 'over HTTP');
      assert.equal(rejectedOf(reply), rejected, 'over gRPC');
    }
    assert.ok(!`${trailers?.get('grpc-status-details-bin')}`.includes('RetryInfo'), 'no use to try again');
  });
}

const spanText = (members) => `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"${ids.traceId}",` +
  `"spanId":"${ids.spanId}","name":"a"${members}}]}]}]}`;
const value = (text) => spanText(`,"attributes":[{"key":"k","value":${text}}]`);

// Title, text, status, spans that are rejected.
const json = [
  ['nothing', '', 400],
  ['a byte order mark', `\ufeff${spanText('')}`, 400],
  ['a zero byte', '{"resourceSpans":[]}\0', 400],
  ['trailing data', '{"resourceSpans":[]}{}', 400],
  ['a comment', '{/* none */"resourceSpans":[]}', 400],
  ['a trailing comma', '{"resourceSpans":[],}', 400],
  ['a list at the top', '[]', 400],
  ['null at the top', 'null', 400],
  ['single quotes', "{'resourceSpans':[]}", 400],
  ['a string that does not end', '{"resourceSpans":"', 400],
  ['a raw line break in a string', spanText(',"x":"\n"'), 400],
  ['an escape that is none', spanText(',"name":"\\q"'), 400],
  ['bytes that are no UTF-8 where nobody reads them', Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')]), 200],
  ['nesting below the limit', value('{"arrayValue":{"values":['.repeat(5) + ']}}'.repeat(5)), 200],
  ['nesting of 100,000', value('{"arrayValue":{"values":['.repeat(100_000)), 400],
  ['null for spans', '{"resourceSpans":[{"scopeSpans":[{"spans":null}]}]}', 200],
  ['a member twice', spanText(',"name":"b"'), 200],
  ['an enum by its name', spanText(',"kind":"SPAN_KIND_SERVER"'), 400],
];

for (const [title, text, status, rejected = 0] of json) {
  test(`R9: JSON with ${title} is ${status}`, async () => {
    const answer = await post('application/json', text);
    assert.equal(answer.status, status, `${answer.body}`);
    if (status !== 200) return;
    assert.equal(Number(JSON.parse(answer.body).partialSuccess?.rejectedSpans ?? 0), rejected);
  });
}

// Title, the bytes of a request, the first line of the answer; none: the connection is closed.
const host = 'Host: localhost';
const heads = [
  ['two lengths', `POST /v1/traces HTTP/1.1\r\n${host}\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x`, 400],
  ['length and chunks', `POST /v1/traces HTTP/1.1\r\n${host}\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ['a chunk size that is none', `POST /v1/traces HTTP/1.1\r\n${host}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`, 400],
  ['a space before the colon', `POST /v1/traces HTTP/1.1\r\n${host}\r\nContent-Length : 2\r\n\r\n{}`, 400],
  ['a folded line', `GET /health HTTP/1.1\r\n${host}\r\nX: a\r\n b\r\n\r\n`, 400],
  ['a line feed alone', `GET /health HTTP/1.1\n${host}\n\n`, 400],
  ['a negative length', `POST /v1/traces HTTP/1.1\r\n${host}\r\nContent-Length: -1\r\n\r\n`, 400],
  ['no host', 'GET /health HTTP/1.1\r\n\r\n', 400],
  ['10,000 headers', `GET /health HTTP/1.1\r\n${host}\r\n${'a: b\r\n'.repeat(10_000)}\r\n`, 431],
  ['a header of 1 MiB', `GET /health HTTP/1.1\r\n${host}\r\na: ${'b'.repeat(1 << 20)}\r\n\r\n`, 431],
  ['a path that climbs', `GET /v1/../v1/traces HTTP/1.1\r\n${host}\r\n\r\n`, 404],
  ['a path that climbs in disguise', `GET /v1/%2e%2e/traces HTTP/1.1\r\n${host}\r\n\r\n`, 404],
  ['a method that is none', `G(T / HTTP/1.1\r\n${host}\r\n\r\n`, 400],
];

for (const [title, bytes, status] of heads) {
  test(`R9: a request with ${title} is ${status}`, async () => {
    const socket = dial(server.otlpPort, bytes);
    const timer = setTimeout(() => socket.end(), 500);  // some answers keep the connection
    const answer = await socket.ended;
    clearTimeout(timer);
    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `));
  });
}

/** A generator of numbers below `limit` that gives the same again for the same seed. */
function randomFrom(seed) {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** Cuts, flips, copies or overwrites somewhere. */
function damage(bytes, random) {
  const made = Buffer.from(bytes);
  for (let times = random(4); times >= 0; --times) {
    const at = random(made.length);
    if (random(3) === 0) made[at] ^= 1 << random(8);
    else if (random(2) === 0) made[at] = random(256);
    else made.copy(made, at, random(made.length), random(made.length) + 1);
  }
  return random(4) === 0 ? made.subarray(0, random(made.length)) : made;
}

const seed = Number(process.env.BETRACE_SEED ?? Math.floor(Math.random() * 2 ** 31));
const rounds = Number(process.env.BETRACE_CASES ?? 400);
test(`R9: requests that are damaged at random are taken or refused, never more (seed ${seed})`, async () => {
  const random = randomFrom(seed);
  const spans = [...traceOf(3, { attributes: { a: 'b' } }), ...traceOf(2)];
  const forms = [
    [protobufRequest(spans), (bytes) => post('application/x-protobuf', bytes).then(({ status }) => status)],
    [jsonRequest(spans), (bytes) => post('application/json', bytes).then(({ status }) => status)],
    [protobufRequest(spans), async (bytes) => {
      const { name } = await call(client, 'export', bytes);
      return httpStatusOf[name] ?? name;
    }],
  ];
  const seen = new Map();
  for (let round = 0; round < rounds; ++round) {
    const [bytes, send] = forms[round % forms.length];
    const status = await send(damage(bytes, random));
    seen.set(status, (seen.get(status) ?? 0) + 1);
  }
  for (const status of seen.keys()) assert.ok(status === 200 || status === 400, `${status}`);
  assert.ok(seen.size === 2, 'some of each');
});

test('R9: after all of it every span is accounted for and good ones are taken', async () => {
  assert.equal((await post('application/json', jsonRequest(traceOf(3)))).status, 200);
  const { code } = await call(client, 'export', protobufRequest(traceOf(3)));
  assert.equal(code, grpc.status.OK);
  const spans = await spansAccountedFor(server);
  assert.ok(spans.ingested >= 6 && spans.rejected >= 20_000, JSON.stringify(spans));
  assert.equal((await server.get('/ready')).status, 200);
});
