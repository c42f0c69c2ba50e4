// Sends requests over HTTP protobuf, HTTP JSON and gRPC, and says of each answer whether it is one that
// an exporter can live with.
import http from 'node:http';

import { call, connect } from './grpc.mjs';
import { jsonRequest, protobufRequest } from './otlp.mjs';

export const protocols = ['http_protobuf', 'http_json', 'grpc'];

/** A connection that idles may be closed while the next request is on its way: then it goes over another one. */
function post(url, type, body, agent) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': type, 'content-length': body.length };
    const request = http.request(url, { method: 'POST', agent, headers }, (answer) => {
      const pieces = [];
      answer.on('data', (piece) => pieces.push(piece));
      answer.on('error', reject);
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers,
                                       body: Buffer.concat(pieces) }));
    });
    request.on('error', (error) => {
      const wasIdle = request.reusedSocket && error.code === 'ECONNRESET';
      if (wasIdle) post(url, type, body, agent).then(resolve, reject);
      else reject(error);
    });
    request.end(body);
  });
}

/** `taken`; `refused`: it may be sent again, and the answer says when; or what it is instead. */
function outcomeOfHttp({ status, headers, body }) {
  if (status === 200) return body.length <= 2 ? 'taken' : `partial success: ${body}`;
  const wait = Number(headers['retry-after']);
  const isHint = Number.isInteger(wait) && wait >= 1 && wait <= 10;
  return (status === 429 || status === 503) && isHint ? 'refused'
    : `${status} with Retry-After ${headers['retry-after']}: ${body}`;
}

function outcomeOfGrpc({ name, details, reply, trailers }) {
  if (name === 'OK') return reply.length === 0 ? 'taken' : `partial success: ${reply}`;
  const [status] = trailers?.get('grpc-status-details-bin') ?? [];
  const isRetryable = name === 'UNAVAILABLE' || name === 'RESOURCE_EXHAUSTED';
  return isRetryable && status?.includes('google.rpc.RetryInfo') ? 'refused' : `${name}: ${details}`;
}

/** A client of one protocol: `make(spans)` gives a body, `send(body)` its outcome. */
export class Exporter {
  constructor(server, protocol) {
    this.protocol = protocol;
    this.make = protocol === 'http_json' ? jsonRequest : protobufRequest;
    if (protocol === 'grpc') {
      const options = { 'grpc.use_local_subchannel_pool': 1 };
      this.client = connect(`127.0.0.1:${server.grpcPort}`, options);
    } else {
      this.url = `${server.otlp}/v1/traces`;
      this.type = protocol === 'http_json' ? 'application/json' : 'application/x-protobuf';
      this.agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    }
  }

  async send(body) {
    if (this.client) return outcomeOfGrpc(await call(this.client, 'export', body));
    return post(this.url, this.type, body, this.agent).then(
      outcomeOfHttp, (error) => `${error.code} ${error.message}`);
  }

  close() {
    this.client?.close();
    this.agent?.destroy();
  }
}
