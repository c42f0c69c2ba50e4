// R10: what is small on the wire and large in memory is refused, and costs no more memory than a body
// may have.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';

import { callHead, dial, flags, frame, message, preface, rawCall, settings, types } from './h2.mjs';
import { readMetrics, residentBytes, sumOf } from './metrics.mjs';
import { jsonRequest, protobufRequest, traceOf } from './otlp.mjs';
import { eventually, Server } from './server.mjs';

const mebibyte = 1024 * 1024;
const bodyMax = 20 * mebibyte;
const messageMax = 4 * mebibyte;
const slack = 16 * mebibyte;

let server;
before(async () => {
  server = await Server.start();
  // What each thread keeps for the next request is no part of what one bomb costs.
  for (let round = 0; round < 8; ++round) {
    await post('application/x-protobuf', protobufRequest(traceOf(1000)), {});
    await post('application/json', jsonRequest(traceOf(1000)), {});
    await rawCall(server.grpcPort, message(protobufRequest(traceOf(1000))));
  }
});
after(async () => {
  assert.equal(await server.stop(), 0, server.output);
  await server.remove();
});

async function post(type, body, headers) {
  const answer = await fetch(`${server.otlp}/v1/traces`, {
    method: 'POST', body, headers: { 'content-type': type, ...headers } });
  await answer.arrayBuffer();
  return answer.status;
}

/** Runs `abuse` and returns by how many bytes the server grew at most meanwhile. */
async function growthDuring(abuse) {
  await writeFile(`/proc/${server.process.pid}/clear_refs`, '5');  // VmHWM begins anew
  const before = await residentBytes(server);
  await abuse();
  return (await residentBytes(server, 'VmHWM')) - before;
}

const gzip = { 'content-encoding': 'gzip' };
const zeros = (bytes) => Buffer.alloc(bytes);
const whole = gzipSync(protobufRequest(traceOf(3)));
const damaged = (at) => {
  const made = Buffer.from(whole);
  made[made.length + at] ^= 1;
  return made;
};
const bomb = gzipSync(zeros(64 * mebibyte), { level: 9 });
const nested = gzipSync(bomb);
const large = gzipSync(zeros(256 * mebibyte), { level: 1 });

// Title, bytes, status over HTTP, and code over gRPC.
const bombs = [
  ['a bomb of 1,028:1', bomb, 413, 8],
  ['a bomb of 256 MiB', large, 413, 8],
  ['a bomb in a bomb', nested, 400, 3],
  ['sixteen bombs in a row', Buffer.concat(Array(16).fill(gzipSync(zeros(2 * mebibyte)))), 413, 8],
  ['ten thousand empty members', Buffer.concat(Array(10_000).fill(gzipSync(''))), 400, 3],
  ['two members', Buffer.concat([whole, gzipSync(protobufRequest(traceOf(2)))]), 200, 0],
  ['a member and garbage', Buffer.concat([whole, Buffer.from('garbage')]), 400, 3],
  ['no end', whole.subarray(0, whole.length - 9), 400, 3],
  ['no trailer', whole.subarray(0, whole.length - 8), 400, 3],
  ['a wrong checksum', damaged(-8), 400, 3],
  ['a wrong length', damaged(-4), 400, 3],
  ['a head alone', whole.subarray(0, 10), 400, 3],
  ['zlib instead of gzip', deflateSync(protobufRequest(traceOf(3))), 400, 3],
];

for (const [title, bytes, status, code] of bombs) {
  test(`R10: gzip with ${title} is ${status}, and ${code} over gRPC`, async () => {
    for (const type of ['application/x-protobuf', 'application/json']) {
      let seen;
      const grown = await growthDuring(async () => { seen = await post(type, bytes, gzip); });
      const isJsonNow = type === 'application/json' && status === 200;
      assert.equal(seen, isJsonNow ? 400 : status, `${type}, ${bytes.length} bytes`);
      assert.ok(grown <= bodyMax + slack, `${type}: it grew by ${grown / mebibyte} MiB`);
    }
    let call;
    const grown = await growthDuring(async () => {
      call = await rawCall(server.grpcPort, message(bytes, { isCompressed: true }), { 'grpc-encoding': 'gzip' });
    });
    const isTooLong = bytes.length > messageMax;
    assert.equal(call.grpc, isTooLong ? 8 : code, JSON.stringify(call));
    if (code === 8) assert.ok(!call.hasDetails, 'no use to try again');
    assert.ok(grown <= messageMax + slack, `gRPC: it grew by ${grown / mebibyte} MiB`);
  });
}

