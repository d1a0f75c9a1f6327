/**
 * What conversations do: how one begins, when keys are renewed, what goes out and what comes in. Called by the desk, one
 * step after the other; each step is kept before anything of it is said.
 */
import type { Line, Out, Talk, Todo } from './book';
import type { Device } from './certificate';
import type { Desk } from './desk';
import type { Group, Event } from './engine/group';
import { Fault } from './fault';
import type { Deliver, Refused } from './frame';
import { hex, utf8, type Bytes } from './layout';
import { nextStep } from './ladder';
import { taken } from './ledger';
import { RECEIPTS_MAX, SIGNAL_SHOWN_MS, TEXT_BYTES_MAX, WINDOW } from './limits';
import * as pace from './pace';
import { harmlessName } from './attachment';
import { digest, messageBytes, readMessage, type Content, type Message, type MessageId, type Progress } from './payload';
import { mayBePicture } from './picture';
import { owing, Receipts } from './receipts';
import type { Mark, Note } from './shapes';
import { NONCE } from './signal';
import { Writing } from './writing';

/** How long a request waits that the server was too busy for, unless it says. */
const AGAIN_S = 5;
/** Lines of a conversation that are held at once. */
const LINES_MAX = 500;
const PREVIEW = 80;
/** Looks into the whole directory for one envelope: whom it is of may come into it between two of them. */
const LOOKS = 3;

const seconds = () => Math.floor(Date.now() / 1000);
const reference = () => hex(crypto.getRandomValues(new Uint8Array(16)));

/** What stands in a conversation as a line of its own. */
type Said = Extract<Content, { kind: 'text' | 'card' | 'file' }>;

const isSayable = (content: Said) => content.kind !== 'text' || utf8(content.text).length <= TEXT_BYTES_MAX;

function shownAs(content: Said): Pick<Line, 'text' | 'card' | 'file' | 'attachment'> {
  switch (content.kind) {
    case 'text':
      return { text: content.text };
    case 'card':
      return { text: content.name, card: { title: content.title, atMs: Number(content.atMs) } };
    case 'file': {
      const { file } = content;
      return { text: harmlessName(file.name), file: { size: file.size, isPicture: mayBePicture(file) }, attachment: file };
    }
  }
}

/** Only what was written can be said in other words. */
const isText = (line: Line) => !line.card && !line.file;

/** Packages that were asked for, to begin or to let devices in. */
interface Claim {
  waiting: Set<string>;
  packages: Map<string, Bytes>;
}

/** A message that is sealed. */
type Sealed = Out & { ask: { kind: 'send' } };

const isSealed = (out: Out): out is Sealed => out.ask.kind === 'send';

export class Conversations {
  private inbox: Deliver[] = [];
  /** The envelope for which the directory was looked at again, and how often. */
  private looked = { number: 0n, times: 0 };
  private readonly claims = new Map<string, Claim>();
  private readonly shown = new Map<string, Line[]>();
  private readonly timers = new Set<ReturnType<typeof setTimeout>>();
  private readonly writing = new Writing();
  private readonly receipts = new Map<string, Receipts>();
  /** Whose conversation is begun anew although there is nothing to say: what they say would be lost. */
  private readonly anew = new Set<string>();
  /** Messages that wait for their answers; each names the one in front of it, so that none overtakes another. */
  private readonly flying = new Set<number>();
  /** Messages whose answers count only if they were taken, for one in front of them was refused. Nothing is said before. */
  private readonly grounded = new Set<number>();
  /** Whose messages the server was too busy for. */
  private readonly resting = new Set<string>();

  /** `chance` gives any number from 0 to below 1. */
  constructor(
    private readonly desk: Desk,
    private readonly chance: () => number,
  ) {}

  stop() {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }

  /** The connection is gone: what was asked in it is asked again in the next. */
  lost() {
    this.inbox = [];
    this.looked = { number: 0n, times: 0 };
    for (const all of [this.claims, this.flying, this.grounded, this.resting]) all.clear();
  }

  /** Says again what the server may not have heard. The same bytes: it knows them by their reference. */
  async repeat() {
    for (const out of this.outs()) if (!isSealed(out)) this.desk.say(out.ask);
    for (const peer of this.unsaid()) await this.pump(peer);
    for (const { peer, owed } of this.book.talks.values()) if (owed) this.remind(peer);
  }

