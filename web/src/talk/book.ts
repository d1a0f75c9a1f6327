/**
 * All that this device knows of the talk, as records: what it is, whom it knows, its conversations, what waits to go out.
 *
 * A step changes what it has to in memory and notes the records; `keep` brings them to the disk, all in one transaction,
 * before anything of it leaves the device. When that fails the book is closed: memory is ahead of the disk then, and
 * nothing may be made of it.
 */
import type { Attachment } from './attachment';
import { Identity } from './certificate';
import type { Contact } from './contact';
import type { Disk } from './disk';
import { Client } from './engine/client';
import { Group } from './engine/group';
import { Fault } from './fault';
import type { Ask } from './frame';
import type { Bytes } from './layout';
import type { Ledger } from './ledger';
import type { Pace } from './pace';
import type { Content, MessageId, Seen } from './payload';
import type { Owed } from './receipts';
import { recorded, restored } from './record';
import type { Removal } from './removal';
import type { LineShown } from './shapes';

/** Who this device is. */
export interface Me {
  name: string;
  secret: Bytes;
  isRegistered: boolean;
}

/** The count of this device's transactions, and how far its queue at the server has been read. */
interface Head {
  step: bigint;
  cursor: bigint;
}

/** What the user chose for all conversations. */
export interface Choices {
  hasReceipts: boolean;
}

export interface Line extends LineShown {
  /** Of a message: whose and which. */
  id?: MessageId | undefined;
  /** Of a file: where it lies, and what opens it. */
  attachment?: Attachment | undefined;
}

/** A conversation. */
export interface Talk {
  peer: string;
  /** The group that is used; none before it was confirmed, or after it was given up. */
  group: string | null;
  /** The group that was given up, until another one has taken its place. */
  replaces: string | null;
  pace: Pace;
  ledger: Ledger;
  /** Messages that this device wrote. */
  written: bigint;
  seen: Seen | null;
  /** Messages that were not on a screen yet. */
  unseen: MessageId[];
  /** What the other one is to be told of theirs. */
  owed?: Owed | undefined;
  lines: number;
  last: string;
  lastAt: number;
}

/** Something to say that is not encrypted yet: as content, or as the payload that it was before. */
export interface Todo {
  at: number;
  peer: string;
  content?: Content | undefined;
  payload?: Bytes | undefined;
  line?: number | undefined;
}

/** A request that the server has not answered for good. */
export interface Out {
  at: number;
  peer: string;
  ask: Extract<Ask, { kind: 'open' | 'commit' | 'send' }>;
  payload?: Bytes | undefined;
  line?: number | undefined;
  /** It was taken, and counts when the queue has been read up to here. */
  behind?: bigint | undefined;
}

const key = (at: number) => String(at).padStart(12, '0');

export class Book {
  me: Me | undefined;
  identity: Identity | undefined;
  client: Client | undefined;
  head: Head = { step: 0n, cursor: 0n };
  choices: Choices = { hasReceipts: true };
  readonly contacts = new Map<string, Contact>();
  /** Removals of devices that were seen, by whose they are: whoever withholds one later is not believed. */
  readonly removals = new Map<string, Removal[]>();
  readonly talks = new Map<string, Talk>();
  readonly groups = new Map<string, Group>();
  readonly todos = new Map<number, Todo>();
  readonly outs = new Map<number, Out>();
  private next = 1;
  private changes = new Map<string, Bytes | null>();

  private constructor(private readonly disk: Disk) {}

  static async open(disk: Disk): Promise<Book> {
    const book = new Book(disk);
    // All but the lines, of which there may be years.
    const kinds = ['device', 'client', 'head', 'choices', 'contact/', 'removed/', 'talk/', 'group/', 'todo/', 'out/'];
    const records = new Map((await Promise.all(kinds.map((kind) => disk.read(kind)))).flat());
    const device = records.get('device');
    if (!device) return book;
    book.me = restored<Me>(device);
    book.identity = await Identity.of(book.me.secret);
    book.client = await Client.import(need(records.get('client')));
    book.head = restored<Head>(need(records.get('head')));
    const choices = records.get('choices');
    if (choices) book.choices = { ...book.choices, ...restored<Partial<Choices>>(choices) };
    for (const [name, bytes] of records) await book.restore(name, bytes);
    book.next = 1 + Math.max(0, ...book.todos.keys(), ...book.outs.keys());
    return book;
  }

