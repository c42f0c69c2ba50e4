// BeTrace's own traces: off unless asked for, told like violations, and never judged by itself.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

import { call, connect } from './grpc.mjs';
import { readMetrics, spansAccountedFor, sumOf } from './metrics.mjs';
import { jsonRequest, protobufRequest, traceOf } from './otlp.mjs';
import { OtlpSink } from './otlp_sink.mjs';
import { ask, eventually, program, startedFor } from './server.mjs';

const everything = { id: 'every', name: 'every', expression: 'true' };
const own = (sink) => sink.taken.filter(({ name }) => !name.startsWith('betrace.'));

for (const protocol of ['http/protobuf', 'grpc']) {
  test(`requests are told as spans over ${protocol}, in the trace of who asked`, async (t) => {
    const sink = await new OtlpSink(protocol).start();
    t.after(() => sink.stop());
    const server = await startedFor(t, { flags: ['--tracing-enabled'], env: { ...sink.env, OTEL_BSP_SCHEDULE_DELAY: '50' } });
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, 'x-request-id': 'of-this-test' };
    await ask(`${server.api}/v1/rules/no-such-rule?secret=canary`, { headers }).catch(() => {});
    assert.equal((await server.post('/v1/rules', everything)).status, 201);
    for (const path of ['/health', '/ready', '/metrics']) await ask(server.api + path);
    const spans = await eventually('both spans', () => (own(sink).length >= 2 ? own(sink) : undefined));
    const [first, second] = spans;
    assert.deepEqual([first.name, first.traceId, first.parentSpanId], ['GET /v1/rules/{id}', traceId, '00f067aa0ba902b7']);
    assert.equal(first.attributes['http.request.method'], 'GET');
    assert.equal(first.attributes['betrace.request_id'], 'of-this-test');
    assert.equal(second.name, 'POST /v1/rules');
    assert.match(second.parentSpanId, /^0*$/);
    assert.ok(second.end >= second.start);
    assert.deepEqual([first.scope, first.resource['service.name'], first.kind], ['betrace', 'betrace', 2]);
    assert.ok(!JSON.stringify(spans, (name, value) => (typeof value === 'bigint' ? `${value}` : value)).includes('canary'));
    assert.equal(sumOf(await readMetrics(server), 'betrace_own_spans_total', 'dropped'), 0);
    assert.equal(await server.stop(), 0);
    assert.equal(own(sink).length, spans.length, 'probes and scrapes are not told');
  });
}

// The first call in 256 of a server is told.
for (const [title, traceparent, expected] of [
  ['is told in the trace of its caller', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7']],
  ['whose traceparent is malformed begins a trace', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b-01',
    [undefined, '']]]) {
  test(`a gRPC call ${title}`, async (t) => {
    const sink = await new OtlpSink('grpc').start();
    t.after(() => sink.stop());
    const server = await startedFor(t, { flags: ['--tracing-enabled'],
      env: { ...sink.env, OTEL_BSP_SCHEDULE_DELAY: '50', LOG_LEVEL: 'debug' } });
    const client = connect(`127.0.0.1:${server.grpcPort}`);
    t.after(() => client.close());
    const { name } = await call(client, 'export', protobufRequest(traceOf(1)), { metadata: { traceparent } });
    assert.equal(name, 'OK');
    const [span] = await eventually('the span', () => (own(sink).length > 0 ? own(sink) : undefined));
    assert.equal(span.name, 'TraceService/Export');
    const [traceId = span.traceId, parentSpanId] = expected;
    assert.deepEqual([span.traceId, span.parentSpanId], [traceId, parentSpanId]);
    assert.match(span.traceId, /^[0-9a-f]{32}$/);
    if (parentSpanId === '') assert.ok(!traceparent.includes(span.traceId));
    const logged = /"message":"call","method":"Export","code":"OK".*"trace_id":"(\w*)"/;
    const [, inLog] = await eventually('the log', () => logged.exec(server.output) ?? undefined);
    assert.equal(inLog, parentSpanId === '' ? '' : span.traceId);
  });
}

test('nothing is told unless it is asked for, and asking needs somewhere to send to', async (t) => {
  const sink = await new OtlpSink('http/protobuf').start();
  t.after(() => sink.stop());
  const server = await startedFor(t, { env: { ...sink.env, OTEL_BSP_SCHEDULE_DELAY: '10' } });
  assert.equal((await server.post('/v1/rules', everything)).status, 201);
  await fetch(`${server.otlp}/v1/traces`, { method: 'POST', headers: { 'content-type': 'application/json' },
    body: jsonRequest(traceOf(1)) });
  await eventually('the violation', () => (sink.taken.length > 0 ? true : undefined));
  assert.equal(own(sink).length, 0);
  const run = spawnSync(program, ['config', 'check', '--tracing-enabled'], { encoding: 'utf8' });
  assert.equal(run.status, 2);
  assert.match(run.stderr, /--tracing-enabled \(flag\): has nowhere to send to: otlp.endpoint is not set/);
});

test('a receiver that passes our spans back is no circle: they are dropped as our own', async (t) => {
  const sink = await new OtlpSink('http/protobuf').start();
  t.after(() => sink.stop());
  const server = await startedFor(t, { flags: ['--tracing-enabled'], env: { ...sink.env, OTEL_BSP_SCHEDULE_DELAY: '10' } });
  let passed = 0;
  sink.behave = (spans) => {
    passed += spans.length;
    const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ scope: { name: 'betrace' }, spans: spans.map((span) => ({
      traceId: span.traceId, spanId: span.spanId, name: span.name, kind: span.kind,
      startTimeUnixNano: `${span.start}`, endTimeUnixNano: `${span.end}` })) }] }] });
    fetch(`${server.otlp}/v1/traces`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    return undefined;
  };
  assert.equal((await server.post('/v1/rules', everything)).status, 201);
  for (let index = 0; index < 20; ++index) await server.get('/v1/rules');
  await eventually('all came back', async () => {
    const { received } = await spansAccountedFor(server);
    return passed > 20 && received === passed ? true : undefined;
  });
  // One request in 256 of those that bring spans is traced: the first, and then none for long.
  const told = passed;
  assert.ok(told <= 23, `${told} spans for 21 requests`);
  const metrics = await readMetrics(server);
  assert.equal(sumOf(metrics, 'betrace_spans_dropped_total', 'own'), told);
  assert.equal(sumOf(metrics, 'betrace_spans_ingested_total'), 0);
  assert.equal((await server.get('/v1/violations')).body.total, 0, 'and a rule that everything violates is silent');
});
