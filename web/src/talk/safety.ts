/**
 * Safety numbers: sixty digits that two people compare, to know that nobody stands between them.
 *
 * For each side SHA-512 runs 5,200 times over `version 0, u16 · identity key · name` and the key again; the first thirty
 * bytes become six groups of five digits (five bytes, modulo 100,000). The smaller side stands first, so both see the same.
 */
import { sha512 } from '@noble/hashes/sha2.js';
import { hex, joined, u16, utf8, type Bytes } from './layout';
import { SAFETY_ROUNDS } from './limits';

export interface Side {
  name: string;
  identity: Bytes;
}

/** The number of one pair, as twelve groups of five digits. */
export function safetyNumber(one: Side, other: Side): string[] {
  const sides = [one, other].map(fingerprint);
  sides.sort((a, b) => (hex(a) < hex(b) ? -1 : 1));
  return sides.flatMap(groups);
}

/** One side's part of every number, as six groups: the same on each device of a user. */
export const ownNumber = (side: Side): string[] => groups(fingerprint(side));

function fingerprint({ name, identity }: Side): Bytes {
  let hash: Uint8Array = joined(u16(0), identity, utf8(name));
  for (let round = 0; round < SAFETY_ROUNDS; round += 1) hash = sha512(joined(hash, identity));
  return hash.slice(0, 30) as Bytes;
}

function groups(side: Bytes): string[] {
  return [0, 5, 10, 15, 20, 25].map((at) => {
    const number = side.subarray(at, at + 5).reduce((sum, byte) => sum * 256 + byte, 0);
    return String(number % 100_000).padStart(5, '0');
  });
}
