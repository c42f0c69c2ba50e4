// Sends spans as fast as it can over all forms of OTLP at once, and keeps account of every answer.
import { Exporter, protocols } from './exporters.mjs';
import { RepeatedRequest } from './otlp.mjs';

/** What was sent and how it was answered; `others` are answers and errors that must not be. */
class Account {
  sent = 0;
  taken = 0;
  refused = 0;
  others = [];

  add(spanCount, outcome) {
    this.sent += spanCount;
    if (outcome === 'taken') this.taken += spanCount;
    else if (outcome === 'refused') this.refused += spanCount;
    else this.others.push(outcome);
  }
}

export class Flood {
  /**
   * Begins to send: `connections` of each protocol, each one request of `traces` x `spans` at a time,
   * over and over until stop(), with `pauseMs` in between.
   */
  constructor(server, { connections = 4, traces = 100, spans = 5, attributes = {}, pauseMs = 0 } = {}) {
    this.accounts = Object.fromEntries(protocols.map((protocol) => [protocol, new Account()]));
    this.exporters = protocols.flatMap((protocol) => Array.from(
      { length: connections }, () => new Exporter(server, protocol)));
    this.loops = this.exporters.map(async (exporter) => {
      const request = new RepeatedRequest(exporter.make, traces, spans, attributes);
      while (!this.isStopped) {
        const outcome = await exporter.send(request.next());
        this.accounts[exporter.protocol].add(request.spanCount, outcome);
        if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    });
  }

  /** Waits for the last answers. */
  async stop() {
    this.isStopped = true;
    await Promise.all(this.loops);
    for (const exporter of this.exporters) exporter.close();
  }

  /** The sum over all protocols. */
  total(word) {
    return Object.values(this.accounts).reduce((sum, account) => sum + account[word], 0);
  }

  /** Answers that must not be, at most ten. */
  get others() {
    return Object.entries(this.accounts).flatMap(
      ([protocol, { others }]) => others.map((outcome) => `${protocol}: ${outcome}`)).slice(0, 10);
  }
}
