/**
 * One device at work: what the server says and what its user does, one after the other, each as one step that is on the
 * disk before anything of it leaves (docs/talk.md, "Order of writes"). What a conversation does stands in `conversation.ts`.
 */
import { harmlessName, type Attachment } from './attachment';
import type { Sealer } from './backup/aside';
import { Book } from './book';
import { Identity, type Device } from './certificate';
import type { Dial, Wire } from './connection';
import * as contact from './contact';
import { Conversations } from './conversation';
import type { Disk } from './disk';
import { Newcomer } from './engine/client';
import { Fault, or } from './fault';
import type { Ask, Deliver, Person, Tell } from './frame';
import { hex, joined, shortened, unhex, utf8, variable, type Bytes } from './layout';
import { BACKUP_BYTES_MAX, CARD_TITLE_MAX } from './limits';
import { Link } from './link';
import type { DirectoryView, Entry } from './member';
import { named } from './name';
import { Parcels } from './parcels';
import { mayBePicture, preview } from './picture';
import { remove, removalBytes, type Removal } from './removal';
import { known, removalsOf, type Known } from './roster';
import { safetyNumber } from './safety';
import type { Arrival, Command, DeviceShown, Handed, Mark, OpenShown, PersonShown, Phase, Snapshot } from './shapes';
import { Transfers } from './transfers';

/** Go before what is signed to come in, so that no signature made for something else fits. */
const REGISTRATION = utf8('kinora chat registration\0');
const LOGIN = utf8('kinora chat login\0');
/** Key packages that lie with the server, and how few there may be before more are made. */
const PACKAGES = 20;
const PACKAGES_FEW = 8;

export const now = () => Math.floor(Date.now() / 1000);

/** Who is told what happens. `broken` is told last. */
export interface Listener {
  emit(snapshot: Snapshot): void;
  arrive(arrival: Arrival): void;
  hand(handed: Handed): void;
  broken(error: unknown): void;
}

export class Desk {
  readonly talks: Conversations;
  private readonly transfers: Transfers;
  private readonly link = new Link();
  /** By which the server knows this device where files are. */
  private pass: Bytes | undefined;
  private phase: Phase = 'connecting';
  private problem: Snapshot['problem'] = null;
  private backup: Snapshot['backup'];
  private connection: Wire | undefined;
  private readonly directory = new Map<string, Known>();
  /** Removals of own devices that the server has not taken yet. */
  private readonly removing = new Map<string, Removal>();
  private ended: Snapshot['removed'];
  /** Devices of which it was told already that their removal is kept back. */
  private readonly noticed = new Set<string>();
  /** Of whom pages of the directory have told, until the last one has come. */
  private readonly heardOf = new Set<string>();
  private last: Promise<unknown> = Promise.resolve();
  private peer: string | null = null;
  /** With whom, and with which key. */
  private number: { of: string; groups: string[] } = { of: '', groups: [] };
  private isSeen = true;
  /** The whole directory was asked for and has not come; whether this user was in what came of it. */
  private looking: { hasSelf: boolean } | undefined;
  private isOver = false;

  private constructor(
    readonly book: Book,
    private readonly host: string,
    private readonly dial: Dial,
    private readonly listener: Listener,
    private readonly sealer: Sealer,
    chance: () => number,
  ) {
    this.talks = new Conversations(this, chance);
    const parcels = new Parcels(() => this.pass && hex(this.pass));
    this.transfers = new Transfers(parcels, () => void this.alone(() => Promise.resolve()));
  }

  /** Takes up what is on the disk. `host` is what the server is called by, `chance` any number from 0 to below 1. */
  static async open(disk: Disk, host: string, dial: Dial, listener: Listener, sealer: Sealer, chance: () => number = Math.random): Promise<Desk> {
    const desk = new Desk(await Book.open(disk), host, dial, listener, sealer, chance);
    if (desk.book.me) desk.connect();
    else desk.phase = 'nobody';
    await desk.show();
    return desk;
  }

  stop() {
    this.isOver = true;
    this.connection?.stop();
    this.talks.stop();
    this.transfers.stopAll();
  }

