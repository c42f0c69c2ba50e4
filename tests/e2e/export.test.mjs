// Violations reach an OTLP receiver over both protocols, in effect once, whatever happens to it or to us.
// R7 is the promise of each title that begins with it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { makeCertificates } from './certificates.mjs';
import { seededDice } from './dice.mjs';
import { readMetrics, residentBytes, sumOf } from './metrics.mjs';
import { newId } from './otlp.mjs';
import { OtlpSink } from './otlp_sink.mjs';
import { eventually, program, startedFor } from './server.mjs';

const execute = promisify(execFile);

const slow = { name: 'slow', severity: 'HIGH', expression: 'span.duration > 2s',
               message: 'order {span.attributes["order"]} is slow' };
const protocols = ['grpc', 'http/protobuf'];

function slowSpan(order, more = {}) {
  return { trace_id: newId(16), span_id: newId(8), name: 'api.request', service: 'checkout',
           kind: 'SERVER', duration_ms: 2500, attributes: { order: `${order}` }, ...more };
}

/** Violates the rule `count` times; waits until all are in the log. */
async function violate(server, count, from = 0) {
  const before = (await server.get('/v1/violations?limit=1')).body.total;
  const spans = Array.from({ length: count }, (_, index) => slowSpan(from + index));
  assert.equal((await server.post('/v1/spans', { spans })).status, 202);
  await eventually('the violations', async () => {
    const { body } = await server.get('/v1/violations?limit=1');
    return body.total >= before + count ? true : undefined;
  });
}

async function withRule(t, options, rule = slow) {
  const server = await startedFor(t, options);
  const made = await server.post('/v1/rules', rule);
  assert.ok([200, 201].includes(made.status), JSON.stringify(made.body));
  return server;
}

/** A sink that is stopped, and a server that is killed and removed, when the test ends. */
async function sinkOf(t, protocol, options) {
  const sink = await new OtlpSink(protocol, options).start();
  t.after(() => sink.stop());
  return sink;
}

const arrived = (sink, count) => eventually(`${count} spans`, async () => (
  sink.distinct.size >= count ? [...sink.distinct.values()] : undefined));

const orders = (spans) => spans.map(({ attributes }) => (
  Number(attributes['betrace.violation.message'].match(/order (\d+)/)[1]))).sort((a, b) => a - b);
const upTo = (count) => Array.from({ length: count }, (_, index) => index);

async function exporterState(server) {
  return (await fetch(`${server.api}/ready`).then((answer) => answer.json())).checks.otlp_exporter;
}

for (const [batch, queue] of [[1, 1], [7, 20], [512, 4096]]) {
  test(`batches are at most ${batch}, and with a queue of ${queue} nothing is lost`, async (t) => {
    const sink = await sinkOf(t, 'grpc');
    const server = await withRule(t, { env: { ...sink.env, OTEL_BSP_MAX_EXPORT_BATCH_SIZE: `${batch}`,
      OTEL_BSP_MAX_QUEUE_SIZE: `${queue}` } });
    const count = Math.min(3 * batch + 100, 1_000);
    await violate(server, count);
    assert.deepEqual(orders(await arrived(sink, count)), upTo(count));
    assert.equal(Math.max(...sink.requests.map(({ spans }) => spans.length)) <= batch, true);
  });
}

for (const [what, form] of [['host:port', (sink) => `localhost:${sink.port}`],
                            ['http://', (sink) => `http://localhost:${sink.port}`]]) {
  for (const protocol of protocols) {
    test(`an endpoint of the form ${what} is reached (${protocol})`, async (t) => {
      const sink = await sinkOf(t, protocol);
      const server = await withRule(t, { env: { ...sink.env, OTEL_EXPORTER_OTLP_ENDPOINT: form(sink) } });
      await violate(server, 1);
      await arrived(sink, 1);
    });
  }
}

