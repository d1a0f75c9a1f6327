/** What all clients agree on: the files that crates/chat writes and compares, read here. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { certificateBytes, Identity, isSignedBy, readCertificate } from '../../src/talk/certificate';
import { Fault } from '../../src/talk/fault';
import { hex, joined, u32, unhex, type Bytes } from '../../src/talk/layout';
import * as limits from '../../src/talk/limits';
import { checkMember } from '../../src/talk/member';
import { folded, named, skeleton } from '../../src/talk/name';
import { digest, messageBytes, readMessage, type Content, type Message, type Progress } from '../../src/talk/payload';
import { isRemovedBy, readRemoval, removalBytes, remove } from '../../src/talk/removal';
import { safetyNumber } from '../../src/talk/safety';
import { LABEL, openSignal, sealSignal } from '../../src/talk/signal';

const vectors = <T>(name: string): T => {
  const path = new URL(`../../../crates/chat/vectors/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(path, 'utf8')) as T;
};

const code = (error: unknown): string => {
  if (error instanceof Fault) return error.code;
  throw error;
};

test('bounds are the same', () => {
  expect(limits).toMatchObject(vectors<Record<string, number>>('limits'));
});

describe('names', () => {
  interface Case {
    typed: string;
    name?: string;
    skeleton?: string;
    refused?: string;
  }
  const { cases } = vectors<{ cases: Case[] }>('names');

  test('are taken, folded and refused alike', () => {
    const verdict = (typed: string) => {
      try {
        const name = named(typed);
        return { typed, name, skeleton: skeleton(name) };
      } catch (error) {
        return { typed, refused: code(error) };
      }
    };
    expect(cases.length).toBeGreaterThan(400);
    expect(cases.map(({ typed }) => verdict(typed))).toEqual(cases);
  });

  test('are not folded in silence where they have to be already', () => {
    expect(folded('asha')).toBe('asha');
    expect(() => folded('Asha')).toThrow('name_invalid');
  });
});

describe('certificates', () => {
  interface Good {
    secret: string;
    identity: string;
    name: string;
    id: string;
    label: string;
    leaf_key: string;
    issued_at: string;
    bytes: string;
  }
  interface Odd {
    bytes: string;
    identity: string;
    verdict: string;
  }
  const { good, flipped, odd } = vectors<{ good: Good[]; flipped: string[]; odd: Odd[] }>('certificates');

  const verdict = async (bytes: Bytes, identity: Bytes) => {
    try {
      return (await isSignedBy(readCertificate(bytes), identity)) ? 'signed' : 'not_signed';
    } catch (error) {
      return code(error);
    }
  };

  test.each(good)('of $name are the same bytes', async (each) => {
    const identity = await Identity.of(unhex(each.secret));
    expect(hex(identity.key)).toBe(each.identity);
    const device = { name: each.name, id: each.id, label: each.label, leafKey: unhex(each.leaf_key), issuedAt: BigInt(each.issued_at) };
    expect(hex(certificateBytes(await identity.certify(device)))).toBe(each.bytes);
    expect(readCertificate(unhex(each.bytes)).device).toEqual(device);
    expect(await verdict(unhex(each.bytes), identity.key)).toBe('signed');
  });

  test('changed in any byte are worth nothing', async () => {
    const [first] = good as [Good];
    const found = await Promise.all(
      flipped.map((_, at) => {
        const bytes = unhex(first.bytes);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << at % 8);
        return verdict(bytes, unhex(first.identity));
      }),
    );
    expect(found).toEqual(flipped);
    expect(flipped).not.toContain('signed');
  });

  test.each(odd)('are judged alike: $verdict', async ({ bytes, identity, verdict: expected }) => {
    expect(await verdict(unhex(bytes), unhex(identity))).toBe(expected);
  });
});

describe('removals', () => {
  interface Good {
    secret: string;
    identity: string;
    name: string;
    id: string;
    label: string;
    removed_at: string;
    bytes: string;
  }
  const { good, flipped, odd } = vectors<{ good: Good[]; flipped: string[]; odd: { bytes: string; identity: string; verdict: string }[] }>('removals');

  const verdict = async (bytes: Bytes, identity: Bytes) => {
    try {
      return (await isRemovedBy(readRemoval(bytes), identity)) ? 'signed' : 'not_signed';
    } catch (error) {
      return code(error);
    }
  };

  test.each(good)('of $name are the same bytes', async (each) => {
    const identity = await Identity.of(unhex(each.secret));
    const device = { name: each.name, id: each.id, label: each.label, leafKey: new Uint8Array(32), issuedAt: 0n };
    expect(hex(removalBytes(await remove(identity, device, BigInt(each.removed_at))))).toBe(each.bytes);
    expect(readRemoval(unhex(each.bytes))).toMatchObject({ name: each.name, id: each.id, label: each.label, removedAt: BigInt(each.removed_at) });
    expect(await verdict(unhex(each.bytes), unhex(each.identity))).toBe('signed');
  });

  test('changed in any byte are worth nothing', async () => {
    const [first] = good as [Good];
    const found = await Promise.all(
      flipped.map((_, at) => {
        const bytes = unhex(first.bytes);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << at % 8);
        return verdict(bytes, unhex(first.identity));
      }),
    );
    expect(found).toEqual(flipped);
    expect(flipped).not.toContain('signed');
  });

  test.each(odd)('are judged alike: $verdict', async ({ bytes, identity, verdict: expected }) => {
    expect(await verdict(unhex(bytes), unhex(identity))).toBe(expected);
  });
});

describe('members', () => {
  interface Case {
    what: string;
    certificate: string;
    leaf_key: string;
    verdict: { device?: string; refused?: string };
  }
  const { directory, cases } = vectors<{ directory: { name: string; identity: string; devices: string[] }[]; cases: Case[] }>('members');
  const view = new Map(directory.map(({ name, identity, devices }) => [name, { identity: unhex(identity), devices: new Set(devices) }]));

  test.each(cases)('$what', async ({ certificate, leaf_key, verdict }) => {
    const check = checkMember(unhex(certificate), unhex(leaf_key), view);
    const found = await check.then(({ id }) => ({ device: id }), (error: unknown) => ({ refused: code(error) }));
    expect(found).toEqual(verdict);
  });
});

describe('safety numbers', () => {
  interface Case {
    sides: { name: string; identity: string }[];
    number: string;
  }
  test.each(vectors<{ cases: Case[] }>('safety').cases)('$number', ({ sides, number }) => {
    const [one, other] = sides.map(({ name, identity }) => ({ name, identity: unhex(identity) })) as [never, never];
    expect(safetyNumber(one, other).join(' ')).toBe(number);
    expect(safetyNumber(other, one).join(' ')).toBe(number);
  });
});

describe('payloads', () => {
  interface Id {
    device: string;
    counter: string;
  }
  interface Good {
    counter: string;
    written_at_ms: string;
    last_seen: { id: Id; digest: string } | null;
    content: { kind: string; text?: string; progress?: Progress; ids?: Id[]; of?: Id; title?: string; name?: string; at_ms?: string; parcel?: string; key?: string; size?: number; media_type?: string };
    bytes: string;
    digest: string;
  }
  type Change = [of: number, at: number, to: number, verdict: string];
  const { writer, good, changed, odd } = vectors<{ writer: string; good: Good[]; changed: Change[]; odd: { what: string; cbor: string; verdict: string }[] }>('payloads');

  const id = ({ device, counter }: Id) => ({ device, counter: BigInt(counter) });
  const content = ({ content: each }: Good): Content => {
    switch (each.kind) {
      case 'text':
        return { kind: 'text', text: each.text ?? '' };
      case 'receipt':
        return { kind: 'receipt', progress: each.progress as Progress, ids: (each.ids ?? []).map(id) };
      case 'edit':
        return { kind: 'edit', of: id(each.of as Id), text: each.text ?? '' };
      case 'file': {
        const { parcel = '', key = '', size = 0, name = '', media_type: mediaType = '' } = each;
        return { kind: 'file', file: { parcel, key: unhex(key), size, name, mediaType } };
      }
      default:
        return { kind: 'card', title: each.title ?? '', name: each.name ?? '', atMs: BigInt(each.at_ms ?? 0) };
    }
  };
  const message = (each: Good): Message => ({
    counter: BigInt(each.counter),
    writtenAtMs: BigInt(each.written_at_ms),
    lastSeen: each.last_seen ? { id: id(each.last_seen.id), digest: unhex(each.last_seen.digest) } : undefined,
    content: content(each),
  });
  const verdict = async (padded: Bytes) => {
    try {
      return hex(await digest(readMessage(padded), writer));
    } catch (error) {
      return code(error);
    }
  };

  test.each(good.map((each) => [each.content.kind, each] as const))('%s: the same bytes', async (_, each) => {
    expect(hex(messageBytes(message(each)))).toBe(each.bytes);
    expect(readMessage(unhex(each.bytes))).toEqual(message(each));
    expect(hex(await digest(message(each), writer))).toBe(each.digest);
  });

  test('with another byte are read or refused alike', async () => {
    const found = await Promise.all(
      changed.map(async ([of, at, to]): Promise<Change> => {
        const bytes = unhex((good[of] as Good).bytes);
        bytes[at] = to;
        return [of, at, to, await verdict(bytes)];
      }),
    );
    expect(changed.length).toBeGreaterThan(500);
    expect(found).toEqual(changed);
  });

  test.each(odd)('$what', async ({ cbor, verdict: expected }) => {
    const bytes = unhex(cbor);
    let size = 256;
    while (size < bytes.length + 4) size *= 2;
    const all = joined(u32(bytes.length), bytes, new Uint8Array(size - 4 - bytes.length));
    expect(await verdict(all)).toBe(expected);
  });

  test('are bounded on both ways', () => {
    const of = (each: Content): Message => ({ counter: 1n, writtenAtMs: 0n, content: each });
    const size = (length: number) => messageBytes(of({ kind: 'text', text: 'x'.repeat(length) })).length;
    expect([0, 200, 250, 1000, 1010, 65_536].map(size)).toEqual([256, 256, 512, 1024, 2048, 131_072]);
    expect(() => size(65_537)).toThrow('text_too_long');
    const many = Array.from({ length: 257 }, (_, n) => ({ device: '07'.repeat(16), counter: BigInt(n + 1) }));
    expect(() => messageBytes(of({ kind: 'receipt', progress: 'read', ids: many }))).toThrow('payload_damaged');
    expect(() => messageBytes(of({ kind: 'card', title: 'x'.repeat(65), name: '', atMs: 0n }))).toThrow('payload_damaged');
  });
});

describe('signals', () => {
  interface Good {
    device: string;
    number: string;
    epoch: string;
    nonce: string;
    sealed: string;
  }
  type Changed = [at: number, byte: number, verdict: string];
  const found = vectors<{ label: string; key: string; good: Good[]; changed: Changed[]; odd: { what: string; sealed: string; verdict: string }[] }>('signals');
  const key = unhex(found.key);
  const verdict = (sealed: Bytes) => openSignal(key, sealed).then(({ device, number }) => `${device} ${number}`, code);

  test('are the same bytes', async () => {
    expect(LABEL).toBe(found.label);
    for (const { device, number, epoch, nonce, sealed } of found.good) {
      expect(hex(await sealSignal(key, BigInt(epoch), { device, number: BigInt(number) }, unhex(nonce)))).toBe(sealed);
      expect(await verdict(unhex(sealed))).toBe(`${device} ${number}`);
    }
  });

  test('changed in any byte, or odd, are judged alike', async () => {
    const [first] = found.good as [Good];
    for (const [at, byte, expected] of found.changed) {
      const bytes = unhex(first.sealed);
      bytes[at] = byte;
      expect([at, await verdict(bytes)]).toEqual([at, expected]);
    }
    for (const { what, sealed, verdict: expected } of found.odd) expect([what, await verdict(unhex(sealed))]).toEqual([what, expected]);
  });
});
