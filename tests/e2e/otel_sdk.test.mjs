// A real client: the OpenTelemetry JS SDK sends traces over gRPC and HTTP, and the right violation with
// its witness span comes out of the API.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtoExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';

import { eventually, Server } from './server.mjs';

const rules = [
  { name: 'large-payment', severity: 'CRITICAL',
    expression: 'when { payment.charge.where(amount > 1000) } always { fraud.check }' },
  { name: 'failed-server-span', severity: 'HIGH',
    expression: 'span.kind == "server" and span.status == "error"' },
];

let server;

before(async () => {
  const { dependencies } = JSON.parse(await readFile(new URL('package.json', import.meta.url)));
  console.log(`PEER OpenTelemetry SDK for JavaScript ${dependencies['@opentelemetry/sdk-trace-base']}`);
  server = await Server.start();
  for (const rule of rules) assert.equal((await server.post('/v1/rules', rule)).status, 201);
});

after(async () => {
  await server.stop();
  await server.remove();
});

/** Sends one checkout with a large payment and no fraud check; returns the ids that were sent. */
async function sendCheckout(exporter) {
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'checkout' }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  const tracer = provider.getTracer('shop', '1.0.0');
  const root = tracer.startSpan('POST /checkout', { kind: SpanKind.SERVER });
  root.setStatus({ code: SpanStatusCode.ERROR, message: 'declined' });
  const inside = trace.setSpan((await import('@opentelemetry/api')).ROOT_CONTEXT, root);
  const charge = tracer.startSpan('payment.charge', { attributes: { amount: 1500, currency: 'EUR' } },
                                  inside);
  charge.end();
  root.end();
  await provider.forceFlush();
  await provider.shutdown();
  return { traceId: root.spanContext().traceId, rootId: root.spanContext().spanId,
           chargeId: charge.spanContext().spanId };
}

async function violationOf(ruleId, traceId) {
  return eventually(`a violation of ${ruleId} in ${traceId}`, async () => {
    const { body } = await server.get(`/v1/violations?rule_id=${ruleId}&trace_id=${traceId}`);
    return body.violations[0];
  });
}

for (const [codec, Exporter, port] of [
  ['http/protobuf on 4318', ProtoExporter, 'otlp'],
  ['http/json on 4318', JsonExporter, 'otlp'],
  ['http/protobuf on 12011', ProtoExporter, 'api'],
  ['gzip http/protobuf on 4318', ProtoExporter, 'otlp'],
  ['grpc on 4317', GrpcExporter, 'grpc'],
  ['gzip grpc on 4317', GrpcExporter, 'grpc'],
]) {
  test(`a trace sent over ${codec} is judged, and the witness is the charge`, async () => {
    const compression = codec.startsWith('gzip') ? 'gzip' : 'none';
    const url = port === 'grpc' ? server.grpc : `${server[port]}/v1/traces`;
    const sent = await sendCheckout(new Exporter({ url, compression }));

    const listed = await violationOf('large-payment', sent.traceId);
    assert.equal(listed.severity, 'CRITICAL');
    assert.equal(listed.completeness, 'complete');
    assert.equal(listed.close_reason, 'complete');
    assert.equal(listed.service, 'checkout');
    const { body: whole } = await server.get(`/v1/violations/${listed.id}`);
    assert.deepEqual(whole.witnesses.map((witness) => witness.span_id), [sent.chargeId]);
    assert.equal(whole.witnesses[0].name, 'payment.charge');
    assert.equal(whole.witnesses[0].attributes.amount, 1500);

    const failed = await violationOf('failed-server-span', sent.traceId);
    assert.equal(failed.span_id, sent.rootId);
    assert.equal(failed.early, true);
  });
}
