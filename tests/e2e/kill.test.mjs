// R1: kill -9 at any moment. Eight clients change rules, send spans and read violations; after each start
// the server must have what it had acknowledged and shown, nothing that it had refused, what it never
// answered as a whole or not at all, and nothing else. BETRACE_KILLS says how often it is killed.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { seededDice } from './dice.mjs';
import { Journal } from './journal.mjs';
import { newId } from './otlp.mjs';
import { showProgress } from './progress.mjs';
import { Server } from './server.mjs';

const kills = Number(process.env.BETRACE_KILLS ?? 8);
const killsOfAFolder = 20;
const ruleClients = 4;
const spanClients = 3;
const rulesOfAClient = 3;
const aliveMsMax = 400;
const slow = { id: 'slow', name: 'slow', severity: 'HIGH', expression: 'span.duration > 2s' };

/** The part of a rule that these clients change. */
const contentOf = ({ expression, enabled, message }) => ({ expression, enabled, message });

/** A request that changes rules, and what they are after it: content by id, null = not there. */
function drawChange(dice, client, version, rules) {
  const id = `${client}-${dice(rulesOfAClient)}`;
  const now = rules[id];
  const content = { expression: `span.duration > ${version}ms`, enabled: true, message: `${version}` };
  const body = { ...content, id, name: id, severity: 'LOW' };
  const path = `/v1/rules/${id}`;
  if (dice(6) === 0) {
    const ids = Array.from({ length: rulesOfAClient }, (_, index) => `${client}-${index}`);
    return { method: 'POST', path: '/v1/rules/import?on_conflict=replace',
             body: { rules: ids.map((each) => ({ ...body, id: each, name: each })) },
             after: Object.fromEntries(ids.map((each) => [each, content])) };
  }
  if (!now) return { method: 'POST', path: '/v1/rules', body, after: { [id]: content } };
  return [
    { method: 'PUT', path, body, after: { [id]: content } },
    { method: 'PATCH', path, body: { message: `${version}` }, after: { [id]: { ...now, message: `${version}` } } },
    { method: 'DELETE', path, after: { [id]: null } },
    { method: 'POST', path: `${path}/disable`, after: { [id]: { ...now, enabled: false } } },
    { method: 'POST', path: `${path}/enable`, after: { [id]: { ...now, enabled: true } } },
  ][dice(5)];
}

