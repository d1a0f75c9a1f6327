/** Frames: the golden bytes that crates/talk keeps for its fuzzer. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { askBytes, readTell, type Ask, type Tell } from '../../src/talk/frame';
import { Malformed } from '../../src/talk/cbor';
import { hex, utf8 } from '../../src/talk/layout';

const golden = (name: string) => new Uint8Array(readFileSync(new URL(`../../../fuzz/seeds/talk_frame/${name}`, import.meta.url)));
const certificate = () => new Uint8Array(readFileSync(new URL('../../../fuzz/seeds/talk_certificate/laptop', import.meta.url)));
const removal = () => new Uint8Array(readFileSync(new URL('../../../fuzz/seeds/talk_removal/laptop', import.meta.url)));
const of = (byte: number, length: number) => new Uint8Array(length).fill(byte);
const [reference, group, device] = ['01'.repeat(16), '02'.repeat(32), '07'.repeat(16)];

const ASKS: Record<string, Ask> = {
  register: { kind: 'register', identity: of(3, 32), certificate: certificate(), proof: of(4, 64) },
  login: { kind: 'login', device, proof: of(4, 64) },
  publish: { kind: 'publish', packages: [utf8('one'), utf8('two')], lastResort: utf8('last') },
  claim: { kind: 'claim', reference, name: 'ravi' },
  open: { kind: 'open', reference, peer: 'ravi', group, welcome: utf8('welcome'), step: 1n },
  commit: { kind: 'commit', reference, peer: 'ravi', group, epoch: 300n, commit: utf8('commit'), welcome: utf8('welcome'), welcomed: ['08'.repeat(16)], step: 2n },
  send: { kind: 'send', reference, peer: 'ravi', group, epoch: 1n, message: utf8('sealed'), step: 3n },
  send_behind: { kind: 'send', reference, peer: 'ravi', group, epoch: 1n, message: utf8('sealed'), step: 3n, follows: '06'.repeat(16) },
  ack: { kind: 'ack', number: 70_000n, step: 4n },
  signal: { kind: 'signal', peer: 'ravi', bytes: utf8('typing') },
  look: { kind: 'look' },
  bye: { kind: 'bye' },
  remove: { kind: 'remove', reference, removal: removal() },
};

const TELLS: Record<string, Tell> = {
  challenge: { kind: 'challenge', nonce: of(5, 32), host: 'localhost:8080', nowS: 1_790_000_000n },
  ready: { kind: 'ready', name: 'asha', packages: 20, hasLastResort: true, first: 5n, last: 9n, step: 4n, pass: of(8, 32) },
  people: { kind: 'people', people: [{ name: 'asha', identity: of(3, 32), certificates: [certificate()], isHere: true, removals: [removal()] }], hasMore: false },
  presence: { kind: 'presence', joined: ['asha'], left: [] },
  published: { kind: 'published', packages: 20 },
  claimed: { kind: 'claimed', reference, packages: [{ device, bytes: utf8('one') }] },
  taken: { kind: 'taken', reference, behind: 4n, atMs: 1_790_000_000_000n },
  deliver: { kind: 'deliver', number: 5n, what: 'welcome', from: 'asha', with: 'asha', group, epoch: 1n, envelope: utf8('sealed'), atMs: 1_790_000_000_000n },
  signalled: { kind: 'signal', peer: 'asha', bytes: utf8('typing') },
  removed: { kind: 'removed', reference },
  refused: { kind: 'refused', code: 'stale_epoch', description: 'what failed', solution: 'what to do', reference, retryAfterS: undefined, epoch: 7n },
};

describe('frames', () => {
  test.each(Object.entries(ASKS))('%s is written as the server reads it', (name, ask) => {
    expect(hex(askBytes(ask))).toBe(hex(golden(name)));
  });

  test.each(Object.entries(TELLS))('%s is read as the server writes it', (name, tell) => {
    expect(readTell(golden(name))).toEqual(tell);
  });

  test.each(Object.keys(TELLS))('%s cut short or longer is none', (name) => {
    const bytes = golden(name);
    for (let end = 0; end < bytes.length; end += 1) expect(() => readTell(bytes.slice(0, end)), `cut at ${end}`).toThrow(Malformed);
    expect(() => readTell(new Uint8Array([...bytes, 0]))).toThrow(Malformed);
  });

  test.each(Object.keys(TELLS))('%s with a byte changed is read or refused, and nothing else', (name) => {
    const bytes = golden(name);
    for (let at = 0; at < bytes.length; at += 1) {
      for (const change of [0x01, 0x80, 0xff]) {
        const other = bytes.slice();
        other[at] = (other[at] ?? 0) ^ change;
        try {
          readTell(other);
        } catch (error) {
          expect(error).toBeInstanceOf(Malformed);
        }
      }
    }
  });

  test('of a later version are passed over', () => {
    expect(readTell(Uint8Array.of(0xa1, 0, 0x18, 99))).toEqual({ kind: 'unknown' });
    expect(readTell(Uint8Array.of(0xa3, 0, 0x18, 36, 1, 5, 9, 0x82, 1, 2))).toEqual({ kind: 'published', packages: 5 });
    expect(() => readTell(Uint8Array.of(0xa1, 1, 11))).toThrow(Malformed);
    expect(() => readTell(of(0xa1, 800_000))).toThrow(Malformed);
  });
});