  /** With whom something is to be said. */
  private unsaid(): Set<string> {
    return new Set([...this.outs().filter(isSealed), ...this.book.todos.values()].map(({ peer }) => peer));
  }

  async lines(peer: string): Promise<Line[]> {
    const known = this.shown.get(peer);
    if (known) return known;
    const lines = (await this.book.lines(peer)).slice(-LINES_MAX);
    this.shown.set(peer, lines);
    return lines;
  }

  /** The user says something. */
  async say(peer: string, content: Said) {
    if (this.desk.isBlocked(peer) || !isSayable(content)) return;
    const line = await this.add(peer, { who: 'me', ...shownAs(content), at: Date.now(), mark: 'waiting' });
    this.book.addTodo({ peer, content, line: line.key });
    await this.book.keep();
    await this.pump(peer);
  }

  /** The user says an earlier message in another way. One that was not encrypted yet goes out so in the first place. */
  async edit(peer: string, at: number, text: string) {
    const line = (await this.lines(peer)).find((each) => each.key === at);
    if (line?.who !== 'me' || !isText(line) || line.text === text) return;
    if (this.desk.isBlocked(peer) || !isSayable({ kind: 'text', text })) return;
    const waiting = Array.from(this.book.todos.values()).find((todo) => todo.peer === peer && todo.line === at && todo.content);
    if (waiting) {
      this.book.setTodo({ ...waiting, content: { kind: 'text', text } });
      await this.reword(peer, line, text, line.isEdited);
    } else if (line.id) {
      this.book.addTodo({ peer, content: { kind: 'edit', of: line.id, text } });
      await this.reword(peer, line, text, true);
    }
    await this.book.keep();
    await this.pump(peer);
  }

  /** A line says something else from now on; so does the list of people where it was the last one. */
  private async reword(peer: string, line: Line, text: string, isEdited: boolean | undefined) {
    await this.change(peer, { ...line, text, isEdited });
    const last = (await this.lines(peer)).findLast((each) => each.who !== 'note');
    if (last?.key === line.key) this.book.setTalk({ ...this.talk(peer), last: text.slice(0, PREVIEW) });
  }

  /** A conversation is on the screen. */
  async seen(peer: string) {
    const talk = this.talk(peer);
    if (talk.unseen.length === 0) return;
    const ids = talk.unseen;
    this.book.setTalk({ ...talk, unseen: [] });
    this.owe(peer, 'read', ids);
    await this.book.keep();
  }

  /** Whether others are told how far their messages came; receipts that wait are forgotten when they are not. */
  async tellReceipts(isOn: boolean) {
    this.book.setChoices({ ...this.book.choices, hasReceipts: isOn });
    if (!isOn) {
      for (const talk of this.book.talks.values()) if (talk.owed) this.book.setTalk({ ...talk, owed: undefined });
      for (const todo of Array.from(this.book.todos.values())) if (todo.content?.kind === 'receipt') this.book.dropTodo(todo);
    }
    await this.book.keep();
  }

  /** Somebody is to be told of their messages, after a while. */
  private owe(peer: string, progress: Progress, ids: MessageId[]) {
    if (!this.book.choices.hasReceipts) return;
    const talk = this.talk(peer);
    this.book.setTalk({ ...talk, owed: owing(talk.owed, progress, ids) });
    this.remind(peer);
  }

  private remind(peer: string) {
    const receipts = this.receipts.get(peer) ?? new Receipts();
    this.receipts.set(peer, receipts);
    const wait = receipts.owe(Date.now(), this.chance());
    if (wait !== undefined) this.later(wait, () => this.tell(peer));
  }

  private async tell(peer: string) {
    this.receipts.get(peer)?.told(Date.now());
    const { owed, ...talk } = this.talk(peer);
    if (!owed) return;
    this.book.setTalk(talk);
    for (const progress of ['read', 'delivered'] as const) {
      if (owed[progress].length > 0) this.book.addTodo({ peer, content: { kind: 'receipt', progress, ids: owed[progress] } });
    }
    await this.book.keep();
    await this.pump(peer);
  }

