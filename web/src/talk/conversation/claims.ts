/** Key packages that were asked for, to begin a conversation or to let devices in. */
import type { Bytes } from '../layout';
import { reference, type Base } from './base';

interface Claim {
  waiting: Set<string>;
  packages: Map<string, Bytes>;
}

export class Claims {
  private readonly claims = new Map<string, Claim>();

  constructor(private readonly base: Base) {}

  /** The connection is gone, and with it all answers. */
  lost() {
    this.claims.clear();
  }

  /**
   * The packages of all devices that these people have, or of some of them; nothing while they are on their way. They are
   * good for one use, so each attempt asks anew.
   */
  packages(peer: string, names: string[], only?: string[]): Bytes[] | undefined {
    const known = this.claims.get(peer);
    if (known) {
      if (known.waiting.size > 0) return undefined;
      this.claims.delete(peer);
      const { view } = this.base.desk;
      const listed = new Set(names.flatMap((name) => Array.from(view.get(name)?.devices ?? [])));
      const wanted = (device: string) => (only ? only.includes(device) : listed.has(device));
      return Array.from(known.packages).flatMap(([device, bytes]) => (wanted(device) ? [bytes] : []));
    }
    const claim: Claim = { waiting: new Set(), packages: new Map() };
    this.claims.set(peer, claim);
    for (const name of names) {
      const of = reference();
      claim.waiting.add(of);
      this.base.desk.say({ kind: 'claim', reference: of, name });
    }
    return undefined;
  }

  /** An answer has come: with whom the conversation is, if it was the last one that was waited for. */
  claimed(of: string, packages: { device: string; bytes: Bytes }[]): string | undefined {
    for (const [peer, claim] of this.claims) {
      if (!claim.waiting.delete(of)) continue;
      for (const each of packages) claim.packages.set(each.device, each.bytes);
      if (claim.waiting.size === 0) return peer;
    }
    return undefined;
  }

  /** For which conversation this was asked. */
  whose(of: string | undefined): string | undefined {
    return Array.from(this.claims).find(([, { waiting }]) => of !== undefined && waiting.has(of))?.[0];
  }

  drop(peer: string) {
    this.claims.delete(peer);
  }
}
