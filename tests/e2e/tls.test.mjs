// TLS on all three listeners, with real clients: openssl, node, the OpenTelemetry SDK; certificates of
// clients; and certificates that change while connections live.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import { after, before, test } from 'node:test';

import grpc from '@grpc/grpc-js';
import { SpanStatusCode } from '@opentelemetry/api';
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';

import { makeCertificates } from './certificates.mjs';
import { call, connect, healthRequest } from './grpc.mjs';
import { ask, eventually, freePort, program, Server } from './server.mjs';

const key = 'correct-horse-battery-staple';
const byKey = { 'x-api-key': key };
let made;
let ca;
let server;

before(async () => {
  made = await makeCertificates();
  ca = made.ca.certificate;
  await made.issue('agent', 'DNS:agent.example,URI:spiffe://example/agent');
  await made.issue('nobody', 'DNS:nobody.example');
  await made.issue('expired', 'DNS:agent.example', -1);
  await made.issue('revoked', 'DNS:agent.example');
  await writeFile(made.file('keys.yaml'), '- {id: agent, roles: [ingest, read], san: "spiffe://example/agent"}\n');
  for (const kind of ['pem', 'key']) await copyFile(made.file(`server.${kind}`), made.file(`live.${kind}`));
  server = await Server.start({ ca, env: {
    BETRACE_TLS_CERT: made.file('live.pem'), BETRACE_TLS_KEY: made.file('live.key'),
    BETRACE_TLS_CLIENT_CA: await made.revoke('revoked'), BETRACE_API_KEYS_FILE: made.file('keys.yaml'),
    BETRACE_API_KEY: key, BETRACE_LIMITS_TLS_TIME: '500ms' } });
});

after(async () => {
  await server.stop();
  await server.remove();
  await made.remove();
});

const ports = () => [server.httpPort, server.otlpPort, server.grpcPort];

/** What `openssl s_client` says of a port. */
function openssl(port, ...flags) {
  const run = spawnSync('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-CAfile', made.ca.certificateFile,
    ...flags], { input: '', encoding: 'utf8' });
  return run.stdout + run.stderr;
}

test('TLS 1.2 and 1.3 are spoken, older versions and plain text are not', async () => {
  for (const port of ports()) {
    for (const version of ['-tls1_2', '-tls1_3']) {
      assert.match(openssl(port, version), /Verify return code: 0/, `${port} ${version}`);
    }
    for (const version of ['-tls1', '-tls1_1']) {
      assert.match(openssl(port, version, '-cipher', 'ALL:@SECLEVEL=0'), /no peer certificate/);
    }
    const plain = net.connect(port, '127.0.0.1');
    plain.end('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n');
    let text = '';
    plain.on('data', (bytes) => { text += bytes; });
    await new Promise((resolve) => plain.once('close', resolve).on('error', () => {}));
    assert.doesNotMatch(text, /HTTP/);
  }
});

test('the protocol is agreed on: h2 on the gRPC port, http/1.1 on the others', () => {
  for (const port of ports()) {
    const protocol = port === server.grpcPort ? 'h2' : 'http/1.1';
    assert.match(openssl(port, '-alpn', 'h2,http/1.1'), new RegExp(`ALPN protocol: ${protocol}`));
    assert.match(openssl(port, '-alpn', 'spdy/1'), /no application protocol/);
  }
});

test('a page is told to stay on TLS, and what it may run', async () => {
  const { status, headers } = await ask(`${server.api}/v1/rules`, { ca, headers: byKey });
  assert.equal(status, 200);
  assert.equal(headers['strict-transport-security'], 'max-age=31536000');
  assert.match(headers['content-security-policy'], /^default-src 'none';.*frame-ancestors 'none'$/);
  assert.equal((await ask(`${server.api}/v1/rules`, { ca })).status, 401);
});

test('large bodies go both ways', async () => {
  const spans = Array.from({ length: 3000 }, (_, index) => ({ trace_id: `t${index}`, span_id: `s${index}`,
    name: 'n'.repeat(500), start_time: '2026-01-31T10:00:00Z', duration_ms: 1 }));
  const { status, text } = await ask(`${server.api}/v1/spans`, { ca, method: 'POST', body: JSON.stringify({ spans }),
    headers: { ...byKey, 'content-type': 'application/json' } });
  assert.deepEqual([status, text], [202, '{"accepted":3000,"rejected":0,"errors":[]}']);
  assert.ok((await ask(`${server.api}/metrics`, { ca })).text.length > 16 * 1024, 'more than a record of TLS');
});

async function exportOne(metadata, credentials) {
  const exporter = new GrpcExporter({ url: `https://localhost:${server.grpcPort}`, credentials, metadata });
  const provider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
  const span = provider.getTracer('shop').startSpan('over tls');
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
  const failure = await new Promise((resolve) => {
    exporter.export([span], (result) => resolve(result.error));
  });
  await provider.shutdown().catch(() => {});
  return failure;
}

test('the SDK sends over gRPC with a key, or with a certificate, and not without', async () => {
  const plain = grpc.credentials.createSsl(ca);
  const metadata = (name, value) => { const all = new grpc.Metadata(); all.set(name, value); return all; };
  assert.equal(await exportOne(metadata('x-api-key', key), plain), undefined);
  assert.equal(await exportOne(metadata('authorization', `Bearer ${key}`), plain), undefined);
  assert.equal((await exportOne(metadata('x-api-key', 'wrong'), plain))?.code, grpc.status.UNAUTHENTICATED);
  const { key: agentKey, certificate } = await clientOf('agent');
  assert.equal(await exportOne(new grpc.Metadata(), grpc.credentials.createSsl(ca, agentKey, certificate)), undefined);
});

