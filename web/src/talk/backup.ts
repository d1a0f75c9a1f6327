/**
 * A backup of who somebody is, whom they know and what was said; and what a new device begins with that is brought back by
 * one. What waits to go out is not in it, for it would go out twice.
 */
import { readRecords, recordBytes, type Backed, type Head, type Said } from './backup/records';
import type { Book, Line, Talk } from './book';
import { handed, told, type Contact } from './contact';
import { PREVIEW, shownAs } from './conversation/lines';
import { Fault } from './fault';
import { joined, type Bytes } from './layout';
import type { Content } from './payload';
import { readRemoval, removalBytes, type Removal } from './removal';
import type { Mark } from './shapes';

/** Marks of own messages in the order of how far they came. */
const CAME: Mark[] = ['sent', 'delivered', 'read'];

/** All of this device's user that goes into a backup, and how many messages it has. */
export async function collected(book: Book): Promise<{ content: Bytes; messages: number }> {
  const { me } = book;
  if (!me) throw new Fault('state_damaged');
  const said = (await Promise.all([...book.talks.keys()].map(async (peer) => (await book.lines(peer)).flatMap((line) => saidIn(peer, line))))).flat();
  const contacts = [...book.contacts].filter(([name]) => name !== me.name);
  const records: Backed[] = [
    { kind: 'head', name: me.name, secret: me.secret },
    ...contacts.flatMap(([name, contact]): Backed[] => {
      const known = handed(contact);
      return known ? [{ kind: 'contact', name, ...known }] : [];
    }),
    ...[...book.removals.values()].flat().map((removal): Backed => ({ kind: 'removal', signed: removalBytes(removal) })),
    ...said,
  ];
  return { content: joined(...records.map(recordBytes)), messages: said.length };
}

function saidIn(peer: string, line: Line): Said[] {
  const came = line.who === 'me' ? CAME.indexOf(line.mark ?? 'sent') : 0;
  // Notes are of this device; what has not left has come nowhere.
  if (!line.id || line.who === 'note' || came < 0) return [];
  const at = BigInt(Math.round(line.at));
  const { device, counter } = line.id;
  const said = { peer, isOwn: line.who === 'me', device, counter, writtenMs: at, atMs: at, text: line.text };
  return [{ kind: 'said', ...said, content: contentOf(line), isEdited: line.isEdited ?? false, progress: came }];
}

function contentOf({ text, card, attachment }: Line): Content | undefined {
  if (card) return { kind: 'card', title: card.title, name: text, atMs: BigInt(card.atMs) };
  return attachment && { kind: 'file', file: attachment };
}

/** What a new device begins with. */
export interface Restored {
  head: Head;
  contacts: Map<string, Contact>;
  removals: Map<string, Removal[]>;
  /** Lines of each conversation, as they are shown. */
  lines: Map<string, Line[]>;
}

/** Reads what was in a backup to its end; of what is not sound nothing comes back. */
export function restored(content: Bytes): Restored {
  const [head, ...records] = readRecords(content);
  if (head?.kind !== 'head') throw new Fault('backup_damaged', 'it says not whose it is');
  const all: Restored = { head, contacts: new Map(), removals: new Map(), lines: new Map() };
  const known = new Set<string>();
  for (const record of records) take(record, all, known);
  return all;
}

/** `known` are messages that were there before: what stands in a file twice is shown once. */
function take(record: Backed, { contacts, removals, lines }: Restored, known: Set<string>) {
  switch (record.kind) {
    case 'head':
      throw new Fault('backup_damaged', 'it has two heads');
    case 'contact':
      contacts.set(record.name, told(record.key, record.isVerified));
      return;
    case 'removal': {
      const removal = removalIn(record.signed);
      removals.set(removal.name, [...(removals.get(removal.name) ?? []), removal]);
      return;
    }
    case 'said': {
      const id = `${record.peer} ${record.device} ${record.counter}`;
      if (known.has(id)) return;
      known.add(id);
      const all = lines.get(record.peer) ?? [];
      all.push(lineOf(record, all.length + 1));
      lines.set(record.peer, all);
    }
  }
}

function removalIn(signed: Bytes): Removal {
  try {
    return readRemoval(signed);
  } catch (error) {
    throw new Fault('backup_damaged', String(error));
  }
}

function lineOf({ isOwn, device, counter, atMs, text, content, isEdited, progress }: Said, key: number): Line {
  const isShown = content && (content.kind === 'card' || content.kind === 'file');
  const shown = isShown ? shownAs(content) : { text };
  return { key, ...shown, who: isOwn ? 'me' : 'them', at: Number(atMs), id: { device, counter }, isEdited, mark: isOwn ? CAME[progress] : undefined };
}

/** Puts all of it into a book that has just begun, in which a conversation begins as this one. */
export function fill(book: Book, { contacts, removals, lines }: Restored, begun: (peer: string) => Talk) {
  for (const [name, contact] of contacts) book.setContact(name, contact);
  for (const [name, all] of removals) book.setRemovals(name, all);
  for (const [peer, all] of lines) {
    const last = all.at(-1);
    book.setTalk({ ...begun(peer), lines: all.length, last: (last?.text ?? '').slice(0, PREVIEW), lastAt: last?.at ?? 0 });
    for (const line of all) book.setLine(peer, line);
  }
}
