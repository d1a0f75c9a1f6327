/**
 * What is encrypted: one message between two people, as CBOR, padded to 256, 512, 1,024 … bytes so that only its class
 * shows: `length of the CBOR, u32 · CBOR · zeros`. Unknown keys are passed over, an unknown kind is `payload_newer`.
 */
import { fits, type Attachment } from './attachment';
import { array, bytes, CborReader, Malformed, map, string, uint } from './cbor';
import { Fault } from './fault';
import { hex, joined, Reader, u32, unhex, utf8, type Bytes } from './layout';
import { CARD_TITLE_MAX, PADDED_MAX, PADDED_MIN, RECEIPTS_MAX, TEXT_BYTES_MAX, TITLE_ID_MAX } from './limits';

const VERSION = 1n;
/** Goes before what is hashed, so that no hash made for something else fits. */
const CONTEXT = utf8('kinora chat message\0');
const HEAD = 4;

/** Which message: the device that wrote it, and the how-manieth of that device in this conversation, from 1. */
export interface MessageId {
  device: string;
  counter: bigint;
}

/** A message and the hash of what it said, by which both sides notice when they were shown different things. */
export interface Seen {
  id: MessageId;
  digest: Bytes;
}

/** How far a message came: to the disk of one of the reader's devices, or onto a screen. */
export type Progress = 'delivered' | 'read';
const PROGRESS: Progress[] = ['delivered', 'read'];

export type Content =
  | { kind: 'text'; text: string }
  | { kind: 'receipt'; progress: Progress; ids: MessageId[] }
  /** Another text for an earlier message of the same user. */
  | { kind: 'edit'; of: MessageId; text: string }
  /** A title of the library, and the time to watch from. */
  | { kind: 'card'; title: string; name: string; atMs: bigint }
  /** A file: where its sealed bytes lie, and what opens them. */
  | { kind: 'file'; file: Attachment };

export interface Message {
  counter: bigint;
  /** By the writer's clock, in milliseconds since 1970. To be shown, not to be trusted. */
  writtenAtMs: bigint;
  /** The newest message of another device that the writer had seen. */
  lastSeen?: Seen | undefined;
  content: Content;
}

/** As it goes into the cipher: padded. */
export function messageBytes(message: Message): Bytes {
  check(message);
  return pad(cbor(message));
}

/** Reads what came out of the cipher. The writer is authentic then, not harmless. */
export function readMessage(padded: Uint8Array): Message {
  const reader = new CborReader(unpad(padded));
  try {
    const message = fields(reader);
    if (!reader.isEmpty) throw new Fault('payload_damaged', 'something follows the message');
    if (message.version !== VERSION) throw new Fault('payload_newer');
    const { version: _, ...rest } = message;
    check(rest);
    return rest;
  } catch (error) {
    throw error instanceof Malformed ? new Fault('payload_damaged', error.message) : error;
  }
}

/** What `lastSeen` of an answer names: a hash of the writer and of all that the message says. */
export async function digest(message: Message, writer: string): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', joined(CONTEXT, unhex(writer), cbor(message))));
}

function cbor({ counter, writtenAtMs, lastSeen, content }: Message): Bytes {
  const seen = lastSeen && array(idBytes(lastSeen.id), bytes(lastSeen.digest));
  return map([0, uint(VERSION)], [1, uint(counter)], [2, uint(writtenAtMs)], [3, seen], [4, contentBytes(content)]);
}

const idBytes = ({ device, counter }: MessageId): Bytes => array(bytes(unhex(device)), uint(counter));

export function contentBytes(content: Content): Bytes {
  const of = (kind: number, ...parts: Bytes[]) => array(uint(kind), array(...parts));
  switch (content.kind) {
    case 'text':
      return of(0, string(content.text));
    case 'receipt':
      return of(1, uint(PROGRESS.indexOf(content.progress)), array(...content.ids.map(idBytes)));
    case 'edit':
      return of(2, idBytes(content.of), string(content.text));
    case 'card':
      return of(3, string(content.title), string(content.name), uint(content.atMs));
    case 'file':
      return of(4, fileBytes(content.file));
  }
}

const fileBytes = ({ parcel, key, size, name, mediaType }: Attachment): Bytes =>
  array(bytes(unhex(parcel)), bytes(key), uint(size), string(name), string(mediaType));

function fields(reader: CborReader): Message & { version: bigint } {
  let [version, counter, writtenAtMs]: (bigint | undefined)[] = [];
  let lastSeen: Seen | undefined;
  let content: Content | undefined;
  reader.map((key) => {
    switch (key) {
      case 0n:
        version = reader.uint();
        if (version > 0xffn) throw new Malformed('the version is too high');
        return;
      case 1n:
        counter = reader.uint();
        return;
      case 2n:
        writtenAtMs = reader.uint();
        return;
      case 3n:
        lastSeen = reader.isNothing() ? undefined : seen(reader);
        return;
      case 4n:
        content = readContent(reader);
        return;
      default:
        reader.skip();
    }
  });
  if (version === undefined || counter === undefined || writtenAtMs === undefined || !content) throw new Malformed('a field is missing');
  return { version, counter, writtenAtMs, lastSeen, content };
}

