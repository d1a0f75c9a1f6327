/** What goes out: groups that are begun and changed, and messages, several at a time, each kept before it is said. */
import type { Out, Talk, Todo } from '../book';
import type { Device } from '../certificate';
import type { Group } from '../engine/group';
import type { Refused } from '../frame';
import { hex, type Bytes } from '../layout';
import { WINDOW } from '../limits';
import * as pace from '../pace';
import { messageBytes } from '../payload';
import { isSealed, reference, seconds, type Base, type Sealed } from './base';
import type { Claims } from './claims';
import type { Lines } from './lines';

/** How long a request waits that the server was too busy for, unless it says. */
const AGAIN_S = 5;

export class Outgoing {
  /** Messages that wait for their answers; each names the one in front of it, so that none overtakes another. */
  private readonly flying = new Set<number>();
  /** Messages whose answers count only if they were taken, for one in front of them was refused. Nothing is said before. */
  private readonly grounded = new Set<number>();
  /** Of whom there is news: devices may have come or gone, which is done about although nothing is to be said. */
  private readonly news = new Set<string>();
  /** Whose messages the server was too busy for. */
  private readonly resting = new Set<string>();

  constructor(
    private readonly base: Base,
    private readonly lines: Lines,
    private readonly claims: Claims,
  ) {}

  /** The connection is gone: what was asked in it is asked again in the next. */
  lost() {
    for (const all of [this.flying, this.grounded, this.resting]) all.clear();
  }

  /** Says again what the server may not have heard. The same bytes: it knows them by their reference. */
  async repeat() {
    for (const out of this.base.outs()) if (!isSealed(out)) this.base.desk.say(out.ask);
    for (const peer of this.unsaid()) await this.pump(peer);
  }

  /** With whom something is to be said. */
  unsaid(): Set<string> {
    return new Set([...this.base.outs().filter(isSealed), ...this.base.book.todos.values()].map(({ peer }) => peer));
  }

  /** There is news of these people: their devices are let in, or put out, by whoever is here. */
  async heardOf(names: string[]) {
    const { talks, me } = this.base.book;
    const isOwn = names.includes(me?.name ?? '');
    for (const { peer } of Array.from(talks.values())) {
      if (!isOwn && !names.includes(peer)) continue;
      this.news.add(peer);
      await this.pump(peer);
    }
  }

  /** Says what waits in a conversation, once it has a group whose members and keys are as they should be. */
  async pump(peer: string): Promise<void> {
    const outs = this.base.outs().filter((out) => out.peer === peer);
    const todos = Array.from(this.base.book.todos.values()).filter((todo) => todo.peer === peer);
    const isBusy = outs.some((out) => !isSealed(out));
    if (!this.base.desk.isHere || isBusy || !this.base.desk.isKnown(peer) || this.base.desk.isBlocked(peer)) return;
    const talk = this.base.talk(peer);
    const group = this.base.group(peer);
    if (!group) return outs.length + todos.length > 0 || this.base.anew.has(peer) ? this.begin(talk) : undefined;
    if (group.hasPending || outs.some(({ at }) => this.grounded.has(at)) || this.resting.has(peer)) return;
    // Whatever changes the group waits until all that was sealed has its answer.
    const gone = this.base.desk.gone(group.members);
    if (outs.length === 0 && (todos.length > 0 || this.news.has(peer))) {
      if (gone.length > 0) return this.putOut(talk, group, gone);
      const missing = this.missing(group, peer);
      if (missing.length > 0 && (await this.admit(talk, group, missing))) return;
      this.news.delete(peer);
      if (todos.length === 0) return;
      // None of their devices is there, nor known: what would be said now, nobody could ever read.
      if (!group.members.some((device) => device.name === peer)) return;
      if (pace.isDue(talk.pace, seconds())) return this.update(talk, group);
    }
    const isOver = outs.length > 0 && (gone.length > 0 || this.missing(group, peer).length > 0 || pace.isDue(talk.pace, seconds()));
    await this.flow(group, [...outs.filter(isSealed), ...(isOver ? [] : todos)]);
  }

