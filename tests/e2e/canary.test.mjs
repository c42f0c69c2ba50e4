// That the search for secrets finds what is planted, wherever it is, and names it.
import assert from 'node:assert/strict';
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { look, needlessKey, nothingShown, withCanaries } from './canary.mjs';
import { OtlpSink } from './otlp_sink.mjs';
import { eventually, Server } from './server.mjs';

async function folderFor(t) {
  const folder = await mkdtemp(join(tmpdir(), 'betrace-e2e-'));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

test('R20: a server has canaries where its suite has no secrets', () => {
  const env = withCanaries({ BETRACE_WEBHOOK_SECRET: 'of the suite itself' });
  assert.equal(env.BETRACE_WEBHOOK_SECRET, 'of the suite itself');
  assert.match(env.OTEL_EXPORTER_OTLP_HEADERS, /^x-canary=canary-[0-9a-f]{40}$/);
});

test('R20: a secret is found in the log, in files and in what was looked at, and named', async (t) => {
  const folder = await folderFor(t);
  const env = withCanaries({ BETRACE_API_KEY: 'api-key-of-this-test', OTEL_EXPORTER_OTLP_HEADERS: 'a=short,b=long%20enough%20to%20count' });
  await nothingShown({ folder, output: 'nothing', env });
  await assert.rejects(nothingShown({ folder, output: 'x api-key-of-this-test', env }), /BETRACE_API_KEY in the log: x api-key/);
  await writeFile(join(folder, 'short'), 'a short text is none');
  await nothingShown({ folder, output: '', env });
  await mkdir(join(folder, 'deep'));
  await writeFile(join(folder, 'deep', 'file'), Buffer.from([0xff, 0, ...Buffer.from('long enough to count')]));
  await assert.rejects(nothingShown({ folder, output: '', env }), /OTEL_EXPORTER_OTLP_HEADERS in \S*deep\/file:/);
  await rm(join(folder, 'deep'), { recursive: true });
  look('an answer', `{"key":"${needlessKey}"}`);
  await assert.rejects(nothingShown({ folder, output: '', env }), /the key of a request in an answer:/);
  await nothingShown({ folder, output: '', env });
});

test('R20: a key that a server has made for itself is in its own file alone', async (t) => {
  const server = await Server.start();
  t.after(() => server.remove());
  const state = join(server.folder, 'rules', '.betrace');
  const key = await readFile(join(state, 'redaction.key'), 'utf8');
  await writeFile(join(state, 'planted'), `redaction: ${key}`);
  await assert.rejects(server.stop(), /redaction\.key in \S*planted: redaction:/);
});

test('R20: the end of a server fails if its folder, a sink or an answer holds a canary', async (t) => {
  const server = await Server.start();
  t.after(() => server.remove());
  await appendFile(join(server.folder, 'rules', 'planted.txt'), server.env.BETRACE_WEBHOOK_SECRET);
  await assert.rejects(server.stop(), /BETRACE_WEBHOOK_SECRET in \S*planted\.txt/);

  const sink = await new OtlpSink('http/protobuf').start();
  t.after(() => sink.stop());
  const name = `named ${needlessKey}`;
  const told = await Server.start({ env: sink.env });
  t.after(() => told.remove());
  await told.post('/v1/rules', { id: 'every', name, expression: 'true' });
  await told.post('/v1/spans', { spans: [{ trace_id: 'a', span_id: 'b', name: 'c' }] });
  await eventually('the export', () => (sink.taken.length > 0 ? true : undefined));
  const shown = await told.stop().catch(({ message }) => message);
  for (const place of ['the answer of /v1/rules', 'the export', '/metrics', 'every.json']) assert.ok(shown.includes(place), shown);
});

test('R20: the end of a server fails if its log holds a canary', async (t) => {
  const server = await Server.start({ under: ['sh', '-c', 'env && exec "$@"', 'sh'] });
  t.after(() => server.remove());
  await assert.rejects(server.stop(), /BETRACE_WEBHOOK_SECRET in the log/);
});
