/** What comes in, in the order of the server's numbers: taken, kept and acknowledged one after the other. */
import type { Line, Talk } from '../book';
import type { Event } from '../engine/group';
import { Fault } from '../fault';
import type { Deliver } from '../frame';
import { nextStep } from '../ladder';
import { hex } from '../layout';
import { taken } from '../ledger';
import { RECEIPTS_MAX } from '../limits';
import * as pace from '../pace';
import { digest, readMessage, type Message, type MessageId } from '../payload';
import { seconds, type Base } from './base';
import { isText, PREVIEW, shownAs, type Lines } from './lines';
import type { Outgoing } from './outgoing';
import type { Telling } from './telling';

/** Looks into the whole directory for one envelope: whom it is of may come into it between two of them. */
const LOOKS = 3;

export class Incoming {
  private inbox: Deliver[] = [];
  /** The envelope for which the directory was looked at again, and how often. */
  private looked = { number: 0n, times: 0 };

  constructor(
    private readonly base: Base,
    private readonly lines: Lines,
    private readonly outgoing: Outgoing,
    private readonly telling: Telling,
  ) {}

  /** The connection is gone; what is not acknowledged comes again. */
  lost() {
    this.inbox = [];
    this.looked = { number: 0n, times: 0 };
  }

  async deliver(envelope: Deliver) {
    this.inbox.push(envelope);
    await this.process();
  }

  /** Takes what came, in order, until something has to wait. */
  async process() {
    for (;;) {
      await this.settle();
      const [envelope] = this.inbox;
      // It was tried, and waits for what the directory says.
      if (!envelope || (this.base.desk.isLooking && envelope.number === this.looked.number)) return;
      if (envelope.number > this.base.book.head.cursor) {
        if (!(await this.take(envelope))) return;
        this.base.book.head = { ...this.base.book.head, cursor: envelope.number };
        await this.base.book.keep();
      }
      this.inbox.shift();
      this.base.desk.say({ kind: 'ack', number: this.base.book.head.cursor, step: this.base.book.head.step });
      if (envelope.what !== 'message' || this.base.anew.has(envelope.with)) await this.outgoing.pump(envelope.with);
    }
  }

  /** Commits that the server took count when all is read that it took before them. */
  private async settle() {
    for (const out of this.base.outs()) {
      const { ask, behind, peer } = out;
      if (ask.kind === 'send' || behind === undefined || this.base.book.head.cursor < behind) continue;
      const group = this.base.book.groups.get(ask.group);
      this.base.book.dropOut(out);
      if (group?.hasPending) {
        const before = group.members;
        await group.confirm();
        this.base.book.setGroup(ask.group, group);
        const talk = this.base.talk(peer);
        if (ask.kind === 'open') this.use(talk, ask.group, pace.opened(seconds()));
        else this.base.book.setTalk({ ...talk, pace: pace.updated(talk.pace, seconds()) });
        if (ask.kind === 'commit') await this.lines.noteNew(peer, group, before);
      }
      await this.base.book.keep();
      await this.outgoing.pump(peer);
    }
  }

  /** From now on this is the pair's group; the one before is over. */
  private use(talk: Talk, group: string, newPace: pace.Pace) {
    const old = talk.group ?? talk.replaces;
    if (old && old !== group && this.base.book.groups.has(old)) this.base.book.setGroup(old, null);
    this.base.book.setTalk({ ...talk, group, replaces: null, pace: newPace });
  }

  /** Takes an envelope. False when it has to wait, and will be tried again. */
  private async take(envelope: Deliver): Promise<boolean> {
    try {
      await (envelope.what === 'welcome' ? this.join(envelope) : this.open(envelope));
      return true;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const group = this.base.book.groups.get(envelope.group);
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
      this.looked = { number, times: this.base.desk.isLooking ? times : times + 1 };
      this.base.desk.lookAround();
      return false;
    }
    // A group that cannot be joined, or not any more, is the pair's all the same until another takes its place.
    const talk = this.base.talk(envelope.with);
    if (envelope.what === 'welcome' || talk.group === envelope.group) {
      for (const id of [talk.group, envelope.group]) if (id) this.base.book.setGroup(id, null);
      this.base.book.setTalk({ ...talk, group: null, replaces: envelope.group });
      this.base.anew.add(talk.peer);
      await this.lines.note(talk.peer, 'restarted');
    }
    return true;
  }

