// An OTLP receiver that is not ours: takes traces over HTTP protobuf or gRPC, plain or with TLS, decodes
// them with protobufjs, and answers as a test wants.
import http from 'node:http';
import https from 'node:https';
import { gunzipSync } from 'node:zlib';

import grpc from '@grpc/grpc-js';
import protobuf from 'protobufjs';

import { look } from './canary.mjs';
import { traceService } from './grpc.mjs';

const { root } = protobuf.parse(`syntax = "proto3";
message Request { repeated ResourceSpans resource_spans = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message Resource { repeated KeyValue attributes = 1; }
message ScopeSpans { Scope scope = 1; repeated Span spans = 2; }
message Scope { string name = 1; string version = 2; }
message Span {
  bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4;
  string name = 5; int32 kind = 6; fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8;
  repeated KeyValue attributes = 9; repeated Link links = 13; Status status = 15; }
message Link { bytes trace_id = 1; bytes span_id = 2; }
message Status { string message = 2; int32 code = 3; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; } }
message Response { PartialSuccess partial_success = 1; }
message PartialSuccess { int64 rejected_spans = 1; string error_message = 2; }
message RpcStatus { int32 code = 1; string message = 2; repeated Any details = 3; }
message Any { string type_url = 1; bytes value = 2; }
message RetryInfo { Duration retry_delay = 1; }
message Duration { int64 seconds = 1; int32 nanos = 2; }`, { keepCase: false });

const encode = (type, value) => Buffer.from(root.lookupType(type).encode(value).finish());

const attributesOf = (pairs) => Object.fromEntries(pairs.map(({ key, value }) => {
  const { stringValue, boolValue, intValue } = root.lookupType('AnyValue').toObject(value);
  return [key, stringValue ?? boolValue ?? intValue];
}));

const hex = (bytes) => Buffer.from(bytes).toString('hex');

/** The spans of a request as plain objects, with resource and scope beside each. */
export function spansOf(body) {
  const request = root.lookupType('Request').decode(body);
  return request.resourceSpans.flatMap(({ resource, scopeSpans }) => scopeSpans.flatMap(
    ({ scope, spans }) => spans.map((span) => ({
      traceId: hex(span.traceId), spanId: hex(span.spanId), parentSpanId: hex(span.parentSpanId),
      name: span.name, kind: span.kind, status: span.status?.code ?? 0,
      start: BigInt(span.startTimeUnixNano.toString()), end: BigInt(span.endTimeUnixNano.toString()),
      attributes: attributesOf(span.attributes),
      links: span.links.map((link) => ({ traceId: hex(link.traceId), spanId: hex(link.spanId) })),
      resource: attributesOf(resource.attributes), scope: scope.name,
    }))));
}

const codes = { 400: grpc.status.INVALID_ARGUMENT, 401: grpc.status.UNAUTHENTICATED,
  429: grpc.status.UNAVAILABLE, 500: grpc.status.INTERNAL, 503: grpc.status.UNAVAILABLE };

/**
 * `behave(spans, headers)` says what becomes of a request: undefined to take it; `{ status, retryAfter }`
 * with an HTTP status, which gRPC translates; `{ rejected, message }` for a partial success; `'hang'`;
 * `'reset'` after it was read; `'slow'` to answer after 250 ms.
 */
export class OtlpSink {
  constructor(protocol, { tls } = {}) {
    this.protocol = protocol;
    this.tls = tls;
    this.port = 0;
    this.behave = () => undefined;
    this.requests = [];  // all that were read but checkpoints: { at, spans, headers, isTaken }
    this.checkpoints = [];
  }

  get endpoint() {
    return `${this.tls ? 'https' : 'http'}://localhost:${this.port}`;
  }

  /** What betrace is told: violations alone, for most tests count spans. */
  get env() {
    return { BETRACE_EVIDENCE_EMIT_SPANS: 'false', OTEL_EXPORTER_OTLP_ENDPOINT: this.endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: this.protocol,
             OTEL_BSP_SCHEDULE_DELAY: '20ms' };
  }