  /** Does something when all before it is done. An error that nobody expected ends all: the disk is right, memory may not be. */
  alone(step: () => Promise<void>): Promise<void> {
    const done = this.last.then(async () => {
      if (this.isOver) return;
      await step();
      await this.show();
    });
    this.last = done.catch((error: unknown) => {
      if (this.isOver) return;
      this.stop();
      this.listener.broken(error);
    });
    return this.last as Promise<void>;
  }

  command(command: Command): Promise<void> {
    return this.alone(async () => {
      switch (command.do) {
        case 'register':
          return this.register(command.name, command.label);
        case 'open':
          this.peer = command.peer;
          return this.look();
        case 'look':
          this.isSeen = command.isSeen;
          return this.look();
        case 'send':
          return this.talks.say(command.peer, { kind: 'text', text: command.text });
        case 'card': {
          const { title, name, atMs } = command;
          return this.talks.say(command.peer, { kind: 'card', title, name: shortened(name, CARD_TITLE_MAX), atMs: BigInt(Math.round(atMs)) });
        }
        case 'edit':
          return this.talks.edit(command.peer, command.key, command.text);
        case 'file':
          return void this.sendFile(command.peer, command.file);
        case 'fetch':
          return void this.fetchFile(command.peer, command.key, command.to);
        case 'picture':
          return void this.lookAt(command.peer, command.key);
        case 'stop':
          return this.transfers.stop(command.key);
        case 'writing':
          return this.talks.writes(command.peer);
        case 'receipts':
          return this.talks.tellReceipts(command.isOn);
        case 'remove':
          return this.remove(command.device);
        case 'compared':
        case 'accept':
          return this.decide(command.peer, command.number, contact[command.do === 'accept' ? 'accepted' : 'compared']);
        case 'backup':
          return this.backUp(command.passphrase);
        case 'restore':
          return this.restore(command.file, command.passphrase, command.label);
        case 'link':
          return this.link.ask(this.book);
        case 'adopt':
          return this.adopt(command.answer, command.label);
        case 'answer':
          return this.link.answer(this.book, command.code);
        case 'linked':
          return this.link.end();
        case 'quit':
          this.say({ kind: 'bye' });
          this.connection?.stop();
          this.talks.lost();
          this.phase = 'gone';
          return;
        case 'come':
          return this.phase === 'here' ? undefined : this.connect();
        case 'take':
          return;
      }
    });
  }

  say(ask: Ask) {
    this.connection?.say(ask);
  }

  /** Asks for the whole directory, unless it is on its way. */
  lookAround() {
    if (this.looking) return;
    this.looking = { hasSelf: false };
    this.say({ kind: 'look' });
  }

  get isLooking(): boolean {
    return this.looking !== undefined;
  }

  get isHere(): boolean {
    return this.phase === 'here';
  }

  /** Whose conversation is on the screen now. */
  get watched(): string | null {
    return this.isSeen ? this.peer : null;
  }

  /** Who is let in: pinned keys, and the devices that they have certified and not removed. */
  get view(): DirectoryView {
    return this.viewOf(({ devices }) => new Set(devices.keys()));
  }

  /** Of whom what comes may be: it was made before everybody knew of a removal. Who was removed is put out before anything is written. */
  get viewEver(): DirectoryView {
    return this.viewOf(({ devices, removed }) => new Set([...devices.keys(), ...removed.keys()]));
  }

  private viewOf(of: (each: Known) => Set<string>): DirectoryView {
    const entries = Array.from(this.directory).flatMap(([name, each]): [string, Entry][] => {
      const identity = this.identityOf(name);
      return identity ? [[name, { identity, devices: of(each) }]] : [];
    });
    return new Map(entries);
  }

  /** Members of a group that are no devices of their people any more. */
  gone(members: Device[]): Device[] {
    return members.filter(({ name, id }) => this.directory.get(name)?.removed.has(id));
  }

  isBlocked(name: string): boolean {
    return contact.sending(this.contactOf(name)) === 'blocked';
  }

  isKnown(name: string): boolean {
    return this.directory.has(name);
  }

  private contactOf(name: string): contact.Contact {
    return this.book.contacts.get(name) ?? { word: 'new' };
  }

