/** What is stored of the talk, as bytes: JSON, in which whole numbers of 64 bits and bytes are marked. */
import { hex, text, unhex, utf8, type Bytes } from './layout';

export const recorded = (value: unknown): Bytes => utf8(JSON.stringify(value, mark));

export const restored = <T>(bytes: Uint8Array): T => JSON.parse(text(bytes) ?? 'null', unmark) as T;

function mark(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return { $n: String(value) };
  return value instanceof Uint8Array ? { $b: hex(value) } : value;
}

function unmark(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { $n: number, $b: digits } = value as { $n?: string; $b?: string };
  if (typeof number === 'string') return BigInt(number);
  return typeof digits === 'string' ? unhex(digits) : value;
}
