/**
 * A file as it is sent: sealed piece by piece with a key of its own, so that whoever keeps it learns neither what is in it
 * nor quite how long it is. The content is filled up with zeros to a size class and cut into chunks of 64 KiB; each is
 * sealed with AES-256-GCM under the nonce `zeros, 7 · number of the chunk, u32 · 1 for the last one, else 0, u8` (STREAM),
 * so that a chunk that is left out, moved, cut off or added does not open.
 *
 * A key is made for one sending of one file. No chunk may be sealed twice: whoever sends again what did not arrive keeps
 * the sealed bytes until they have.
 */
import { Fault } from './fault';
import { joined, u32, utf8, type Bytes } from './layout';
import { CHUNK_BYTES, FILE_BYTES_MAX, FILE_NAME_MAX, MEDIA_TYPE_MAX } from './limits';

/** Goes into each tag, so that no chunk fits where something else is expected. */
const CONTEXT = utf8('kinora chat file\0');
export const TAG_BYTES = 16;
/** The size classes between a power of two and the next one. */
const CLASSES = 16;
const ENDING_MAX = 16;
const NAMELESS = 'file';

/** A file that somebody sent: where it lies, and what opens it. */
export interface Attachment {
  /** By which the server knows the sealed bytes: 16 bytes, in digits. */
  parcel: string;
  /** 32 bytes. */
  key: Bytes;
  /** Bytes of the file itself. */
  size: number;
  /** A stranger's word: see `harmlessName`. */
  name: string;
  /** Empty when it is not known. */
  mediaType: string;
}

/** Whether it keeps the bounds. */
export function fits({ size, name, mediaType }: Attachment): boolean {
  const length = utf8(name).length;
  return size <= FILE_BYTES_MAX && length >= 1 && length <= FILE_NAME_MAX && utf8(mediaType).length <= MEDIA_TYPE_MAX;
}

/** Bytes of the content with what it is filled up with: at least a chunk, and at most a sixteenth more than it has. */
export function paddedSize(size: number): number {
  const least = Math.max(size, CHUNK_BYTES);
  let power = CHUNK_BYTES;
  while (power * 2 <= least) power *= 2;
  const step = power / CLASSES;
  return Math.ceil(least / step) * step;
}

/** Bytes of all sealed chunks of a file. */
export function sealedSize(size: number): number {
  const padded = paddedSize(size);
  return padded + Math.ceil(padded / CHUNK_BYTES) * TAG_BYTES;
}

interface Chunk {
  /** Bytes of the content in it, and with the zeros behind them. */
  content: number;
  padded: number;
  isLast: boolean;
}

/** How far a file has come on its way through. */
class Walk {
  private at = 0;
  private readonly padded: number;
  private readonly key: Promise<CryptoKey>;

  constructor(
    key: Bytes,
    private readonly size: number,
  ) {
    if (!Number.isSafeInteger(size) || size < 0 || size > FILE_BYTES_MAX) throw new Fault('file_damaged');
    this.padded = paddedSize(size);
    this.key = crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt', 'decrypt']);
  }

  /** Nothing behind the last one. */
  get chunk(): Chunk | undefined {
    const begin = this.at * CHUNK_BYTES;
    const left = this.padded - begin;
    if (left <= 0) return undefined;
    const content = Math.min(Math.max(this.size - begin, 0), CHUNK_BYTES);
    return { content, padded: Math.min(left, CHUNK_BYTES), isLast: left <= CHUNK_BYTES };
  }

  /** The place of a chunk is taken before anything is waited for, so that no two share one. */
  next(chunk: Chunk): { key: Promise<CryptoKey>; how: AesGcmParams } {
    const iv = joined(new Uint8Array(7), u32(this.at), Uint8Array.of(chunk.isLast ? 1 : 0));
    this.at += 1;
    return { key: this.key, how: { name: 'AES-GCM', iv, additionalData: CONTEXT, tagLength: TAG_BYTES * 8 } };
  }
}

/** Seals the chunks of one file in their order, each once. The key must never have sealed anything. */
export class Sealer {
  private readonly walk: Walk;

  constructor(key: Bytes, size: number) {
    this.walk = new Walk(key, size);
  }

  /** Bytes of the content that the next chunk takes: none where only zeros are left. `undefined` when all is sealed. */
  get wants(): number | undefined {
    return this.walk.chunk?.content;
  }

  async seal(content: Uint8Array): Promise<Bytes> {
    const chunk = this.walk.chunk;
    if (chunk?.content !== content.length) throw new Fault('file_changed');
    const { key, how } = this.walk.next(chunk);
    const padded = new Uint8Array(chunk.padded);
    padded.set(content);
    return new Uint8Array(await crypto.subtle.encrypt(how, await key, padded));
  }
}

/** Opens the chunks of one file in their order. */
export class Opener {
  private readonly walk: Walk;

  constructor(key: Bytes, size: number) {
    this.walk = new Walk(key, size);
  }

  /** Bytes of the next sealed chunk. `undefined` when all is open: only then the file is whole. */
  get wants(): number | undefined {
    const chunk = this.walk.chunk;
    return chunk && chunk.padded + TAG_BYTES;
  }

  async open(sealed: Bytes): Promise<Bytes> {
    const chunk = this.walk.chunk;
    if (!chunk) throw new Fault('file_damaged');
    const { key, how } = this.walk.next(chunk);
    const bytes = new Uint8Array(await crypto.subtle.decrypt(how, await key, sealed).catch(() => new ArrayBuffer(0)));
    // One way to fill up: a second one would be a place to hide something.
    if (bytes.length !== chunk.padded || bytes.subarray(chunk.content).some((byte) => byte !== 0)) throw new Fault('file_damaged');
    return bytes.subarray(0, chunk.content);
  }
}

/** Controls, and the marks that turn the direction of writing: those make `gpj.exe` look like `exe.jpg`. */
const UNPRINTABLE = /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu;
/** A dot in front hides a file, and one at the end is lost on some systems. */
const EDGES = /^[.\s]+|[.\s]+$/gu;

/**
 * A name under which a file can be shown and kept: never a path, nothing hidden, no characters that cannot be seen or that
 * some file system does not take, at most `FILE_NAME_MAX` bytes with its ending kept.
 */
export function harmlessName(sent: string): string {
  const last = sent.slice(Math.max(sent.lastIndexOf('/'), sent.lastIndexOf('\\')) + 1);
  const plain = last.replace(UNPRINTABLE, '').replace(/[<>:"|?*]/g, '_');
  return shortened(plain.replace(EDGES, '')).replace(EDGES, '') || NAMELESS;
}

/** A name within its bound: what is too long goes in front of the ending, if there is one that people would know. */
function shortened(name: string): string {
  const bytes = utf8(name);
  if (bytes.length <= FILE_NAME_MAX) return name;
  const dot = name.lastIndexOf('.');
  const found = dot < 0 ? '' : name.slice(dot);
  const ending = utf8(found).length <= ENDING_MAX ? found : '';
  let most = FILE_NAME_MAX - utf8(ending).length;
  // Not in the middle of a character.
  while (((bytes[most] as number) & 0xc0) === 0x80) most -= 1;
  return new TextDecoder().decode(bytes.subarray(0, most)) + ending;
}
