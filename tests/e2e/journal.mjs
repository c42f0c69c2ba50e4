// What clients asked for and were told, on disk before anything follows from it: the oracle of tests
// that kill the server.
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';

export class Journal {
  constructor(path) {
    this.path = path;
    this.file = openSync(path, 'ax');
    this.count = 0;
  }

  /** Notes that `client` sends a request: `what` is any object. Returns its number. */
  sent(client, what) {
    const number = ++this.count;
    this.#write({ kind: 'sent', number, client, ...what });
    return number;
  }

  /** How the request was answered; one without an answer may have been done or not. */
  acknowledged(number, what) { this.#write({ kind: 'acknowledged', number, ...what }); }
  refused(number) { this.#write({ kind: 'refused', number }); }

  /** All entries, as they lie on disk. */
  read() {
    return readFileSync(this.path, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
  }

  close() { closeSync(this.file); }

  #write(entry) {
    writeSync(this.file, `${JSON.stringify(entry)}\n`);
    fsyncSync(this.file);
  }
}
