/** Which messages of each device came, by the counters inside them: what is missing is named, not guessed. */
import { GAPS_MAX } from './limits';
import type { MessageId } from './payload';

/** Messages of one device that are missing: "3 messages between 13:50 and 14:02". Times are milliseconds, by the writer's clock. */
export interface Gap {
  first: bigint;
  last: bigint;
  afterMs: bigint;
  beforeMs: bigint;
}

interface Line {
  newest: bigint;
  newestMs: bigint;
  gaps: Gap[];
}

/** What came of each device of a conversation. */
export type Ledger = Record<string, Line>;

/** The ledger after an authentic message; nothing when it came before and must not be shown again. */
export function taken(ledger: Ledger, { device, counter }: MessageId, atMs: bigint): Ledger | undefined {
  const line = ledger[device] ?? { newest: 0n, newestMs: atMs, gaps: [] };
  const after = counter <= line.newest ? filled(line, counter, atMs) : advanced(line, counter, atMs);
  return after && { ...ledger, [device]: after };
}

export const gaps = (ledger: Ledger): Gap[] => Object.values(ledger).flatMap((line) => line.gaps);

function advanced(line: Line, counter: bigint, atMs: bigint): Line {
  const gap = { first: line.newest + 1n, last: counter - 1n, afterMs: line.newestMs, beforeMs: atMs };
  return { newest: counter, newestMs: atMs, gaps: counter > line.newest + 1n ? short([...line.gaps, gap]) : line.gaps };
}

/** A late one: it makes a gap smaller, or two of it. */
function filled(line: Line, counter: bigint, atMs: bigint): Line | undefined {
  const at = line.gaps.findIndex((gap) => gap.first <= counter && counter <= gap.last);
  const gap = line.gaps[at];
  if (!gap) return undefined;
  const parts = [{ ...gap, last: counter - 1n, beforeMs: atMs }, { ...gap, first: counter + 1n, afterMs: atMs }];
  const left = parts.filter((part) => part.first <= part.last);
  return { ...line, gaps: short(line.gaps.toSpliced(at, 1, ...left)) };
}

/** Keeps the list short: the two oldest become one. */
function short(list: Gap[]): Gap[] {
  const [one, two, ...rest] = list;
  if (list.length <= GAPS_MAX || !one || !two) return list;
  return [{ ...two, first: one.first, afterMs: one.afterMs }, ...rest];
}
