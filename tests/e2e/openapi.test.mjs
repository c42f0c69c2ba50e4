// The document at /openapi.yaml is a valid OpenAPI 3.1 one, and what a real server answers is what it
// says: no member that is not in its schemas, no status, no type of a body.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Validator } from '@seriousme/openapi-schema-validator';
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';

import { ask, eventually, Server } from './server.mjs';

const key = 'key-of-this-test-alone-0123456789abcdef';
const seen = new Set();
let server;
let document;
let ajv;

// An object that lists its members has no others, so that a forgotten member is found.
function closed(schema) {
  if (Array.isArray(schema)) return schema.map(closed);
  if (schema === null || typeof schema !== 'object') return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
  if (schema.properties && typeof schema.properties.type !== 'string' && schema.type === 'object') {
    copy.additionalProperties ??= false;
  }
  return copy;
}

before(async () => {
  server = await Server.start({ env: { BETRACE_SIGNATURE_KEY: key, BETRACE_LIMITS_REST_COMPUTE_RATE: '0' } });
  const answer = await ask(`${server.api}/openapi.yaml`);
  assert.equal(answer.headers['content-type'], 'application/yaml; charset=utf-8');
  document = parse(answer.text);
  ajv = addFormats(new Ajv({ strict: false, allErrors: true }));
  ajv.addSchema({ $id: 'doc', components: { schemas: closed(document.components.schemas) } });
});

after(async () => {
  await server.stop();
  await server.remove();
});

const resolved = (part) => (part.$ref
  ? part.$ref.slice(2).split('/').reduce((at, name) => at[name], document) : part);

// The operation of the document that a request is for: a literal part of a path beats a named one.
function operationOf(method, target) {
  const parts = target.split('?')[0].split('/');
  const fits = (path) => {
    const wanted = path.split('/');
    return wanted.length === parts.length && wanted.every((part, i) => part.startsWith('{') || part === parts[i]);
  };
  const path = Object.keys(document.paths).filter(fits).sort((a, b) => a.split('{').length - b.split('{').length)[0];
  const operation = document.paths[path]?.[method.toLowerCase()];
  assert.ok(operation, `${method} ${target} is not in the document`);
  return operation;
}

// Sends a request, holds its answer against the document, and returns status and JSON.
async function call(method, target, { body, type = 'application/json', headers = {}, refused = false } = {}) {
  const operation = operationOf(method, target);
  const what = `${method} ${target}`;
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await ask(server.api + target, { method, body: text, headers: {
    ...(body === undefined ? {} : { 'content-type': type }), ...headers } });
  assert.equal(answer.status >= 400 && answer.status !== 503, refused, `${what}: ${answer.status} ${answer.text}`);
  const described = resolved(operation.responses[answer.status] ?? {});
  assert.ok(operation.responses[answer.status], `${what}: ${answer.status} is not documented`);
  if (answer.status === 304) return { status: 304 };
  const media = answer.headers['content-type'].split(';')[0];
  assert.ok(described.content[media], `${what}: ${media} is not documented`);
  const json = media === 'application/json' ? JSON.parse(answer.text) : undefined;
  if (json !== undefined) {
    const reference = described.content[media].schema.$ref.replace('#', 'doc#');
    const check = ajv.getSchema(reference) ?? ajv.compile({ $ref: reference });
    assert.ok(check(json), `${what}: ${ajv.errorsText(check.errors)}\n${answer.text}`);
  }
  if (!refused) seen.add(operation.operationId);
  return { status: answer.status, headers: answer.headers, json, text: answer.text };
}

const rule = { id: 'slow', name: 'slow', severity: 'HIGH', tags: ['soc2:CC6.1'], expression: 'span.duration > 1s' };
const span = { trace_id: 'order-1', span_id: 'a', name: 'pay', service: 'shop', kind: 'SERVER', duration_ms: 2000,
               attributes: { amount: 3 } };

test('is a valid document of OpenAPI 3.1', async () => {
  assert.match(document.openapi, /^3\.1\./);
  const found = await new Validator().validate(document);
  assert.ok(found.valid, JSON.stringify(found.errors, null, 1));
  const broken = structuredClone(document);
  delete broken.paths['/v1/rules'].get.responses;
  broken.paths['/v1/rules'].get.parameters = 'none';
  assert.ok(!(await new Validator().validate(broken)).valid, 'the validator finds nothing');
});

