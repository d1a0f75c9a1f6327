/**
 * When receipts go out: what came is collected, and told after a while that nobody can foresee. Instant ones would show
 * whoever watches the server's lines when a device is on, and when its user looks at it. Times are milliseconds since 1970.
 */
import { RECEIPTS_DELAY_MS, RECEIPTS_EVERY_MS, RECEIPTS_MAX } from './limits';
import type { MessageId, Progress } from './payload';

/** What the other one of a conversation has not been told yet. */
export type Owed = Record<Progress, MessageId[]>;

/** With these messages, too. What was read is not told of as delivered any more. */
export function owing(owed: Owed | undefined, progress: Progress, ids: MessageId[]): Owed {
  const { delivered, read } = owed ?? { delivered: [], read: [] };
  const isNew = ({ device, counter }: MessageId) => !ids.some((id) => id.device === device && id.counter === counter);
  const kept = delivered.filter(isNew);
  const [came, seen] = progress === 'read' ? [kept, [...read, ...ids]] : [[...kept, ...ids], read];
  return { delivered: came.slice(-RECEIPTS_MAX), read: seen.slice(-RECEIPTS_MAX) };
}

/** The receipts of one conversation. */
export class Receipts {
  private isOwing = false;
  private toldAt = Number.NEGATIVE_INFINITY;

  /** There is something to be told. Gives after how long; nothing when that was given before. `chance` is from 0 to below 1. */
  owe(now: number, chance: number): number | undefined {
    if (this.isOwing) return undefined;
    this.isOwing = true;
    // A clock that was set back must not keep it for ever.
    const since = Math.max(0, now - this.toldAt);
    return Math.max(0, RECEIPTS_EVERY_MS - since) + Math.floor(chance * (RECEIPTS_DELAY_MS + 1));
  }

  /** It was told, or there was nothing. */
  told(now: number) {
    [this.isOwing, this.toldAt] = [false, now];
  }
}
