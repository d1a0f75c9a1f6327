/** The smallest server that keeps the promises of docs/talk.md, and a disk in memory; for desks to talk through. */
import type { Sealer } from '../../src/talk/backup/aside';
import { opened, sealed } from '../../src/talk/backup/file';
import { readCertificate } from '../../src/talk/certificate';
import type { Dial, Listener } from '../../src/talk/connection';
import { Desk, type Listener as DeskListener } from '../../src/talk/desk';
import type { Change, Disk } from '../../src/talk/disk';
import type { Ask, Deliver, Person, Tell } from '../../src/talk/frame';
import { hex, type Bytes } from '../../src/talk/layout';
import { readRemoval } from '../../src/talk/removal';
import type { Arrival, Handed, Snapshot } from '../../src/talk/shapes';

/** Seals where it is asked, with steps that take no time. */
export const HERE: Sealer = { seal: (content, passphrase) => sealed(content, passphrase, 2), open: opened };

export class MemoryDisk implements Disk {
  constructor(readonly records = new Map<string, Bytes>()) {}

  async read(prefix: string) {
    const found = Array.from(this.records).filter(([name]) => name.startsWith(prefix));
    return found.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, bytes]): [string, Bytes] => [name, bytes.slice()]);
  }

  async write(changes: Change[]) {
    for (const [name, value] of changes) {
      if (value) this.records.set(name, value.slice());
      else this.records.delete(name);
    }
  }

  copy() {
    return new MemoryDisk(new Map(this.records));
  }
}

interface Seat {
  name: string;
  device: string;
  packages: Bytes[];
  lastResort: Bytes | undefined;
  queue: Deliver[];
  count: bigint;
  acked: bigint;
  step: bigint;
  say: ((tell: Tell) => void) | undefined;
}

type Change_ = Extract<Ask, { kind: 'open' | 'commit' | 'send' }>;

const refusedBy = (code: string): Tell => ({ kind: 'refused', code, description: 'no', solution: 'another', reference: undefined, retryAfterS: undefined, epoch: undefined });

export class Post {
  readonly people = new Map<string, Person>();
  readonly seats = new Map<string, Seat>();
  private readonly slots = new Map<string, { group: string; epoch: bigint }>();
  private readonly answers = new Map<string, Tell>();
  /** Certificates of removed devices, and whether they are shown as if nobody had removed them. */
  private readonly gone: { name: string; certificate: Bytes }[] = [];
  withholds = false;
  /** Answers that are lost on their way. */
  losesAnswers = false;
  /** Why no removal is taken. */
  keeps: string | undefined;
  /** So many messages are refused for being too many. */
  busy = 0;
  /** Who is not in the directory, as if it had not come to know them yet. */
  readonly hidden = new Set<string>();
  /** Answers to looks that are held back, while they are. */
  held: (() => void)[] | undefined;
  private readonly waiting: (() => void)[] = [];
  /** What becomes of a signal on its way. */
  signal = (bytes: Bytes) => bytes;

  /** A connection of this server's. `cut` ends it as a network does. */
  dial(): { dial: Dial; cut(): void } {
    let seat: Seat | undefined;
    let heard: Listener | undefined;
    let isUp = true;
    const tell = (each: Tell) => {
      if (isUp) queueMicrotask(() => heard?.told(each));
    };
    const dial: Dial = (listener) => {
      heard = listener;
      isUp = true;
      tell({ kind: 'challenge', nonce: new Uint8Array(32), host: 'here', nowS: 0n });
      return {
        say: (ask) => {
          if (isUp) seat = this.hear(ask, seat, tell);
        },
        settle: () => {},
        stop: () => {
          isUp = false;
          if (seat) this.leave(seat);
        },
      };
    };
    const cut = () => {
      if (seat) this.leave(seat);
      seat = undefined;
      heard?.lost(false);
      // And comes back at once.
      tell({ kind: 'challenge', nonce: new Uint8Array(32), host: 'here', nowS: 0n });
    };
    return { dial, cut };
  }

  /** The pair has another group from now on, that neither of them made. */
  replace(one: string, other: string, group: string) {
    this.slots.set([one, other].sort().join(' '), { group, epoch: 1n });
  }

  /** The next answer to a look that is held back. */
  async heldLook(): Promise<() => void> {
    for (;;) {
      const answer = this.held?.shift();
      if (answer) return answer;
      await new Promise<void>((wake) => this.waiting.push(wake));
    }
  }

  private look(tell: (tell: Tell) => void) {
    const listed = Array.from(this.people.values()).filter((each) => !this.hidden.has(each.name));
    tell({ kind: 'people', people: listed.map((each) => this.listed(each)), hasMore: false });
  }

  private leave(seat: Seat) {
    seat.say = undefined;
    this.present(seat.name);
  }

