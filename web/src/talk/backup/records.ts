/**
 * What stands in a backup, record by record, as the terminal has it (crates/chat/src/backup.rs): each behind its length (u32)
 * as CBOR, the head first. Never a ratchet, nor a secret of a key package.
 */
import { nameOf } from '../certificate';
import { array, bool, bytes, CborReader, map, string, uint } from '../cbor';
import { Fault } from '../fault';
import { hex, joined, Reader, u32, unhex, utf8, type Bytes } from '../layout';
import { RECORD_BYTES_MAX } from '../limits';
import { contentBytes, readContent, type Content } from '../payload';

/** Whose backup it is, and the secret of their identity. */
export interface Head {
  kind: 'head';
  name: string;
  secret: Bytes;
}

/** Somebody, the key that they are known by, and whether it was compared. */
export interface Known {
  kind: 'contact';
  name: string;
  key: Bytes;
  isVerified: boolean;
}

/** That a device was removed, as it was signed. */
export interface Removed {
  kind: 'removal';
  signed: Bytes;
}

/** A message as it is to be seen, with nothing that is still to be done about it. */
export interface Said {
  kind: 'said';
  peer: string;
  isOwn: boolean;
  /** The device that it was written on, and the how-manieth of it. */
  device: string;
  counter: bigint;
  /** By the writer's clock and by the server's, in milliseconds since 1970. */
  writtenMs: bigint;
  atMs: bigint;
  text: string;
  /** Where it is more than a text. */
  content?: Content | undefined;
  isEdited: boolean;
  /** How far an own one came: 0 to the server, 1 to a device, 2 to its reader. */
  progress: number;
}

export type Backed = Head | Known | Removed | Said;

const VERSION = 1n;
const PROGRESS_MAX = 2;
/** The other engine keeps such numbers with a sign. */
const NUMBER_MAX = (1n << 63n) - 1n;

const of = (kind: number, part: Bytes): Bytes => array(uint(kind), array(part));

/** A record behind its length. */
export function recordBytes(record: Backed): Bytes {
  const cbor = body(record);
  if (cbor.length > RECORD_BYTES_MAX) throw new Fault('text_too_long');
  return joined(u32(cbor.length), cbor);
}

function body(record: Backed): Bytes {
  switch (record.kind) {
    case 'head':
      return of(0, map([0, uint(VERSION)], [1, string(record.name)], [2, bytes(record.secret)]));
    case 'contact':
      return of(1, map([0, string(record.name)], [1, bytes(record.key)], [2, bool(record.isVerified)]));
    case 'removal':
      return of(2, bytes(record.signed));
    case 'said': {
      const { content } = record;
      const who = map(
        [0, string(record.peer)],
        [1, bool(record.isOwn)],
        [2, bytes(unhex(record.device))],
        [3, uint(record.counter)],
        [4, uint(record.writtenMs)],
        [5, uint(record.atMs)],
        [6, string(record.text)],
        [7, content && bytes(contentBytes(content))],
        [8, bool(record.isEdited)],
        [9, uint(record.progress)],
      );
      return of(3, who);
    }
  }
}

/** All records of a backup, in their order. Throws where one makes no sense. */
export function readRecords(all: Uint8Array): Backed[] {
  const reader = new Reader(all);
  const records: Backed[] = [];
  while (!reader.isEmpty) {
    const length = reader.u32();
    const record = length !== undefined && length <= RECORD_BYTES_MAX ? reader.fixed(length) : undefined;
    if (!record) throw new Fault('backup_damaged', 'a record is cut');
    records.push(read(record));
  }
  return records;
}

function read(record: Bytes): Backed {
  try {
    const reader = new CborReader(record);
    reader.two();
    const kind = reader.uint();
    let found: Backed | undefined;
    reader.array((at) => {
      if (at > 0) return reader.skip();
      found = ofKind(kind, reader);
    });
    if (found) return found;
  } catch (error) {
    if (error instanceof Fault && error.code === 'backup_newer') throw error;
    throw new Fault('backup_damaged', String(error));
  }
  throw new Fault('backup_damaged', 'a record is empty');
}

function ofKind(kind: bigint, reader: CborReader): Backed {
  switch (kind) {
    case 0n:
      return head(reader);
    case 1n:
      return known(reader);
    case 2n:
      return { kind: 'removal', signed: reader.bytes() };
    case 3n:
      return said(reader);
    default:
      throw new Fault('backup_damaged', 'a record is of no kind');
  }
}

function head(reader: CborReader): Head {
  let [version, name, secret] = [0n, '', new Uint8Array()];
  reader.map((key) => {
    if (key === 0n) version = reader.uint();
    else if (key === 1n) name = reader.string();
    else if (key === 2n) secret = exactly(32, reader);
    else reader.skip();
  });
  if (version !== VERSION) throw new Fault('backup_newer');
  return { kind: 'head', name: nameIn(name), secret: exact(32, secret) };
}

function known(reader: CborReader): Known {
  let [name, key, isVerified] = ['', new Uint8Array(), false];
  reader.map((at) => {
    if (at === 0n) name = reader.string();
    else if (at === 1n) key = exactly(32, reader);
    else if (at === 2n) isVerified = reader.bool();
    else reader.skip();
  });
  return { kind: 'contact', name: nameIn(name), key: exact(32, key), isVerified };
}

function said(reader: CborReader): Said {
  const found: Said = { kind: 'said', peer: '', isOwn: false, device: '', counter: 0n, writtenMs: 0n, atMs: 0n, text: '', isEdited: false, progress: 0 };
  const takes = [
    () => (found.peer = reader.string()),
    () => (found.isOwn = reader.bool()),
    () => (found.device = hex(exactly(16, reader))),
    () => (found.counter = number(reader)),
    () => (found.writtenMs = number(reader)),
    () => (found.atMs = number(reader)),
    () => (found.text = reader.string()),
    () => (found.content = reader.isNothing() ? undefined : contentIn(reader.bytes())),
    () => (found.isEdited = reader.bool()),
    () => (found.progress = Number(reader.uint())),
  ];
  reader.map((key) => {
    const take = key < BigInt(takes.length) && key >= 0n ? takes[Number(key)] : undefined;
    if (take) take();
    else reader.skip();
  });
  if (found.progress > PROGRESS_MAX || found.device === '') throw new Fault('backup_damaged', 'a message makes no sense');
  return { ...found, peer: nameIn(found.peer) };
}

/** Of a kind that this page does not know the words are left. */
function contentIn(cbor: Bytes): Content | undefined {
  try {
    return readContent(new CborReader(cbor));
  } catch (error) {
    if (error instanceof Fault && error.code === 'payload_newer') return undefined;
    throw error;
  }
}

function number(reader: CborReader): bigint {
  const found = reader.uint();
  if (found > NUMBER_MAX) throw new Fault('backup_damaged', 'a number is too large');
  return found;
}

const exactly = (length: number, reader: CborReader): Bytes => exact(length, reader.bytes());

function exact(length: number, found: Bytes): Bytes {
  if (found.length !== length) throw new Fault('backup_damaged', 'a field has another length');
  return found;
}

function nameIn(text: string): string {
  const name = nameOf(utf8(text));
  if (name === undefined) throw new Fault('backup_damaged', 'a name is none');
  return name;
}
