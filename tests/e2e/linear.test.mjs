// R19: the rules API is linearisable per rule: whatever clients do to one rule at once, the answers are
// those of some order that fits the clock. BETRACE_HISTORIES says how many histories are tried.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { seededDice } from './dice.mjs';
import { isLinearizable } from './linear.mjs';
import { showProgress } from './progress.mjs';
import { Server } from './server.mjs';

const histories = Number(process.env.BETRACE_HISTORIES ?? 40);
const clients = 4;
const requestsOfAClient = 5;

/** What an answer says of the state before and after: '' = no rule, else `<etag> <expression>`. */
const meanings = {
  create: ({ status, state }) => (before) => (
    status === 201 ? (before === '' ? state : undefined)
      : status === 409 && before !== '' ? before : undefined),
  replace: ({ status, state }) => (before) => (
    status === 200 ? (before !== '' ? state : undefined)
      : status === 404 && before === '' ? before : undefined),
  compare: ({ status, state, etag }) => (before) => (
    status === 200 ? (before.startsWith(`${etag} `) ? state : undefined)
      : status === 412 ? (before !== '' && !before.startsWith(`${etag} `) ? before : undefined)
        : status === 404 && before === '' ? before : undefined),
  remove: ({ status }) => (before) => (
    status < 300 ? (before !== '' ? '' : undefined) : status === 404 && before === '' ? before : undefined),
  read: ({ status, state }) => (before) => (
    status === 200 ? (before === state ? before : undefined)
      : status === 404 && before === '' ? before : undefined),
};
const kinds = ['create', 'create', 'replace', 'replace', 'compare', 'compare', 'remove', 'read', 'read'];

function requestOf(kind, id, number, etag) {
  const path = `/v1/rules/${id}`;
  const body = { id, name: id, severity: 'LOW', enabled: true, expression: `span.duration > ${number}ms` };
  return {
    create: ['POST', '/v1/rules', body], replace: ['PUT', path, body],
    compare: ['PATCH', path, { expression: body.expression }, { 'if-match': etag }],
    remove: ['DELETE', path], read: ['GET', `${path}?statistics=false`],
  }[kind];
}

async function send(server, kind, id, number, etag) {
  const [method, path, body, headers] = requestOf(kind, id, number, etag);
  const sent = performance.now();
  const answer = await fetch(server.api + path, { method, body: body && JSON.stringify(body),
    headers: { ...headers, ...(body && { 'content-type': 'application/json' }) } });
  const text = await answer.text();
  const answered = performance.now();
  const tag = answer.headers.get('etag');
  const state = answer.ok && tag ? `${tag} ${JSON.parse(text).expression}` : undefined;
  assert.ok(answer.status < 500, text);
  return { kind, sent, answered, status: answer.status, tag, state,
           apply: meanings[kind]({ status: answer.status, state, etag }) };
}

/** Clients that change one rule at once; each compares with what it saw last. */
async function record(server, dice, id) {
  let number = 0;
  const history = [];
  await Promise.all(Array.from({ length: clients }, async () => {
    let etag = '"none"';
    for (let i = 0; i < requestsOfAClient; ++i) {
      const done = await send(server, kinds[dice(kinds.length)], id, ++number, etag);
      history.push(done);
      etag = done.tag ?? etag;
    }
  }));
  return history;
}

test('R19: requests to one rule have an order that fits every answer',
  { timeout: (60 + histories) * 1000 }, async (context) => {
    const dice = seededDice();
    const server = await Server.start();
    let done = 0;
    const hide = showProgress(() => `${done} histories`);
    try {
      for (; done < histories; ++done) {
        const history = await record(server, dice, `rule-${done}`);
        assert.ok(isLinearizable(history), `no order fits ${JSON.stringify(history, null, 1)}`);
      }
    } finally {
      hide();
      assert.equal(await server.stop(), 0, server.output);
      await server.remove();
    }
    context.diagnostic(`${done} histories of ${clients * requestsOfAClient} requests`);
  });

test('R19: a history in which a read is older than a write that was over is refused', () => {
  const at = (sent, answered, apply) => ({ sent, answered, apply });
  const write = (value) => () => value;
  const read = (value) => (before) => (before === value ? before : undefined);
  assert.ok(isLinearizable([at(0, 3, write('a')), at(1, 2, read('')), at(4, 5, read('a'))]));
  assert.ok(!isLinearizable([at(0, 1, write('a')), at(2, 3, read(''))]));
  assert.ok(!isLinearizable([at(0, 5, write('a')), at(1, 2, read('a')), at(3, 4, read(''))]));
});