  private present(name: string) {
    const isHere = Array.from(this.seats.values()).some((each) => each.name === name && each.say);
    const person = this.people.get(name);
    if (person) person.isHere = isHere;
    this.all({ kind: 'presence', joined: isHere ? [name] : [], left: isHere ? [] : [name] });
  }

  private all(tell: Tell) {
    for (const seat of this.seats.values()) seat.say?.(tell);
  }

  private hear(ask: Ask, seat: Seat | undefined, tell: (tell: Tell) => void): Seat | undefined {
    switch (ask.kind) {
      case 'register': {
        const { device } = readCertificate(ask.certificate);
        const known = this.people.get(device.name);
        if (known && hex(known.identity) !== hex(ask.identity)) {
          tell(refusedBy('name_taken'));
          return undefined;
        }
        const person = known ?? { name: device.name, identity: ask.identity, certificates: [], isHere: true, removals: [] };
        if (!this.seats.has(device.id)) person.certificates.push(ask.certificate);
        this.people.set(device.name, person);
        const made = this.seats.get(device.id) ?? { name: device.name, device: device.id, packages: [], lastResort: undefined, queue: [], count: 0n, acked: 0n, step: 0n, say: undefined };
        this.seats.set(device.id, made);
        return this.ready(made, tell);
      }
      case 'login':
        return this.ready(this.seats.get(ask.device) as Seat, tell);
      case 'publish': {
        const hadNone = seat?.packages.length === 0 && !seat.lastResort;
        seat?.packages.push(...ask.packages);
        if (seat && ask.lastResort) seat.lastResort = ask.lastResort;
        if (seat && hadNone) this.announce(seat);
        return seat;
      }
      case 'claim': {
        const others = Array.from(this.seats.values()).filter((each) => each.name === ask.name && each !== seat);
        const packages = others.flatMap((each) => {
          const bytes = each.packages.shift() ?? each.lastResort;
          return bytes ? [{ device: each.device, bytes }] : [];
        });
        tell({ kind: 'claimed', reference: ask.reference, packages });
        return seat;
      }
      case 'look':
        if (this.held) this.held.push(() => this.look(tell));
        else this.look(tell);
        for (const wake of this.waiting.splice(0)) wake();
        return seat;
      case 'remove': {
        if (this.losesAnswers) return seat;
        if (this.keeps) {
          tell({ ...refusedBy(this.keeps), reference: ask.reference } as Tell);
          return seat;
        }
        const { id, name } = readRemoval(ask.removal);
        const person = this.people.get(name) as Person;
        const [at, other] = [person.certificates.findIndex((bytes) => readCertificate(bytes).device.id === id), this.seats.get(id)];
        this.gone.push(...person.certificates.splice(at, 1).map((certificate) => ({ name, certificate })));
        person.removals.push(ask.removal);
        other?.say?.(refusedBy('device_removed'));
        this.seats.delete(id);
        tell({ kind: 'removed', reference: ask.reference });
        this.all({ kind: 'people', people: [this.listed(person)], hasMore: false });
        return seat;
      }
      case 'ack':
        if (seat) {
          seat.acked = ask.number;
          seat.queue = seat.queue.filter((each) => each.number > ask.number);
          seat.step = ask.step > seat.step ? ask.step : seat.step;
        }
        return seat;
      case 'signal':
        for (const each of this.seats.values()) if (seat && each.name === ask.peer) each.say?.({ kind: 'signal', peer: seat.name, bytes: this.signal(ask.bytes) });
        return seat;
      case 'open':
      case 'commit':
      case 'send':
        if (seat) this.change(ask, seat, tell);
        return seat;
      default:
        return seat;
    }
  }

  private listed(person: Person): Person {
    const back = this.gone.filter(({ name }) => this.withholds && name === person.name).map(({ certificate }) => certificate);
    return { ...person, certificates: [...person.certificates, ...back], removals: this.withholds ? [] : [...person.removals] };
  }

  private ready(seat: Seat, tell: (tell: Tell) => void): Seat {
    seat.say = tell;
    const first = seat.queue[0]?.number ?? seat.count + 1n;
    tell({ kind: 'ready', name: seat.name, packages: seat.packages.length, hasLastResort: seat.lastResort !== undefined, first, last: seat.count, step: seat.step });
    for (const each of seat.queue) tell(each);
    this.announce(seat);
    this.present(seat.name);
    return seat;
  }

  /** Others are told that there is something new of whoever sits here. */
  private announce(seat: Seat) {
    const others = Array.from(this.seats.values()).filter((each) => each !== seat && !this.hidden.has(seat.name));
    for (const each of others) each.say?.({ kind: 'people', people: [this.listed(this.people.get(seat.name) as Person)], hasMore: false });
  }

