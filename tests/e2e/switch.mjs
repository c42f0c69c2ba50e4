// Stands before replicas as a Service does: connections that come go to the replica of the moment, those that
// exist stay where they are.
import net from 'node:net';

export class Switch {
  /** A way to `port` until to() names another. */
  static async start(port) {
    const one = new Switch();
    one.target = port;
    one.server = net.createServer((client) => {
      const replica = net.connect(one.target, '127.0.0.1');
      client.pipe(replica);
      replica.pipe(client);
      for (const [end, other] of [[client, replica], [replica, client]]) {
        end.on('error', () => other.destroy());
        end.on('close', () => other.destroy());
      }
    });
    await new Promise((resolve) => one.server.listen(0, '127.0.0.1', resolve));
    one.port = one.server.address().port;
    return one;
  }

  to(port) {
    this.target = port;
  }

  stop() {
    return new Promise((resolve) => this.server.close(resolve));
  }
}
