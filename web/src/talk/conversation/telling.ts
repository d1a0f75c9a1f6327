/** What people are told of each other beside what they say: how far messages came, and who is writing. */
import { Fault } from '../fault';
import type { Bytes } from '../layout';
import { SIGNAL_SHOWN_MS } from '../limits';
import type { MessageId, Progress } from '../payload';
import { owing, Receipts } from '../receipts';
import { NONCE } from '../signal';
import { Writing } from '../writing';
import type { Base } from './base';
import type { Outgoing } from './outgoing';

export class Telling {
  private readonly writing = new Writing();
  private readonly receipts = new Map<string, Receipts>();

  /** `chance` gives any number from 0 to below 1. */
  constructor(
    private readonly base: Base,
    private readonly outgoing: Outgoing,
    private readonly chance: () => number,
  ) {}

  /** A conversation is on the screen. */
  async seen(peer: string) {
    const talk = this.base.talk(peer);
    if (talk.unseen.length === 0) return;
    const ids = talk.unseen;
    this.base.book.setTalk({ ...talk, unseen: [] });
    this.owe(peer, 'read', ids);
    await this.base.book.keep();
  }

  /** Whether others are told how far their messages came; receipts that wait are forgotten when they are not. */
  async tellReceipts(isOn: boolean) {
    this.base.book.setChoices({ ...this.base.book.choices, hasReceipts: isOn });
    if (!isOn) {
      for (const talk of this.base.book.talks.values()) if (talk.owed) this.base.book.setTalk({ ...talk, owed: undefined });
      for (const todo of Array.from(this.base.book.todos.values())) if (todo.content?.kind === 'receipt') this.base.book.dropTodo(todo);
    }
    await this.base.book.keep();
  }

  /** Somebody is to be told of their messages, after a while. */
  owe(peer: string, progress: Progress, ids: MessageId[]) {
    if (!this.base.book.choices.hasReceipts) return;
    const talk = this.base.talk(peer);
    this.base.book.setTalk({ ...talk, owed: owing(talk.owed, progress, ids) });
    this.remind(peer);
  }

  private remind(peer: string) {
    const receipts = this.receipts.get(peer) ?? new Receipts();
    this.receipts.set(peer, receipts);
    const wait = receipts.owe(Date.now(), this.chance());
    if (wait !== undefined) this.base.later(wait, () => this.tell(peer));
  }

  private async tell(peer: string) {
    this.receipts.get(peer)?.told(Date.now());
    const { owed, ...talk } = this.base.talk(peer);
    if (!owed) return;
    this.base.book.setTalk(talk);
    for (const progress of ['read', 'delivered'] as const) {
      if (owed[progress].length > 0) this.base.book.addTodo({ peer, content: { kind: 'receipt', progress, ids: owed[progress] } });
    }
    await this.base.book.keep();
    await this.outgoing.pump(peer);
  }

  /** The user writes something to somebody, who is told now and then. Nothing is kept of it. */
  async writes(peer: string) {
    const group = this.base.group(peer);
    if (!this.base.book.choices.hasReceipts || !group?.isActive || !this.base.desk.isHere || this.base.desk.isBlocked(peer) || !this.writing.says(Date.now())) return;
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE));
    this.base.desk.say({ kind: 'signal', peer, bytes: await group.sealSignal(BigInt(Date.now()), nonce) });
  }

  /** Somebody writes, if that can be believed; else nothing is said about it. Who does not tell is not told either. */
  async heard(peer: string, bytes: Bytes) {
    if (!this.base.book.choices.hasReceipts) return;
    try {
      const opened = await this.base.group(peer)?.openSignal(bytes);
      if (opened?.from.name !== peer || !this.writing.heard(peer, opened.signal, Date.now())) return;
    } catch (error) {
      if (error instanceof Fault) return;
      throw error;
    }
    this.base.later(SIGNAL_SHOWN_MS + 50, () => Promise.resolve());
  }

  isWriting(peer: string): boolean {
    return this.writing.is(peer, Date.now());
  }

  /** What was owed before goes out after a while. */
  repeat() {
    for (const { peer, owed } of this.base.book.talks.values()) if (owed) this.remind(peer);
  }

  /** They have said it. */
  over(peer: string) {
    this.writing.over(peer);
  }
}
