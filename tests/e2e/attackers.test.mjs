// R11: clients that are slow on purpose and floods of frames are cut, and good clients hardly notice.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { callHead, dial, flags, frame, literal, preface, settings, types } from './h2.mjs';
import { held, readMetrics, residentBytes, sumOf } from './metrics.mjs';
import { jsonRequest, protobufRequest, traceOf } from './otlp.mjs';
import { Probe, quantile } from './probe.mjs';
import { showProgress } from './progress.mjs';
import { eventually, Server } from './server.mjs';

const seconds = Number(process.env.BETRACE_ATTACK_SECONDS ?? 5);
const mebibyte = 1024 * 1024;
const attacker = { from: '127.0.0.2' };
// A good client may wait so long on any machine that tests run on, attacked or not.
const noiseMs = 100;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

let server;
before(async () => {
  server = await Server.start({ flags: ['--limits-header-time', '1s', '--limits-body-time', '2s',
    '--limits-idle-time', '3s', '--limits-min-rate', '1MiB',
    '--limits-connections-per-ip', '200'] });
});
after(async () => {
  assert.equal(await server.stop(), 0, server.output);
  await server.remove();
});

/** One good client of each port, each from a thread of its own; returns what they saw by name. */
async function goodClientsDuring(abuse) {
  const spans = traceOf(5);
  const post = (type, body) => ({ method: 'POST', headers: { 'content-type': type }, body });
  const probes = {
    health: await Probe.start(`${server.api}/health`),
    http_protobuf: await Probe.start(`${server.otlp}/v1/traces`,
      post('application/x-protobuf', protobufRequest(spans))),
    http_json: await Probe.start(`${server.otlp}/v1/traces`,
      post('application/json', jsonRequest(spans))),
    grpc: await Probe.start(`grpc://127.0.0.1:${server.grpcPort}`, { body: protobufRequest(spans) }),
  };
  await abuse();
  const seen = {};
  for (const [name, probe] of Object.entries(probes)) seen[name] = await probe.stop();
  return seen;
}

let before_;
test('R11: good clients alone, to compare with', async () => {
  before_ = await goodClientsDuring(() => pause(2_000));
  for (const { failures } of Object.values(before_)) assert.deepEqual(failures, []);
});

/**
 * Lets `count` attackers run side by side until the time is over, each opening a connection, doing its
 * worst until it is cut, and coming again. Returns how often one was cut.
 */
async function attack(count, port, begin, worse) {
  const end = Date.now() + seconds * 1000;
  let cuts = 0;
  await Promise.all(Array.from({ length: count }, async () => {
    while (Date.now() < end) {
      const socket = dial(port, begin, attacker);
      let isCut = false;
      socket.ended.then(() => { isCut = true; });
      while (!isCut && Date.now() < end) {
        const next = worse(socket);
        // What the server does not take is not piled up here.
        if (socket.writableLength < mebibyte) socket.write(next ?? '');
        await pause(next === undefined ? 50 : 5);
      }
      cuts += isCut ? 1 : 0;
      socket.destroy();
      await pause(20);
    }
  }));
  return cuts;
}

const repeated = (times, bytes) => Buffer.concat(Array(times).fill(bytes));
const hello = Buffer.concat([preface, settings()]);
const begun = (stream) => frame(types.headers, flags.endHeaders, stream, callHead());
const ping = frame(types.ping, 0, 0, Buffer.alloc(8));
const odd = (socket) => { socket.stream = (socket.stream ?? -1) + 2; return socket.stream; };

const slowHead = 'POST /v1/traces HTTP/1.1\r\nHost: localhost\r\n';
const slowBody = `${slowHead}Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n`;
const unread = 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n';

