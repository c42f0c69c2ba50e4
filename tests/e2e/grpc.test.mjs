// OTLP/gRPC with a real client, grpc-js: health, limits, many calls at once, an orderly end, and a
// real proxy in front.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import grpc from '@grpc/grpc-js';

import { call, connect, healthRequest, paddedRequest, traceService } from './grpc.mjs';
import { eventually, freePort, Server } from './server.mjs';

const serving = Buffer.from([0x08, 1]);
const notServing = Buffer.from([0x08, 2]);
const serviceUnknown = Buffer.from([0x08, 3]);

let server;
let client;

before(async () => {
  server = await Server.start();
  client = connect(`127.0.0.1:${server.grpcPort}`);
});

after(async () => {
  client.close();
  await server.stop();
  await server.remove();
});

/** Everything that a watch shows, as it comes. */
function watch(from, service) {
  const shown = { messages: [], status: undefined };
  const stream = from.watch(healthRequest(service));
  stream.on('data', (message) => shown.messages.push(message));
  stream.on('status', (status) => { shown.status = status; });
  stream.on('error', () => {});
  return shown;
}

test('health is checked by the name of the service', async () => {
  for (const service of ['', traceService]) {
    const { name, reply } = await call(client, 'check', healthRequest(service));
    assert.equal(name, 'OK');
    assert.deepEqual(reply, serving);
  }
  assert.equal((await call(client, 'check', healthRequest('other'))).name, 'NOT_FOUND');
});

test('other signals are answered UNIMPLEMENTED', async () => {
  const { name } = await call(client, 'metrics', Buffer.alloc(0));
  assert.equal(name, 'UNIMPLEMENTED');
});

for (const compression of ['identity', 'gzip']) {
  test(`messages of up to 4 MiB are taken (${compression})`, async () => {
    const limit = 4 * 1024 * 1024;
    const options = compression === 'gzip'
      ? { 'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip } : {};
    const from = connect(`127.0.0.1:${server.grpcPort}`, options);
    for (const [size, expected] of [
      [limit - 1, 'OK'], [limit, 'OK'], [limit + 1, 'RESOURCE_EXHAUSTED'], [limit, 'OK']]) {
      const { name, trailers } = await call(from, 'export', paddedRequest(size));
      assert.equal(name, expected, `${size} bytes`);
      assert.equal(trailers?.get('grpc-status-details-bin').length ?? 0, 0, 'it would fail again');
    }
    from.close();
  });
}

test('a hundred calls and more at once are answered on one connection', async () => {
  const calls = Array.from({ length: 500 }, () => call(client, 'export', paddedRequest(100_000)));
  const names = new Set((await Promise.all(calls)).map(({ name }) => name));
  assert.deepEqual([...names], ['OK']);
});

test('malformed spans are refused for good, with the reason', async () => {
  const { name, trailers } = await call(client, 'export', Buffer.from([0x0a, 0xff, 0xff]));
  assert.equal(name, 'INVALID_ARGUMENT');
  const [details] = trailers.get('grpc-status-details-bin');
  assert.match(details.toString('latin1'), /google\.rpc\.BadRequest/);
});

test('calls are counted by method and code', async () => {
  await call(client, 'check', healthRequest('another'));
  const text = await (await fetch(`${server.api}/metrics`)).text();
  assert.match(text, /^betrace_grpc_requests_total\{method="Check",code="NOT_FOUND"\} [1-9]/m);
  assert.match(text, /^betrace_grpc_request_duration_seconds_count\{method="Export",code="OK"\}/m);
  assert.match(text, /^betrace_refused_total\{limit="grpc_message",protocol="grpc"\} [1-9]/m);
});

test('an orderly end tells watchers, and loses no call in flight', async () => {
  const ending = await Server.start();
  const from = connect(`127.0.0.1:${ending.grpcPort}`);
  const shown = watch(from, '');
  const unknown = watch(from, 'other');
  await eventually('the first states', () =>
    shown.messages.length > 0 && unknown.messages.length > 0 ? true : undefined);
  assert.deepEqual(unknown.messages, [serviceUnknown]);

  const names = new Map();
  let isEnded = false;
  const senders = Array.from({ length: 20 }, async () => {
    while (!isEnded) {
      const { name, details } = await call(from, 'export', paddedRequest(50_000));
      names.set(name, details);
    }
  });
  await eventually('the first call', () => names.has('OK') ? true : undefined);
  const code = await ending.stop();
  isEnded = true;
  await Promise.all(senders);
  assert.equal(code, 0);
  names.delete('OK');
  names.delete('UNAVAILABLE');
  assert.deepEqual([...names], [], 'nothing that an exporter would not send again');
  await eventually('the end of the watches', () => shown.status && unknown.status);
  assert.deepEqual(shown.messages, [serving, notServing]);
  assert.equal(shown.status.code, grpc.status.OK);
  from.close();
  await ending.remove();
});

const nginx = '/usr/sbin/nginx';
const skip = existsSync(nginx) ? false : `SKIPPED: ${nginx} is not installed`;
if (skip) console.log(skip);

test('nginx passes calls on', { skip }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'betrace-nginx-'));
  const port = await freePort();
  await writeFile(join(folder, 'nginx.conf'), `
daemon off;
master_process off;
pid ${folder}/pid;
error_log stderr warn;
events {}
http {
  access_log off;
  client_body_temp_path ${folder};
  proxy_temp_path ${folder};
  fastcgi_temp_path ${folder};
  uwsgi_temp_path ${folder};
  scgi_temp_path ${folder};
  client_max_body_size 0;
  server {
    listen 127.0.0.1:${port} http2;
    location / { grpc_pass grpc://127.0.0.1:${server.grpcPort}; }
  }
}
`);
  const proxy = spawn(nginx, ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr']);
  let output = '';
  proxy.stderr.on('data', (text) => { output += text; });
  const from = connect(`127.0.0.1:${port}`);
  try {
    await eventually('the proxy', async () => {
      if (proxy.exitCode !== null) throw new Error(`nginx ended:\n${output}`);
      const { name } = await call(from, 'check', healthRequest(''));
      return name === 'OK' ? true : undefined;
    });
    for (const size of [100, 100_000, 4 * 1024 * 1024]) {
      assert.equal((await call(from, 'export', paddedRequest(size))).name, 'OK', `${size}\n${output}`);
    }
    // The proxy opens a connection for each call; a hundred may come from one address.
    const many = Array.from({ length: 80 }, () => call(from, 'export', paddedRequest(10_000)));
    assert.deepEqual([...new Set((await Promise.all(many)).map(({ name }) => name))], ['OK'], output);
    const over = await call(from, 'export', paddedRequest(4 * 1024 * 1024 + 1));
    assert.equal(over.name, 'RESOURCE_EXHAUSTED', output);
    assert.equal((await call(from, 'metrics', Buffer.alloc(0))).name, 'UNIMPLEMENTED', output);
  } finally {
    from.close();
    proxy.kill();
    await rm(folder, { recursive: true, force: true });
  }
});
