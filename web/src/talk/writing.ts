/** Who is writing: told for a while after each signal, and until their message comes. Times are milliseconds since 1970. */
import { SIGNALS_EVERY_MS, SIGNAL_SHOWN_MS } from './limits';
import type { Signal } from './signal';

export class Writing {
  private readonly until = new Map<string, number>();
  /** The number of each device's last signal. */
  private readonly numbers = new Map<string, bigint>();
  private saidAt = Number.NEGATIVE_INFINITY;

  /** A signal of this person's device. False for a repetition. */
  heard(person: string, { device, number }: Signal, now: number): boolean {
    if (number <= (this.numbers.get(device) ?? -1n)) return false;
    this.numbers.set(device, number);
    this.until.set(person, now + SIGNAL_SHOWN_MS);
    return true;
  }

  /** What they were writing has come. */
  over(person: string) {
    this.until.delete(person);
  }

  is(person: string, now: number): boolean {
    return (this.until.get(person) ?? 0) > now;
  }

  /** Whether this device may say now that its user is writing; it has said so, then. */
  says(now: number): boolean {
    // A clock that was set back must not silence it.
    if (now - this.saidAt < SIGNALS_EVERY_MS && now >= this.saidAt) return false;
    this.saidAt = now;
    return true;
  }
}
