// A replica is replaced under load, as a rolling update does it: the new one is ready beside the old one, on the
// same rules and with a state of its own, takes over, and the old one drains. Nothing that was acknowledged is lost.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { Flood } from './flood.mjs';
import { OtlpSink } from './otlp_sink.mjs';
import { eventually, Server } from './server.mjs';
import { Switch } from './switch.mjs';

const rounds = Number(process.env.BETRACE_REPLACEMENTS ?? 2);
const spansPerTrace = 4;
const rule = { name: 'charged', severity: 'HIGH', expression: 'payment.charge' }; // of every trace here

/** The two doors and the API of whichever replica serves; looks like a Server to Flood. */
async function service(server) {
  const [api, otlp, grpc] = await Promise.all(
    [server.httpPort, server.otlpPort, server.grpcPort].map((port) => Switch.start(port)));
  return {
    api: `http://127.0.0.1:${api.port}`, otlp: `http://127.0.0.1:${otlp.port}`, grpcPort: grpc.port,
    to(next) {
      api.to(next.httpPort);
      otlp.to(next.otlpPort);
      grpc.to(next.grpcPort);
    },
    stop: () => Promise.all([api, otlp, grpc].map((one) => one.stop())),
  };
}

/** Adds one rule after the other; `acknowledged` are those that were answered with 201. */
function writeRules(entrance) {
  const writer = { acknowledged: [], others: [], isStopped: false };
  writer.done = (async () => {
    for (let number = 0; !writer.isStopped; ++number) {
      const id = `added-${number}`;
      const answer = await fetch(`${entrance.api}/v1/rules`, {
        method: 'POST', headers: { 'content-type': 'application/json', connection: 'close' },
        body: JSON.stringify({ id, name: id, expression: `span.duration > ${number + 100}s` }) }).catch(() => undefined);
      if (answer?.status === 201) writer.acknowledged.push(id);
      else if (answer !== undefined && answer.status !== 503) writer.others.push(answer.status);
      await answer?.text();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return writer;
}

const violationsOf = async (server) => (await server.get('/v1/violations?limit=1')).body.total;

test(`${rounds} replacements under load lose nothing that was acknowledged`, { timeout: 300_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'betrace-replacement-'));
  const sink = await new OtlpSink('grpc').start();
  t.after(async () => {
    await sink.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const begin = (number) => Server.start({ folder, env: { ...sink.env, BETRACE_STATE_PATH: join(folder, `state-${number}`),
    BETRACE_VIOLATIONS_RULE_RATE: '0', BETRACE_VIOLATIONS_TOTAL_RATE: '0' } });
  let server = await begin(0);
  t.after(() => server.stop('SIGKILL'));
  assert.equal((await server.post('/v1/rules', rule)).status, 201);
  const entrance = await service(server);
  t.after(() => entrance.stop());

  const flood = new Flood(entrance, { connections: 1, traces: 5, spans: spansPerTrace, pauseMs: 25 });
  const writer = writeRules(entrance);
  for (let round = 1; round <= rounds; ++round) {
    const taken = flood.total('taken');
    await eventually('load', () => (flood.total('taken') >= taken + 200 ? true : undefined));
    const old = server;
    server = await begin(round); // ready beside the old one
    entrance.to(server);
    assert.equal(await old.stop(), 0);
  }
  const taken = flood.total('taken');
  await eventually('load', () => (flood.total('taken') >= taken + 200 ? true : undefined));
  await flood.stop();
  writer.isStopped = true;
  await writer.done;

  t.diagnostic(`${flood.total('sent')} spans sent, ${flood.total('taken')} taken, ${flood.total('refused')} refused, ` +
    `${writer.acknowledged.length} rules`);
  assert.deepEqual(flood.others, [], 'every answer is OK or a refusal that may be sent again');
  assert.equal(flood.total('taken') + flood.total('refused'), flood.total('sent'));
  assert.deepEqual(writer.others, []);

  const ids = new Set((await server.get('/v1/rules')).body.rules.map(({ id }) => id));
  assert.deepEqual(writer.acknowledged.filter((id) => !ids.has(id)), [], 'acknowledged rules are there');
  assert.ok(writer.acknowledged.length > 0);

  const wanted = flood.total('taken') / spansPerTrace;
  await eventually('the last violations', () => (sink.distinct.size >= wanted ? true : undefined));
  assert.equal(await server.stop(), 0);
  assert.equal(sink.distinct.size, wanted, 'one violation for each trace that was taken, all exported');
  let recorded = 0;
  for (let number = 0; number <= rounds; ++number) {
    server = await begin(number);
    recorded += await violationsOf(server);
    await server.stop();
  }
  assert.equal(recorded, wanted, 'and all in the logs of the replicas');
});
