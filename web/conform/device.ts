/** A device as both engines have it: the page's, and one in a process of the other engine that speaks lines of JSON. */
import { spawn, type ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { Identity } from '../src/talk/certificate';
import { Client } from '../src/talk/engine/client';
import { Group } from '../src/talk/engine/group';
import type { Suite } from '../src/talk/engine/suite';
import { Fault } from '../src/talk/fault';
import { hex, unhex } from '../src/talk/layout';
import type { DirectoryView } from '../src/talk/member';
import { isRemovedBy, readRemoval, remove, removalBytes } from '../src/talk/removal';
import { client, idOf, NOW, secretOf } from '../tests/talk/people';

export type Engine = 'page' | 'native';

/** Bytes are hexadecimal here, as they are on the line to the process. */
export interface Made {
  epoch: number;
  commit: string;
  welcome: string | null;
}

export interface State {
  epoch: number;
  authenticator: string;
  members: string[];
  has_pending: boolean;
}

export type Happened =
  | { kind: 'message'; from: string; payload: string }
  | { kind: 'commit'; by: string; added: string[]; removed: string[]; is_out: boolean }
  | { kind: 'own' };

/** One device with at most one group. What is refused throws, with the code of the refusal in its message. */
export interface Device {
  readonly id: string;
  look(view: DirectoryView): Promise<void>;
  packages(count: number): Promise<string[]>;
  lastResort(): Promise<string>;
  open(group: string, packages: string[]): Promise<Made>;
  join(welcome: string): Promise<State>;
  /** Seals `lost` messages that nobody gets, and then this one. */
  seal(payload: string, lost?: number): Promise<string>;
  receive(bytes: string): Promise<Happened>;
  /** Seals that its user is writing. */
  signal(number: number, nonce: string): Promise<string>;
  hear(bytes: string): Promise<{ from: string; number: number }>;
  update(): Promise<Made>;
  change(remove: string[], packages: string[]): Promise<Made>;
  confirm(): Promise<State>;
  withdraw(): Promise<State>;
  /** What the identity of this device says of a member that is none of its devices any more. */
  removal(id: string, at: number): Promise<string>;
  /** Whose removal it is, and whether this identity says it. */
  hearRemoval(bytes: string, identity: string): Promise<{ device: string; label: string; is_signed: boolean }>;
  /** Stores all that it has, and takes it up again. */
  restart(): Promise<State>;
  state(): Promise<State>;
  end(): void;
}

export const device = (engine: Engine, who: string, suite: Suite): Promise<Device> =>
  engine === 'page' ? PageDevice.create(who, suite) : NativeDevice.create(who, suite);

class PageDevice implements Device {
  private view: DirectoryView = new Map();
  private group: Group | undefined;

  private constructor(
    readonly id: string,
    private client: Client,
  ) {}

  static async create(who: string, suite: Suite): Promise<PageDevice> {
    return new PageDevice(idOf(who), await client(who, suite));
  }

  async look(view: DirectoryView) {
    this.view = view;
  }

  async packages(count: number) {
    return (await this.client.keyPackages(count, NOW)).map(hex);
  }

  async lastResort() {
    return hex(await this.client.lastResort(NOW));
  }

  async open(id: string, packages: string[]) {
    const { group, pending } = await this.client.open(unhex(id), packages.map(unhex), NOW, this.view);
    this.group = group;
    return made(pending);
  }

  async join(welcome: string) {
    this.group = await this.client.join(unhex(welcome), this.view);
    return this.state();
  }

  async seal(payload: string, lost = 0) {
    for (let n = 0; n < lost; n += 1) await this.of.seal(unhex(payload));
    return hex(await this.of.seal(unhex(payload)));
  }

  async receive(bytes: string): Promise<Happened> {
    const event = await this.of.open(unhex(bytes), this.view);
    if (event.kind === 'message') return { kind: 'message', from: event.from.id, payload: hex(event.payload) };
    if (event.kind === 'own') return event;
    const ids = (devices: { id: string }[]) => devices.map((each) => each.id);
    return { kind: 'commit', by: event.by.id, added: ids(event.added), removed: ids(event.removed), is_out: event.isOut };
  }

  async signal(number: number, nonce: string) {
    return hex(await this.of.sealSignal(BigInt(number), unhex(nonce)));
  }

  async hear(bytes: string) {
    const { from, signal } = await this.of.openSignal(unhex(bytes));
    return { from: from.id, number: Number(signal.number) };
  }

  async update() {
    return made(await this.of.update());
  }

  async change(remove: string[], packages: string[]) {
    const gone = this.of.members.filter((each) => remove.includes(each.id));
    return made(await this.of.change(gone, packages.map(unhex), NOW, this.view));
  }

  async confirm() {
    await this.of.confirm();
    return this.state();
  }

  async withdraw() {
    await this.of.withdraw();
    return this.state();
  }

  async removal(id: string, at: number) {
    const gone = this.of.members.find((each) => each.id === id);
    if (!gone) throw new Error('there is no such member');
    return hex(removalBytes(await remove(await Identity.of(secretOf(gone.name)), gone, BigInt(at))));
  }

  async hearRemoval(bytes: string, identity: string) {
    const removal = readRemoval(unhex(bytes));
    return { device: removal.id, label: removal.label, is_signed: await isRemovedBy(removal, unhex(identity)) };
  }

  async restart() {
    this.client = await Client.import(this.client.export());
    this.group = await Group.import(this.of.export());
    return this.state();
  }

  async state(): Promise<State> {
    const { epoch, authenticator, members, hasPending } = this.of;
    return { epoch: Number(epoch), authenticator: hex(authenticator), members: members.map((each) => each.id), has_pending: hasPending };
  }

  end() {}

  private get of(): Group {
    if (!this.group) throw new Error('there is no group');
    return this.group;
  }
}

const made = ({ epoch, commit, welcome }: { epoch: bigint; commit: Uint8Array; welcome: Uint8Array | undefined }): Made => ({
  epoch: Number(epoch),
  commit: hex(commit),
  welcome: welcome ? hex(welcome) : null,
});

/** What cargo makes of crates/chat/examples/peer.rs. */
const PEER = resolve(process.env['CARGO_TARGET_DIR'] ?? '../target', 'debug/examples/peer');

class NativeDevice implements Device {
  private readonly lines: AsyncIterator<string>;
  private last: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly id: string,
    private readonly name: string,
    private readonly process: ChildProcess,
  ) {
    this.lines = createInterface({ input: process.stdout as Readable })[Symbol.asyncIterator]();
  }

  static async create(who: string, suite: Suite): Promise<NativeDevice> {
    const child = spawn(PEER, { stdio: ['pipe', 'pipe', 'inherit'] });
    await new Promise<void>((started, failed) => child.once('spawn', started).once('error', failed));
    const [name] = who.split('.') as [string];
    const native = new NativeDevice(idOf(who), name, child);
    await native.ask({ do: 'new', suite, name, id: idOf(who), label: who, secret: hex(secretOf(name)) });
    return native;
  }

  async look(view: DirectoryView) {
    const users = Array.from(view, ([name, entry]) => ({ name, identity: hex(entry.identity), devices: Array.from(entry.devices) }));
    await this.ask({ do: 'view', users });
  }

  packages = async (count: number) => ((await this.ask({ do: 'packages', count, now: NOW })) as { packages: string[] }).packages;
  lastResort = async () => ((await this.ask({ do: 'last_resort', now: NOW })) as { packages: [string] }).packages[0];
  open = (id: string, packages: string[]) => this.ask({ do: 'open', id, packages, now: NOW }) as Promise<Made>;
  join = (welcome: string) => this.ask({ do: 'join', welcome }) as Promise<State>;
  seal = async (payload: string, lost = 0) => ((await this.ask({ do: 'seal', payload, lost })) as { bytes: string }).bytes;
  receive = (bytes: string) => this.ask({ do: 'receive', bytes }) as Promise<Happened>;
  signal = async (number: number, nonce: string) => ((await this.ask({ do: 'signal', number, nonce })) as { bytes: string }).bytes;
  hear = (bytes: string) => this.ask({ do: 'hear', bytes }) as Promise<{ from: string; number: number }>;
  update = () => this.ask({ do: 'update' }) as Promise<Made>;
  change = (remove: string[], packages: string[]) => this.ask({ do: 'change', remove, packages }) as Promise<Made>;
  confirm = () => this.ask({ do: 'confirm' }) as Promise<State>;
  withdraw = () => this.ask({ do: 'withdraw' }) as Promise<State>;
  removal = async (id: string, at: number) => ((await this.ask({ do: 'remove', device: id, at, secret: hex(secretOf(this.name)) })) as { bytes: string }).bytes;
  hearRemoval = (bytes: string, identity: string) => this.ask({ do: 'hear_removal', bytes, identity }) as Promise<{ device: string; label: string; is_signed: boolean }>;
  restart = () => this.ask({ do: 'restart' }) as Promise<State>;
  state = () => this.ask({ do: 'state' }) as Promise<State>;

  end() {
    this.process.stdin?.end();
  }

  /** One line there, one line back; the next waits for it. */
  private ask(request: object): Promise<unknown> {
    const asked = this.last.then(async () => {
      (this.process.stdin as Writable).write(`${JSON.stringify(request)}\n`);
      const { value, done } = await this.lines.next();
      if (done) throw new Error('the other engine has ended');
      const answer = JSON.parse(value) as { fault?: string; wrong?: string };
      if (answer.fault) throw new Fault(answer.fault as Fault['code']);
      if (answer.wrong) throw new Error(answer.wrong);
      return answer;
    });
    this.last = asked.catch(() => undefined);
    return asked;
  }
}
