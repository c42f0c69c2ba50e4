// A certificate authority for one test, and certificates for localhost and a client from it.
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const openssl = (...words) => execFileSync('openssl', words, { stdio: 'pipe' });
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/**
 * Files and contents: `ca`, `server`, `client`, each with `certificate`, `key` and their `...File`. `issue(name,
 * san, days)` makes one more, and `revoke(name)` a file with the CA and a list that revokes it.
 */
export async function makeCertificates() {
  const folder = await mkdtemp(join(tmpdir(), 'betrace-tls-'));
  const file = (name) => join(folder, name);
  openssl('req', '-x509', ...newKey, '-days', '2', '-subj', '/CN=test CA', '-keyout', file('ca.key'),
          '-out', file('ca.pem'));
  const read = async (name) => ({
    certificateFile: file(`${name}.pem`), keyFile: file(`${name}.key`),
    certificate: await readFile(file(`${name}.pem`)), key: await readFile(file(`${name}.key`)) });
  const issue = async (name, san = 'DNS:localhost', days = 2) => {
    await writeFile(file('san'), `subjectAltName=${san}`);
    openssl('req', ...newKey, '-subj', `/CN=${name}`, '-keyout', file(`${name}.key`), '-out', file(`${name}.csr`));
    openssl('x509', '-req', '-in', file(`${name}.csr`), '-CA', file('ca.pem'), '-CAkey', file('ca.key'),
            '-CAcreateserial', '-days', `${days}`, '-extfile', file('san'), '-out', file(`${name}.pem`));
    return read(name);
  };
  const revoke = async (name) => {
    await writeFile(file('index'), '');
    await writeFile(file('ca.conf'), `[ca]\ndefault_ca=d\n[d]\ndatabase=${file('index')}\n` +
      'default_md=sha256\ndefault_crl_days=2\n');
    const ca = ['ca', '-config', file('ca.conf'), '-cert', file('ca.pem'), '-keyfile', file('ca.key')];
    openssl(...ca, '-revoke', file(`${name}.pem`));
    openssl(...ca, '-gencrl', '-out', file('crl.pem'));
    await writeFile(file('ca_crl.pem'),
                    Buffer.concat([await readFile(file('ca.pem')), await readFile(file('crl.pem'))]));
    return file('ca_crl.pem');
  };
  return {
    ca: await read('ca'), server: await issue('server'), client: await issue('client'), issue, revoke, file,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
