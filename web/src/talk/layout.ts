/** Bytes: how they are compared and shown, and the layout of what is signed: numbers in network order, texts behind their lengths. */

export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export const utf8 = (text: string): Bytes => encoder.encode(text);

/** The text, or nothing where it is not UTF-8. */
export function text(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** As much of a text as has at most so many bytes, no letter cut in two. */
export function shortened(long: string, max: number): string {
  let [short, size] = ['', 0];
  for (const letter of long) {
    size += utf8(letter).length;
    if (size > max) break;
    short += letter;
  }
  return short;
}

export const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Of an even number of hexadecimal digits. */
export const unhex = (digits: string): Bytes => Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

export const same = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((byte, at) => byte === other[at]);

export function joined(...parts: Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function u16(value: number): Bytes {
  return Uint8Array.of(value >> 8, value & 0xff);
}

export function u32(value: number): Bytes {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

export function u64(value: bigint): Bytes {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}

/** Behind its length in two bytes; callers have bounded it. */
export const variable = (bytes: Uint8Array): Bytes => joined(u16(bytes.length), bytes);

/** Takes fields from the front; nothing when they are not there. */
export class Reader {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  fixed(length: number): Bytes | undefined {
    if (this.bytes.length - this.at < length) return undefined;
    this.at += length;
    return this.bytes.slice(this.at - length, this.at) as Bytes;
  }

  u32(): number | undefined {
    const bytes = this.fixed(4);
    return bytes && new DataView(bytes.buffer).getUint32(0);
  }

  u64(): bigint | undefined {
    const bytes = this.fixed(8);
    return bytes && new DataView(bytes.buffer).getBigUint64(0);
  }

  /** Bytes behind their length in two bytes, at most `max` of them. */
  variable(max: number): Bytes | undefined {
    const head = this.fixed(2);
    const length = head && new DataView(head.buffer).getUint16(0);
    return length === undefined || length > max ? undefined : this.fixed(length);
  }

  get isEmpty(): boolean {
    return this.at === this.bytes.length;
  }
}