  /** Says these in the order in which they were written, as many as may be on their way. They are all of one epoch. */
  private async flow(group: Group, all: (Sealed | Todo)[]) {
    const id = hex(group.id);
    for (const each of all.sort((a, b) => a.at - b.at)) {
      if (this.flying.has(each.at)) continue;
      const flights = this.flights(each.peer);
      const [last, next] = [flights.at(-1)?.ask, 'ask' in each ? each.ask : { group: id, epoch: group.epoch }];
      if (flights.length >= WINDOW || (last && (last.group !== next.group || last.epoch !== next.epoch))) return;
      const out = 'ask' in each ? each : await this.seal(each, group);
      if (!out) continue;
      this.flying.add(out.at);
      this.base.desk.say({ ...out.ask, follows: last?.reference });
    }
  }

  private async begin(talk: Talk): Promise<void> {
    const claimed = this.claims.packages(talk.peer, [talk.peer, this.base.book.me?.name ?? '']);
    const { client } = this.base.book;
    if (!claimed || !client) return;
    const packages = await client.usable(claimed, seconds(), this.base.desk.view);
    // Nobody can be reached now: they may leave other packages.
    if (packages.length === 0) return this.base.later(AGAIN_S * 1000, () => this.pump(talk.peer));
    this.base.anew.delete(talk.peer);
    const id = crypto.getRandomValues(new Uint8Array(32));
    const { group, pending } = await client.open(id, packages, seconds(), this.base.desk.view);
    const replaces = talk.replaces ?? talk.group ?? undefined;
    const ask = { kind: 'open' as const, reference: reference(), peer: talk.peer, group: hex(id), welcome: pending.welcome as Bytes, replaces };
    this.base.book.setGroup(hex(id), group);
    await this.request(talk.peer, { ...ask, step: this.base.step });
  }

  /** Devices of the two that the directory lists and the group lacks. */
  private missing(group: Group, peer: string): string[] {
    const { view } = this.base.desk;
    const all = [peer, this.base.book.me?.name ?? ''].flatMap((name) => Array.from(view.get(name)?.devices ?? []));
    const there = new Set(group.members.map((device) => device.id));
    return all.filter((device) => !there.has(device));
  }

  /** Lets devices in. False when none of them left a package: what waits does not wait for them. */
  private async admit(talk: Talk, group: Group, missing: string[]): Promise<boolean> {
    const claim = this.claims.packages(talk.peer, [talk.peer, this.base.book.me?.name ?? ''], missing);
    if (!claim) return true;
    const packages = (await this.base.book.client?.usable(claim, seconds(), this.base.desk.view)) ?? [];
    if (packages.length === 0) return false;
    const before = new Set(group.members.map((device) => device.id));
    const pending = await group.change([], packages, seconds(), this.base.desk.view);
    await this.commit(talk, group, pending, missing.filter((device) => !before.has(device)));
    return true;
  }

  /** Puts removed devices out: from the next epoch on they can read nothing. This one itself waits to be put out. */
  private async putOut(talk: Talk, group: Group, gone: Device[]) {
    if (gone.some(({ id }) => id === this.base.book.client?.device.id)) return;
    await this.commit(talk, group, await group.change(gone, [], seconds(), this.base.desk.view), []);
  }

  private async update(talk: Talk, group: Group) {
    await this.commit(talk, group, await group.update(), []);
  }

  private async commit(talk: Talk, group: Group, { epoch, commit, welcome }: { epoch: bigint; commit: Bytes; welcome: Bytes | undefined }, welcomed: string[]) {
    const id = hex(group.id);
    this.base.book.setGroup(id, group);
    await this.request(talk.peer, { kind: 'commit', reference: reference(), peer: talk.peer, group: id, epoch, commit, welcome, welcomed, step: this.base.step });
  }

  /** Seals something, which keeps its place in the order of what was written. */
  private async seal(todo: Todo, group: Group): Promise<Sealed | undefined> {
    const talk = this.base.talk(todo.peer);
    const counter = todo.payload ? talk.written : talk.written + 1n;
    const payload = todo.payload ?? (todo.content && messageBytes({ counter, writtenAtMs: BigInt(Date.now()), lastSeen: talk.seen ?? undefined, content: todo.content }));
    this.base.book.dropTodo(todo);
    if (!payload) return void (await this.base.book.keep());
    const [epoch, message, id] = [group.epoch, await group.seal(payload), hex(group.id)];
    this.base.book.setGroup(id, group);
    this.base.book.setTalk({ ...talk, written: counter, pace: pace.sent(talk.pace, seconds()) });
    await this.identify(todo, counter);
    const ask = { kind: 'send' as const, reference: reference(), peer: todo.peer, group: id, epoch, message, step: this.base.step };
    const out = this.base.book.setOut({ peer: todo.peer, ask, payload, line: todo.line, at: todo.at });
    await this.base.book.keep();
    return out as Sealed;
  }

