// Rules that outgrow a process: groups on one rule folder, which all get every trace, find together what one
// process finds, and each rule is judged by one of them, also one that is added later.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { eventually, Server } from './server.mjs';

const count = 3;
let folder;
const groups = [];
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'betrace-groups-'));
  for (let index = 1; index <= count; ++index) {
    groups.push(await Server.start({ folder, flags: [
      '--rule-group', `${index}/${count}`, '--state-path', join(folder, `state-${index}`)] }));
  }
});
after(async () => {
  for (const server of groups) assert.equal(await server.stop(), 0, server.output);
  await rm(folder, { recursive: true, force: true });
});

/** The ids of the rules that each group says were violated by a trace that violates all of them. */
async function violatedBy(trace, total) {
  const span = { trace_id: trace, span_id: 'a', name: 'a', duration_ms: 100 };
  for (const server of groups) assert.equal((await server.post('/v1/spans', { spans: [span] })).status, 202);
  return eventually(`${total} violations`, async () => {
    const found = await Promise.all(groups.map(async (server) => {
      const { body } = await server.get(`/v1/violations?trace_id=${trace}&limit=1000`);
      return body.violations.map((violation) => violation.rule_id).sort();
    }));
    return found.flat().length >= total ? found : undefined;
  });
}

async function addRule(id) {
  const rule = { id, name: id, expression: 'span.duration > 1ms' };
  assert.equal((await groups[0].post('/v1/rules', rule)).status, 201);
}

async function allKnow(total) {
  for (const server of groups) {
    await eventually(`${total} rules`, async () =>
      ((await server.get('/v1/rules')).body.total_count === total ? true : undefined));
  }
}

test('each rule is judged by one group, and all by all together', async () => {
  const ids = Array.from({ length: 12 }, (_, index) => `rule-${100 + index}`);
  for (const id of ids) await addRule(id);
  await allKnow(ids.length);
  const found = await violatedBy('first', ids.length);
  assert.deepEqual(found.flat().sort(), ids);
  for (const some of found) assert.ok(some.length > 0 && some.length < ids.length, JSON.stringify(found));

  await addRule('rule-added');
  await allKnow(ids.length + 1);
  const later = await violatedBy('second', ids.length + 1);
  assert.deepEqual(later.flat().sort(), [...ids, 'rule-added'].sort());
  later.forEach((some, index) => {
    assert.deepEqual(some.filter((id) => id !== 'rule-added'), found[index], 'no other rule moves');
  });
});
