/** When a device renews its keys: within an epoch each message has its own key, but only a commit heals. Times are seconds since 1970. */
import { IDLE_S, UPDATE_EVERY_MESSAGES, UPDATE_EVERY_S } from './limits';

/** What a device remembers of one conversation to know when to commit. */
export interface Pace {
  /** When this device last committed; never, right after it joined. */
  updatedAt: number | null;
  /** When anything last happened. */
  activeAt: number;
  /** Messages sent or received since the last commit of its own. */
  messages: number;
  /** Whether the other side said something since this device last wrote. */
  hasReceived: boolean;
}

/** A device that has just joined: it commits before it writes, so that its keys are its own. */
export const joined = (now: number): Pace => ({ updatedAt: null, activeAt: now, messages: 0, hasReceived: false });

/** A device that has just opened the group, which is a commit. */
export const opened = (now: number): Pace => ({ ...joined(now), updatedAt: now });

/** Whether to commit before the next message is written. */
export function isDue(pace: Pace, now: number): boolean {
  if (pace.updatedAt === null || now - pace.activeAt > IDLE_S) return true;
  const isOld = now - pace.updatedAt > UPDATE_EVERY_S || pace.messages >= UPDATE_EVERY_MESSAGES;
  return pace.hasReceived && isOld;
}

export const sent = (pace: Pace, now: number): Pace => ({ ...pace, hasReceived: false, messages: pace.messages + 1, activeAt: now });

export const received = (pace: Pace, now: number): Pace => ({ ...pace, hasReceived: true, messages: pace.messages + 1, activeAt: now });

/** A commit of this device counts. */
export const updated = (pace: Pace, now: number): Pace => ({ ...pace, updatedAt: now, activeAt: now, messages: 0 });