  /** The user writes something to somebody, who is told now and then. Nothing is kept of it. */
  async writes(peer: string) {
    const group = this.group(peer);
    if (!this.book.choices.hasReceipts || !group?.isActive || !this.desk.isHere || this.desk.isBlocked(peer) || !this.writing.says(Date.now())) return;
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE));
    this.desk.say({ kind: 'signal', peer, bytes: await group.sealSignal(BigInt(Date.now()), nonce) });
  }

  /** Somebody writes, if that can be believed; else nothing is said about it. Who does not tell is not told either. */
  async heard(peer: string, bytes: Bytes) {
    if (!this.book.choices.hasReceipts) return;
    try {
      const opened = await this.group(peer)?.openSignal(bytes);
      if (opened?.from.name !== peer || !this.writing.heard(peer, opened.signal, Date.now())) return;
    } catch (error) {
      if (error instanceof Fault) return;
      throw error;
    }
    this.later(SIGNAL_SHOWN_MS + 50, () => Promise.resolve());
  }

  isWriting(peer: string): boolean {
    return this.writing.is(peer, Date.now());
  }

  /** Somebody is new, or has another device: what waited for it goes on. */
  async directoryChanged() {
    await this.process();
    for (const peer of new Set([...this.unsaid(), ...this.anew])) await this.pump(peer);
  }

  /**
   * This state is an old one: all groups are given up, and begun anew when there is something to say. Each message that it
   * does not know was one of these steps at least: numbers that went out once are not given again, or whoever has the first
   * ones would take the new ones for them.
   */
  giveUp(lostSteps: bigint) {
    for (const out of this.outs()) this.withdraw(out);
    for (const id of this.book.groups.keys()) this.book.setGroup(id, null);
    for (const talk of this.book.talks.values()) {
      const written = talk.written + lostSteps;
      if (!talk.group) {
        this.book.setTalk({ ...talk, written });
        continue;
      }
      this.book.setTalk({ ...talk, written, group: null, replaces: talk.group });
      this.anew.add(talk.peer);
    }
  }

  /** Envelopes up to this one waited too long for this device. */
  async expired(cursor: bigint) {
    this.book.head = { ...this.book.head, cursor };
    for (const talk of Array.from(this.book.talks.values())) await this.note(talk.peer, 'expired');
  }

  async claimed(of: string, packages: { device: string; bytes: Bytes }[]) {
    for (const [peer, claim] of this.claims) {
      if (!claim.waiting.delete(of)) continue;
      for (const each of packages) claim.packages.set(each.device, each.bytes);
      if (claim.waiting.size === 0) await this.pump(peer);
    }
  }

  async taken(of: string, behind: bigint, at: number) {
    const out = this.outs().find((each) => each.ask.reference === of);
    if (!out) return;
    if (isSealed(out)) {
      this.landed(out);
      this.book.dropOut(out);
      await this.mark(out, 'sent', at);
    } else {
      this.book.setOut({ ...out, behind });
    }
    await this.book.keep();
    await this.process();
    if (isSealed(out)) await this.pump(out.peer);
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
    return this.outs().filter(isSealed).filter((out) => out.peer === peer && this.flying.has(out.at));
  }

  async refused({ code, reference: of, retryAfterS, epoch }: Refused) {
    const claim = Array.from(this.claims).find(([, { waiting }]) => of !== undefined && waiting.has(of));
    if (claim) {
      return this.later((retryAfterS ?? AGAIN_S) * 1000, async () => {
        this.claims.delete(claim[0]);
        await this.pump(claim[0]);
      });
    }
    const out = this.outs().find((each) => each.ask.reference === of);
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
      const group = this.book.groups.get(out.ask.group);
      if (out.ask.kind === 'commit' && group) {
        await group.withdraw();
        this.book.setGroup(out.ask.group, group);
      }
      const talk = this.talk(out.peer);
      // The pair has another group by now: its Welcome is on its way, or the slot is empty.
      if (code === 'no_conversation' && talk.group === out.ask.group) this.book.setTalk({ ...talk, group: null });
    }
    await this.book.keep();
    const isBehind = code === 'stale_epoch' && epoch !== undefined && epoch > (this.group(out.peer)?.epoch ?? epoch);
    // What ended the epoch is in the queue; it comes first, and then what waits.
    if (!isBehind && code !== 'superseded') await this.pump(out.peer);
  }

  /** Says a request again after a while. */
  private again(out: Out, ms: number) {
    if (isSealed(out)) this.resting.add(out.peer);
    this.later(ms, async () => {
      if (isSealed(out)) {
        this.resting.delete(out.peer);
        await this.pump(out.peer);
      } else if (this.book.outs.has(out.at)) {
        this.desk.say(out.ask);
      }
    });
  }

  /** Takes a request back: what it was to say waits again. */
  private withdraw(out: Out) {
    this.book.dropOut(out);
    // In its old place: what was said after it, an edit of it perhaps, still comes after it.
    if (out.ask.kind === 'send') this.book.setTodo({ at: out.at, peer: out.peer, payload: out.payload, line: out.line });
    if (out.ask.kind === 'open') this.book.setGroup(out.ask.group, null);
  }

  async deliver(envelope: Deliver) {
    this.inbox.push(envelope);
    await this.process();
  }

  /** Takes what came, in order, until something has to wait. */
  private async process() {
    for (;;) {
      await this.settle();
      const [envelope] = this.inbox;
      // It was tried, and waits for what the directory says.
      if (!envelope || (this.desk.isLooking && envelope.number === this.looked.number)) return;
      if (envelope.number > this.book.head.cursor) {
        if (!(await this.take(envelope))) return;
        this.book.head = { ...this.book.head, cursor: envelope.number };
        await this.book.keep();
      }
      this.inbox.shift();
      this.desk.say({ kind: 'ack', number: this.book.head.cursor, step: this.book.head.step });
      if (envelope.what !== 'message' || this.anew.has(envelope.with)) await this.pump(envelope.with);
    }
  }

  /** Commits that the server took count when all is read that it took before them. */
  private async settle() {
    for (const out of this.outs()) {
      const { ask, behind, peer } = out;
      if (ask.kind === 'send' || behind === undefined || this.book.head.cursor < behind) continue;
      const group = this.book.groups.get(ask.group);
      this.book.dropOut(out);
      if (group?.hasPending) {
        await group.confirm();
        this.book.setGroup(ask.group, group);
        const talk = this.talk(peer);
        if (ask.kind === 'open') this.use(talk, ask.group, pace.opened(seconds()));
        else this.book.setTalk({ ...talk, pace: pace.updated(talk.pace, seconds()) });
      }
      await this.book.keep();
      await this.pump(peer);
    }
  }

  /** From now on this is the pair's group; the one before is over. */
  private use(talk: Talk, group: string, newPace: pace.Pace) {
    const old = talk.group ?? talk.replaces;
    if (old && old !== group && this.book.groups.has(old)) this.book.setGroup(old, null);
    this.book.setTalk({ ...talk, group, replaces: null, pace: newPace });
  }

  /** Takes an envelope. False when it has to wait, and will be tried again. */
  private async take(envelope: Deliver): Promise<boolean> {
    try {
      await (envelope.what === 'welcome' ? this.join(envelope) : this.open(envelope));
      return true;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const group = this.book.groups.get(envelope.group);
      // A commit of ours was taken, and that is still on its way to us.
      if (error.code === 'epoch_ahead' && group?.hasPending) return false;
      return this.recover(envelope, error);
    }
  }

  private async recover(envelope: Deliver, fault: Fault): Promise<boolean> {
    const { number } = envelope;
    const times = this.looked.number === number ? this.looked.times : 0;
    const step = nextStep(fault.code, times >= LOOKS ? 'fetch' : undefined);
    if (step === 'drop') return true;
    if (step === 'fetch') {
      // A device that the directory here does not know yet is the one thing that can be fetched. An answer that is on its
      // way already is waited for.
      this.looked = { number, times: this.desk.isLooking ? times : times + 1 };
      this.desk.lookAround();
      return false;
    }
    // A group that cannot be joined, or not any more, is the pair's all the same until another takes its place.
    const talk = this.talk(envelope.with);
    if (envelope.what === 'welcome' || talk.group === envelope.group) {
      for (const id of [talk.group, envelope.group]) if (id) this.book.setGroup(id, null);
      this.book.setTalk({ ...talk, group: null, replaces: envelope.group });
      this.anew.add(talk.peer);
      await this.note(talk.peer, 'restarted');
    }
    return true;
  }

  private async join(envelope: Deliver) {
    const { client } = this.book;
    if (!client) return;
    const group = await client.join(envelope.envelope, this.desk.viewEver);
    // The server says with whom it is, the certificates say it truly.
    if (hex(group.id) !== envelope.group || !group.members.some((device) => device.name === envelope.with)) return;
    this.book.noteClient();
    for (const out of this.outs()) if (out.peer === envelope.with && out.ask.kind !== 'send') this.withdraw(out);
    this.book.setGroup(envelope.group, group);
    const talk = this.talk(envelope.with);
    const isBack = talk.group !== null && talk.group !== envelope.group;
    this.use(talk, envelope.group, pace.joined(seconds()));
    if (isBack) await this.note(envelope.with, 'restarted');
  }

  private async open(envelope: Deliver) {
    const group = this.book.groups.get(envelope.group);
    if (!group) return;
    const event = await group.open(envelope.envelope, this.desk.viewEver);
    this.book.setGroup(envelope.group, group);
    if (event.kind === 'message') await this.read(envelope, event);
    if (event.kind === 'commit' && event.isOut) {
      const talk = this.talk(envelope.with);
      this.book.setTalk({ ...talk, group: null, replaces: null });
      await this.note(talk.peer, 'left');
    }
  }

  private async read(envelope: Deliver, event: Extract<Event, { kind: 'message' }>) {
    const peer = envelope.with;
    const { from } = event;
    let message: Message;
    try {
      message = readMessage(event.payload);
    } catch {
      return this.note(peer, 'unreadable');
    }
    const id = { device: from.id, counter: message.counter };
    const talk = this.talk(peer);
    const first = talk.ledger[from.id] ? talk.ledger : { ...talk.ledger, [from.id]: { newest: message.counter - 1n, newestMs: message.writtenAtMs, gaps: [] } };
    const ledger = taken(first, id, message.writtenAtMs);
    if (!ledger) return;
    const isGap = (ledger[from.id]?.gaps.length ?? 0) > (first[from.id]?.gaps.length ?? 0);
    const seen = { id, digest: await digest(message, from.id) };
    this.book.setTalk({ ...talk, ledger, seen, pace: pace.received(talk.pace, seconds()) });
    if (isGap) await this.note(peer, 'missing');
    await this.show(peer, from.name !== this.book.me?.name, id, message, Number(envelope.atMs));
  }

  private async show(peer: string, isTheirs: boolean, id: MessageId, { content }: Message, at: number) {
    const who = isTheirs ? 'them' : 'me';
    switch (content.kind) {
      case 'receipt':
        // Who does not tell is not told either.
        return isTheirs && this.book.choices.hasReceipts ? this.marked(peer, content.ids, content.progress) : undefined;
      case 'edit': {
        // Whose message it is, its writer's certificate says: nobody puts words into another one's mouth.
        const isIt = (each: Line) => each.who === who && isText(each) && each.id?.device === content.of.device && each.id.counter === content.of.counter;
        const line = (await this.lines(peer)).find(isIt);
        return line && this.reword(peer, line, content.text, true);
      }
      default: {
        const shown = shownAs(content);
        await this.add(peer, { who, ...shown, at, id });
        if (isTheirs) this.writing.over(peer);
        if (isTheirs) this.arrived(peer, id, shown.text);
      }
    }
  }

  private arrived(peer: string, id: MessageId, text: string) {
    if (this.desk.watched === peer) return this.owe(peer, 'read', [id]);
    const talk = this.talk(peer);
    this.book.setTalk({ ...talk, unseen: [...talk.unseen, id].slice(-RECEIPTS_MAX) });
    this.owe(peer, 'delivered', [id]);
    this.desk.arrive({ peer, text: text.slice(0, PREVIEW) });
  }

  /** How far messages of ours came. */
  private async marked(peer: string, ids: MessageId[], mark: Progress) {
    const named = new Set(ids.map(({ device, counter }) => `${device} ${counter}`));
    for (const line of await this.lines(peer)) {
      const isNamed = line.who === 'me' && line.id && named.has(`${line.id.device} ${line.id.counter}`);
      if (isNamed && line.mark !== 'read') await this.change(peer, { ...line, mark });
    }
  }

  /** Says what waits in a conversation, once it has a group whose members and keys are as they should be. */
  private async pump(peer: string): Promise<void> {
    const outs = this.outs().filter((out) => out.peer === peer);
    const todos = Array.from(this.book.todos.values()).filter((todo) => todo.peer === peer);
    const isBusy = outs.some((out) => !isSealed(out));
    if (!this.desk.isHere || isBusy || !this.desk.isKnown(peer) || this.desk.isBlocked(peer)) return;
    const talk = this.talk(peer);
    const group = this.group(peer);
    if (!group) return outs.length + todos.length > 0 || this.anew.has(peer) ? this.begin(talk) : undefined;
    if (group.hasPending || outs.some(({ at }) => this.grounded.has(at)) || this.resting.has(peer)) return;
    // Whatever changes the group waits until all that was sealed has its answer.
    const gone = this.desk.gone(group.members);
    if (outs.length === 0 && todos.length > 0) {
      if (gone.length > 0) return this.putOut(talk, group, gone);
      const missing = this.missing(group, peer);
      if (missing.length > 0 && (await this.admit(talk, group, missing))) return;
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
      this.desk.say({ ...out.ask, follows: last?.reference });
    }
  }

  private async begin(talk: Talk): Promise<void> {
    const claimed = this.claimFor(talk.peer, [talk.peer, this.book.me?.name ?? '']);
    const { client } = this.book;
    if (!claimed || !client) return;
    const packages = await client.usable(claimed, seconds(), this.desk.view);
    // Nobody can be reached now: they may leave other packages.
    if (packages.length === 0) return this.later(AGAIN_S * 1000, () => this.pump(talk.peer));
    this.anew.delete(talk.peer);
    const id = crypto.getRandomValues(new Uint8Array(32));
    const { group, pending } = await client.open(id, packages, seconds(), this.desk.view);
    const replaces = talk.replaces ?? talk.group ?? undefined;
    const ask = { kind: 'open' as const, reference: reference(), peer: talk.peer, group: hex(id), welcome: pending.welcome as Bytes, replaces };
    this.book.setGroup(hex(id), group);
    await this.request(talk.peer, { ...ask, step: this.step });
  }

  /** Devices of the two that the directory lists and the group lacks. */
  private missing(group: Group, peer: string): string[] {
    const { view } = this.desk;
    const all = [peer, this.book.me?.name ?? ''].flatMap((name) => Array.from(view.get(name)?.devices ?? []));
    const there = new Set(group.members.map((device) => device.id));
    return all.filter((device) => !there.has(device));
  }

  /** Lets devices in. False when none of them left a package: what waits does not wait for them. */
  private async admit(talk: Talk, group: Group, missing: string[]): Promise<boolean> {
    const claim = this.claimFor(talk.peer, [talk.peer, this.book.me?.name ?? ''], missing);
    if (!claim) return true;
    const packages = (await this.book.client?.usable(claim, seconds(), this.desk.view)) ?? [];
    if (packages.length === 0) return false;
    const before = new Set(group.members.map((device) => device.id));
    const pending = await group.change([], packages, seconds(), this.desk.view);
    await this.commit(talk, group, pending, missing.filter((device) => !before.has(device)));
    return true;
  }

  /** Puts removed devices out: from the next epoch on they can read nothing. This one itself waits to be put out. */
  private async putOut(talk: Talk, group: Group, gone: Device[]) {
    if (gone.some(({ id }) => id === this.book.client?.device.id)) return;
    await this.commit(talk, group, await group.change(gone, [], seconds(), this.desk.view), []);
  }

  private async update(talk: Talk, group: Group) {
    await this.commit(talk, group, await group.update(), []);
  }

  private async commit(talk: Talk, group: Group, { epoch, commit, welcome }: { epoch: bigint; commit: Bytes; welcome: Bytes | undefined }, welcomed: string[]) {
    const id = hex(group.id);
    this.book.setGroup(id, group);
    await this.request(talk.peer, { kind: 'commit', reference: reference(), peer: talk.peer, group: id, epoch, commit, welcome, welcomed, step: this.step });
  }

  /** Seals something, which keeps its place in the order of what was written. */
  private async seal(todo: Todo, group: Group): Promise<Sealed | undefined> {
    const talk = this.talk(todo.peer);
    const counter = todo.payload ? talk.written : talk.written + 1n;
    const payload = todo.payload ?? (todo.content && messageBytes({ counter, writtenAtMs: BigInt(Date.now()), lastSeen: talk.seen ?? undefined, content: todo.content }));
    this.book.dropTodo(todo);
    if (!payload) return void (await this.book.keep());
    const [epoch, message, id] = [group.epoch, await group.seal(payload), hex(group.id)];
    this.book.setGroup(id, group);
    this.book.setTalk({ ...talk, written: counter, pace: pace.sent(talk.pace, seconds()) });
    await this.identify(todo, counter);
    const ask = { kind: 'send' as const, reference: reference(), peer: todo.peer, group: id, epoch, message, step: this.step };
    const out = this.book.setOut({ peer: todo.peer, ask, payload, line: todo.line, at: todo.at });
    await this.book.keep();
    return out as Sealed;
  }

  /** Gives a line the id of its message, by which receipts name it. */
  private async identify({ peer, line: at, payload }: Todo, counter: bigint) {
    const line = (await this.lines(peer)).find((each) => each.key === at);
    const device = this.book.client?.device.id;
    if (line && device && !payload) await this.change(peer, { ...line, id: { device, counter } });
  }

  /** A request that is kept, then said, until it is answered. */
  private async request(peer: string, ask: Out['ask']) {
    this.book.setOut({ peer, ask });
    await this.book.keep();
    this.desk.say(ask);
  }

  /**
   * The packages of all devices that these people have, or of some of them; nothing while they are on their way. They are
   * good for one use, so each attempt asks anew.
   */
  private claimFor(peer: string, names: string[], only?: string[]): Bytes[] | undefined {
    const known = this.claims.get(peer);
    if (known) {
      if (known.waiting.size > 0) return undefined;
      this.claims.delete(peer);
      const { view } = this.desk;
      const listed = new Set(names.flatMap((name) => Array.from(view.get(name)?.devices ?? [])));
      const wanted = (device: string) => (only ? only.includes(device) : listed.has(device));
      return Array.from(known.packages).flatMap(([device, bytes]) => (wanted(device) ? [bytes] : []));
    }
    const claim: Claim = { waiting: new Set(), packages: new Map() };
    this.claims.set(peer, claim);
    for (const name of names) {
      const of = reference();
      claim.waiting.add(of);
      this.desk.say({ kind: 'claim', reference: of, name });
    }
    return undefined;
  }

  private later(ms: number, step: () => Promise<void>) {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      void this.desk.alone(step);
    }, ms);
    this.timers.add(timer);
  }

  private async add(peer: string, line: Omit<Line, 'key'>): Promise<Line> {
    const talk = this.talk(peer);
    const whole = { ...line, key: talk.lines + 1 };
    const last = line.who === 'note' ? {} : { last: line.text.slice(0, PREVIEW), lastAt: line.at };
    this.book.setTalk({ ...talk, lines: whole.key, ...last });
    this.shown.set(peer, [...(await this.lines(peer)), whole].slice(-LINES_MAX));
    this.book.setLine(peer, whole);
    return whole;
  }

  private async note(peer: string, note: Note) {
    await this.add(peer, { who: 'note', text: '', note, at: Date.now() });
  }

  /** Tells of a device of somebody in their conversation, if there is one. */
  async noteDevice(peer: string, note: Note, label: string) {
    if (this.book.talks.has(peer)) await this.add(peer, { who: 'note', text: label, note, at: Date.now() });
  }

  private async change(peer: string, line: Line) {
    const lines = await this.lines(peer);
    this.shown.set(peer, lines.map((each) => (each.key === line.key ? line : each)));
    this.book.setLine(peer, line);
  }

  private async mark({ peer, line: at }: Out, mark: Mark, when: number) {
    const line = (await this.lines(peer)).find((each) => each.key === at);
    if (line && line.mark === 'waiting') await this.change(peer, { ...line, mark, at: when });
  }

  private talk(peer: string): Talk {
    const fresh = { group: null, replaces: null, ledger: {}, written: 0n, seen: null, unseen: [], lines: 0, last: '', lastAt: 0 };
    return this.book.talks.get(peer) ?? { peer, pace: pace.joined(seconds()), ...fresh };
  }

  private group(peer: string): Group | undefined {
    const id = this.talk(peer).group;
    return id === null ? undefined : this.book.groups.get(id);
  }

  private outs(): Out[] {
    return Array.from(this.book.outs.values()).sort((a, b) => a.at - b.at);
  }

  /** As it will be when the request is kept. */
  private get step(): bigint {
    return this.book.head.step + 1n;
  }

  private get book() {
    return this.desk.book;
  }
}
