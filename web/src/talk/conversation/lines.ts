/** What stands in conversations, line by line, as it is kept and shown. */
import { harmlessName } from '../attachment';
import type { Line, Out } from '../book';
import type { Device } from '../certificate';
import type { Group } from '../engine/group';
import type { Content, MessageId, Progress } from '../payload';
import { mayBePicture } from '../picture';
import type { Mark, Note } from '../shapes';
import type { Base } from './base';

/** Lines of a conversation that are held at once. */
const LINES_MAX = 500;
export const PREVIEW = 80;

/** What stands in a conversation as a line of its own. */
export type Said = Extract<Content, { kind: 'text' | 'card' | 'file' }>;

export function shownAs(content: Said): Pick<Line, 'text' | 'card' | 'file' | 'attachment'> {
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
export const isText = (line: Line) => !line.card && !line.file;

export class Lines {
  private readonly shown = new Map<string, Line[]>();

  constructor(private readonly base: Base) {}

  async of(peer: string): Promise<Line[]> {
    const known = this.shown.get(peer);
    if (known) return known;
    const lines = (await this.base.book.lines(peer)).slice(-LINES_MAX);
    this.shown.set(peer, lines);
    return lines;
  }

  async add(peer: string, line: Omit<Line, 'key'>): Promise<Line> {
    const talk = this.base.talk(peer);
    const whole = { ...line, key: talk.lines + 1 };
    const last = line.who === 'note' ? {} : { last: line.text.slice(0, PREVIEW), lastAt: line.at };
    this.base.book.setTalk({ ...talk, lines: whole.key, ...last });
    this.shown.set(peer, [...(await this.of(peer)), whole].slice(-LINES_MAX));
    this.base.book.setLine(peer, whole);
    return whole;
  }

  async note(peer: string, note: Note) {
    await this.add(peer, { who: 'note', text: '', note, at: Date.now() });
  }

  /** Tells of devices that are in a conversation and were not before. */
  async noteNew(peer: string, { members }: Group, before: Device[]) {
    const known = new Set(before.map(({ id }) => id));
    const added = members.filter(({ id }) => !known.has(id));
    for (const { name, label } of added) await this.noteDevice(peer, name === peer ? 'added' : 'own_added', label);
  }

  /** Tells of a device of somebody in their conversation, if there is one. */
  async noteDevice(peer: string, note: Note, label: string) {
    if (this.base.book.talks.has(peer)) await this.add(peer, { who: 'note', text: label, note, at: Date.now() });
  }

  async change(peer: string, line: Line) {
    const lines = await this.of(peer);
    this.shown.set(peer, lines.map((each) => (each.key === line.key ? line : each)));
    this.base.book.setLine(peer, line);
  }

  async mark({ peer, line: at }: Out, mark: Mark, when: number) {
    const line = (await this.of(peer)).find((each) => each.key === at);
    if (line && line.mark === 'waiting') await this.change(peer, { ...line, mark, at: when });
  }

  /** How far messages of ours came. */
  async marked(peer: string, ids: MessageId[], mark: Progress) {
    const named = new Set(ids.map(({ device, counter }) => `${device} ${counter}`));
    for (const line of await this.of(peer)) {
      const isNamed = line.who === 'me' && line.id && named.has(`${line.id.device} ${line.id.counter}`);
      if (isNamed && line.mark !== 'read') await this.change(peer, { ...line, mark });
    }
  }

  /** A line says something else from now on; so does the list of people where it was the last one. */
  async reword(peer: string, line: Line, text: string, isEdited: boolean | undefined) {
    await this.change(peer, { ...line, text, isEdited });
    const last = (await this.of(peer)).findLast((each) => each.who !== 'note');
    if (last?.key === line.key) this.base.book.setTalk({ ...this.base.talk(peer), last: text.slice(0, PREVIEW) });
  }
}
