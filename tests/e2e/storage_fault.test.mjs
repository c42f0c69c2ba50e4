// A disk that takes nothing: clear refusals, memory equal to the disk, and recovery by itself.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { eventually, Server } from './server.mjs';

const rule = (name) => ({ name, severity: 'HIGH', expression: 'span.duration > 2s' });

/** Every file stays as long as it is: what a full disk does, without needing one. */
function limitFiles(server, bytes) {
  execFileSync('prlimit', ['--pid', `${server.process.pid}`, `--fsize=${bytes}`]);
}

async function expectRefused(server, before) {
  const refused = await server.post('/v1/rules', rule('second'));
  assert.equal(refused.status, 503);
  assert.match(refused.body.error.code, /^storage_/);
  assert.ok(refused.body.error.message.length > 0);
  assert.equal(refused.headers.get('retry-after'), '1');
  assert.deepEqual((await server.get('/v1/rules')).body.rules, before);
  const ready = await eventually('not ready', async () => {
    const answer = await server.get('/ready');
    return answer.status === 503 ? answer.body : undefined;
  });
  assert.match(ready.checks.storage, /^error: /);
}

async function expectRecovered(server, before) {
  await eventually('ready again', async () =>
    ((await server.get('/ready')).status === 200 ? true : undefined));
  const taken = await server.post('/v1/rules', rule('second'));
  assert.equal(taken.status, 201);
  assert.deepEqual((await server.get('/v1/rules')).body.rules, [...before, taken.body]);
}

async function faulted(breakDisk, mendDisk) {
  const server = await Server.start();
  try {
    assert.equal((await server.post('/v1/rules', rule('first'))).status, 201);
    const before = (await server.get('/v1/rules')).body.rules;
    await breakDisk(server);
    await expectRefused(server, before);
    await mendDisk(server);
    await expectRecovered(server, before);
  } finally {
    assert.equal(await server.stop(), 0, server.output);
    await server.remove();
  }
}

test('a full disk gives 503 and costs nothing', () =>
  faulted((server) => limitFiles(server, '1:'), (server) => limitFiles(server, 'unlimited:')));

test('a rule directory that is gone gives 503 and costs nothing', () => {
  const rules = (server) => join(server.folder, 'rules');
  return faulted(async (server) => {
    await rename(rules(server), `${rules(server)}.away`);
    await writeFile(rules(server), 'not a directory');
  }, async (server) => {
    await rm(rules(server));
    await rename(`${rules(server)}.away`, rules(server));
  });
});

test('violations wait for a full disk and are there when it has room', async () => {
  const server = await Server.start();
  assert.equal((await server.post('/v1/rules', rule('slow'))).status, 201);
  limitFiles(server, '1:');
  const span = { trace_id: '4bf92f3577b34da6a3ce929d0e0e4736', span_id: '00f067aa0ba902b7',
    name: 'api.request', service: 'checkout', kind: 'SERVER', duration_ms: 2500 };
  assert.equal((await server.post('/v1/spans', { spans: [span] })).status, 202);
  await eventually('not ready', async () =>
    ((await server.get('/ready')).status === 503 ? true : undefined));
  limitFiles(server, 'unlimited:');
  const total = await eventually('the violation', async () =>
    (await server.get('/v1/violations')).body.total || undefined);
  assert.equal(total, 1);
  assert.equal(await server.stop(), 0, server.output);
  await server.remove();
});

test('a start on a full disk says what is wrong and where', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'betrace-e2e-'));
  await assert.rejects(Server.start({ folder, under: ['prlimit', '--fsize=1000'] }),
    ({ message }) => /no room: the disk is full.*state\.path is .*BETRACE_STATE_PATH/.test(message));
  await rm(folder, { recursive: true });
});
