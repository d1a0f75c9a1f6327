/** What goes over to a new device: the page and the terminal give and take the same bytes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { base32nopad } from '@scure/base';
import { expect, test } from 'vitest';
import { array, bool, bytes, map, string } from '../../src/talk/cbor';
import { Fault } from '../../src/talk/fault';
import { Newcomer, plainBytes, sealed, type Handover } from '../../src/talk/handover';
import { hex, joined, unhex, utf8, type Bytes } from '../../src/talk/layout';
import { ANSWER_CHARS_MAX, HANDED_CONTACTS_MAX } from '../../src/talk/limits';

type Described = { name: string; secret: string; contacts: [string, string, boolean][] };

interface Vectors {
  random: string;
  codes: { typed: string; code?: string; refused?: string }[];
  handovers: (Described & { what: string; plain: string })[];
  answers: { what: string; answer: string; verdict: Described | string }[];
}

const CHAT = new URL('../../../crates/chat/', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, CHAT), 'utf8');
const vectors = JSON.parse(read('vectors/handovers.json')) as Vectors;
const random = unhex(vectors.random);

const handover = ({ name, secret, contacts }: Described): Handover => ({
  name,
  secret: unhex(secret),
  contacts: contacts.map(([name, key, isVerified]) => ({ name, key: unhex(key), isVerified })),
});

const described = ({ name, secret, contacts }: Handover): Described => ({
  name,
  secret: hex(secret),
  contacts: contacts.map(({ name, key, isVerified }) => [name, hex(key), isVerified]),
});

const code = async (step: () => Promise<unknown>): Promise<string> => {
  try {
    await step();
  } catch (error) {
    return error instanceof Fault ? error.code : String(error);
  }
  return 'none';
};

const ASHA: Handover = { name: 'asha', secret: new Uint8Array(32).fill(7), contacts: [] };

test('a new device shows the code that the terminal makes of the same bytes', async () => {
  expect((await Newcomer.of(random)).code).toBe(vectors.codes[0]?.code);
  expect((await Newcomer.of(new Uint8Array(32).fill(1))).code).toBe(read('src/handover/code.txt').trim());
});

test('codes are read as they are shown, typed and mistyped', async () => {
  const devices = await Promise.all([random, new Uint8Array(32).fill(2)].map((each) => Newcomer.of(each)));
  for (const { typed, code: shown, refused } of vectors.codes) {
    if (refused) {
      expect(await code(() => sealed(ASHA, typed)), typed).toBe(refused);
      continue;
    }
    const device = devices.find((each) => each.code === shown);
    expect(await device?.open(await sealed(ASHA, typed)), typed).toEqual(ASHA);
  }
});

test.each(vectors.handovers)('the same is sealed as at the terminal: $what', async ({ plain, ...given }) => {
  expect(hex(plainBytes(handover(given)))).toBe(plain);
  const device = await Newcomer.of(random);
  const answer = await sealed(handover(given), device.code);
  expect(answer).toMatch(/^-----BEGIN KINORA DEVICE-----\n([A-Z2-7]{64}\n)+([A-Z2-7]{1,63}\n)?-----END KINORA DEVICE-----\n$/);
  expect(answer).toHaveLength(vectors.answers.find(({ what }) => what === given.what)?.answer.length as number);
  expect(await device.open(answer)).toEqual(handover(given));
});

test.each(vectors.answers)('an answer is read as by the terminal: $what', async ({ answer, verdict }) => {
  const device = await Newcomer.of(random);
  const found = await device.open(answer).then(described, (error: Fault) => error.code);
  expect(found).toEqual(verdict);
});

test('every letter of an answer counts, and it is for one device', async () => {
  const [device, other] = [await Newcomer.of(random), await Newcomer.of(new Uint8Array(32).fill(2))];
  const answer = await sealed(ASHA, device.code);
  expect(await code(() => other.open(answer))).toBe('answer_unusable');
  for (const [at, letter] of Array.from(answer).entries()) {
    const changed = `${answer.slice(0, at)}${letter === 'A' ? 'B' : 'A'}${answer.slice(at + 1)}`;
    if (letter !== '\n') expect(await code(() => device.open(changed)), String(at)).toBe('answer_unusable');
  }
});

test('what is longer than any answer is not read', async () => {
  const device = await Newcomer.of(random);
  const long = `-----BEGIN KINORA DEVICE-----\n${'A'.repeat(ANSWER_CHARS_MAX)}\n-----END KINORA DEVICE-----`;
  expect(await code(() => device.open(long))).toBe('answer_unusable');
});

test('no more people go over than there may be', async () => {
  const device = await Newcomer.of(random);
  const contacts = Array.from({ length: HANDED_CONTACTS_MAX + 1 }, (_, n) => ({ name: `friend-${n}`, key: new Uint8Array(32), isVerified: false }));
  expect((await device.open(await sealed({ ...ASHA, contacts }, device.code))).contacts).toHaveLength(HANDED_CONTACTS_MAX);
  const all = contacts.map(({ name, key }) => array(string(name), bytes(key), bool(false)));
  const plain = map([0, string('asha')], [1, bytes(ASHA.secret)], [2, array(...all)]);
  expect(await code(async () => device.open(await lettered(plain, device)))).toBe('answer_unusable');
});

/** Any bytes, sealed for this device as an answer is. */
async function lettered(plain: Bytes, device: Newcomer): Promise<string> {
  const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
  const key = base32nopad.decode(device.code.slice('KINORA-LINK-'.length).replaceAll('-', '')).slice(1, 33) as Bytes;
  const recipientPublicKey = await suite.kem.deserializePublicKey(key.buffer);
  const { enc, ct } = await suite.seal({ recipientPublicKey, info: utf8('kinora chat device\0') }, plain.buffer, joined(Uint8Array.of(1), key).buffer);
  const letters = base32nopad.encode(joined(Uint8Array.of(1), new Uint8Array(enc), new Uint8Array(ct)));
  return `-----BEGIN KINORA DEVICE-----\n${letters}\n-----END KINORA DEVICE-----\n`;
}

test('what the terminal opens of ours is what we make (KINORA_WRITE_SEEDS=1 writes it anew)', async () => {
  const path = new URL('src/handover/page.txt', CHAT);
  const device = await Newcomer.of(new Uint8Array(32).fill(1));
  const contacts = [0, 1].map((n) => ({ name: `friend-${n}`, key: new Uint8Array(32).fill(n), isVerified: n === 1 }));
  if (process.env['KINORA_WRITE_SEEDS']) writeFileSync(path, await sealed({ ...ASHA, contacts }, device.code));
  expect(await device.open(readFileSync(path, 'utf8'))).toEqual({ ...ASHA, contacts });
  expect(await device.open(read('src/handover/answer.txt'))).toEqual({ ...ASHA, contacts });
});