  private identityOf(name: string): Bytes | undefined {
    return name === this.book.me?.name ? this.book.identity?.key : contact.identityOf(this.contactOf(name));
  }

  private register(typed: string, label: string): Promise<void> {
    return this.begin(label, async () => ({ name: named(typed), identity: await Identity.create() }));
  }

  /** A new device of whom the backup is of: the server learns of it as of any other, and its ratchets are its own. */
  private async restore(file: File, passphrase: string, label: string) {
    if (this.book.me || this.backup === 'making') return;
    [this.backup, this.problem] = ['making', null];
    const open = async () => {
      if (file.size > BACKUP_BYTES_MAX) throw new Fault('backup_damaged', 'it is too large');
      const { fill, restored } = await or('backup_unavailable', () => import('./backup'));
      const all = restored(await this.sealer.open(new Uint8Array(await file.arrayBuffer()), passphrase));
      return { all, fill: () => fill(this.book, all, (peer) => this.talks.begun(peer)) };
    };
    this.beside(open(), async (opened) => {
      this.backup = undefined;
      if (opened instanceof Fault) return void (this.problem = { code: opened.code, text: '' });
      const { name, secret } = opened.all.head;
      return this.begin(label, async () => ({ name, identity: await Identity.of(secret), fill: opened.fill }));
    });
  }

  /** A new device of whoever answered its code: it knows whom the older one knows, and nothing of what was said. */
  private async adopt(answer: string, label: string) {
    const handed = await this.link.take(answer);
    if (!handed) return;
    const { name, secret, contacts } = handed;
    const identity = await Identity.of(secret);
    const fill = () => contacts.forEach((each) => this.book.setContact(each.name, contact.told(each.key, each.isVerified)));
    await this.begin(label, async () => ({ name, identity, fill }));
    if (this.book.me) this.link.linked(name, identity.key);
  }

  /** What goes into it is collected as one step. */
  private async backUp(passphrase: string) {
    const { me } = this.book;
    if (!me || this.backup === 'making') return;
    this.backup = 'making';
    await this.show();
    const seal = async () => {
      const { content, messages } = await found;
      return { messages, file: await this.sealer.seal(content, passphrase) };
    };
    const found = or('backup_unavailable', () => import('./backup')).then(({ collected }) => collected(this.book));
    this.beside(seal(), async (sealed) => {
      if (sealed instanceof Fault) return void (this.backup = { code: sealed.code });
      this.backup = { messages: sealed.messages };
      this.listener.hand({ tell: 'file', name: `${harmlessName(me.name)}.age`, content: new Blob([sealed.file]) });
    });
    await found.catch(() => undefined);
  }

  /** Goes on with something that takes its time, when it is done or was refused; all other steps go on meanwhile. */
  private beside<T>(work: Promise<T>, then: (done: T | Fault) => Promise<void>) {
    const refused = (error: unknown) => {
      if (!(error instanceof Fault)) throw error;
      return then(error);
    };
    void work.then(
      (done) => this.alone(() => then(done)),
      (error: unknown) => this.alone(async () => refused(error)),
    );
  }

  /** Makes the first device of somebody here. Whatever else it knows comes to the disk with it, or nothing does. */
  private async begin(label: string, who: () => Promise<{ name: string; identity: Identity; fill?: () => void }>) {
    if (this.book.me) return;
    this.problem = null;
    try {
      const { name, identity, fill } = await who();
      const newcomer = await Newcomer.create('hybrid');
      const id = hex(crypto.getRandomValues(new Uint8Array(16)));
      const certificate = await identity.certify({ name, id, label, leafKey: newcomer.leafKey, issuedAt: BigInt(now()) });
      this.book.begin({ name, secret: identity.secret, isRegistered: false }, identity, await newcomer.certified(certificate));
      fill?.();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.problem = { code: error.code, text: '' };
      return;
    }
    await this.book.keep();
    this.connect();
  }

  /** Somebody wrote, and is not being read. */
  arrive(arrival: Arrival) {
    this.listener.arrive(arrival);
  }

  private connect() {
    this.connection?.stop();
    this.phase = 'connecting';
    this.connection = this.dial({
      told: (tell) => void this.alone(() => this.hear(tell)),
      lost: (isFinal) => void this.alone(() => this.lost(isFinal)),
    });
  }

