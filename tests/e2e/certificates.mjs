// A certificate authority for one test, and certificates for localhost and a client from it.
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const openssl = (...words) => execFileSync('openssl', words, { stdio: 'pipe' });

/** Files and contents: `ca`, `server`, `client`, each with `certificate`, `key` and their `...File`. */
export async function makeCertificates() {
  const folder = await mkdtemp(join(tmpdir(), 'betrace-tls-'));
  const file = (name) => join(folder, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...key, '-days', '2', '-subj', '/CN=test CA', '-keyout', file('ca.key'),
          '-out', file('ca.pem'));
  await writeFile(file('san'), 'subjectAltName=DNS:localhost');
  for (const name of ['server', 'client']) {
    openssl('req', ...key, '-subj', `/CN=${name}`, '-keyout', file(`${name}.key`), '-out', file(`${name}.csr`));
    openssl('x509', '-req', '-in', file(`${name}.csr`), '-CA', file('ca.pem'), '-CAkey', file('ca.key'),
            '-CAcreateserial', '-days', '2', '-extfile', file('san'), '-out', file(`${name}.pem`));
  }
  const made = { remove: () => rm(folder, { recursive: true, force: true }) };
  for (const name of ['ca', 'server', 'client']) {
    made[name] = { certificateFile: file(`${name}.pem`), keyFile: file(`${name}.key`),
                   certificate: await readFile(file(`${name}.pem`)), key: await readFile(file(`${name}.key`)) };
  }
  return made;
}