  /** Listens, again on the same port if it did before. */
  async start() {
    await (this.protocol === 'grpc' ? this.#startGrpc() : this.#startHttp());
    return this;
  }

  /** Is away: connections are cut, further ones refused. */
  async stop() {
    if (this.protocol === 'grpc') {
      this.server.forceShutdown();
    } else {
      const isClosed = new Promise((resolve) => this.server.close(resolve));
      for (const socket of this.sockets) socket.destroy();
      await isClosed;
    }
  }

  /** All spans that were taken, repeats included. */
  get taken() {
    return this.requests.filter(({ isTaken }) => isTaken).flatMap(({ spans }) => spans);
  }

  /** Distinct spans that were taken, by id. */
  get distinct() {
    return new Map(this.taken.map((span) => [`${span.traceId}/${span.spanId}`, span]));
  }

  #judge(body, headers) {
    look('the export', body);
    const spans = spansOf(body);
    // Checkpoints come beside what a test counts.
    if (spans.every(({ name }) => name === 'betrace.checkpoint')) {
      this.checkpoints.push(...spans);
      return undefined;
    }
    const request = { at: Date.now(), spans, headers, isTaken: false };
    this.requests.push(request);
    const reply = this.behave(request.spans, headers);
    request.isTaken = reply === undefined || reply.rejected !== undefined;
    if (reply?.rejected !== undefined) request.spans = request.spans.filter((span) => !reply.isBad?.(span));
    return reply;
  }

  #startHttp() {
    const serve = (request, response) => {
      const pieces = [];
      request.on('data', (piece) => pieces.push(piece));
      request.on('end', () => {
        const raw = Buffer.concat(pieces);
        const isGzip = request.headers['content-encoding'] === 'gzip';
        const reply = this.#judge(isGzip ? gunzipSync(raw) : raw, { ...request.headers, path: request.url });
        this.#answerHttp(reply, request, response);
      });
    };
    this.server = this.tls ? https.createServer(this.tls, serve) : http.createServer(serve);
    // Those in a TLS handshake, too, which the server itself does not close.
    this.sockets = new Set();
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(this.port, 'localhost', () => {
        this.port = this.server.address().port;
        resolve();
      });
    });
  }

  #answerHttp(reply, request, response) {
    if (reply === 'hang') return;
    if (reply === 'slow') {
      setTimeout(() => response.end(), 250);  // too late for an impatient sender
      return;
    }
    if (reply === 'reset') {
      request.socket.destroy();
      return;
    }
    response.setHeader('content-type', 'application/x-protobuf');
    if (reply?.status) {
      response.statusCode = reply.status;
      if (reply.retryAfter !== undefined) response.setHeader('retry-after', `${reply.retryAfter}`);
      response.end(encode('RpcStatus', { message: reply.message ?? 'no' }));
    } else {
      response.end(this.#response(reply));
    }
  }

  #response(reply) {
    if (reply?.rejected === undefined) return Buffer.alloc(0);
    return encode('Response', { partialSuccess: {
      rejectedSpans: reply.rejected, errorMessage: reply.message ?? '' } });
  }

  #startGrpc() {
    const bytes = (message) => message;
    this.server = new grpc.Server();
    this.server.addService({ export: {
      path: `/${traceService}/Export`, requestStream: false, responseStream: false,
      requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes,
      responseDeserialize: bytes } }, {
      export: (call, callback) => this.#answerGrpc(call, callback) });
    const credentials = this.tls
      ? grpc.ServerCredentials.createSsl(
        this.tls.ca ?? null, [{ cert_chain: this.tls.cert, private_key: this.tls.key }],
        this.tls.requestCert ?? false)
      : grpc.ServerCredentials.createInsecure();
    return new Promise((resolve, reject) => {
      this.server.bindAsync(`localhost:${this.port}`, credentials, (error, port) => {
        if (error) return reject(error);
        this.port = port;
        resolve();
      });
    });
  }

  /** On the same port, which may be in use for a moment: a connection of somebody else can begin there. */
  #startGrpcAgain() {
    this.#startGrpc().catch(() => setTimeout(() => this.#startGrpcAgain(), 20));
  }

  #answerGrpc(call, callback) {
    const reply = this.#judge(call.request, call.metadata.getMap());
    if (reply === 'hang') return;
    if (reply === 'slow') {
      setTimeout(() => callback(null, Buffer.alloc(0)), 250);
      return;
    }
    if (reply === 'reset') {
      this.server.forceShutdown();
      this.#startGrpcAgain();
      return;
    }
    if (!reply?.status) {
      callback(null, this.#response(reply));
      return;
    }
    const code = codes[reply.status];
    const metadata = new grpc.Metadata();
    if (reply.retryAfter !== undefined) {
      const value = encode('RetryInfo', { retryDelay: { seconds: reply.retryAfter } });
      metadata.set('grpc-status-details-bin', encode('RpcStatus', { code, details: [
        { typeUrl: 'type.googleapis.com/google.rpc.RetryInfo', value }] }));
    }
    callback({ code, details: reply.message ?? 'no', metadata });
  }
}
