/**
 * What conversations do: how one begins, when keys are renewed, what goes out and what comes in. Called by the desk, one
 * step after the other; each step is kept before anything of it is said.
 */
import type { Line, Talk } from './book';
import type { Device } from './certificate';
import { Base, isSealed } from './conversation/base';
import { Claims } from './conversation/claims';
import { Incoming } from './conversation/incoming';
import { isText, Lines, shownAs, type Said } from './conversation/lines';
import { Outgoing } from './conversation/outgoing';
import { Telling } from './conversation/telling';
import type { Desk } from './desk';
import type { Deliver, Refused } from './frame';
import { utf8, type Bytes } from './layout';
import { TEXT_BYTES_MAX } from './limits';
import type { Note } from './shapes';

const isSayable = (content: Said) => content.kind !== 'text' || utf8(content.text).length <= TEXT_BYTES_MAX;

export class Conversations {
  private readonly base: Base;
  private readonly said: Lines;
  private readonly claims: Claims;
  private readonly outgoing: Outgoing;
  private readonly telling: Telling;
  private readonly incoming: Incoming;

  /** `chance` gives any number from 0 to below 1. */
  constructor(desk: Desk, chance: () => number) {
    this.base = new Base(desk);
    this.said = new Lines(this.base);
    this.claims = new Claims(this.base);
    this.outgoing = new Outgoing(this.base, this.said, this.claims);
    this.telling = new Telling(this.base, this.outgoing, chance);
    this.incoming = new Incoming(this.base, this.said, this.outgoing, this.telling);
  }

  stop() {
    this.base.stop();
  }

  /** The connection is gone: what was asked in it is asked again in the next. */
  lost() {
    for (const part of [this.incoming, this.claims, this.outgoing]) part.lost();
  }

  /** Says again what the server may not have heard. */
  async repeat() {
    await this.outgoing.repeat();
    this.telling.repeat();
  }

  lines(peer: string): Promise<Line[]> {
    return this.said.of(peer);
  }

  /** The user says something. */
  async say(peer: string, content: Said) {
    if (this.base.desk.isBlocked(peer) || !isSayable(content)) return;
    const line = await this.said.add(peer, { who: 'me', ...shownAs(content), at: Date.now(), mark: 'waiting' });
    this.base.book.addTodo({ peer, content, line: line.key });
    await this.base.book.keep();
    await this.outgoing.pump(peer);
  }

  /** The user says an earlier message in another way. One that was not encrypted yet goes out so in the first place. */
  async edit(peer: string, at: number, text: string) {
    const line = (await this.said.of(peer)).find((each) => each.key === at);
    if (line?.who !== 'me' || !isText(line) || line.text === text) return;
    if (this.base.desk.isBlocked(peer) || !isSayable({ kind: 'text', text })) return;
    const waiting = Array.from(this.base.book.todos.values()).find((todo) => todo.peer === peer && todo.line === at && todo.content);
    if (waiting) {
      this.base.book.setTodo({ ...waiting, content: { kind: 'text', text } });
      await this.said.reword(peer, line, text, line.isEdited);
    } else if (line.id) {
      this.base.book.addTodo({ peer, content: { kind: 'edit', of: line.id, text } });
      await this.said.reword(peer, line, text, true);
    }
    await this.base.book.keep();
    await this.outgoing.pump(peer);
  }

  /** A conversation is on the screen. */
  seen(peer: string): Promise<void> {
    return this.telling.seen(peer);
  }

  /** Whether others are told how far their messages came. */
  tellReceipts(isOn: boolean): Promise<void> {
    return this.telling.tellReceipts(isOn);
  }

  /** The user writes something to somebody. */
  writes(peer: string): Promise<void> {
    return this.telling.writes(peer);
  }

  /** Somebody writes, if that can be believed. */
  heard(peer: string, bytes: Bytes): Promise<void> {
    return this.telling.heard(peer, bytes);
  }

  isWriting(peer: string): boolean {
    return this.telling.isWriting(peer);
  }

  /** There is news of these people, who may have another device: it is let in, and what waited goes on. */
  async directoryChanged(names: string[] = []) {
    await this.incoming.process();
    await this.outgoing.heardOf(names);
    for (const peer of new Set([...this.outgoing.unsaid(), ...this.base.anew])) await this.outgoing.pump(peer);
  }

  /**
   * This state is an old one: all groups are given up, and begun anew when there is something to say. Each message that it
   * does not know was one of these steps at least: numbers that went out once are not given again, or whoever has the first
   * ones would take the new ones for them.
   */
  giveUp(lostSteps: bigint) {
    for (const out of this.base.outs()) this.outgoing.withdraw(out);
    for (const id of this.base.book.groups.keys()) this.base.book.setGroup(id, null);
    for (const talk of this.base.book.talks.values()) {
      const written = talk.written + lostSteps;
      if (!talk.group) {
        this.base.book.setTalk({ ...talk, written });
        continue;
      }
      this.base.book.setTalk({ ...talk, written, group: null, replaces: talk.group });
      this.base.anew.add(talk.peer);
    }
  }

  /** Envelopes up to this one waited too long for this device. */
  async expired(cursor: bigint) {
    this.base.book.head = { ...this.base.book.head, cursor };
    for (const talk of Array.from(this.base.book.talks.values())) await this.said.note(talk.peer, 'expired');
  }

  async claimed(of: string, packages: { device: string; bytes: Bytes }[]) {
    const peer = this.claims.claimed(of, packages);
    if (peer !== undefined) await this.outgoing.pump(peer);
  }

  async taken(of: string, behind: bigint, at: number) {
    const out = await this.outgoing.taken(of, behind, at);
    if (!out) return;
    await this.incoming.process();
    if (isSealed(out)) await this.outgoing.pump(out.peer);
  }

  refused(refused: Refused): Promise<void> {
    return this.outgoing.refused(refused);
  }

  deliver(envelope: Deliver): Promise<void> {
    return this.incoming.deliver(envelope);
  }

  /** A conversation as it begins, or as it stands. */
  begun(peer: string): Talk {
    return this.base.talk(peer);
  }

  /** Devices of somebody that are in the conversation with them. */
  membersOf(peer: string): Device[] {
    return this.base.group(peer)?.members.filter(({ name }) => name === peer) ?? [];
  }

  /** Tells of a device of somebody in their conversation, if there is one. */
  noteDevice(peer: string, note: Note, label: string): Promise<void> {
    return this.said.noteDevice(peer, note, label);
  }
}
