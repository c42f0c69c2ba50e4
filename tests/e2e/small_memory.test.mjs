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

/** Version 1 or 2: where the controllers are, their limits, and the file that counts what was killed. */
const forms = {
  memory: [
    { root: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes', value: `${memory}`, kills: 'memory.oom_control' },
    { root: '/sys/fs/cgroup', limit: 'memory.max', value: `${memory}`, kills: 'memory.events' }],
  cores: [
    { root: '/sys/fs/cgroup/cpu', limit: 'cpu.cfs_quota_us', value: '100000' },
    { root: '/sys/fs/cgroup', limit: 'cpu.max', value: '100000 100000' }],
};

let made = 0;

/** A new cgroup with 512 MiB or with one core, or why there is none. */
async function makeCgroup(what) {
  const form = forms[what].find(({ root }) => existsSync(join(root, 'cgroup.procs')));
  if (!form) return { problem: 'no cgroups are mounted' };
  const folder = join(form.root, `betrace-test-${process.pid}-${++made}`);
  try {
    await mkdir(folder);
  } catch (error) {
    return { problem: `${folder}: ${error.code}` };
  }
  const remove = () => eventually('an empty cgroup', () => rmdir(folder).then(() => true, () => undefined));
  try {
    await writeFile(join(folder, form.limit), form.value);
  } catch (error) {
    await remove();
    return { problem: `${form.limit}: ${error.code}` };
  }
  return { folder, remove, kills: async () => Number(
    (await readFile(join(folder, form.kills), 'utf8')).match(/^oom_kill (\d+)$/m)?.[1] ?? 0) };
}

/** The shell moves itself and becomes the server. */
const inside = ({ folder }) => ['sh', '-c', `echo $$ > ${folder}/cgroup.procs && exec "$@"`, 'sh'];

test('workers follow the quota of a cgroup of one core, whatever the machine has', async (t) => {
  const cgroup = await makeCgroup('cores');
  if (cgroup.problem) {
    t.skip(`no cgroup can be made here: ${cgroup.problem}`);
    return;
  }
  t.after(cgroup.remove);
  const threads = {};
  for (const [what, under] of [['quota', inside(cgroup)], ['one', []], ['three', []]]) {
    const flags = what === 'quota' ? [] : ['--workers', what === 'one' ? '1' : '3'];
    const server = await Server.start({ under, flags });
    const metrics = await readMetrics(server);
    if (what === 'quota') assert.equal(sumOf(metrics, 'betrace_cpu_limit_cores'), 1);
    threads[what] = sumOf(metrics, 'betrace_threads');
    await server.stop();
    await server.remove();
  }
  assert.equal(threads.quota, threads.one);
  assert.ok(threads.one < threads.three, JSON.stringify(threads));
});

test('in a cgroup of 512 MiB it keeps within its limit under load', { timeout: 180_000 }, async (t) => {
  const cgroup = await makeCgroup('memory');
  if (cgroup.problem) {
    t.skip(`no cgroup can be made here: ${cgroup.problem}`);
    return;
  }
  const server = await Server.start({ under: inside(cgroup),
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
