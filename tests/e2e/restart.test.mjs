// Rules and violations survive an orderly end and a kill.
import assert from 'node:assert/strict';
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
