/** A backup in the page: what is in it, who opens it, and what somebody goes on with. */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { collected, restored } from '../../src/talk/backup';
import type { Sealer } from '../../src/talk/backup/aside';
import { opened, sealed } from '../../src/talk/backup/file';
import { readRecords, recordBytes, type Backed, type Said } from '../../src/talk/backup/records';
import type { Book } from '../../src/talk/book';
import { Identity } from '../../src/talk/certificate';
import { Fault } from '../../src/talk/fault';
import { hex, joined, text, unhex, utf8, type Bytes } from '../../src/talk/layout';
import { remove, removalBytes } from '../../src/talk/removal';
import { HERE, MemoryDisk, Post, Sitter } from './post';

const WORDS = 'correct horse battery';
/** Steps as a power of two, for files that nobody guesses at. */
const EASY = 2;

let sitters: Sitter[] = [];
afterEach(() => {
  for (const each of sitters) each.stop();
  sitters = [];
});

const at = (post: Post) => {
  const sitter = new Sitter(post, new MemoryDisk());
  sitters.push(sitter);
  return sitter;
};

const said = (more: Partial<Said> = {}): Said => ({
  kind: 'said',
  peer: 'ravi',
  isOwn: true,
  device: '01'.repeat(16),
  counter: 3n,
  writtenMs: 1_790_000_000_000n,
  atMs: 1_790_000_000_001n,
  text: 'hello',
  isEdited: false,
  progress: 2,
  ...more,
});

const HEAD: Backed = { kind: 'head', name: 'asha', secret: new Uint8Array(32).fill(7) };
const CARD = { kind: 'card', title: 'ab', name: 'Our holiday', atMs: 751_000n } as const;

const code = async (step: () => unknown): Promise<string> => {
  try {
    await step();
  } catch (error) {
    return error instanceof Fault ? error.code : String(error);
  }
  return 'none';
};

test('records are read again, and have the bytes that the terminal gives them', () => {
  const records: Backed[] = [HEAD, { kind: 'contact', name: 'ravi', key: new Uint8Array(32).fill(2), isVerified: true }, { kind: 'removal', signed: unhex('0102') }, said({ content: CARD })];
  expect(readRecords(joined(...records.map(recordBytes)))).toEqual(records);
  expect(hex(recordBytes({ kind: 'removal', signed: unhex('0102') }))).toBe('000000068202814201' + '02');
});

test('records that make no sense are refused', async () => {
  const whole = joined(recordBytes(HEAD), recordBytes(said()));
  for (let end = 1; end < whole.length; end += 1) {
    if (end !== recordBytes(HEAD).length) expect(await code(() => readRecords(whole.slice(0, end)))).toBe('backup_damaged');
  }
  const newer = recordBytes(HEAD);
  // The version stands behind the head of its map.
  newer[newer.indexOf(0xa3) + 2] = 2;
  expect(await code(() => readRecords(newer))).toBe('backup_newer');
  for (const wrong of [said({ peer: 'No Name' }), said({ progress: 3 }), said({ counter: 1n << 63n }), said({ device: '01' })]) {
    expect(await code(() => readRecords(recordBytes(wrong)))).toBe('backup_damaged');
  }
  expect(await code(() => recordBytes(said({ text: 'x'.repeat(600_000) })))).toBe('text_too_long');
});

