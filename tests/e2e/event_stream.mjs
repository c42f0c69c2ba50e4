// A reader of text/event-stream as browsers have it, with a header of its own choice.
import assert from 'node:assert/strict';

function parse(block) {
  const event = { event: 'message', data: '' };
  for (const line of block.split('\n')) {
    if (line.startsWith(':')) continue;
    const [, name, value] = line.match(/^([a-z]+): ?(.*)$/);
    event[name] = name === 'data' ? event.data + value : value;
  }
  if (event.data) event.data = JSON.parse(event.data);
  return event;
}

export class EventStream {
  /** Rejects if the answer is not a stream. `after` is a Last-Event-ID. */
  static async open(server, query = '', { after } = {}) {
    const stream = new EventStream();
    stream.stopping = new AbortController();
    const headers = after === undefined ? {} : { 'last-event-id': after };
    const answer = await fetch(`${server.api}/v1/violations/stream${query}`, {
      headers, signal: stream.stopping.signal });
    if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
    assert.match(answer.headers.get('content-type'), /^text\/event-stream/);
    stream.reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    stream.text = '';
    assert.equal((await stream.next()).retry, '3000');
    return stream;
  }

  /** The next event; undefined once the server has ended the stream. Comments are no events. */
  async next() {
    for (;;) {
      const end = this.text.indexOf('\n\n');
      if (end >= 0) {
        const block = this.text.slice(0, end);
        this.text = this.text.slice(end + 2);
        if (block.startsWith(':') && !block.includes('\n')) continue;
        return parse(block);
      }
      const { done, value } = await this.reader.read();
      if (done) return undefined;
      this.text += value;
    }
  }

  async take(count) {
    const events = [];
    while (events.length < count) {
      const event = await this.next();
      if (event === undefined) throw new Error(`the stream ended after ${events.length} events`);
      events.push(event);
    }
    return events;
  }

  close() {
    this.stopping.abort();
  }
}