  /** Gives a line the id of its message, by which receipts name it. */
  private async identify({ peer, line: at, payload }: Todo, counter: bigint) {
    const line = (await this.lines.of(peer)).find((each) => each.key === at);
    const device = this.base.book.client?.device.id;
    if (line && device && !payload) await this.lines.change(peer, { ...line, id: { device, counter } });
  }

  /** A request that is kept, then said, until it is answered. */
  private async request(peer: string, ask: Out['ask']) {
    this.base.book.setOut({ peer, ask });
    await this.base.book.keep();
    this.base.desk.say(ask);
  }

  /** A request was taken, a message at this time: which one, if it is known. */
  async taken(of: string, behind: bigint, at: number): Promise<Out | undefined> {
    const out = this.base.outs().find((each) => each.ask.reference === of);
    if (!out) return undefined;
    if (isSealed(out)) {
      this.landed(out);
      this.base.book.dropOut(out);
      await this.lines.mark(out, 'sent', at);
    } else {
      this.base.book.setOut({ ...out, behind });
    }
    await this.base.book.keep();
    return out;
  }

  /** The answer to a message has come. False when it was not counted on. */
  private landed({ at }: Out): boolean {
    this.grounded.delete(at);
    return this.flying.delete(at);
  }

  /** What is on its way to somebody is not counted on any more. */
  private ground(peer: string) {
    for (const { at } of this.flights(peer)) {
      this.flying.delete(at);
      this.grounded.add(at);
    }
  }

  /** What is on its way to somebody, in its order. */
  private flights(peer: string): Sealed[] {
    return this.base.outs().filter(isSealed).filter((out) => out.peer === peer && this.flying.has(out.at));
  }

  async refused({ code, reference: of, retryAfterS, epoch }: Refused) {
    const asker = this.claims.whose(of);
    if (asker !== undefined) {
      return this.base.later((retryAfterS ?? AGAIN_S) * 1000, async () => {
        this.claims.drop(asker);
        await this.pump(asker);
      });
    }
    const out = this.base.outs().find((each) => each.ask.reference === of);
    if (!out) return;
    // It went behind one that was refused, and goes again after that one.
    if (isSealed(out) && !this.landed(out)) return this.pump(out.peer);
    this.ground(out.peer);
    if (retryAfterS !== undefined || ['store_failed', 'queue_full', 'too_fast', 'internal'].includes(code)) {
      return this.again(out, (retryAfterS ?? AGAIN_S) * 1000);
    }
    // What it followed is no longer known to have been taken; it goes first now.
    if (code === 'out_of_turn') return this.pump(out.peer);
    this.withdraw(out);
    if (out.ask.kind !== 'open') {
      const group = this.base.book.groups.get(out.ask.group);
      if (out.ask.kind === 'commit' && group) {
        await group.withdraw();
        this.base.book.setGroup(out.ask.group, group);
      }
      const talk = this.base.talk(out.peer);
      // The pair has another group by now: its Welcome is on its way, or the slot is empty.
      if (code === 'no_conversation' && talk.group === out.ask.group) this.base.book.setTalk({ ...talk, group: null });
    }
    await this.base.book.keep();
    const isBehind = code === 'stale_epoch' && epoch !== undefined && epoch > (this.base.group(out.peer)?.epoch ?? epoch);
    // What ended the epoch is in the queue; it comes first, and then what waits.
    if (!isBehind && code !== 'superseded') await this.pump(out.peer);
  }

  /** Says a request again after a while. */
  private again(out: Out, ms: number) {
    if (isSealed(out)) this.resting.add(out.peer);
    this.base.later(ms, async () => {
      if (isSealed(out)) {
        this.resting.delete(out.peer);
        await this.pump(out.peer);
      } else if (this.base.book.outs.has(out.at)) {
        this.base.desk.say(out.ask);
      }
    });
  }

  /** Takes a request back: what it was to say waits again. */
  withdraw(out: Out) {
    this.base.book.dropOut(out);
    // In its old place: what was said after it, an edit of it perhaps, still comes after it.
    if (out.ask.kind === 'send') this.base.book.setTodo({ at: out.at, peer: out.peer, payload: out.payload, line: out.line });
    if (out.ask.kind === 'open') this.base.book.setGroup(out.ask.group, null);
  }
}
