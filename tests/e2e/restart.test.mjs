// Rules and violations survive an orderly end and a kill.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { eventually, Server } from './server.mjs';

const span = {
  trace_id: '4bf92f3577b34da6a3ce929d0e0e4736', span_id: '00f067aa0ba902b7', name: 'api.request',
  service: 'checkout', kind: 'SERVER', duration_ms: 2500,
};

async function listed(server) {
  return eventually('the violation', async () => {
    const { body } = await server.get('/v1/violations');
    return body.total > 0 ? body.violations[0] : undefined;
  });
}

for (const signal of ['SIGTERM', 'SIGKILL']) {
  test(`a restart after ${signal} keeps rules and violations`, async () => {
    const first = await Server.start();
    const rule = await first.post('/v1/rules', {
      name: 'slow', severity: 'HIGH', expression: 'span.duration > 2s', tags: ['performance'] });
    assert.equal(rule.status, 201);
    assert.equal((await first.post('/v1/spans', { spans: [span] })).status, 202);
    const seen = await listed(first);
    const code = await first.stop(signal);
    assert.equal(code, signal === 'SIGTERM' ? 0 : null);

    const second = await Server.start({ folder: first.folder });
    assert.deepEqual((await second.get('/v1/rules')).body.rules, [rule.body]);
    assert.deepEqual(await listed(second), seen);
    await second.stop();
    await second.remove();
  });
}

test('two servers cannot share a state directory', async () => {
  const first = await Server.start();
  await assert.rejects(Server.start({ folder: first.folder }), /betrace serve ended/);
  await first.stop();
  await first.remove();
});

test('the file of a deleted rule stays for its age, and is then removed', async () => {
  const first = await Server.start();
  const file = join(first.folder, 'rules', 'slow.json');
  assert.equal((await first.post('/v1/rules', { name: 'slow', expression: 'span.duration > 2s' })).status, 201);
  assert.equal((await fetch(`${first.api}/v1/rules/slow`, { method: 'DELETE' })).status, 200);
  assert.equal(await first.stop(), 0);
  assert.ok(existsSync(file));

  // It looks a second after its start, so the rule has its age by then.
  const second = await Server.start({ folder: first.folder, env: { BETRACE_RULES_TOMBSTONE_AGE: '1s' } });
  await eventually('no file', async () => (existsSync(file) ? undefined : true));
  assert.equal((await second.post('/v1/rules/slow/undelete', '')).status, 404);
  await second.stop();
  await second.remove();
});
