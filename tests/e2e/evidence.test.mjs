// R18: what an auditor does with real bundles of a real server, by two verifiers that must agree.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { message, rawCall } from './h2.mjs';
import { readMetrics, sumOf } from './metrics.mjs';
import { eventually, program, Server } from './server.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const key = 'k3y-of-this-test-alone-0123456789abcdef';

function run(command, args, env = {}) {
  return new Promise((resolve) => {
    execFile(command, args, { env: { ...process.env, ...env } }, (error, out, err) => {
      resolve({ code: error?.code ?? 0, out: out + err });
    });
  });
}

const betrace = (...args) => run(program, ['evidence', ...args]);
const python = (folder, fingerprint) => run('python3', [
  join(root, 'tools', 'verify_bundle.py'), folder, '--trust', fingerprint]);

let folder;
let bundle;
let fingerprint;
let violation;
let state;
let output;

async function violate(server, number) {
  const span = { trace_id: `order-${number}`, span_id: `s${number}`, name: 'api.request',
    service: 'checkout', duration_ms: 2500 };
  assert.equal((await server.post('/v1/spans', { spans: [span] })).status, 202);
  await eventually(`violation ${number}`, async () => {
    const { body } = await server.get('/v1/violations');
    return body.total >= number ? body : undefined;
  });
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'betrace-evidence-'));
  state = join(folder, 'rules', '.betrace');
  const env = { BETRACE_SIGNATURE_KEY: key, BETRACE_EVIDENCE_WITNESS_DIR: join(folder, 'witness') };
  const first = await Server.start({ folder, env });
  await first.post('/v1/rules', { name: 'slow', severity: 'HIGH', expression: 'span.duration > 2s' });
  for (const number of [1, 2, 3]) await violate(first, number);
  const rotated = await run(program, ['evidence', 'keys', '--rotate',
    '--http-port', String(first.httpPort)]);
  assert.equal(rotated.code, 0, rotated.out);
  await violate(first, 4);
  const { body } = await first.get('/v1/violations');
  [violation] = body.violations;
  const { body: keys } = await first.get('/v1/evidence/keys');
  assert.deepEqual(keys.keys.map((each) => each.status), ['retired', 'active']);
  const proof = await first.get(`/v1/violations/${violation.id}/evidence`);
  assert.equal(proof.status, 200);
  const payload = JSON.parse(Buffer.from(proof.body.payload, 'base64'));
  assert.equal(payload.id, violation.id);
  assert.equal(proof.body.signature, violation.signature);
  assert.equal(proof.body.commit.payloadType, 'application/vnd.betrace.commit.v1+json');
  assert.equal((await first.get(`/v1/violations/${violation.id}`)).body.verified, true);
  assert.equal((await first.get('/ready')).body.signing, 'on');
  assert.equal(await first.stop(), 0);
  output = first.output;
  bundle = join(folder, 'bundle');
  const exported = await betrace('export', '--out', bundle, '--state-path', state,
    '--evidence-witness-dir', join(folder, 'witness'));
  assert.equal(exported.code, 0, exported.out);
  const listed = await betrace('keys', '--state-path', state);
  [, fingerprint] = /sha256:([0-9a-f]{64}) active/.exec(listed.out);
});

after(() => rm(folder, { recursive: true, force: true }));

test('R18 a bundle of a trusted key is valid for both verifiers, and its tail is anchored', async () => {
  const mine = await betrace('verify', bundle, '--trust', fingerprint, '--require-anchor');
  assert.equal(mine.code, 0, mine.out);
  assert.match(mine.out, /result: valid/);
  assert.match(mine.out, /tail anchored: yes/);
  const other = await python(bundle, fingerprint);
  assert.equal(other.code, 0, other.out);
});

test('R18 without trust both say so, and an absent bundle is unreadable', async () => {
  const mine = await betrace('verify', bundle);
  assert.equal(mine.code, 1);
  assert.match(mine.out, /result: untrusted/);
  assert.equal((await python(bundle, '0'.repeat(64))).code, 1);
  assert.equal((await betrace('verify', join(folder, 'none'))).code, 2);
  assert.equal((await python(join(folder, 'none'), fingerprint)).code, 2);
});