  private async join(envelope: Deliver) {
    const { client } = this.base.book;
    if (!client) return;
    const group = await client.join(envelope.envelope, this.base.desk.viewEver);
    // The server says with whom it is, the certificates say it truly.
    if (hex(group.id) !== envelope.group || !group.members.some((device) => device.name === envelope.with)) return;
    this.base.book.noteClient();
    for (const out of this.base.outs()) if (out.peer === envelope.with && out.ask.kind !== 'send') this.outgoing.withdraw(out);
    this.base.book.setGroup(envelope.group, group);
    const talk = this.base.talk(envelope.with);
    const isBack = talk.group !== null && talk.group !== envelope.group;
    this.use(talk, envelope.group, pace.joined(seconds()));
    if (isBack) await this.lines.note(envelope.with, 'restarted');
  }

  private async open(envelope: Deliver) {
    const group = this.base.book.groups.get(envelope.group);
    if (!group) return;
    const before = group.members;
    const event = await group.open(envelope.envelope, this.base.desk.viewEver);
    this.base.book.setGroup(envelope.group, group);
    if (event.kind === 'message') await this.read(envelope, event);
    if (event.kind === 'commit' && !event.isOut) await this.lines.noteNew(envelope.with, group, before);
    if (event.kind === 'commit' && event.isOut) {
      const talk = this.base.talk(envelope.with);
      this.base.book.setTalk({ ...talk, group: null, replaces: null });
      await this.lines.note(talk.peer, 'left');
    }
  }

  private async read(envelope: Deliver, event: Extract<Event, { kind: 'message' }>) {
    const peer = envelope.with;
    const { from } = event;
    let message: Message;
    try {
      message = readMessage(event.payload);
    } catch {
      return this.lines.note(peer, 'unreadable');
    }
    const id = { device: from.id, counter: message.counter };
    const talk = this.base.talk(peer);
    const first = talk.ledger[from.id] ? talk.ledger : { ...talk.ledger, [from.id]: { newest: message.counter - 1n, newestMs: message.writtenAtMs, gaps: [] } };
    const ledger = taken(first, id, message.writtenAtMs);
    if (!ledger) return;
    const isGap = (ledger[from.id]?.gaps.length ?? 0) > (first[from.id]?.gaps.length ?? 0);
    const seen = { id, digest: await digest(message, from.id) };
    this.base.book.setTalk({ ...talk, ledger, seen, pace: pace.received(talk.pace, seconds()) });
    if (isGap) await this.lines.note(peer, 'missing');
    await this.show(peer, from.name !== this.base.book.me?.name, id, message, Number(envelope.atMs));
  }

  private async show(peer: string, isTheirs: boolean, id: MessageId, { content }: Message, at: number) {
    const who = isTheirs ? 'them' : 'me';
    switch (content.kind) {
      case 'receipt':
        // Who does not tell is not told either.
        return isTheirs && this.base.book.choices.hasReceipts ? this.lines.marked(peer, content.ids, content.progress) : undefined;
      case 'edit': {
        // Whose message it is, its writer's certificate says: nobody puts words into another one's mouth.
        const isIt = (each: Line) => each.who === who && isText(each) && each.id?.device === content.of.device && each.id.counter === content.of.counter;
        const line = (await this.lines.of(peer)).find(isIt);
        return line && this.lines.reword(peer, line, content.text, true);
      }
      default: {
        const shown = shownAs(content);
        await this.lines.add(peer, { who, ...shown, at, id });
        if (isTheirs) this.telling.over(peer);
        if (isTheirs) this.arrived(peer, id, shown.text);
      }
    }
  }

  private arrived(peer: string, id: MessageId, text: string) {
    if (this.base.desk.watched === peer) return this.telling.owe(peer, 'read', [id]);
    const talk = this.base.talk(peer);
    this.base.book.setTalk({ ...talk, unseen: [...talk.unseen, id].slice(-RECEIPTS_MAX) });
    this.telling.owe(peer, 'delivered', [id]);
    this.base.desk.arrive({ peer, text: text.slice(0, PREVIEW) });
  }
}
