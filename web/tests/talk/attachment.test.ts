/** Files are sealed as the other engine seals them, and what was touched does not open. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { harmlessName, Opener, paddedSize, Sealer, sealedSize } from '../../src/talk/attachment';
import { hex, joined, unhex, type Bytes } from '../../src/talk/layout';

interface Vectors {
  sizes: [size: number, padded: number, sealed: number][];
  files: { key: string; size: number; sealed: number; heads: string[]; content_sha256: string; sealed_sha256: string }[];
  names: [sent: string, harmless: string][];
}

const path = new URL('../../../crates/chat/vectors/attachments.json', import.meta.url);
const { sizes, files, names } = JSON.parse(readFileSync(path, 'utf8')) as Vectors;

const content = (size: number) => Uint8Array.from({ length: size }, (_, n) => n * 7 + (n >> 8));
const sha256 = async (bytes: Bytes) => hex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
const key = unhex('07'.repeat(32));

async function sealed(of: Bytes, all: Bytes): Promise<Bytes[]> {
  const sealer = new Sealer(of, all.length);
  const chunks: Bytes[] = [];
  for (let [at, wants] = [0, sealer.wants]; wants !== undefined; wants = sealer.wants) {
    chunks.push(await sealer.seal(all.subarray(at, at + wants)));
    at += wants;
  }
  return chunks;
}

/** All of it; nothing when chunks are missing. */
async function opened(of: Bytes, size: number, chunks: Bytes[]): Promise<Bytes | undefined> {
  const opener = new Opener(of, size);
  const parts: Bytes[] = [];
  for (const chunk of chunks) parts.push(await opener.open(chunk));
  return opener.wants === undefined ? joined(...parts) : undefined;
}

test('sizes show only their class', () => {
  expect(sizes.map(([size]) => [size, paddedSize(size), sealedSize(size)])).toEqual(sizes);
});

test('names become harmless alike', () => {
  expect(names.length).toBeGreaterThan(15);
  expect(names.map(([sent]) => [sent, harmlessName(sent)])).toEqual(names);
});

describe('files', () => {
  test.each(files)('of $size bytes: the same bytes', async (file) => {
    const all = content(file.size);
    expect(await sha256(all)).toBe(file.content_sha256);
    const chunks = await sealed(unhex(file.key), all);
    expect(chunks.map((chunk) => hex(chunk.subarray(0, 32)))).toEqual(file.heads);
    expect(await sha256(joined(...chunks))).toBe(file.sealed_sha256);
    expect(joined(...chunks).length).toBe(file.sealed);
    const again = await opened(unhex(file.key), file.size, chunks);
    expect(await sha256(again as Bytes)).toBe(file.content_sha256);
  });

  test('that were cut off, moved, added to or changed do not open', async () => {
    const size = 200_000;
    const chunks = await sealed(key, content(size));
    const [first, second, third, last] = chunks as [Bytes, Bytes, Bytes, Bytes];
    expect(await opened(key, size, [first, second, third])).toBeUndefined();
    const refused = (some: Bytes[], of = size) => expect(opened(key, of, some)).rejects.toThrow('file_damaged');
    await refused([second]);
    await refused([first, third]);
    await refused([...chunks, last]);
    await refused([first, second, third, last.slice(0, -1)]);
    await refused(chunks, size - 1);
    for (const at of [0, 1_000, 65_535, 65_551]) {
      const other = first.slice();
      other[at] = (other[at] as number) ^ 1;
      await refused([other]);
    }
  });

  test('that change while they are read are not sent on', async () => {
    await expect(new Sealer(key, 10).seal(new Uint8Array(9))).rejects.toThrow('file_changed');
    expect(() => new Sealer(key, 2 ** 41)).toThrow('file_damaged');
  });
});
