/** What all parts of conversations share: what is kept, who else is there, and what waits for its time. */
import type { Out, Talk } from '../book';
import type { Desk } from '../desk';
import type { Group } from '../engine/group';
import { hex } from '../layout';
import * as pace from '../pace';

export const seconds = () => Math.floor(Date.now() / 1000);
export const reference = () => hex(crypto.getRandomValues(new Uint8Array(16)));

/** A message that is sealed. */
export type Sealed = Out & { ask: { kind: 'send' } };

export const isSealed = (out: Out): out is Sealed => out.ask.kind === 'send';

export class Base {
  private readonly timers = new Set<ReturnType<typeof setTimeout>>();
  /** Whose conversation is begun anew although there is nothing to say: what they say would be lost. */
  readonly anew = new Set<string>();

  constructor(readonly desk: Desk) {}

  stop() {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }

  later(ms: number, step: () => Promise<void>) {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      void this.desk.alone(step);
    }, ms);
    this.timers.add(timer);
  }

  talk(peer: string): Talk {
    const fresh = { group: null, replaces: null, ledger: {}, written: 0n, seen: null, unseen: [], lines: 0, last: '', lastAt: 0 };
    return this.book.talks.get(peer) ?? { peer, pace: pace.joined(seconds()), ...fresh };
  }

  group(peer: string): Group | undefined {
    const id = this.talk(peer).group;
    return id === null ? undefined : this.book.groups.get(id);
  }

  outs(): Out[] {
    return Array.from(this.book.outs.values()).sort((a, b) => a.at - b.at);
  }

  /** As it will be when the request is kept. */
  get step(): bigint {
    return this.book.head.step + 1n;
  }

  get book() {
    return this.desk.book;
  }
}