  private async lost(isFinal: boolean) {
    this.talks.lost();
    this.looking = undefined;
    if (this.book.me) this.phase = isFinal ? 'refused' : 'connecting';
  }

  private async hear(tell: Tell) {
    switch (tell.kind) {
      case 'challenge':
        return this.answer(tell.nonce);
      case 'ready':
        return this.ready(tell);
      case 'people':
        return this.people(tell.people, tell.hasMore);
      case 'presence': {
        for (const name of [...tell.joined, ...tell.left]) {
          const person = this.directory.get(name)?.person;
          if (person) person.isHere = tell.joined.includes(name);
        }
        return;
      }
      case 'claimed':
        return this.talks.claimed(tell.reference, tell.packages);
      case 'taken':
        return this.talks.taken(tell.reference, tell.behind, Number(tell.atMs));
      case 'deliver':
        return this.talks.deliver(tell as Deliver);
      case 'signal':
        return this.talks.heard(tell.peer, tell.bytes);
      case 'removed':
        return this.removed(tell.reference);
      case 'refused': {
        const text = `${tell.description}: ${tell.solution}`;
        if (!this.isHere || tell.code === 'device_removed') return this.turnedAway(tell.code, text);
        return this.stays(tell.reference, tell.code, text) ? undefined : this.talks.refused(tell);
      }
      default:
        return;
    }
  }

  private async answer(nonce: Bytes) {
    const { me, client, identity } = this.book;
    if (!me || !client || !identity) return;
    const host = variable(utf8(this.host));
    if (me.isRegistered) {
      const { id } = client.device;
      const proof = await client.sign(joined(LOGIN, nonce, host, unhex(id)));
      return this.say({ kind: 'login', device: id, proof });
    }
    const certificate = client.certificateBytes;
    const proof = await identity.sign(joined(REGISTRATION, nonce, host, variable(certificate)));
    this.say({ kind: 'register', identity: identity.key, certificate, proof });
  }

  /** A name that is another one's is forgotten at once, so that a better one can be tried. */
  private async turnedAway(code: string, text: string) {
    this.problem = { code, text };
    this.phase = 'refused';
    if (this.book.me?.isRegistered !== false || !/^name_|^device_taken$|^too_many_/.test(code)) return;
    this.connection?.stop();
    await this.book.forget();
    this.book.me = undefined;
    this.link.end();
    this.phase = 'nobody';
  }

  private async ready(tell: Extract<Tell, { kind: 'ready' }>) {
    const { book } = this;
    this.connection?.settle();
    [this.phase, this.problem, this.pass] = ['here', null, tell.pass];
    if (book.me && !book.me.isRegistered) {
      book.me = { ...book.me, isRegistered: true };
      book.noteMe();
    }
    // Another count here than the server has heard: this state was put back from a copy, and would use keys again.
    if (tell.step > book.head.step) {
      const lostSteps = tell.step - book.head.step;
      book.head = { ...book.head, step: tell.step };
      this.talks.giveUp(lostSteps);
    }
    if (tell.last < book.head.cursor) book.head = { ...book.head, cursor: tell.last };
    else if (tell.first > book.head.cursor + 1n) await this.talks.expired(tell.first - 1n);
    await this.publish(tell.packages, tell.hasLastResort);
    await book.keep();
    for (const [reference, removal] of this.removing) this.say({ kind: 'remove', reference, removal: removalBytes(removal) });
    this.looking = undefined;
    this.lookAround();
    await this.talks.repeat();
  }

  private async publish(left: number, hasLastResort: boolean) {
    const { client } = this.book;
    if (!client || (left >= PACKAGES_FEW && hasLastResort)) return;
    const packages = await client.keyPackages(Math.max(0, PACKAGES - left), now());
    const lastResort = hasLastResort ? undefined : await client.lastResort(now());
    this.book.noteClient();
    await this.book.keep();
    this.say({ kind: 'publish', packages, lastResort });
  }