test('rules are answered as documented', async () => {
  const created = await call('POST', '/v1/rules', { body: rule });
  assert.equal(created.status, 201);
  await call('POST', '/v1/rules', { body: { ...rule, severity: 'LOW' }, refused: true });
  await call('POST', '/v1/rules', { body: { name: 'x', expression: 'span.duraton > 1' }, refused: true });
  const list = await call('GET', '/v1/rules?severity=HIGH&tags=soc2:CC6.1&enabled_only=true&limit=10&offset=0');
  await call('GET', '/v1/rules', { headers: { 'if-none-match': list.headers.etag ?? '*' } });
  await call('GET', '/v1/rules?no_such=1', { refused: true });
  const one = await call('GET', '/v1/rules/slow');
  assert.ok(one.json.statistics);
  await call('GET', '/v1/rules/slow?statistics=false', { headers: { 'if-none-match': created.headers.etag } });
  await call('GET', '/v1/rules/none', { refused: true });
  await call('PUT', '/v1/rules/slow', { body: { ...rule, enabled: true, message: '{span.name} is slow' } });
  await call('PATCH', '/v1/rules/slow', { body: { message: null }, type: 'application/merge-patch+json' });
  await call('PATCH', '/v1/rules/slow', { body: { severity: 'LOW' }, headers: { 'if-match': '"0"' }, refused: true });
  await call('PATCH', '/v1/rules/slow', { body: 'x', type: 'text/plain', refused: true });
  await call('POST', '/v1/rules/slow/disable');
  await call('POST', '/v1/rules/slow/enable', { body: {} });
  await call('DELETE', '/v1/rules/slow');
  await call('POST', '/v1/rules/slow/undelete');
  const history = await call('GET', '/v1/rules/slow/history');
  assert.ok(history.json.revisions.some((each) => each.diff.length > 0));
  for (const expression of ['span.duration > 1000', 'span.duration >']) {
    await call('POST', '/v1/rules/validate', { body: { expression } });
  }
  const tried = await call('POST', '/v1/rules/test', { body: { expression: 'span.duration > 1s', span } });
  assert.equal(tried.json.violations.length, 1);
  await call('POST', '/v1/rules/import?dry_run=true&on_conflict=replace', { body: { rules: [rule] } });
  const partly = await call('POST', '/v1/rules/import?atomic=false', { body: [rule, { name: 'wrong' }] });
  assert.equal(partly.status, 207);
  const templates = await call('GET', '/v1/templates');
  assert.ok(templates.json.templates.length > 5);
  await call('GET', '/v1/templates', { headers: { 'if-none-match': templates.headers.etag } });
  for (const format of ['json', 'yaml', 'ndjson']) await call('GET', `/v1/rules/export?format=${format}`);
});

test('spans, violations and their evidence are answered as documented', async () => {
  const partly = await call('POST', '/v1/spans', { body: { spans: [span, { name: 'no ids' }] } });
  assert.equal(partly.json.rejected, 1);
  const attributes = await call('GET', '/v1/attributes?service=shop&limit=10');
  assert.ok(attributes.json.attributes.some((each) => each.key === 'amount' && each.types[0] === 'int'));
  await call('POST', '/v1/traces', { body: { resourceSpans: [] } });
  await call('POST', '/v1/traces', { body: { resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: '00' }] }] }] } });
  await call('POST', '/v1/traces', { body: '{', refused: true });
  const found = await eventually('a violation', async () => {
    const { json } = await call('GET', '/v1/violations?rule_id=slow&trace_id=order-1&early=true&limit=1');
    return json.total > 0 ? json.violations[0] : undefined;
  });
  assert.match(found.signature, /^v1:/);
  const one = await call('GET', `/v1/violations/${found.id}`);
  assert.equal(one.json.verified, true);
  assert.ok(one.json.witnesses.length > 0);
  await call('GET', '/v1/violations/viol-0', { refused: true });
  await call('GET', '/v1/violations?cursor=x', { refused: true });
  await call('GET', `/v1/violations/${found.id}/evidence`);
  await call('GET', '/v1/evidence/keys');
  await call('POST', '/v1/evidence/keys/rotate', { body: {} });
  await eventually('a checkpoint', async () =>
    ((await ask(`${server.api}/v1/evidence/checkpoints/latest`)).status === 200 ? true : undefined), 90_000);
  await call('GET', '/v1/evidence/checkpoints/latest');
  await call('GET', '/v1/evidence');
  assert.ok((await call('GET', '/v1/evidence/checkpoints?limit=1')).json.total > 0);
  await call('GET', '/v1/evidence/export?from_seq=1');
  await call('POST', '/v1/violations/resend', { body: { from_seq: '1' }, refused: true });
  await call('POST', '/v1/log/backup', { body: { dir: 'x' }, refused: true });
});

test('what serves operators is answered as documented', async () => {
  await call('GET', '/v1/audit?kind=rule_change&limit=5');
  await call('GET', '/v1/stats?window=1h');
  await call('GET', '/v1/limits');
  for (const path of ['/health', '/v1/health', '/ready', '/v1/ready', '/metrics', '/openapi.yaml', '/docs', '/docs.css']) {
    await call('GET', path);
  }
});

test('every operation was answered but those that need more than a server', () => {
  const elsewhere = new Set(['followViolations', 'resendViolations', 'backUpLog', 'goToPages', 'getPage']);
  for (const path of Object.values(document.paths)) {
    for (const { operationId } of Object.values(path)) {
      assert.ok(seen.has(operationId) || elsewhere.has(operationId), `${operationId} was not asked`);
    }
  }
});
