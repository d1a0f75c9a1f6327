/**
 * The frames of `chat.v1`, as docs/talk.md has them: what the page says, as bytes, and what the server says, read. Keys
 * that are not known are passed over; bounds are those of the page, for a server is a stranger, too.
 */
import { array, bytes, CborReader, Malformed, map, string, uint } from './cbor';
import { hex, unhex, type Bytes } from './layout';
import { CERTIFICATE_BYTES_MAX, CODE_BYTES_MAX, DEVICES_EVER_MAX, DEVICES_MAX, ENVELOPE_BYTES_MAX, FRAME_BYTES_MAX, HOST_BYTES_MAX } from './limits';
import { NAME_BYTES_MAX, NAMES_MAX, PACKAGE_BYTES_MAX, PEOPLE_MAX, REMOVAL_BYTES_MAX, SENTENCE_BYTES_MAX, SIGNAL_BYTES_MAX } from './limits';
import { folded } from './name';

/** The name of this protocol where a WebSocket is opened. */
export const PROTOCOL = 'chat.v1';

/** What the page says. Ids and references are hexadecimal. */
export type Ask =
  | { kind: 'register'; identity: Bytes; certificate: Bytes; proof: Bytes }
  | { kind: 'login'; device: string; proof: Bytes }
  | { kind: 'publish'; packages: Bytes[]; lastResort?: Bytes | undefined }
  | { kind: 'claim'; reference: string; name: string }
  | { kind: 'open'; reference: string; peer: string; group: string; welcome: Bytes; replaces?: string | undefined; step: bigint }
  | { kind: 'commit'; reference: string; peer: string; group: string; epoch: bigint; commit: Bytes; welcome?: Bytes | undefined; welcomed: string[]; step: bigint }
  | { kind: 'send'; reference: string; peer: string; group: string; epoch: bigint; message: Bytes; step: bigint; follows?: string | undefined }
  | { kind: 'ack'; number: bigint; step: bigint }
  | { kind: 'signal'; peer: string; bytes: Bytes }
  | { kind: 'look' }
  | { kind: 'bye' }
  | { kind: 'remove'; reference: string; removal: Bytes };

export function askBytes(ask: Ask): Bytes {
  const id = (digits: string) => bytes(unhex(digits));
  const frame = (number: number, ...fields: (Bytes | undefined)[]) =>
    map([0, uint(number)], ...fields.map((field, at): [number, Bytes | undefined] => [at + 1, field]));
  switch (ask.kind) {
    case 'register':
      return frame(1, bytes(ask.identity), bytes(ask.certificate), bytes(ask.proof));
    case 'login':
      return frame(2, id(ask.device), bytes(ask.proof));
    case 'publish':
      return frame(3, array(...ask.packages.map(bytes)), ask.lastResort && bytes(ask.lastResort));
    case 'claim':
      return frame(4, id(ask.reference), string(ask.name));
    case 'open':
      return frame(5, id(ask.reference), string(ask.peer), id(ask.group), bytes(ask.welcome), ask.replaces === undefined ? undefined : id(ask.replaces), uint(ask.step));
    case 'commit': {
      const welcome = ask.welcome && bytes(ask.welcome);
      return frame(6, id(ask.reference), string(ask.peer), id(ask.group), uint(ask.epoch), bytes(ask.commit), welcome, array(...ask.welcomed.map(id)), uint(ask.step));
    }
    case 'send':
      return frame(7, id(ask.reference), string(ask.peer), id(ask.group), uint(ask.epoch), bytes(ask.message), uint(ask.step), ask.follows === undefined ? undefined : id(ask.follows));
    case 'ack':
      return frame(8, uint(ask.number), uint(ask.step));
    case 'signal':
      return frame(9, string(ask.peer), bytes(ask.bytes));
    case 'look':
      return frame(10);
    case 'bye':
      return frame(11);
    case 'remove':
      return frame(12, id(ask.reference), bytes(ask.removal));
  }
}

/** One person of the directory. Certificates and removals are as they came: whom to believe is decided elsewhere. */
export interface Person {
  name: string;
  identity: Bytes;
  certificates: Bytes[];
  isHere: boolean;
  removals: Bytes[];
}

export type EnvelopeKind = 'message' | 'commit' | 'welcome';
const ENVELOPES: EnvelopeKind[] = ['message', 'commit', 'welcome'];

export interface Deliver {
  kind: 'deliver';
  number: bigint;
  what: EnvelopeKind;
  /** Who sent it, as the server says; and the other one of the conversation. */
  from: string;
  with: string;
  group: string;
  epoch: bigint;
  envelope: Bytes;
  atMs: bigint;
}