/** Takes the parts of a list in order, passes over what follows them, and misses none. */
function parts<T>(reader: CborReader, takes: (() => void)[], whole: () => T): T {
  let taken = 0;
  reader.array((at) => {
    const take = takes[at];
    if (!take) return reader.skip();
    take();
    taken += 1;
  });
  if (taken < takes.length) throw new Malformed('a part is missing');
  return whole();
}

function id(reader: CborReader): MessageId {
  let [device, counter] = ['', 0n];
  const takeDevice = () => {
    const found = reader.bytes();
    if (found.length !== 16) throw new Malformed('an id has 16 bytes');
    device = hex(found);
  };
  return parts(reader, [takeDevice, () => (counter = reader.uint())], () => ({ device, counter }));
}

function seen(reader: CborReader): Seen {
  let of: MessageId | undefined;
  let hash: Bytes | undefined;
  const takeHash = () => {
    hash = reader.bytes();
    if (hash.length !== 32) throw new Malformed('a hash has 32 bytes');
  };
  return parts(reader, [() => (of = id(reader)), takeHash], () => ({ id: of as MessageId, digest: hash as Bytes }));
}

/** The number of the kind, and what it has. */
export function readContent(reader: CborReader): Content {
  reader.two();
  return ofKind(reader.uint(), reader);
}

function ofKind(kind: bigint, reader: CborReader): Content {
  let [one, other, at]: [string, string, bigint] = ['', '', 0n];
  let of: MessageId | undefined;
  let progress: Progress | undefined;
  const ids: MessageId[] = [];
  const takeOne = () => (one = reader.string());
  switch (kind) {
    case 0n:
      return parts(reader, [takeOne], () => ({ kind: 'text', text: one }));
    case 1n: {
      const takeProgress = () => {
        progress = PROGRESS[Number(reader.uint())];
        if (!progress) throw new Fault('payload_newer');
      };
      const takeIds = () => reader.array(() => ids.push(id(reader)));
      return parts(reader, [takeProgress, takeIds], () => ({ kind: 'receipt', progress: progress as Progress, ids }));
    }
    case 2n:
      return parts(reader, [() => (of = id(reader)), takeOne], () => ({ kind: 'edit', of: of as MessageId, text: one }));
    case 3n: {
      const rest = [() => (other = reader.string()), () => (at = reader.uint())];
      return parts(reader, [takeOne, ...rest], () => ({ kind: 'card', title: one, name: other, atMs: at }));
    }
    case 4n: {
      let file: Attachment | undefined;
      return parts(reader, [() => (file = attachment(reader))], () => ({ kind: 'file', file: file as Attachment }));
    }
    default:
      throw new Fault('payload_newer');
  }
}

function attachment(reader: CborReader): Attachment {
  const file: Attachment = { parcel: '', key: new Uint8Array(), size: 0, name: '', mediaType: '' };
  const takes = [
    () => (file.parcel = hex(exactly(16, reader))),
    () => (file.key = exactly(32, reader)),
    // Beyond the bound it may be inexact, and is refused anyway.
    () => (file.size = Number(reader.uint())),
    () => (file.name = reader.string()),
    () => (file.mediaType = reader.string()),
  ];
  return parts(reader, takes, () => file);
}

function exactly(length: number, reader: CborReader): Bytes {
  const found = reader.bytes();
  if (found.length !== length) throw new Malformed('a field has another length');
  return found;
}

function check({ counter, content }: Message) {
  if (counter === 0n) throw new Fault('payload_damaged', 'messages are counted from 1');
  const length = (text: string) => utf8(text).length;
  if ((content.kind === 'text' || content.kind === 'edit') && length(content.text) > TEXT_BYTES_MAX) throw new Fault('text_too_long');
  if (content.kind === 'receipt' && (content.ids.length === 0 || content.ids.length > RECEIPTS_MAX)) {
    throw new Fault('payload_damaged', 'a receipt names no message, or too many');
  }
  if (content.kind === 'card' && (length(content.title) > TITLE_ID_MAX || length(content.name) > CARD_TITLE_MAX)) {
    throw new Fault('payload_damaged', 'a title is too long');
  }
  if (content.kind === 'file' && !fits(content.file)) throw new Fault('payload_damaged', 'a file has no name, or breaks a bound');
}

/** The size that a CBOR of this many bytes is filled up to. */
function padded(length: number): number {
  let size = PADDED_MIN;
  while (size < HEAD + length) size *= 2;
  return size;
}

function pad(message: Bytes): Bytes {
  const size = padded(message.length);
  if (size > PADDED_MAX) throw new Fault('text_too_long');
  const all = new Uint8Array(size);
  all.set(u32(message.length));
  all.set(message, HEAD);
  return all;
}

function unpad(all: Uint8Array): Bytes {
  const reader = new Reader(all);
  const message = reader.fixed(reader.u32() ?? Number.POSITIVE_INFINITY);
  const isRight = message && all.length === padded(message.length) && all.length <= PADDED_MAX;
  // One way to pad: a second one would be a place to hide something, and to tell clients apart.
  if (!isRight || !all.subarray(HEAD + message.length).every((byte) => byte === 0)) {
    throw new Fault('payload_damaged', 'its padding is wrong');
  }
  return message;
}