test('a file opens with its passphrase alone, and only as it was written', async () => {
  const content = new Uint8Array(70_000).fill(9);
  const file = await sealed(content, WORDS, EASY);
  expect(await opened(file, WORDS)).toEqual(content);
  expect(await code(() => opened(file, 'correct horse staple'))).toBe('wrong_passphrase');
  expect(await code(() => opened(file.slice(0, -1), WORDS))).toBe('backup_damaged');
  const changed = Uint8Array.from(file);
  changed[200] = (changed[200] ?? 0) ^ 1;
  expect(await code(() => opened(changed, WORDS))).toBe('backup_damaged');
  expect(await code(() => opened(utf8('these are words'), WORDS))).toBe('backup_damaged');
  expect(await code(() => opened(utf8('age-encryption.org/v2\n-> scrypt x'), WORDS))).toBe('backup_newer');
  expect(await code(() => opened(utf8('age-encryption.org/v1\n-> X25519 x'), WORDS))).toBe('backup_damaged');
  // What somebody else may have made does not take gigabytes to open.
  expect(await code(() => opened(utf8(`age-encryption.org/v1\n-> scrypt ${'A'.repeat(22)} 30\n${'A'.repeat(43)}\n--- ${'A'.repeat(43)}\n${'x'.repeat(32)}`), WORDS))).toBe('backup_damaged');
  expect(await code(() => sealed(content, 'too short', EASY))).toBe('passphrase_short');
});

const GOLDEN = new URL('../../../crates/client/src/talk/backup/', import.meta.url);

test('what the terminal has made is opened here', async () => {
  const { head, contacts, lines } = restored(await opened(Uint8Array.from(readFileSync(new URL('golden.age', GOLDEN))), WORDS));
  expect([head.name, contacts.size]).toEqual(['asha', 3]);
  expect(lines.get('ravi')?.map((line) => line.text)).toEqual(['text 1', 'text 2']);
});

test('what the terminal opens of ours is what we make (KINORA_WRITE_SEEDS=1 writes it anew)', async () => {
  const identity = await Identity.of(new Uint8Array(32).fill(7));
  const laptop = { name: 'asha', id: '02'.repeat(16), label: 'laptop', leafKey: new Uint8Array(32), issuedAt: 1n };
  const records: Backed[] = [
    HEAD,
    { kind: 'contact', name: 'ravi', key: new Uint8Array(32).fill(2), isVerified: true },
    { kind: 'removal', signed: removalBytes(await remove(identity, laptop, 2n)) },
    said({ text: 'text 1', counter: 1n }),
    said({ text: 'नमस्ते', counter: 2n, isOwn: false, progress: 0 }),
    said({ text: CARD.name, content: CARD }),
  ];
  const path = new URL('page.age', GOLDEN);
  if (process.env['KINORA_WRITE_SEEDS']) writeFileSync(path, await sealed(joined(...records.map(recordBytes)), WORDS, EASY));
  expect(readRecords(await opened(Uint8Array.from(readFileSync(path)), WORDS))).toEqual(records);
});