  private change(ask: Change_, seat: Seat, tell: (tell: Tell) => void) {
    if (ask.step > seat.step) seat.step = ask.step;
    const known = this.answers.get(ask.reference);
    const answer = known ?? this.weighed(ask, seat);
    if (answer.kind === 'taken') this.answers.set(ask.reference, answer);
    if (!this.losesAnswers) tell(answer);
  }

  private weighed(ask: Change_, seat: Seat): Tell {
    const pair = [seat.name, ask.peer].sort().join(' ');
    const slot = this.slots.get(pair);
    const refused = (code: string, retryAfterS?: number): Tell => ({ kind: 'refused', code, description: '', solution: '', reference: ask.reference, retryAfterS, epoch: slot?.epoch });
    if (ask.kind === 'send') {
      if (this.busy > 0) {
        this.busy -= 1;
        return refused('too_fast', 0);
      }
      if (ask.follows !== undefined && !this.answers.has(ask.follows)) return refused('out_of_turn');
    }
    if (ask.kind === 'open') {
      if (slot && slot.group !== ask.replaces) return refused('superseded');
      this.slots.set(pair, { group: ask.group, epoch: 1n });
      return this.deliver(seat, ask, 'welcome', ask.welcome, () => true);
    }
    if (!slot || slot.group !== ask.group) return refused('no_conversation');
    if (ask.kind === 'commit') {
      if (ask.epoch !== slot.epoch) return refused('stale_epoch');
      slot.epoch += 1n;
      const isNew = (device: string) => ask.welcomed.includes(device);
      const answer = this.deliver(seat, ask, 'commit', ask.commit, (device) => !isNew(device));
      if (ask.welcome) this.deliver(seat, ask, 'welcome', ask.welcome, isNew);
      return answer;
    }
    if (ask.epoch + 2n < slot.epoch) return refused('stale_epoch');
    return this.deliver(seat, ask, 'message', ask.message, () => true);
  }

  private deliver(from: Seat, ask: Change_, what: Deliver['what'], envelope: Bytes, isFor: (device: string) => boolean): Tell {
    const answer: Tell = { kind: 'taken', reference: ask.reference, behind: from.count, atMs: BigInt(Date.now()) };
    for (const seat of this.seats.values()) {
      if (seat === from || (seat.name !== from.name && seat.name !== ask.peer) || !isFor(seat.device)) continue;
      seat.count += 1n;
      const epoch = ask.kind === 'open' ? 1n : ask.epoch;
      const other = seat.name === from.name ? ask.peer : from.name;
      const each: Deliver = { kind: 'deliver', number: seat.count, what, from: from.name, with: other, group: ask.group, epoch, envelope, atMs: answer.atMs };
      seat.queue.push(each);
      seat.say?.(each);
    }
    return answer;
  }
}

/** A desk with all that it showed. */
export class Sitter {
  snapshot: Snapshot | undefined;
  arrivals: Arrival[] = [];
  handed: Handed[] = [];
  error: unknown;
  desk: Desk | undefined;
  cut = () => {};
  private waiting: (() => void)[] = [];

  constructor(
    private readonly post: Post,
    readonly disk: MemoryDisk = new MemoryDisk(),
    private readonly sealer: Sealer = HERE,
  ) {}

  async sit(): Promise<this> {
    const { dial, cut } = this.post.dial();
    this.cut = cut;
    const listener: DeskListener = {
      emit: (snapshot) => {
        this.snapshot = snapshot;
        for (const wake of this.waiting.splice(0)) wake();
      },
      hand: (handed) => this.handed.push(handed),
      arrive: (arrival) => this.arrivals.push(arrival),
      broken: (error) => {
        this.error = error;
        for (const wake of this.waiting.splice(0)) wake();
      },
    };
    this.desk = await Desk.open(this.disk, 'here', dial, listener, this.sealer, () => 0);
    return this;
  }

  /** Until what is shown is so. */
  async until(is: (snapshot: Snapshot) => boolean): Promise<Snapshot> {
    for (;;) {
      if (this.error) throw this.error;
      if (this.snapshot && is(this.snapshot)) return this.snapshot;
      await new Promise<void>((wake) => this.waiting.push(wake));
    }
  }

  async begin(name: string): Promise<this> {
    await this.sit();
    await this.desk?.command({ do: 'register', name, label: 'test' });
    await this.until(({ phase }) => phase === 'here');
    return this;
  }

  open = (peer: string | null) => this.desk?.command({ do: 'open', peer });
  say = (peer: string, text: string) => this.desk?.command({ do: 'send', peer, text });

  /** Until these are the texts of the conversation that is open, notes left out. */
  reads = (...texts: string[]) =>
    this.until(({ open }) => {
      const found = open?.lines.filter((line) => line.who !== 'note').map((line) => line.text);
      return found !== undefined && found.length === texts.length && texts.every((each, at) => found[at] === each);
    });

  stop() {
    this.desk?.stop();
  }
}
