// OTLP trace requests without a library: as protobuf and as JSON, and one that is sent again and again
// with new trace ids.
import { randomBytes } from 'node:crypto';

/** A protobuf varint of a safe integer. */
export function varint(value) {
  const bytes = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    bytes.push(rest > 127 ? (rest % 128) | 128 : rest);
    if (rest <= 127) return Buffer.from(bytes);
  }
}

/** A length-delimited protobuf field. */
export function field(number, content) {
  const bytes = Buffer.from(content);
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

function fixed64(number, value) {
  const bytes = Buffer.alloc(9);
  bytes[0] = (number << 3) | 1;
  bytes.writeBigUInt64LE(value, 1);
  return bytes;
}

const text = (key, value) => Buffer.concat([field(1, key), field(2, field(1, value))]);

/** Times that make sense; they close nothing. */
const started = BigInt(Date.now()) * 1_000_000n;

function protobufSpan(span) {
  return Buffer.concat([
    field(1, Buffer.from(span.traceId, 'hex')), field(2, Buffer.from(span.spanId, 'hex')),
    span.parentSpanId ? field(4, Buffer.from(span.parentSpanId, 'hex')) : Buffer.alloc(0),
    field(5, span.name), Buffer.from([0x30, 2]),
    fixed64(7, started), fixed64(8, started + 5_000_000n),
    ...Object.entries(span.attributes ?? {}).map(([key, value]) => field(9, text(key, value))),
  ]);
}

/** An ExportTraceServiceRequest as protobuf. A span has traceId, spanId and name; all text. */
export function protobufRequest(spans, service = 'shop') {
  const resource = field(1, field(1, text('service.name', service)));
  const scope = field(2, Buffer.concat(spans.map((span) => field(2, protobufSpan(span)))));
  return field(1, Buffer.concat([resource, scope]));
}

const jsonAttributes = (attributes) => Object.entries(attributes).map(
  ([key, value]) => ({ key, value: { stringValue: value } }));

/** The same as JSON. */
export function jsonRequest(spans, service = 'shop') {
  return Buffer.from(JSON.stringify({ resourceSpans: [{
    resource: { attributes: jsonAttributes({ 'service.name': service }) },
    scopeSpans: [{ spans: spans.map(({ attributes = {}, ...span }) => ({
      ...span, kind: 2, startTimeUnixNano: `${started}`, endTimeUnixNano: `${started + 5_000_000n}`,
      attributes: jsonAttributes(attributes) })) }] }] }));
}

export const newId = (bytes) => randomBytes(bytes).toString('hex');

/** The spans of one trace: a root and its children. */
export function traceOf(spanCount, { traceId = newId(16), attributes = {} } = {}) {
  const root = newId(8);
  return Array.from({ length: spanCount }, (_, index) => ({
    traceId, spanId: index === 0 ? root : newId(8),
    ...(index === 0 ? { name: 'POST /checkout' } : { name: 'payment.charge', parentSpanId: root }),
    attributes: { 'order.number': `${index}`, ...attributes } }));
}

/** A request that can be sent again and again: next() gives it with trace ids that were never used. */
export class RepeatedRequest {
  /** `make` is protobufRequest or jsonRequest. */
  constructor(make, traces, spansPerTrace, attributes = {}) {
    this.spanCount = traces * spansPerTrace;
    const all = Array.from({ length: traces }, () => traceOf(spansPerTrace, { attributes }));
    this.bytes = make(all.flat());
    this.isText = make === jsonRequest;
    this.places = all.map(([{ traceId }]) => this.#placesOf(traceId));
    this.count = 0;
  }

  #placesOf(traceId) {
    const wanted = this.isText ? Buffer.from(traceId) : Buffer.from(traceId, 'hex');
    const places = [];
    for (let at = this.bytes.indexOf(wanted); at >= 0; at = this.bytes.indexOf(wanted, at + 1)) {
      places.push(at);
    }
    return places;
  }

  /** Valid until the next call. The first four bytes of each id count, the others were drawn. */
  next() {
    ++this.count;
    for (const places of this.places) {
      for (const at of places) {
        if (this.isText) this.bytes.write(this.count.toString(16).padStart(8, '0'), at, 'latin1');
        else this.bytes.writeUInt32BE(this.count, at);
      }
    }
    return this.bytes;
  }
}