test('R18 the state directory and the archive of the API are valid too, and HMACs are checked', async () => {
  const stored = await run(program, ['evidence', 'verify', state, '--trust', fingerprint],
    { BETRACE_SIGNATURE_KEY: key });
  assert.equal(stored.code, 0, stored.out);
  assert.match(stored.out, /hmacs checked: [1-9]/);
  const server = await Server.start({ folder });
  const answer = await fetch(`${server.api}/v1/evidence/export?from_seq=1`);
  assert.equal(answer.headers.get('content-type'), 'application/gzip');
  const archive = join(folder, 'evidence.tar.gz');
  const bytes = Buffer.from(await answer.arrayBuffer());
  await writeFile(archive, bytes);
  assert.equal(await server.stop(), 0);
  const whole = await betrace('verify', archive, '--trust', fingerprint);
  assert.equal(whole.code, 0, whole.out);
  await writeFile(archive, bytes.subarray(0, bytes.length - 20));
  assert.equal((await betrace('verify', archive, '--trust', fingerprint)).code, 1);
});

// Each changes the bundle in one way; both verifiers must refuse it.
const lines = (edit) => (text) => {
  const all = text.toString().split('\n');
  edit(all);
  return all.join('\n');
};
const changes = [
  ['a record deleted', 'records.jsonl', lines((all) => all.splice(2, 1))],
  ['two records swapped', 'records.jsonl', lines((all) => all.splice(1, 2, all[2], all[1]))],
  ['a record doubled', 'records.jsonl', lines((all) => all.splice(2, 0, all[1]))],
  ['the records cut off', 'records.jsonl', (text) => text.subarray(0, text.length - 9)],
  ['an HMAC taken away', 'records.jsonl',
    (text) => text.toString().replace(/"signature":"[^"]*"/, '"signature":null,"unsigned":true')],
  ['an HMAC changed', 'records.jsonl',
    (text) => text.toString().replace(/(:[0-9a-f]{63})[0-9a-f]"/, '$1g"')],
  ['a commit deleted', 'commits.jsonl', lines((all) => all.splice(1, 1))],
  ['two commits swapped', 'commits.jsonl', lines((all) => all.splice(1, 2, all[2], all[1]))],
  ['a signature exchanged', 'commits.jsonl', lines((all) => {
    all[1] = all[1].replace(/"sig":"[^"]*"/, /"sig":"[^"]*"/.exec(all[0])[0]);
  })],
  ['a signature taken away', 'commits.jsonl', (text) => text.toString().replace(/"sig":"[^"]*"/, '"sig":""')],
  ['nothing left', 'commits.jsonl', () => ''],
  ['a key of another algorithm', 'keys.json', (text) => text.toString().replace('"ed25519"', '"ed448"')],
  ['a range of a key changed', 'keys.json', (text) => text.toString().replace('"from_seq":"1"', '"from_seq":"2"')],
  ['a key taken away', 'keys.json', (text) => {
    const ring = JSON.parse(text);
    ring.keys.shift();
    return `${JSON.stringify(ring)}\n`;
  }],
];

for (const [what, file, change] of changes) {
  test(`R18 ${what}: both verifiers refuse it`, async () => {
    const copy = join(folder, 'copy');
    await cp(bundle, copy, { recursive: true });
    const path = join(copy, file);
    await writeFile(path, change(await readFile(path)));
    const mine = await betrace('verify', copy, '--trust', fingerprint);
    const other = await python(copy, fingerprint);
    await rm(copy, { recursive: true });
    assert.equal(mine.code, what.includes('algorithm') ? 78 : 1, mine.out);
    assert.equal(other.code, 1, other.out);
  });
}

test('R18 a column that was changed by SQL is named', async () => {
  const copy = join(folder, 'stolen');
  await cp(state, copy, { recursive: true });
  const script = `import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("DROP TRIGGER record_kept")
db.execute("UPDATE record SET severity = 1 WHERE type = 1")
sql = "CREATE TRIGGER record_kept BEFORE UPDATE ON record\\n  BEGIN SELECT RAISE(ABORT, 'records are never changed'); END"
db.execute(sql)
db.commit()`;
  const edited = await run('python3', ['-c', script, join(copy, 'log-000001.db')]);
  assert.equal(edited.code, 0, edited.out);
  const mine = await betrace('verify', copy, '--trust', fingerprint);
  assert.equal(mine.code, 1, mine.out);
  assert.match(mine.out, /column severity is not what the payload says \(log-000001.db, record \d+\)/);
});

test('a state directory that comes from a backup goes on with a new key', async () => {
  const copy = join(folder, 'restored');
  await cp(join(folder, 'rules'), join(copy, 'rules'), { recursive: true });
  await rm(join(copy, 'rules', '.betrace', 'keys'), { recursive: true });
  const server = await Server.start({ folder: copy });
  assert.equal(await server.stop(), 0);
  const restored = join(copy, 'rules', '.betrace');
  const verified = await betrace('verify', restored, '--trust', fingerprint);
  assert.equal(verified.code, 1, verified.out);
  assert.match(verified.out, /result: untrusted/);
  const listed = await betrace('keys', '--state-path', restored);
  const [, second] = /sha256:([0-9a-f]{64}) active/.exec(listed.out);
  const both = await betrace('verify', restored, '--trust', second);
  assert.equal(both.code, 0, both.out);
});

test('private keys are for their owner alone, and no key is ever printed', async () => {
  const name = JSON.parse(await readFile(join(state, 'keys.json'))).keys.at(-1).kid.replace(':', '-');
  const path = join(state, 'keys', `${name}.pem`);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  const [, secret] = (await readFile(path, 'utf8')).split('\n');
  for (const each of [secret, key]) assert.ok(!output.includes(each));
  const other = join(folder, 'given.pem');
  await cp(path, other);
  await chmod(other, 0o644);
  await assert.rejects(Server.start({ env: { BETRACE_EVIDENCE_KEY_FILE: other } }));
});

test('a service that was killed is told, and its log is valid', async () => {
  const killed = join(folder, 'killed');
  const first = await Server.start({ folder: killed });
  await first.stop('SIGKILL');
  const second = await Server.start({ folder: killed });
  const { body: summary } = await second.get('/v1/evidence');
  assert.equal(summary.gaps_24h, 0);
  await eventually('a checkpoint', async () => {
    const { body } = await second.get('/v1/evidence/checkpoints?limit=1');
    return body.total > 0 ? body : undefined;
  });
  assert.ok(sumOf(await readMetrics(second), 'betrace_evidence_checkpoint_age_seconds') >= 0);
  assert.equal(await second.stop(), 0);
  const log = join(killed, 'rules', '.betrace');
  const listed = await betrace('keys', '--state-path', log);
  const [, owner] = /sha256:([0-9a-f]{64}) active/.exec(listed.out);
  const verified = await betrace('verify', log, '--trust', owner);
  assert.equal(verified.code, 0, verified.out);
  assert.match(verified.out, /^beginning: first record$/m);
  assert.match(verified.out, /^unseen: \S+Z to \S+Z \(crashed, record \d+\)$/m);
});

test('a call over gRPC that was denied is a record', async () => {
  const denied = join(folder, 'denied');
  const server = await Server.start({ folder: denied, env: { BETRACE_API_KEY: 'api-key-of-this-test-alone' } });
  for (let i = 0; i < 2; ++i) {
    assert.equal((await rawCall(server.grpcPort, message(Buffer.alloc(0)))).grpc, 16);
  }
  assert.equal(await server.stop(), 0);
  const dumped = await run(program, ['log', 'dump', '--json', '--state-path', join(denied, 'rules', '.betrace')]);
  const refused = dumped.out.trim().split('\n').map((line) => JSON.parse(line).payload)
    .filter((payload) => payload.type === 'refused' && payload.method === 'GRPC');
  assert.equal(refused.length, 1);
  const [{ actor, code, count, status, route }] = refused;
  assert.deepEqual({ actor, code, count, status },
    { actor: 'anonymous', code: 'UNAUTHENTICATED', count: 2, status: 16 });
  assert.match(route, /TraceService\/Export$/);
});