for (const protocol of protocols) {
  test(`a violation arrives as one span (${protocol})`, async (t) => {
    const sink = await sinkOf(t, protocol);
    const server = await withRule(t, { env: {
      ...sink.env, OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=shop%20one', OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=prod' } });
    await violate(server, 1);
    const [span] = await arrived(sink, 1);
    const { body: { violations: [seen] } } = await server.get('/v1/violations');
    assert.deepEqual({ ...span, start: 0n, end: 0n }, {
      traceId: seen.trace_id, spanId: span.spanId, parentSpanId: seen.span_id,
      name: 'betrace.violation', kind: 1, status: 2, start: 0n, end: 0n,
      attributes: {
        'betrace.violation': true, 'betrace.violation.unsigned': true, 'betrace.violation.id': seen.id,
        'betrace.violation.rule_id': 'slow', 'betrace.violation.rule_name': 'slow',
        'betrace.violation.severity': 'HIGH', 'betrace.violation.message': 'order 0 is slow',
        'betrace.violation.trace_id': seen.trace_id, 'betrace.violation.status': 'confirmed',
        'betrace.span_ref.0.trace_id': seen.trace_id, 'betrace.span_ref.0.span_id': seen.span_id,
        'betrace.span_ref.0.service': 'checkout',
      },
      links: [{ traceId: seen.trace_id, spanId: seen.span_id }],
      resource: { 'service.name': 'betrace', 'deployment.environment.name': 'prod' }, scope: 'betrace',
    });
    const [{ headers }] = sink.requests;
    assert.equal(headers['x-tenant'], 'shop one');
    if (protocol !== 'grpc') assert.equal(headers.path, '/v1/traces');
    const metrics = await eventually('the counter', async () => {
      const text = await readMetrics(server);
      return sumOf(text, 'betrace_otlp_exported_spans_total', 'kind="violation"') === 1 ? text : undefined;
    });
    assert.equal(sumOf(metrics, 'betrace_otlp_export_failures_total'), 0);
    assert.equal(await exporterState(server), 'ok');
    assert.equal(server.output.includes('shop one'), false, 'headers are secret');
  });

  test(`violations and changes of rules are evidence for controls, and so are clean periods (${protocol})`,
    async (t) => {
      const sink = await sinkOf(t, protocol);
      const server = await withRule(t, { env: { ...sink.env, BETRACE_EVIDENCE_EMIT_SPANS: 'true' } },
        { ...slow, tags: ['soc2:CC6.1', 'performance'] });
      await server.post('/v1/rules', { ...slow, name: 'other', expression: 'span.duration > 1h',
                                       tags: ['hipaa:164.312(b)'] });
      await violate(server, 1);
      await arrived(sink, 4);  // two rules, one violation with its evidence
      assert.equal(await server.stop('SIGTERM'), 0);
      const spans = await arrived(sink, 6);
      const outcomes = spans.filter(({ name }) => name === 'compliance.evidence').map(({ attributes }) => (
        ['framework', 'control', 'outcome'].map((part) => attributes[`compliance.${part}`]).join(' '))).sort();
      assert.deepEqual(outcomes, ['hipaa 164.312(b) no_violation', 'soc2 CC6.1 violation',
        'soc2 CC6.1 violations', 'soc2 CC8.1 rule_change', 'soc2 CC8.1 rule_change']);
      const violation = spans.find(({ name }) => name === 'betrace.violation');
      const evidence = spans.find(({ attributes }) => attributes['compliance.outcome'] === 'violation');
      assert.equal(evidence.parentSpanId, violation.spanId);
      assert.equal(evidence.traceId, violation.traceId);
      assert.equal(evidence.attributes['compliance.unsigned'], true);
      const clean = spans.find(({ attributes }) => attributes['compliance.outcome'] === 'no_violation');
      assert.equal(Number(clean.attributes['compliance.coverage.spans_ingested']), 1);
      assert.ok(clean.start < clean.end);
    });

  test(`a withdrawal arrives as a span that is linked to the first (${protocol})`, async (t) => {
    const sink = await sinkOf(t, protocol);
    const server = await withRule(t, { env: sink.env }, { name: 'audited', severity: 'LOW',
      expression: 'trace.has(span.name == "read") and not trace.has(span.name == "audit")' });
    const trace = newId(16);
    const first = { trace_id: trace, span_id: newId(8), name: 'read', service: 'records' };
    await server.post('/v1/spans', { spans: [first] });
    const [violation] = await arrived(sink, 1);
    await server.post('/v1/spans', { spans: [
      { trace_id: trace, span_id: newId(8), parent_span_id: first.span_id, name: 'audit', service: 'records' }] });
    const withdrawal = (await arrived(sink, 2))[1];
    assert.equal(withdrawal.name, 'betrace.violation.withdrawn');
    assert.equal(withdrawal.traceId, trace);
    assert.notEqual(withdrawal.spanId, violation.spanId);
    assert.deepEqual(withdrawal.links[0], { traceId: trace, spanId: violation.spanId });
    assert.equal(withdrawal.attributes['betrace.violation.status'], 'withdrawn');
    assert.equal(withdrawal.attributes['betrace.violation.id'], violation.attributes['betrace.violation.id']);
  });

  test(`R7 violations wait in the log while the sink is away (${protocol})`, async (t) => {
    const sink = await sinkOf(t, protocol);
    await sink.stop();
    const server = await withRule(t, { env: sink.env });
    await violate(server, 250);
    await eventually('the fault on /ready', async () => (
      await exporterState(server) === 'error: connection refused, 250 waiting' ? true : undefined));
    const metrics = await readMetrics(server);
    assert.equal(sumOf(metrics, 'betrace_export_backlog_records'), 250);
    assert.ok(sumOf(metrics, 'betrace_export_backlog_bytes') > 250 * 500);
    assert.ok(sumOf(metrics, 'betrace_otlp_export_failures_total', 'reason="connect"') > 0);
    assert.match(server.output, /does not take them/);
    assert.equal((await server.get('/ready')).status, 200);
    await sink.start();
    assert.deepEqual(orders(await arrived(sink, 250)), upTo(250));
    assert.equal(sink.taken.length, 250, 'none twice');
    await eventually('that all is well', async () => (await exporterState(server) === 'ok' ? true : undefined));
    await eventually('that nothing waits', async () => (
      sumOf(await readMetrics(server), 'betrace_export_backlog_records') === 0 ? true : undefined));
  });

  test(`R7 what was not delivered before a kill is delivered after it (${protocol})`, async (t) => {
    const sink = await sinkOf(t, protocol);
    const first = await withRule(t, { env: sink.env });
    await violate(first, 120);
    await arrived(sink, 120);
    sink.behave = () => 'hang';
    await violate(first, 130, 120);
    await eventually('a request', async () => (
      sink.requests.some(({ isTaken }) => !isTaken) ? true : undefined));
    await first.stop('SIGKILL');
    sink.behave = () => undefined;
    const second = await startedFor(t, { folder: first.folder, env: sink.env });
    await violate(second, 50, 250);
    assert.deepEqual(orders(await arrived(sink, 300)), upTo(300));
  });

  test(`R7 the sink says when to come back (${protocol})`, async (t) => {
    const sink = await sinkOf(t, protocol);
    let refusals = 0;
    sink.behave = () => (++refusals <= 2 ? { status: 429, retryAfter: 2 } : undefined);
    const server = await withRule(t, { env: sink.env });
    await violate(server, 10);
    await arrived(sink, 10);
    const [one, two, three] = sink.requests.map(({ at }) => at);
    assert.ok(two - one >= 1_990 && three - two >= 1_990, `${two - one} ${three - two}`);
    assert.ok(two - one < 8_000, `${two - one}`);
    const metrics = await readMetrics(server);
    assert.equal(sumOf(metrics, 'betrace_otlp_export_failures_total', 'reason="unavailable"'), 2);
  });

  test(`R7 a sink that hangs or breaks off is asked again (${protocol})`, async (t) => {
    const sink = await sinkOf(t, protocol);
    const replies = ['hang', 'reset'];
    sink.behave = () => replies.shift();
    const server = await withRule(t, { env: { ...sink.env, OTEL_BSP_EXPORT_TIMEOUT: '300' } });
    await violate(server, 5);
    assert.deepEqual(orders(await arrived(sink, 5)), upTo(5));
    const metrics = await readMetrics(server);
    assert.equal(sumOf(metrics, 'betrace_otlp_export_failures_total', 'reason="timeout"'), 1);
    assert.ok(sumOf(metrics, 'betrace_otlp_export_failures_total', 'reason="connect"') >= 1);
  });

  const isBad = (span) => span.attributes['betrace.violation.message'] === 'order 13 is slow';
  const bad = {
    'a partial success': (spans) => (spans.some(isBad)
      ? { rejected: spans.filter(isBad).length, message: 'no thirteens', isBad } : undefined),
    'bad data': (spans) => (spans.some(isBad) ? { status: 400, message: 'no thirteens' } : undefined),
  };
  for (const [what, behave] of Object.entries(bad)) {
    test(`R7 a record that the sink refuses is parked, and only that (${protocol}, ${what})`, async (t) => {
      const sink = await sinkOf(t, protocol);
      sink.behave = behave;
      const server = await withRule(t, { env: sink.env });
      await violate(server, 40);
      const metrics = await eventually('it is parked', async () => {
        const text = await readMetrics(server);
        return sumOf(text, 'betrace_export_parked_records') === 1 ? text : undefined;
      });
      assert.equal(sumOf(metrics, 'betrace_export_parked_total', 'reason="export_refused"'), 1);
      assert.ok(sumOf(metrics, 'betrace_otlp_export_failures_total', 'reason="rejected"') > 0);
      assert.deepEqual(orders(await arrived(sink, 39)), upTo(40).filter((order) => order !== 13));
      assert.match(server.output, /are parked.*no thirteens/);
      assert.equal(await server.stop(), 0);
      sink.behave = () => undefined;
      const again = await startedFor(t, { folder: server.folder, env: sink.env });
      await violate(again, 1, 40);
      await arrived(sink, 40);
      assert.equal(sumOf(await readMetrics(again), 'betrace_export_parked_records'), 1, 'is remembered');
      await execute(program, ['violations', 'resend', '--from', '1', '--http-port', `${again.httpPort}`]);
      assert.deepEqual(orders(await arrived(sink, 41)), upTo(41));
      await eventually('nothing is parked', async () => (
        sumOf(await readMetrics(again), 'betrace_export_parked_records') === 0 ? true : undefined));
      });
  }

  test(`R7 a batch at which the sink fails is parked and others go on (${protocol})`, async (t) => {
    const sink = await sinkOf(t, protocol);
    const server = await withRule(t, { env: sink.env });
    sink.behave = () => ({ status: 500 });
    await violate(server, 1);
    await eventually('it is parked', async () => (
      sumOf(await readMetrics(server), 'betrace_export_parked_total', 'reason="sink_error"') === 1
        ? true : undefined));
    sink.behave = () => undefined;
    await violate(server, 3, 1);
    assert.deepEqual(orders(await arrived(sink, 3)), [1, 2, 3]);
  });

  test(`wrong credentials are said and cost nothing (${protocol})`, async (t) => {
    const sink = await sinkOf(t, protocol);
    sink.behave = () => ({ status: 401 });
    const server = await withRule(t, { env: sink.env });
    await violate(server, 3);
    const state = await eventually('the fault on /ready', async () => {
      const text = await exporterState(server);
      return text === 'ok' ? undefined : text;
    });
    assert.match(state, /^degraded: (HTTP 401|gRPC status 16: no), 3 waiting$/);
    assert.equal(sumOf(await readMetrics(server), 'betrace_export_parked_total'), 0);
  });

  test(`R7 TLS verifies the sink, and shows it who we are (${protocol})`, async (t) => {
    const { ca, server: cert, client, remove } = await makeCertificates();
    t.after(remove);
    const tls = { cert: cert.certificate, key: cert.key, ca: ca.certificate, requestCert: true,
                  rejectUnauthorized: true };
    const sink = await sinkOf(t, protocol, { tls });
    const server = await withRule(t, { env: sink.env });
    await violate(server, 2);
    const state = () => exporterState(server);
    await eventually('that an unknown authority is refused', async () => (
      /^error: .*, 2 waiting$/.test(await state()) ? true : undefined));
    assert.ok(sumOf(await readMetrics(server), 'betrace_otlp_export_failures_total', 'reason="tls"') > 0);
    await server.stop('SIGKILL');

    const trusted = { ...sink.env, OTEL_EXPORTER_OTLP_CERTIFICATE: ca.certificateFile };
    const nameless = await startedFor(t, { folder: server.folder, env: trusted });
    await eventually('that we are refused without a certificate', async () => (
      (await exporterState(nameless)).startsWith('error: ') ? true : undefined));
    assert.equal(sink.requests.length, 0);
    await nameless.stop('SIGKILL');

    const known = await startedFor(t, { folder: server.folder, env: {
      ...trusted, OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: client.certificateFile,
      OTEL_EXPORTER_OTLP_CLIENT_KEY: client.keyFile } });
    await arrived(sink, 2);
    await violate(known, 2, 2);
    assert.deepEqual(orders(await arrived(sink, 4)), [0, 1, 2, 3]);
    assert.equal(sumOf(await readMetrics(known), 'betrace_otlp_export_failures_total'), 0);
  });

  test(`an orderly end delivers what it decides (${protocol})`, async (t) => {
    const sink = await sinkOf(t, protocol);
    const server = await withRule(t, { env: {
      ...sink.env, OTEL_BSP_SCHEDULE_DELAY: '1h', BETRACE_TRACE_QUIET: '1h', BETRACE_TRACE_IDLE: '1h',
      BETRACE_TRACE_AGE_MAX: '2h' } },
    { name: 'open', expression: 'not trace.has(span.name == "never")', message: 'order 0' });
    await server.post('/v1/spans', { spans: [slowSpan(0)] });
    assert.equal(await server.stop(), 0);
    assert.equal(sink.distinct.size, 1);
    assert.match(server.output, /"unexported_records":0/);
  });

  // What a sink may do, by a dice; three times in between the server is killed.
  test(`R7 a sink that does everything wrong gets each violation in the end (${protocol})`, async (t) => {
    const sink = await sinkOf(t, protocol);
    const dice = seededDice();
    const wrong = [{ status: 503 }, { status: 429, retryAfter: 0 }, 'hang', 'reset', 'slow'];
    sink.behave = () => (dice(3) === 0 ? wrong[dice(wrong.length)] : undefined);
    const env = { ...sink.env, OTEL_BSP_EXPORT_TIMEOUT: '200', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '50' };
    let server = await withRule(t, { env });
    const created = 3_000;
    let before = await residentBytes(server);
    for (let from = 0; from < created; from += 750) {
      await violate(server, 750, from);
      if (from + 750 === created) break;
      await server.stop('SIGKILL');
      server = await startedFor(t, { folder: server.folder, env });
      before = await residentBytes(server);
    }
    sink.behave = () => (dice(10) === 0 ? wrong[dice(2)] : undefined);
    assert.deepEqual(orders(await arrived(sink, created)), upTo(created));
    const grown = await residentBytes(server) - before;
    assert.ok(grown < 64 * 1024 * 1024, `${grown} bytes`);
    const metrics = await readMetrics(server);
    assert.equal(sumOf(metrics, 'betrace_export_parked_total'), 0);
  });
}
