// Calls of the gRPC port without generated code: messages are bytes.
import grpc from '@grpc/grpc-js';

const bytes = (message) => message;
const row = (path, responseStream = false) => ({
  path, requestStream: false, responseStream, requestSerialize: bytes, requestDeserialize: bytes,
  responseSerialize: bytes, responseDeserialize: bytes,
});

export const traceService = 'opentelemetry.proto.collector.trace.v1.TraceService';

const Client = grpc.makeGenericClientConstructor({
  export: row(`/${traceService}/Export`),
  metrics: row('/opentelemetry.proto.collector.metrics.v1.MetricsService/Export'),
  check: row('/grpc.health.v1.Health/Check'),
  watch: row('/grpc.health.v1.Health/Watch', true),
}, 'betrace');

/** A client of `host:port`. */
export function connect(address, options = {}, credentials = grpc.credentials.createInsecure()) {
  return new Client(address, credentials, options);
}

/** Calls once, with `options.metadata` as an object; returns the code, the reply and, if it failed, the trailers, and never throws. */
export function call(client, method, message, { metadata = {}, ...options } = {}) {
  return new Promise((resolve) => {
    const fields = new grpc.Metadata();
    for (const [name, value] of Object.entries(metadata)) fields.set(name, value);
    client[method](message, fields, options, (error, reply) => {
      const code = error?.code ?? grpc.status.OK;
      const trailers = error?.metadata;
      resolve({ code, name: grpc.status[code], details: error?.details, reply, trailers });
    });
  });
}

/** A HealthCheckRequest. */
export function healthRequest(service) {
  const name = Buffer.from(service);
  return name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, name.length]), name]);
}

/**
 * An ExportTraceServiceRequest of exactly that size without spans: one field that nobody knows. Its
 * text shrinks to about half, as that of spans may.
 */
export function paddedRequest(size) {
  const payload = size - 5;
  const head = [0x7a];
  for (let index = 0; index < 3; ++index) head.push((payload >> (7 * index)) & 0x7f | 0x80);
  head.push(payload >> 21);
  const text = Buffer.alloc(payload);
  let state = 1;
  for (let index = 0; index < payload; ++index) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    text[index] = 0x61 + (state >>> 28);
  }
  return Buffer.concat([Buffer.from(head), text]);
}