test('who is brought back is one more device, with people and history, and no ratchet goes along', async () => {
  const post = new Post();
  const [asha, ravi] = [await at(post).begin('asha'), await at(post).begin('ravi')];
  await Promise.all([asha.open('ravi'), ravi.open('asha')]);
  await asha.say('ravi', 'one');
  await ravi.reads('one');
  await ravi.say('asha', 'two');
  await asha.reads('one', 'two');
  await asha.desk?.command({ do: 'card', peer: 'ravi', title: 'ab', name: 'Our holiday', atMs: 751_000 });
  await asha.until(({ open }) => open?.lines.length === 3 && open.lines.every(({ who, mark }) => who === 'them' || mark === 'read'));
  await asha.desk?.command({ do: 'compared', peer: 'ravi', number: asha.snapshot?.open?.number.join('') ?? '' });
  const ended = () => asha.until(({ backup }) => backup !== undefined && backup !== 'making');
  await asha.desk?.command({ do: 'backup', passphrase: 'too short' });
  expect((await ended()).backup).toEqual({ code: 'passphrase_short' });
  await asha.desk?.command({ do: 'backup', passphrase: WORDS });
  expect((await ended()).backup).toEqual({ messages: 3 });
  const handed = asha.handed.at(-1);
  if (handed?.tell !== 'file') throw new Error('no file was handed over');
  expect(handed.name).toBe('asha.age');
  expect(text(new Uint8Array(await handed.content.arrayBuffer()).slice(0, 21))).toBe('age-encryption.org/v1');
  const { content } = await collected(asha.desk?.book as Book);
  const kinds = readRecords(content).map(({ kind }) => kind);
  expect(kinds).toEqual(['head', 'contact', 'said', 'said', 'said']);

  const file = new File([handed.content], 'asha.age');
  const phone = at(post);
  await phone.sit();
  await phone.desk?.command({ do: 'restore', file, passphrase: 'correct horse staple', label: 'phone' });
  expect(await phone.until(({ problem }) => problem !== null)).toMatchObject({ phase: 'nobody', problem: { code: 'wrong_passphrase' } });
  await phone.desk?.command({ do: 'restore', file, passphrase: WORDS, label: 'phone' });
  await phone.until(({ phase, me, devices }) => phase === 'here' && me === 'asha' && devices.length === 2);
  await phone.open('ravi');
  const shown = await phone.until(({ open }) => open?.word === 'verified' && open.lines.length === 3);
  expect(shown.open?.lines.map(({ who, text: words, mark, card }) => [who, words, mark, card?.atMs])).toEqual([
    ['me', 'one', 'read', undefined],
    ['them', 'two', undefined, undefined],
    ['me', 'Our holiday', 'read', 751_000],
  ]);
  // It is let in, and all three go on.
  await asha.say('ravi', 'both of you');
  await phone.until(({ open }) => open?.lines.some((line) => line.text === 'both of you') ?? false);
  await phone.say('ravi', 'from the phone');
  await ravi.until(({ open }) => open?.lines.some((line) => line.text === 'from the phone') ?? false);
  await asha.until(({ open }) => open?.lines.some((line) => line.text === 'from the phone') ?? false);
  // What was brought back is there after a new start, once.
  const again = new Sitter(post, phone.disk);
  sitters.push(again);
  phone.stop();
  await again.sit();
  await again.open('ravi');
  const lines = await again.until(({ open }) => (open?.lines.length ?? 0) > 4);
  expect(lines.open?.lines.filter((line) => line.text === 'one')).toHaveLength(1);
});

/** Seals when it is let go on. */
class Held implements Sealer {
  private free: () => void = () => {};
  private readonly gate = new Promise<void>((free) => (this.free = free));
  seal = async (content: Bytes, passphrase: string) => (await this.gate, HERE.seal(content, passphrase));
  open = async (file: Bytes, passphrase: string) => (await this.gate, HERE.open(file, passphrase));
  goOn = () => this.free();
}

test('while a backup is sealed the talk goes on, and what is said then is not in it', async () => {
  const post = new Post();
  const held = new Held();
  const asha = new Sitter(post, new MemoryDisk(), held);
  sitters.push(asha);
  const [, ravi] = [await asha.begin('asha'), await at(post).begin('ravi')];
  await Promise.all([asha.open('ravi'), ravi.open('asha')]);
  await asha.say('ravi', 'before');
  await ravi.reads('before');
  await asha.desk?.command({ do: 'backup', passphrase: WORDS });
  await asha.desk?.command({ do: 'backup', passphrase: 'another one, too late' });
  await ravi.say('asha', 'meanwhile');
  await asha.reads('before', 'meanwhile');
  await ravi.until(({ open }) => open?.lines.at(-1)?.mark === 'read');
  await asha.say('ravi', 'and back');
  await ravi.reads('before', 'meanwhile', 'and back');
  expect([asha.snapshot?.backup, asha.handed]).toEqual(['making', []]);
  held.goOn();
  expect((await asha.until(({ backup }) => backup !== 'making')).backup).toEqual({ messages: 1 });
  const [handed] = asha.handed;
  const file = handed?.tell === 'file' ? new Uint8Array(await handed.content.arrayBuffer()) : new Uint8Array();
  const { lines } = restored(await opened(file, WORDS));
  expect(lines.get('ravi')?.map((line) => line.text)).toEqual(['before']);
});
