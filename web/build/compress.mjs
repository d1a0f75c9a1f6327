// After the build: the compressed forms beside each file that gains by them, and the size of the shell against its limit.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const root = new URL('../dist/', import.meta.url).pathname;
/** Bytes that the first view may take over the wire, with gzip. */
const SHELL_MOST = 60 * 1024;
/** Shorter files fit into the packet that carries their head anyway. */
const WORTH_IT = 300;

const sizes = new Map();
for (const name of readdirSync(root, { recursive: true })) {
  if (!/\.(html|js|css|svg|json|txt)$/.test(name)) continue;
  const path = join(root, name);
  const plain = readFileSync(path);
  const gzip = gzipSync(plain, { level: 9 });
  sizes.set(name, Math.min(plain.length, gzip.length));
  if (plain.length < WORTH_IT) continue;
  writeFileSync(`${path}.gz`, gzip);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11 };
  writeFileSync(`${path}.br`, brotliCompressSync(plain, { params }));
}

const html = readFileSync(join(root, 'index.html'), 'utf8');
const shell = ['index.html', ...[...html.matchAll(/(?:src|href)="\/([^"]+)"/g)].map((found) => found[1])];
const total = shell.reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
console.log(`shell: ${total} bytes with gzip (${shell.join(', ')})`);
if (total > SHELL_MOST) {
  console.error(`the shell may have ${SHELL_MOST} bytes`);
  process.exit(1);
}