export interface Refused {
  kind: 'refused';
  code: string;
  description: string;
  solution: string;
  reference: string | undefined;
  retryAfterS: number | undefined;
  epoch: bigint | undefined;
}

/** What the server says. */
export type Tell =
  | { kind: 'challenge'; nonce: Bytes; host: string; nowS: bigint }
  | { kind: 'ready'; name: string; packages: number; hasLastResort: boolean; first: bigint; last: bigint; step: bigint; pass?: Bytes | undefined }
  | { kind: 'people'; people: Person[]; hasMore: boolean }
  | { kind: 'presence'; joined: string[]; left: string[] }
  | { kind: 'published'; packages: number }
  | { kind: 'claimed'; reference: string; packages: { device: string; bytes: Bytes }[] }
  | { kind: 'taken'; reference: string; behind: bigint; atMs: bigint }
  | Deliver
  | { kind: 'signal'; peer: string; bytes: Bytes }
  | Refused
  | { kind: 'removed'; reference: string }
  /** A kind that was invented later. */
  | { kind: 'unknown' };

/** Takes the value of a key. */
type Take = (reader: CborReader) => void;

/** Reads a frame of the server, or throws `Malformed`. */
export function readTell(frame: Uint8Array): Tell {
  if (frame.length > FRAME_BYTES_MAX) throw new Malformed('it is too long');
  const reader = new CborReader(frame);
  const kind = new CborReader(frame).kind();
  const tell = KINDS[kind]?.(reader);
  if (!tell) return { kind: 'unknown' };
  if (!reader.isEmpty) throw new Malformed('something follows it');
  return tell;
}

/** Goes through a map: each of `takes` by its key, from 1. Those from `optional` on may be missing. */
function fields(reader: CborReader, takes: Take[], optional = takes.length) {
  const seen = new Set<number>();
  reader.map((key) => {
    const take = takes[Number(key) - 1];
    if (!take) return reader.skip();
    seen.add(Number(key));
    take(reader);
  });
  for (let key = 1; key <= optional; key += 1) if (!seen.has(key)) throw new Malformed(`field ${key} is missing`);
}

function fixed(reader: CborReader, length: number): Bytes {
  const found = reader.bytes();
  if (found.length !== length) throw new Malformed('a field has another length');
  return found;
}

function atMost(reader: CborReader, length: number): Bytes {
  const found = reader.bytes();
  if (found.length > length) throw new Malformed('a field is too long');
  return found;
}

function words(reader: CborReader, length: number): string {
  const found = reader.string();
  if (found.length > length) throw new Malformed('a field is too long');
  return found;
}

function name(reader: CborReader): string {
  const found = words(reader, NAME_BYTES_MAX);
  try {
    return folded(found);
  } catch {
    throw new Malformed('a field is no name');
  }
}

function list<T>(reader: CborReader, most: number, one: (reader: CborReader) => T): T[] {
  const items: T[] = [];
  reader.array((at) => {
    if (at >= most) throw new Malformed('a list is too long');
    items.push(one(reader));
  });
  return items;
}

function small(reader: CborReader): number {
  const found = reader.uint();
  if (found > 0xffff_ffffn) throw new Malformed('a number is too high');
  return Number(found);
}

const id = (length: number) => (reader: CborReader) => hex(fixed(reader, length));

function person(reader: CborReader): Person {
  const found: Person = { name: '', identity: new Uint8Array(), certificates: [], isHere: false, removals: [] };
  const takes: Take[] = [
    (r) => (found.name = name(r)),
    (r) => (found.identity = fixed(r, 32)),
    (r) => (found.certificates = list(r, DEVICES_MAX, (each) => atMost(each, CERTIFICATE_BYTES_MAX))),
    (r) => (found.isHere = r.bool()),
    (r) => (found.removals = list(r, DEVICES_EVER_MAX, (each) => atMost(each, REMOVAL_BYTES_MAX))),
  ];
  fields(reader, takes, 4);
  return found;
}

function packageOf(reader: CborReader): { device: string; bytes: Bytes } {
  const found = { device: '', bytes: new Uint8Array() };
  fields(reader, [(r) => (found.device = id(16)(r)), (r) => (found.bytes = atMost(r, PACKAGE_BYTES_MAX))]);
  return found;
}

function envelopeKind(reader: CborReader): EnvelopeKind {
  const found = ENVELOPES[Number(reader.uint())];
  if (!found) throw new Malformed('an envelope is of no kind');
  return found;
}