  private async people(people: Person[], hasMore: boolean) {
    let isNew = false;
    for (const person of people) {
      const before = this.contactOf(person.name);
      const after = person.name === this.book.me?.name ? before : contact.seen(before, person.identity);
      if (after !== before) this.book.setContact(person.name, after);
      const fresh = await this.see(person);
      isNew ||= after !== before || fresh;
    }
    if (isNew) await this.book.keep();
    // News are of others; all of it lists who asks, too.
    if (this.looking && people.some((person) => person.name === this.book.me?.name)) this.looking.hasSelf = true;
    for (const { name } of people) this.heardOf.add(name);
    if (hasMore) return;
    if (this.looking?.hasSelf) this.looking = undefined;
    const names = Array.from(this.heardOf);
    this.heardOf.clear();
    await this.talks.directoryChanged(names);
  }

  /** Takes what the directory says of somebody's devices. True when there is something to be kept. */
  private async see(person: Person): Promise<boolean> {
    const { name } = person;
    const own = name === this.book.me?.name ? this.book.identity?.key : undefined;
    const before = this.book.removals.get(name) ?? [];
    const removals = await removalsOf(person, before, own ? [own] : contact.keysOf(this.contactOf(name)));
    const isNew = removals.length !== before.length || removals.some((removal) => !before.includes(removal));
    if (isNew) this.book.setRemovals(name, removals);
    const seen = await known(person, this.identityOf(name), removals);
    this.directory.set(name, seen);
    for (const removal of removals) if (!before.includes(removal) && seen.removed.has(removal.id)) await this.talks.noteDevice(name, 'removed', removal.label);
    // Of another key nothing is known, and that is told already.
    const isSame = this.contactOf(name).word !== 'changed';
    const vanished = this.talks.membersOf(name).filter(({ id }) => isSame && !seen.devices.has(id) && !seen.removed.has(id));
    const told = [seen.withheld, vanished].flatMap((devices, at) => devices.map((device) => ({ device, note: at ? ('vanished' as const) : ('withheld' as const) })));
    const fresh = told.filter(({ device }) => !this.noticed.has(device.id));
    for (const { device, note } of fresh) {
      this.noticed.add(device.id);
      await this.talks.noteDevice(name, note, device.label);
    }
    return isNew || fresh.length > 0;
  }

  /** Removes another device of this person. It counts when the server has taken it. */
  private async remove(id: string) {
    const { identity, client, me } = this.book;
    const device = me && this.directory.get(me.name)?.devices.get(id);
    if (!identity || !device || id === client?.device.id) return;
    const removal = await remove(identity, device, BigInt(now()));
    const reference = hex(crypto.getRandomValues(new Uint8Array(16)));
    this.removing.set(reference, removal);
    this.ended = undefined;
    this.say({ kind: 'remove', reference, removal: removalBytes(removal) });
  }

  /** Whether it was a removal that the server has not taken. */
  private stays(reference: string | undefined, code: string, text: string): boolean {
    const removal = reference === undefined ? undefined : this.removing.get(reference);
    if (reference === undefined || !removal) return false;
    this.removing.delete(reference);
    this.ended = { label: removal.label || removal.id, code, text };
    return true;
  }

  private async removed(reference: string) {
    const removal = this.removing.get(reference);
    const mine = removal && this.directory.get(removal.name);
    if (!this.removing.delete(reference) || !mine) return;
    this.ended = { label: removal.label || removal.id };
    await this.see({ ...mine.person, removals: [...mine.person.removals, removalBytes(removal)] });
    await this.book.keep();
    await this.talks.directoryChanged();
  }

  /** The key of the number that was seen is the right one, or is taken without comparing. It may be another one by now, of which nothing was said. */
  private async decide(name: string, number: string, how: typeof contact.compared) {
    const key = this.directory.get(name)?.person.identity;
    if (!key || this.numberOf(name, key).join('') !== number) return;
    const before = this.contactOf(name);
    const after = how(before, key);
    if (after === before) return;
    this.book.setContact(name, after);
    await this.book.keep();
    const listed = this.directory.get(name);
    if (listed) await this.see(listed.person);
    await this.talks.directoryChanged();
  }

