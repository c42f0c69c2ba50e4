// HTTP/2 frame by frame, for what no client library would send; and calls whose bytes are our own.
import http2 from 'node:http2';
import net from 'node:net';

import { traceService } from './grpc.mjs';

export const types = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, continuation: 9 };
export const flags = { acknowledge: 1, endStream: 1, endHeaders: 4 };
export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export function frame(type, flag, stream, payload = Buffer.alloc(0)) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flag;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A setting: `[identifier, value]`. */
export function settings(...pairs) {
  const payload = Buffer.alloc(6 * pairs.length);
  pairs.forEach(([identifier, value], index) => {
    payload.writeUInt16BE(identifier, 6 * index);
    payload.writeUInt32BE(value, 6 * index + 2);
  });
  return frame(types.settings, 0, 0, payload);
}

/** A literal field that is not indexed; name and value are shorter than 127 bytes. */
export function literal(name, value) {
  return Buffer.concat([Buffer.from([0, name.length]), Buffer.from(name),
                        Buffer.from([value.length]), Buffer.from(value)]);
}

/** The fields of a call of that path. */
export function callHead(path = `/${traceService}/Export`) {
  const service = path.slice(0, 126);
  return Buffer.concat([literal(':method', 'POST'), literal(':scheme', 'http'), literal(':path', service),
                        literal(':authority', 'localhost'), literal('content-type', 'application/grpc'),
                        literal('te', 'trailers')]);
}

/**
 * One call with `body` as it is, prefix and all. Returns the status of HTTP and of gRPC; `reset` if the
 * stream ended without one.
 */
export function rawCall(port, body, headers = {}) {
  return new Promise((resolve) => {
    const client = http2.connect(`http://127.0.0.1:${port}`);
    const seen = { details: 0 };
    const read = (fields) => {
      seen.http ??= fields[':status'];
      seen.grpc ??= fields['grpc-status'] && Number(fields['grpc-status']);
      seen.hasDetails ||= fields['grpc-status-details-bin'] !== undefined;
    };
    const done = () => { client.close(); resolve(seen); };
    client.on('error', (error) => { seen.error = error.code; resolve(seen); });
    const call = client.request({ ':method': 'POST', ':path': `/${traceService}/Export`,
      'content-type': 'application/grpc', te: 'trailers', ...headers });
    call.on('response', read);
    call.on('trailers', read);
    call.on('error', (error) => { seen.error = error.code; });
    call.on('close', done);
    call.resume();
    call.end(body);
  });
}

/** A message with its prefix, whose length may be a lie. */
export function message(bytes, { isCompressed = false, length = bytes.length } = {}) {
  const prefix = Buffer.alloc(5);
  prefix[0] = isCompressed ? 1 : 0;
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, bytes]);
}

/** A socket that has sent `bytes`; `received` grows, `ended` resolves when it is closed. */
export function dial(port, bytes, { from = '127.0.0.1' } = {}) {
  const socket = net.connect({ port, host: '127.0.0.1', localAddress: from });
  socket.received = '';
  socket.on('data', (piece) => { socket.received += piece.toString('latin1'); });
  socket.on('error', () => {});
  socket.ended = new Promise((resolve) => socket.once('close', () => resolve(socket.received)));
  socket.write(bytes);
  return socket;
}