async function clientOf(name) {
  return { key: await readFile(made.file(`${name}.key`)), certificate: await readFile(made.file(`${name}.pem`)) };
}

test('a certificate has the roles of its name, and a foreign, expired or revoked one does not connect', async () => {
  const asked = async (name, path = '/v1/rules') => {
    const { key: clientKey, certificate } = await clientOf(name);
    return ask(server.api + path, { ca, key: clientKey, cert: certificate, agent: false }).then(
      ({ status }) => status, (error) => error.code);
  };
  assert.equal(await asked('agent'), 200);
  assert.equal(await asked('agent', '/v1/rules/export'), 200);
  assert.equal(await asked('nobody'), 401);
  assert.equal(await asked('nobody', '/health'), 200);
  for (const name of ['expired', 'revoked']) assert.match(await asked(name), /ECONNRESET|ALERT|EPIPE/, name);
  const other = await makeCertificates();
  const foreign = await ask(`${server.api}/health`, { ca, key: other.client.key, cert: other.client.certificate,
    agent: false }).then(({ status }) => status, (error) => error.code);
  await other.remove();
  assert.match(`${foreign}`, /ECONNRESET|ALERT|EPIPE/);
  const { key: clientKey, certificate } = await clientOf('agent');
  const denied = await ask(`${server.api}/v1/violations/resend`, { ca, key: clientKey, cert: certificate, method: 'POST',
    headers: { 'content-type': 'application/json' }, body: '{"from_seq":"1"}' });
  assert.equal(denied.status, 403);
});

test('a handshake that stalls is cut', async () => {
  for (const port of ports()) {
    const silent = net.connect(port, '127.0.0.1');
    await new Promise((resolve) => silent.once('close', resolve).on('error', () => {}));
  }
  assert.match((await ask(`${server.api}/metrics`, { ca })).text, /betrace_timeouts_total\{phase="tls"\} 3/);
});

test('the command line of the same machine trusts the certificate that is in the file', () => {
  const health = (cert) => spawnSync(program, ['healthcheck', '--http-port', `${server.httpPort}`],
    { encoding: 'utf8', env: { ...process.env, BETRACE_TLS_CERT: cert, BETRACE_TLS_KEY: made.file('live.key') } });
  assert.deepEqual([health(made.file('live.pem')).status, health(made.file('agent.pem')).status], [0, 1]);
});

const subjectOf = (port) => new Promise((resolve, reject) => {
  const socket = tls.connect({ port, host: '127.0.0.1', ca, checkServerIdentity: () => undefined }, () => {
    resolve(socket.getPeerCertificate().subject.CN);
    socket.end();
  });
  socket.on('error', reject);
});

test('the demo names https when it serves it', async () => {
  const [http, otlp, traces] = [await freePort(), await freePort(), 3];
  const demo = spawnSync(program, ['demo', '--serve', '--traces', `${traces}`, '--http-port', `${http}`,
    '--otlp-http-port', `${otlp}`, '--otlp-grpc-port', '0', '--storage-path', made.file('demo')], { encoding: 'utf8', env: {
      ...process.env, BETRACE_TLS_CERT: made.file('server.pem'), BETRACE_TLS_KEY: made.file('server.key') } });
  assert.equal(demo.status, 0, demo.stdout + demo.stderr);
  assert.match(demo.stdout, new RegExp(`^BeTrace serves on https://127\\.0\\.0\\.1:${http} `, 'm'));
});

test('a new certificate is taken up without a connection lost, by change and by SIGHUP', async () => {
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  const client = connect(`localhost:${server.grpcPort}`, {}, grpc.credentials.createSsl(ca));
  const alive = async () => {
    const { status } = await ask(`${server.api}/health`, { ca, agent });
    return [status, (await call(client, 'check', healthRequest(''))).name];
  };
  assert.deepEqual(await alive(), [200, 'OK']);
  const sockets = () => Object.values(agent.freeSockets).flat();
  const [first] = sockets();
  for (const [name, signal] of [['second', undefined], ['third', 'SIGHUP']]) {
    await made.issue(name);
    for (const kind of ['key', 'pem']) await copyFile(made.file(`${name}.${kind}`), made.file(`live.${kind}`));
    if (signal) server.process.kill(signal);
    for (const port of ports()) {
      await eventually(name, async () => ((await subjectOf(port)) === name ? true : undefined));
    }
    assert.deepEqual(await alive(), [200, 'OK']);
    assert.equal(sockets()[0], first, 'the connection of before lives on');
  }
  await writeFile(made.file('live.pem'), 'nothing');
  await eventually('the complaint', () => (/was not read again/.test(server.output) ? true : undefined));
  assert.equal(await subjectOf(server.httpPort), 'third');
  await copyFile(made.file('third.pem'), made.file('live.pem'));
  client.close();
  agent.destroy();
});

test('half of a certificate, or one of another key, ends the start', () => {
  const run = (env) => spawnSync(program, ['config', 'check'], { encoding: 'utf8', env: { ...process.env, ...env } });
  const half = run({ BETRACE_TLS_CERT: made.file('server.pem') });
  assert.deepEqual([half.status, half.stderr], [2, 'config error: BETRACE_TLS_CERT (environment): needs tls.key\n']);
  const wrong = run({ BETRACE_TLS_CERT: made.file('server.pem'), BETRACE_TLS_KEY: made.file('agent.key') });
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /tls\.key: .*key values mismatch/);
});