  /** Beside all other steps: it takes its time. Only when the server has all of it there is a message. */
  private async sendFile(peer: string, file: File) {
    if (this.isBlocked(peer)) return;
    const sent = await this.transfers.send(peer, file);
    if (sent) await this.alone(() => this.talks.say(peer, { kind: 'file', file: sent }));
  }

  private async fetchFile(peer: string, key: number, to: FileSystemFileHandle | undefined) {
    const file = await this.attachmentOf(peer, key);
    if (!file) return;
    if (to) return void (await this.transfers.save(peer, key, file, to));
    const content = await this.transfers.fetch(peer, key, file);
    if (content) this.listener.hand({ tell: 'file', name: harmlessName(file.name), content });
  }

  private async lookAt(peer: string, key: number) {
    const file = await this.attachmentOf(peer, key);
    const content = file && mayBePicture(file) ? await this.transfers.fetch(peer, key, file) : undefined;
    if (content) this.listener.hand({ tell: 'picture', peer, key, content: await preview(content) });
  }

  private async attachmentOf(peer: string, key: number): Promise<Attachment | undefined> {
    return (await this.talks.lines(peer)).find((line) => line.key === key)?.attachment;
  }

  private async look() {
    if (this.watched) await this.talks.seen(this.watched);
  }

  private async show() {
    if (this.isOver) return;
    const open = this.peer ? await this.opened(this.peer) : null;
    const { phase, problem, backup } = this;
    const [link, removed] = [this.link.shown, this.ended];
    const { hasReceipts } = this.book.choices;
    const [me, mine] = [this.book.me?.name ?? null, this.directory.get(this.book.me?.name ?? '')];
    const withheld = mine?.withheld.map(({ label }) => label) ?? [];
    this.listener.emit({ phase, problem, me, people: this.shownPeople(), open, hasReceipts, devices: this.shownDevices(mine), withheld, removed, backup, link });
  }

  private shownDevices(mine: Known | undefined): DeviceShown[] {
    const going = new Set(Array.from(this.removing.values(), ({ id }) => id));
    const shown = Array.from(mine?.devices.values() ?? [], ({ id, label, issuedAt }): DeviceShown => {
      return { id, label, since: Number(issuedAt) * 1000, isThis: id === this.book.client?.device.id, isGoing: going.has(id) };
    });
    return shown.sort((a, b) => a.since - b.since || a.id.localeCompare(b.id));
  }

  private shownPeople(): PersonShown[] {
    const others = Array.from(this.directory.values()).filter(({ person }) => person.name !== this.book.me?.name);
    const shown = others.map(({ person }): PersonShown => {
      const talk = this.book.talks.get(person.name);
      const { word } = this.contactOf(person.name);
      return { name: person.name, isHere: person.isHere, isWriting: this.talks.isWriting(person.name), word, unread: this.watched === person.name ? 0 : (talk?.unseen.length ?? 0), last: talk?.last ?? '', lastAt: talk?.lastAt ?? 0 };
    });
    return shown.sort((a, b) => b.lastAt - a.lastAt || Number(b.isHere) - Number(a.isHere) || a.name.localeCompare(b.name));
  }

  private markShown(mark: Mark | undefined): Mark | undefined {
    const isReceipt = mark === 'delivered' || mark === 'read';
    return isReceipt && !this.book.choices.hasReceipts ? 'sent' : mark;
  }

  /** What both compare, made with this key. It takes its time, so it is made once. */
  private numberOf(peer: string, identity: Bytes): string[] {
    const [me, own] = [this.book.me?.name, this.book.identity?.key];
    const of = `${peer} ${hex(identity)}`;
    if (this.number.of !== of && me && own) this.number = { of, groups: safetyNumber({ name: peer, identity }, { name: me, identity: own }) };
    return this.number.groups;
  }

  private async opened(peer: string): Promise<OpenShown> {
    const key = this.directory.get(peer)?.person.identity;
    const number = key ? this.numberOf(peer, key) : [];
    const lines = (await this.talks.lines(peer)).map(({ id: _, attachment: __, ...line }) => ({ ...line, mark: this.markShown(line.mark) }));
    return { peer, lines, word: this.contactOf(peer).word, isBlocked: this.isBlocked(peer), number, transfers: this.transfers.of(peer) };
  }
}