  private async restore(name: string, bytes: Bytes) {
    const [kind, of] = name.split('/') as [string, string];
    if (kind === 'contact') this.contacts.set(of, restored(bytes));
    if (kind === 'removed') this.removals.set(of, restored(bytes));
    if (kind === 'talk') this.talks.set(of, restored(bytes));
    // One that cannot be taken up is begun anew like one that is lost; the others go on.
    const group = kind === 'group' ? await Group.import(bytes).catch(() => undefined) : undefined;
    if (group) this.groups.set(of, group);
    if (kind === 'todo') this.todos.set(Number(of), restored(bytes));
    if (kind === 'out') this.outs.set(Number(of), restored(bytes));
  }

  /** Begins with a new device. */
  begin(me: Me, identity: Identity, client: Client) {
    [this.me, this.identity, this.client] = [me, identity, client];
    this.noteMe();
    this.noteClient();
  }

  noteMe() {
    this.changes.set('device', recorded(this.me));
  }

  noteClient() {
    if (this.client) this.changes.set('client', this.client.export());
  }

  setChoices(choices: Choices) {
    this.choices = choices;
    this.changes.set('choices', recorded(choices));
  }

  setContact(name: string, contact: Contact) {
    this.contacts.set(name, contact);
    this.changes.set(`contact/${name}`, recorded(contact));
  }

  setRemovals(name: string, removals: Removal[]) {
    this.removals.set(name, removals);
    this.changes.set(`removed/${name}`, recorded(removals));
  }

  setTalk(talk: Talk) {
    this.talks.set(talk.peer, talk);
    this.changes.set(`talk/${talk.peer}`, recorded(talk));
  }

  /** A group with the state that it has now; nothing, when it is given up. */
  setGroup(id: string, group: Group | null) {
    if (group) this.groups.set(id, group);
    else this.groups.delete(id);
    this.changes.set(`group/${id}`, group && group.export());
  }

  addTodo(todo: Omit<Todo, 'at'>) {
    this.setTodo({ ...todo, at: this.next++ });
  }

  setTodo(todo: Todo) {
    this.todos.set(todo.at, todo);
    this.changes.set(`todo/${key(todo.at)}`, recorded(todo));
  }

  dropTodo({ at }: Todo) {
    this.todos.delete(at);
    this.changes.set(`todo/${key(at)}`, null);
  }

  setOut(out: Omit<Out, 'at'> & { at?: number }): Out {
    const whole = { ...out, at: out.at ?? this.next++ };
    this.outs.set(whole.at, whole);
    this.changes.set(`out/${key(whole.at)}`, recorded(whole));
    return whole;
  }

  dropOut({ at }: Out) {
    this.outs.delete(at);
    this.changes.set(`out/${key(at)}`, null);
  }

  setLine(peer: string, line: Line) {
    this.changes.set(`line/${peer}/${key(line.key)}`, recorded(line));
  }

  async lines(peer: string): Promise<Line[]> {
    const records = await this.disk.read(`line/${peer}/`);
    return records.map(([, bytes]) => restored<Line>(bytes));
  }

  /** Brings all that was noted to the disk, as one step more. */
  async keep() {
    this.head = { ...this.head, step: this.head.step + 1n };
    this.changes.set('head', recorded(this.head));
    const changes = Array.from(this.changes);
    this.changes = new Map();
    await this.disk.write(changes);
  }

  /** Forgets the device, before the server knew of it. */
  async forget() {
    const records = await this.disk.read('');
    await this.disk.write(records.map(([name]) => [name, null]));
  }
}

function need(bytes: Bytes | undefined): Bytes {
  if (!bytes) throw new Fault('state_damaged');
  return bytes;
}