const KINDS: Record<number, ((reader: CborReader) => Tell) | undefined> = {
  32: (reader) => {
    const tell = { kind: 'challenge' as const, nonce: new Uint8Array(), host: '', nowS: 0n };
    fields(reader, [(r) => (tell.nonce = fixed(r, 32)), (r) => (tell.host = words(r, HOST_BYTES_MAX)), (r) => (tell.nowS = r.uint())]);
    return tell;
  },
  33: (reader) => {
    const tell = { kind: 'ready' as const, name: '', packages: 0, hasLastResort: false, first: 0n, last: 0n, step: 0n, pass: undefined as Bytes | undefined };
    const takes: Take[] = [
      (r) => (tell.name = name(r)),
      (r) => (tell.packages = small(r)),
      (r) => (tell.hasLastResort = r.bool()),
      (r) => (tell.first = r.uint()),
      (r) => (tell.last = r.uint()),
      (r) => (tell.step = r.uint()),
      (r) => (tell.pass = r.isNothing() ? undefined : fixed(r, 32)),
    ];
    fields(reader, takes, 6);
    return tell;
  },
  34: (reader) => {
    const tell = { kind: 'people' as const, people: [] as Person[], hasMore: false };
    fields(reader, [(r) => (tell.people = list(r, PEOPLE_MAX, person)), (r) => (tell.hasMore = r.bool())]);
    return tell;
  },
  35: (reader) => {
    const tell = { kind: 'presence' as const, joined: [] as string[], left: [] as string[] };
    fields(reader, [(r) => (tell.joined = list(r, NAMES_MAX, name)), (r) => (tell.left = list(r, NAMES_MAX, name))]);
    return tell;
  },
  36: (reader) => {
    const tell = { kind: 'published' as const, packages: 0 };
    fields(reader, [(r) => (tell.packages = small(r))]);
    return tell;
  },
  37: (reader) => {
    const tell = { kind: 'claimed' as const, reference: '', packages: [] as { device: string; bytes: Bytes }[] };
    fields(reader, [(r) => (tell.reference = id(16)(r)), (r) => (tell.packages = list(r, DEVICES_MAX, packageOf))]);
    return tell;
  },
  38: (reader) => {
    const tell = { kind: 'taken' as const, reference: '', behind: 0n, atMs: 0n };
    fields(reader, [(r) => (tell.reference = id(16)(r)), (r) => (tell.behind = r.uint()), (r) => (tell.atMs = r.uint())]);
    return tell;
  },
  39: (reader) => {
    const tell: Deliver = { kind: 'deliver', number: 0n, what: 'message', from: '', with: '', group: '', epoch: 0n, envelope: new Uint8Array(), atMs: 0n };
    fields(reader, [
      (r) => (tell.number = r.uint()),
      (r) => (tell.what = envelopeKind(r)),
      (r) => (tell.from = name(r)),
      (r) => (tell.with = name(r)),
      (r) => (tell.group = id(32)(r)),
      (r) => (tell.epoch = r.uint()),
      (r) => (tell.envelope = atMost(r, ENVELOPE_BYTES_MAX)),
      (r) => (tell.atMs = r.uint()),
    ]);
    return tell;
  },
  40: (reader) => {
    const tell = { kind: 'signal' as const, peer: '', bytes: new Uint8Array() };
    fields(reader, [(r) => (tell.peer = name(r)), (r) => (tell.bytes = atMost(r, SIGNAL_BYTES_MAX))]);
    return tell;
  },
  41: (reader) => {
    const tell: Refused = { kind: 'refused', code: '', description: '', solution: '', reference: undefined, retryAfterS: undefined, epoch: undefined };
    const takes: Take[] = [
      (r) => (tell.code = words(r, CODE_BYTES_MAX)),
      (r) => (tell.description = words(r, SENTENCE_BYTES_MAX)),
      (r) => (tell.solution = words(r, SENTENCE_BYTES_MAX)),
      (r) => (tell.reference = r.isNothing() ? undefined : id(16)(r)),
      (r) => (tell.retryAfterS = r.isNothing() ? undefined : small(r)),
      (r) => (tell.epoch = r.isNothing() ? undefined : r.uint()),
    ];
    fields(reader, takes, 3);
    return tell;
  },
  42: (reader) => {
    const tell = { kind: 'removed' as const, reference: '' };
    fields(reader, [(r) => (tell.reference = id(16)(r))]);
    return tell;
  },
};
