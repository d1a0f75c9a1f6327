/**
 * CBOR (RFC 8949), as much as messages and frames have of it. Each value is written in its shortest form; what is read may
 * be of any length, and lists and maps may be closed by a break, as the other engine's reader has it. Numbers are `bigint`
 * where 64 bits of them are kept.
 */
import { joined, text, utf8, type Bytes } from './layout';

const UINT = 0;
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;
const TAG = 6;
const BREAK = 0xff;
const NULL = 0xf6;

function head(major: number, value: bigint): Bytes {
  const first = major << 5;
  if (value < 24n) return Uint8Array.of(first | Number(value));
  const size = value < 0x100n ? 0 : value < 0x1_0000n ? 1 : value < 0x1_0000_0000n ? 2 : 3;
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return joined(Uint8Array.of(first | (24 + size)), bytes.subarray(8 - (1 << size)));
}

export const uint = (value: bigint | number): Bytes => head(UINT, BigInt(value));
export const bool = (value: boolean): Bytes => Uint8Array.of(value ? 0xf5 : 0xf4);
export const bytes = (value: Uint8Array): Bytes => joined(head(BYTES, BigInt(value.length)), value);
export const array = (...items: Uint8Array[]): Bytes => joined(head(ARRAY, BigInt(items.length)), ...items);

export function string(value: string): Bytes {
  const encoded = utf8(value);
  return joined(head(TEXT, BigInt(encoded.length)), encoded);
}

/** A map with small numbers as keys; what is `undefined` is left out. */
export function map(...entries: [number, Bytes | undefined][]): Bytes {
  const there = entries.filter((entry): entry is [number, Bytes] => entry[1] !== undefined);
  return joined(head(MAP, BigInt(there.length)), ...there.flatMap(([key, value]) => [uint(key), value]));
}

/** Bytes that are not what was asked for. */
export class Malformed extends Error {}

/** How deep lists may stand in lists: what is passed over is a stranger's. */
const DEPTH_MAX = 64;

/** Takes values from the front. Throws `Malformed` where there is something else. */
export class CborReader {
  private at = 0;

  constructor(private readonly input: Uint8Array) {}

  get isEmpty(): boolean {
    return this.at === this.input.length;
  }

  /** What has not been taken. */
  get rest(): Uint8Array {
    return this.input.subarray(this.at);
  }

  uint(): bigint {
    const { major, value } = this.head();
    if (major !== UINT || value === undefined) throw new Malformed('a number was expected');
    return value;
  }

  bytes(): Bytes {
    return this.run(BYTES);
  }

  string(): string {
    const found = text(this.run(TEXT));
    if (found === undefined) throw new Malformed('a text is not UTF-8');
    return found;
  }

  bool(): boolean {
    const byte = this.byte();
    if (byte !== 0xf4 && byte !== 0xf5) throw new Malformed('yes or no was expected');
    return byte === 0xf5;
  }

  /** Passes over a null where one stands. */
  isNothing(): boolean {
    const found = this.input[this.at] === NULL;
    if (found) this.at += 1;
    return found;
  }

  /** Goes through a list; `take` has to take one item. */
  array(take: (at: number) => void) {
    this.items(ARRAY, take);
  }

  /** The head of a list that says that it has two items; they are taken next. */
  two() {
    const { major, value } = this.head();
    if (major !== ARRAY || value !== 2n) throw new Malformed('a list of two was expected');
  }

  /** Goes through a map with numbers as keys; `take` has to take one value. */
  map(take: (key: bigint) => void) {
    this.items(MAP, () => take(this.key()));
  }

  /** The number behind key 0, which stands first in a map of a known length. */
  kind(): number {
    const { major, value } = this.head();
    if (major !== MAP || value === undefined || value === 0n) throw new Malformed('it is no map of a known length');
    if (this.key() !== 0n) throw new Malformed('its kind does not stand first');
    return Number(this.uint());
  }

  /** Passes over one value, whatever it is. */
  skip(depth = 0): void {
    if (depth > DEPTH_MAX) throw new Malformed('it is too deep');
    const { major, value } = this.head();
    const next = () => this.skip(depth + 1);
    switch (major) {
      case UINT:
      case NEGATIVE:
        if (value === undefined) throw new Malformed('a number has no end');
        return;
      case BYTES:
      case TEXT:
        if (value === undefined) return this.each(undefined, next);
        this.take(value);
        return;
      case ARRAY:
        return this.each(value, next);
      case MAP:
        return this.each(value === undefined ? undefined : value * 2n, next);
      case TAG:
        return next();
      default:
        if (value === undefined) throw new Malformed('a break stands alone');
    }
  }

  private key(): bigint {
    const { major, value } = this.head();
    if (value === undefined || (major !== UINT && major !== NEGATIVE)) throw new Malformed('a key is no number');
    return major === UINT ? value : -1n - value;
  }

  private items(kind: number, take: (at: number) => void) {
    const { major, value } = this.head();
    if (major !== kind) throw new Malformed(kind === ARRAY ? 'a list was expected' : 'a map was expected');
    this.each(value, take);
  }

  private each(count: bigint | undefined, take: (at: number) => void) {
    for (let at = 0; count === undefined || BigInt(at) < count; at += 1) {
      if (count === undefined && this.input[this.at] === BREAK) {
        this.at += 1;
        return;
      }
      take(at);
    }
  }

  private run(kind: number): Bytes {
    const { major, value } = this.head();
    if (major !== kind || value === undefined) throw new Malformed(kind === BYTES ? 'bytes were expected' : 'a text was expected');
    return this.take(value);
  }

  private head(): { major: number; value: bigint | undefined } {
    const byte = this.byte();
    const [major, size] = [byte >> 5, byte & 0x1f];
    if (size < 24) return { major, value: BigInt(size) };
    if (size === 31) return { major, value: undefined };
    if (size > 27) throw new Malformed('a length is of no kind');
    const value = this.take(BigInt(1 << (size - 24))).reduce((sum, each) => (sum << 8n) | BigInt(each), 0n as bigint);
    return { major, value };
  }

  private byte(): number {
    return this.take(1n)[0] as number;
  }

  private take(length: bigint): Bytes {
    if (length > BigInt(this.input.length - this.at)) throw new Malformed('it ends too early');
    this.at += Number(length);
    return this.input.slice(this.at - Number(length), this.at) as Bytes;
  }
}