for (const coding of ['br', 'deflate', 'zstd', 'compress', 'gzip, gzip', 'gzip;q=1', 'GZIP2', 'identity, br']) {
  test(`R10: the coding ${coding} is 415`, async () => {
    assert.equal(await post('application/x-protobuf', whole, { 'content-encoding': coding }), 415);
  });
}

const plain = protobufRequest(traceOf(3));
// Title, bytes, headers, code.
const frames = [
  ['a length of 4 GiB', message(plain, { length: 0xffffffff }), {}, 8],
  ['a length just over the limit', message(plain, { length: messageMax + 1 }), {}, 8],
  ['a length over what comes', message(plain, { length: plain.length + 1 }), {}, undefined],
  ['a length under what comes', message(plain, { length: plain.length - 1 }), {}, undefined],
  ['half a prefix', Buffer.from([0, 0, 0]), {}, undefined],
  ['no message', Buffer.alloc(0), {}, undefined],
  ['two messages', Buffer.concat([message(plain), message(plain)]), {}, undefined],
  ['a flag that nobody knows', Buffer.concat([Buffer.from([2]), message(plain).subarray(1)]), {}, undefined],
  ['a compressed message of a plain call', message(whole, { isCompressed: true }), {}, undefined],
  ['an encoding that nobody has', message(whole, { isCompressed: true }), { 'grpc-encoding': 'br' }, 12],
];

for (const [title, bytes, headers, code] of frames) {
  test(`R10: a call with ${title} is refused for good`, async () => {
    const { grpc, hasDetails } = await rawCall(server.grpcPort, bytes, headers);
    // UNIMPLEMENTED, INTERNAL and INVALID_ARGUMENT are what gRPC itself says of a broken stream.
    if (code === undefined) assert.ok([3, 12, 13].includes(grpc), `${grpc}`);
    else assert.equal(grpc, code);
    assert.ok(!hasDetails || grpc === 3, 'no use to try again');
  });
}

/** A head that puts one large field into the table and then names it again and again. */
function hpackBomb(times) {
  const value = Buffer.alloc(3_900, 0x61);
  const stored = Buffer.concat([Buffer.from([0x40, 1, 0x78, 0x7f, 0xbd, 0x1d]), value]);
  return Buffer.concat([callHead(), stored, Buffer.alloc(times, 0x80 | 62)]);
}

test('R10: a head that names a large field 10,000 times is refused before it is unpacked', async () => {
  const head = hpackBomb(10_000);
  const grown = await growthDuring(async () => {
    const socket = dial(server.grpcPort, Buffer.concat([preface, settings(),
      frame(types.headers, flags.endHeaders | flags.endStream, 1, head)]));
    // Answered as too large, or cut; never taken.
    await Promise.race([socket.ended, eventually('an answer',
      () => (socket.received.length > 100 ? true : undefined), 10_000)]);
    socket.destroy();
  });
  assert.ok(grown <= slack, `it grew by ${grown / mebibyte} MiB`);
  const refused = await eventually('the refusal', async () => {
    const metrics = await readMetrics(server);
    return sumOf(metrics, 'betrace_refused_total', 'limit="header_bytes",protocol="grpc"') +
           sumOf(metrics, 'betrace_h2_abuse_total', 'kind="head_bytes"') || undefined;
  }, 10_000);
  assert.equal(refused, 1);
});

test('R10: eighty bombs at once cost no more memory than bodies may have, and are all refused', async () => {
  let answers;
  const grown = await growthDuring(async () => {
    answers = await Promise.all(Array.from({ length: 40 }, (_, index) => [
      post(index % 2 ? 'application/json' : 'application/x-protobuf', bomb, gzip),
      rawCall(server.grpcPort, message(bomb, { isCompressed: true }), { 'grpc-encoding': 'gzip' }),
    ]).flat());
  });
  for (const answer of answers) assert.ok(answer === 413 || answer === 503 || answer.grpc === 8, `${answer}`);
  assert.ok(grown <= 256 * mebibyte, `it grew by ${grown / mebibyte} MiB`);
  assert.equal(await post('application/x-protobuf', plain, {}), 200);
});