// Title, port, first bytes, what comes then again and again, and the metric that tells of it. Windows
// of zero cost the caller his calls, not the connection; everything else does.
const attacks = [
  ['heads that never end', 'otlpPort', slowHead, () => 'a: b\r\n'.slice(0, 1), 'betrace_timeouts_total', 'phase="header"'],
  ['bodies that never end', 'otlpPort', slowBody, () => ' ', 'betrace_timeouts_total', 'phase="body"'],
  ['answers that are not read', 'httpPort', unread,
    (socket) => { socket.pause(); return unread.repeat(50); }, 'betrace_timeouts_total', 'phase="write"'],
  ['connections that say nothing', 'grpcPort', '', () => undefined, 'betrace_timeouts_total', 'phase="header"'],
  ['windows of zero', 'grpcPort', Buffer.concat([preface, settings([4, 0])]),
    (socket) => Buffer.concat([begun(odd(socket)), frame(types.data, flags.endStream, socket.stream,
                                                         Buffer.from([0, 0, 0, 0, 0]))]),
    'betrace_timeouts_total', 'phase="write"'],
  ['rapid resets', 'grpcPort', hello, (socket) => Buffer.concat(Array.from({ length: 50 }, () =>
    Buffer.concat([begun(odd(socket)), frame(types.reset, 0, socket.stream, Buffer.alloc(4))]))),
    'betrace_h2_abuse_total', 'kind="reset"'],
  ['CONTINUATION frames', 'grpcPort', Buffer.concat([hello, frame(types.headers, 0, 1, callHead())]),
    () => repeated(50, frame(types.continuation, 0, 1, literal('a', 'b'))),
    'betrace_h2_abuse_total', 'kind="continuation"'],
  ['PING frames', 'grpcPort', hello, () => repeated(50, ping), 'betrace_h2_abuse_total', 'kind="ping"'],
  ['SETTINGS frames', 'grpcPort', hello, () => repeated(50, settings()),
    'betrace_h2_abuse_total', 'kind="settings"'],
  ['empty DATA frames', 'grpcPort', Buffer.concat([hello, begun(1)]),
    () => repeated(50, frame(types.data, 0, 1)), 'betrace_h2_abuse_total', 'kind="empty_data"'],
];

test('R11: good clients during all attacks at once', { timeout: (seconds + 60) * 1000 }, async (context) => {
  let cuts;
  const resident = await residentBytes(server);
  const hide = showProgress(async () => `${Math.round((await residentBytes(server)) / mebibyte)} MiB, ` +
    `${(await held(server)).descriptors} descriptors`);
  const seen = await goodClientsDuring(async () => {
    cuts = await Promise.all(attacks.map(
      ([, port, begin, worse]) => attack(5, server[port], begin, worse)));
  });
  hide();
  context.diagnostic(`cut: ${attacks.map(([title], index) => `${title} ${cuts[index]}`).join(', ')}`);
  for (const [name, { latencies, failures }] of Object.entries(seen)) {
    const p99 = quantile(latencies, 0.99);
    const alone = quantile(before_[name].latencies, 0.99);
    context.diagnostic(`${name}: p99 ${p99.toFixed(1)} ms of ${latencies.length}, alone ${alone.toFixed(1)} ms`);
    assert.deepEqual(failures, [], name);
    assert.ok(p99 <= Math.max(2 * alone, noiseMs), `${name}: ${p99} ms, alone ${alone} ms`);
  }
  for (const [index, [title]] of attacks.entries()) {
    if (title !== 'windows of zero') assert.ok(cuts[index] > 0, `${title} are cut`);
  }
  const grown = (await residentBytes(server)) - resident;
  assert.ok(grown < 64 * mebibyte, `it grew by ${grown / mebibyte} MiB`);
});

for (const [title, , , , metric, labels] of attacks) {
  test(`R11: ${title} are counted`, async () => {
    assert.ok(sumOf(await readMetrics(server), metric, labels) > 0);
  });
}

test('R11: nothing of the attackers stays', async () => {
  await eventually('their connections are gone', async () => {
    const { descriptors } = await held(server);
    return descriptors < 64 ? true : undefined;
  });
});
