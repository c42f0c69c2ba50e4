// In a cgroup as small as the manifests ask for, limits follow it: no more memory is taken than was set, nothing is
// killed, and workers follow the quota of processors.
import assert from 'node:assert/strict';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Flood } from './flood.mjs';
import { readMetrics, residentBytes, spansAccountedFor, sumOf } from './metrics.mjs';
import { eventually, Server } from './server.mjs';

const mebibyte = 1024 * 1024;
const memory = 512 * mebibyte; // what deploy/kubernetes asks for
const seconds = Number(process.env.BETRACE_SMALL_MEMORY_SECONDS ?? 8);

/** Version 1 or 2: where the controller is, its limit, and the file that counts what was killed. */
const forms = [
  { root: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes', kills: 'memory.oom_control' },
  { root: '/sys/fs/cgroup', limit: 'memory.max', kills: 'memory.events' },
];

/** A new cgroup with that limit, or why there is none. */
async function makeCgroup() {
  const form = forms.find(({ root }) => existsSync(join(root, 'cgroup.procs')));
  if (!form) return { problem: 'no cgroups are mounted' };
  const folder = join(form.root, `betrace-test-${process.pid}`);
  try {
    await mkdir(folder);
  } catch (error) {
    return { problem: `${folder}: ${error.code}` };
  }
  const remove = () => eventually('an empty cgroup', () => rmdir(folder).then(() => true, () => undefined));
  try {
    await writeFile(join(folder, form.limit), `${memory}`);
  } catch (error) {
    await remove();
    return { problem: `${form.limit}: ${error.code}` };
  }
  return { folder, remove, kills: async () => Number(
    (await readFile(join(folder, form.kills), 'utf8')).match(/^oom_kill (\d+)$/m)?.[1] ?? 0) };
}

test('in a cgroup of 512 MiB it keeps within its limit under load', { timeout: 180_000 }, async (t) => {
  const cgroup = await makeCgroup();
  if (cgroup.problem) {
    t.skip(`no cgroup can be made here: ${cgroup.problem}`);
    return;
  }
  // The shell moves itself and becomes the server.
  const server = await Server.start({ under: ['sh', '-c', `echo $$ > ${cgroup.folder}/cgroup.procs && exec "$@"`, 'sh'],
    // Nothing closes by itself, so that open traces fill what they may.
    env: { BETRACE_TRACE_QUIET: '1h', BETRACE_TRACE_IDLE: '2h', BETRACE_TRACE_AGE_MAX: '3h' } });
  t.after(async () => {
    await server.stop('SIGKILL');
    await server.remove();
    await cgroup.remove();
  });
  const metrics = await readMetrics(server);
  assert.equal(sumOf(metrics, 'betrace_memory_limit_bytes'), memory);
  const { body: { limits } } = await server.get('/v1/limits');
  assert.ok(Math.abs(limits['limits.memory'] - memory * 0.8) < 8, `${limits['limits.memory']}`);
  assert.equal(limits['limits.traces_bytes'], Math.floor(limits['limits.memory'] / 2));

  for (let number = 0; number < 10; ++number) {
    assert.equal((await server.post('/v1/rules', { name: `rule ${number}`,
      expression: `payment.charge and not fraud.check_${number}` })).status, 201);
  }
  const flood = new Flood(server, { connections: 2, traces: 200 });
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  await flood.stop();
  const spans = await spansAccountedFor(server);
  const peak = await residentBytes(server, 'VmHWM');
  t.diagnostic(`${spans.received} spans, peak ${Math.round(peak / mebibyte)} MiB of ${Math.round(memory * 0.8 / mebibyte)}`);
  assert.deepEqual(flood.others, []);
  assert.equal(spans.received, flood.total('taken'));
  assert.ok(peak <= memory * 0.8 * 1.1, `${peak} bytes`);
  assert.equal(await cgroup.kills(), 0);
  assert.ok(sumOf(await readMetrics(server), 'betrace_traces_shed_total') > 0, 'the load was large enough to matter');
});