/** Resolves to the answer, or to undefined when the server died before it came. */
async function ask(server, { method, path, body }) {
  const headers = body ? { 'content-type': 'application/json' } : {};
  try {
    const answer = await fetch(server.api + path, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    return { ok: answer.ok, status: answer.status, body: text ? JSON.parse(text) : {} };
  } catch {
    return undefined;
  }
}

async function changeRules(server, journal, dice, client, rules) {
  for (let known = rules; ;) {
    const change = drawChange(dice, client, journal.count + 1, known);
    const number = journal.sent(client, { after: change.after });
    const answer = await ask(server, change);
    if (!answer) return;
    if (answer.ok) {
      journal.acknowledged(number, { id: answer.body.id, revision: answer.body.revision });
      known = { ...known, ...change.after };
    } else {
      assert.equal(answer.status, 503, JSON.stringify({ change, answer }));
      journal.refused(number);
    }
  }
}

async function sendSpans(server, journal, dice, client) {
  for (;;) {
    const spans = Array.from({ length: 1 + dice(20) }, () => ({ trace_id: newId(16), span_id: newId(8),
      name: 'api.request', service: 'checkout', kind: 'SERVER', duration_ms: 2500 }));
    journal.sent(client, { traces: spans.map(({ trace_id }) => trace_id) });
    if (!await ask(server, { method: 'POST', path: '/v1/spans', body: { spans } })) return;
  }
}

async function readViolations(server, journal, client) {
  for (;;) {
    const answer = await ask(server, { method: 'GET', path: '/v1/violations?limit=100' });
    if (!answer) return;
    const seen = answer.body.violations.map(({ id, trace_id }) => [id, trace_id]);
    journal.acknowledged(journal.sent(client, {}), { seen });
  }
}

/** What the journal promises: by client what rules are and may be; violations seen; traces sent. */
function promisesOf(entries) {
  const promises = { rules: {}, open: {}, revisions: {}, seen: new Map(), traces: new Set() };
  const sent = new Map();
  for (const entry of entries) {
    if (entry.kind === 'sent') {
      sent.set(entry.number, entry);
      for (const trace of entry.traces ?? []) promises.traces.add(trace);
      if (entry.after) promises.open[entry.client] = entry.after;
      continue;
    }
    const { client, after } = sent.get(entry.number);
    for (const [id, trace] of entry.seen ?? []) promises.seen.set(id, trace);
    if (!after) continue;
    delete promises.open[client];
    if (entry.kind !== 'acknowledged') continue;
    promises.rules[client] = { ...promises.rules[client], ...after };
    if (entry.revision) promises.revisions[entry.id] = entry.revision;
    for (const [id, content] of Object.entries(after)) if (!content) delete promises.revisions[id];
  }
  return promises;
}

const present = (rules) => Object.fromEntries(Object.entries(rules ?? {}).filter(([, content]) => content)
  .sort(([a], [b]) => (a < b ? -1 : 1)));

/** Returns what the rules of a client are, which must be what was promised. */
function judgeRules(client, promises, found) {
  const own = found.filter(({ id }) => id.startsWith(`${client}-`));
  const is = present(Object.fromEntries(own.map((rule) => [rule.id, contentOf(rule)])));
  const before = present(promises.rules[client]);
  const after = present({ ...promises.rules[client], ...promises.open[client] });
  const matches = [before, after].some((each) => JSON.stringify(each) === JSON.stringify(is));
  assert.ok(matches, `${client} has ${JSON.stringify(is)}, not ${JSON.stringify(before)} or ${JSON.stringify(after)}`);
  for (const { id, revision } of own) {
    assert.ok(revision >= (promises.revisions[id] ?? 1), `${id} went back to revision ${revision}`);
  }
  return is;
}

async function judgeHistory(server, revisions, found) {
  for (const { id } of found.filter((rule) => revisions[rule.id])) {
    const revision = revisions[id];
    const { body } = await server.get(`/v1/rules/${id}/history`);
    const recorded = body.revisions.map((each) => each.revision);
    assert.ok(recorded.includes(revision), `revision ${revision} of ${id} is not among ${recorded}`);
  }
}

/**
 * Adds to `judged`, the traces of the violations found so far by id, those that came since; every one
 * is read again where `isLast`, else those of before are only counted.
 */
async function judgeViolations(server, { seen, traces }, judged, isLast) {
  const found = new Map();
  for (let cursor = ''; cursor !== undefined;) {
    const { body } = await server.get(`/v1/violations?limit=1000${cursor && `&cursor=${cursor}`}`);
    for (const { id, trace_id } of body.violations) {
      assert.ok(!found.has(id), `${id} is there twice`);
      assert.ok(traces.has(trace_id), `${id} is about a trace that nobody sent`);
      found.set(id, trace_id);
    }
    const isOfBefore = body.violations.some(({ id }) => judged.has(id));
    cursor = (isLast || !isOfBefore) && body.next_cursor || undefined;
    if (!cursor) {
      for (const [id, trace] of isLast ? [] : judged) found.set(id, trace);
      assert.equal(body.total, found.size, 'violations that were there before are lost, or new ones are hidden');
    }
  }
  for (const [id, trace] of [...judged, ...seen]) assert.equal(found.get(id), trace, `${id} was shown and is lost`);
  for (const [id, trace] of found) judged.set(id, trace);
}

/** Starts, judges, lets clients work for a while and kills. */
async function live(folder, journal, judged, dice, isLast) {
  const server = await Server.start({ folder });
  try {
    await judgeAndWork(server, journal, judged, dice, isLast);
  } finally {
    server.process.kill('SIGKILL');
  }
}

async function judgeAndWork(server, journal, judged, dice, isLast) {
  const promises = promisesOf(journal.read());
  const { body } = await server.get('/v1/rules');
  const clients = Array.from({ length: ruleClients }, (_, index) => `client-${index}`);
  const rules = clients.map((client) => judgeRules(client, promises, body.rules));
  clients.forEach((client, index) => {  // what was never answered is decided now
    const all = { ...promises.rules[client], ...promises.open[client] };
    const after = Object.fromEntries(Object.keys(all).map((id) => [id, rules[index][id] ?? null]));
    journal.acknowledged(journal.sent(client, { after }), {});
  });
  await judgeHistory(server, promises.revisions, body.rules);
  await judgeViolations(server, promises, judged, isLast);
  if (isLast) {
    assert.equal(await server.stop(), 0, server.output);
    return;
  }
  if (!body.rules.some(({ id }) => id === slow.id)) {
    assert.equal((await server.post('/v1/rules', slow)).status, 201);
  }
  const work = [
    ...clients.map((client, index) => changeRules(server, journal, dice, client, rules[index])),
    ...Array.from({ length: spanClients }, (_, index) => sendSpans(server, journal, dice, `sender-${index}`)),
    readViolations(server, journal, 'reader'),
  ];
  setTimeout(() => server.process.kill('SIGKILL'), 1 + dice(aliveMsMax));
  await Promise.all([...work, server.exited]);
}

test('R1: a kill at any moment loses nothing that was acknowledged or shown',
  { timeout: (60 + kills * 10) * 1000 }, async (context) => {
    const dice = seededDice();
    const total = { kills: 0, requests: 0, violations: 0 };
    const summary = () => `${total.kills} kills, ${total.requests} requests, ${total.violations} violations`;
    const hide = showProgress(summary);
    while (total.kills < kills) {
      const folder = await mkdtemp(join(tmpdir(), 'betrace-e2e-'));
      const journal = new Journal(`${folder}.journal`);
      const judged = new Map();
      for (let turn = 0; turn < killsOfAFolder && total.kills < kills; ++turn, ++total.kills) {
        await live(folder, journal, judged, dice, false);
      }
      await live(folder, journal, judged, dice, true);
      total.violations += judged.size;
      total.requests += journal.count;
      journal.close();
      await Promise.all([folder, journal.path].map((path) => rm(path, { recursive: true })));
    }
    hide();
    context.diagnostic(summary());
  });
