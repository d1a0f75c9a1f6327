/** People at their desks, and a server that keeps its promises, loses connections, and is not always honest. */
import { afterEach, expect, test } from 'vitest';
import { Identity } from '../../src/talk/certificate';
import { text, type Bytes } from '../../src/talk/layout';
import { WINDOW } from '../../src/talk/limits';
import { client, directory, NOW } from './people';
import { MemoryDisk, Post, Sitter } from './post';

let sitters: Sitter[] = [];
afterEach(() => {
  for (const each of sitters) each.stop();
  sitters = [];
});

const at = (post: Post, disk?: MemoryDisk) => {
  const sitter = new Sitter(post, disk);
  sitters.push(sitter);
  return sitter;
};

async function two() {
  const post = new Post();
  const [asha, ravi] = [await at(post).begin('asha'), await at(post).begin('ravi')];
  await asha.until(({ people }) => people.some((person) => person.name === 'ravi'));
  return { post, asha, ravi };
}

test('two people find each other, talk, and see how far it came', async () => {
  const { asha, ravi } = await two();
  await ravi.open('asha');
  await ravi.until(({ open }) => open?.word === 'pinned' && open.number.length === 12);
  await asha.open('ravi');
  await asha.say('ravi', 'namaste');
  await ravi.reads('namaste');
  await ravi.say('asha', 'hello');
  await ravi.say('asha', 'how are you?');
  await asha.reads('namaste', 'hello', 'how are you?');
  const { open } = await asha.until((shown) => shown.open?.lines[0]?.mark === 'read');
  expect(open?.lines.map((line) => line.who)).toEqual(['me', 'them', 'them']);
  expect(open?.number).toEqual(ravi.snapshot?.open?.number);
});

test('a name that is taken is told, and another one can be tried', async () => {
  const { post } = await two();
  const other = at(post);
  await other.sit();
  await other.desk?.command({ do: 'register', name: 'Asha', label: 'x' });
  expect((await other.until(({ problem }) => problem !== null)).problem?.code).toBe('name_taken');
  await other.until(({ phase }) => phase === 'nobody');
  await other.desk?.command({ do: 'register', name: 'a', label: 'x' });
  expect((await other.until(({ problem }) => problem?.code === 'name_invalid')).phase).toBe('nobody');
  await other.desk?.command({ do: 'register', name: 'mala', label: 'x' });
  await other.until(({ phase, me }) => phase === 'here' && me === 'mala');
});

test('who is away gets it later, counted, and a tab that is closed goes on where it was', async () => {
  const { post, asha, ravi } = await two();
  await asha.open('ravi');
  await asha.say('ravi', 'one');
  await ravi.until(({ people }) => people.some((person) => person.unread === 1));
  ravi.stop();
  await asha.until(({ people }) => people.some((person) => person.name === 'ravi' && !person.isHere));
  await asha.say('ravi', 'two');
  await asha.until(({ open }) => open?.lines[1]?.mark === 'sent');
  const again = at(post, ravi.disk);
  await again.sit();
  await again.until(({ people }) => people.some((person) => person.unread === 2 && person.last === 'two'));
  expect(again.arrivals.map((arrival) => arrival.text)).toEqual(['two']);
  await again.open('asha');
  await again.reads('one', 'two');
  await again.say('asha', 'three');
  await asha.reads('one', 'two', 'three');
});

test('nothing is lost or shown twice when connections break before every answer', async () => {
  const { post, asha, ravi } = await two();
  await Promise.all([asha.open('ravi'), ravi.open('asha')]);
  const said: string[] = [];
  for (let n = 0; n < 6; n += 1) {
    post.losesAnswers = true;
    const [by, to] = n % 2 ? [asha, 'ravi'] : [ravi, 'asha'];
    said.push(`message ${n}`);
    await by.say(to, `message ${n}`);
    post.losesAnswers = false;
    asha.cut();
    ravi.cut();
    await Promise.all([asha.reads(...said), ravi.reads(...said)]);
  }
  await Promise.all([asha, ravi].map((each) => each.until(({ open }) => open?.lines.every((line) => line.mark !== 'waiting') ?? false)));
});

test('several messages are on their way at once, and the rest goes behind them', async () => {
  const { post, asha, ravi } = await two();
  await Promise.all([asha.open('ravi'), ravi.open('asha')]);
  await asha.say('ravi', 'hello');
  await asha.until(({ open }) => open?.lines[0]?.mark === 'read');
  post.losesAnswers = true;
  const said = Array.from({ length: WINDOW + 4 }, (_, n) => `message ${n}`);
  for (const text of said) await asha.say('ravi', text);
  await ravi.reads('hello', ...said.slice(0, WINDOW));
  post.losesAnswers = false;
  asha.cut();
  await ravi.reads('hello', ...said);
  await asha.until(({ open }) => open?.lines.every((line) => line.mark !== 'waiting') ?? false);
});

test('what follows a refused message does not overtake it', async () => {
  const { post, asha, ravi } = await two();
  await Promise.all([asha.open('ravi'), ravi.open('asha')]);
  await asha.say('ravi', 'hello');
  await asha.until(({ open }) => open?.lines[0]?.mark === 'read');
  post.busy = 2;
  const said = ['one', 'two', 'three', 'four'];
  await Promise.all(said.map((text) => asha.say('ravi', text)));
  await ravi.reads('hello', ...said);
  expect(ravi.snapshot?.open?.lines.some((line) => line.note)).toBe(false);
});

test('both begin at once, and one conversation comes of it', async () => {
  const { asha, ravi } = await two();
  await Promise.all([asha.open('ravi'), ravi.open('asha')]);
  await Promise.all([asha.say('ravi', 'from asha'), ravi.say('asha', 'from ravi')]);
  for (const each of [asha, ravi]) {
    await each.until(({ open }) => open?.lines.length === 2 && open.lines.every((line) => line.mark !== 'waiting'));
    expect(each.snapshot?.open?.lines.map((line) => line.text).sort()).toEqual(['from asha', 'from ravi']);
  }
});

test('a state that was put back gives its groups up, and says so by a new beginning', async () => {
  const { post, asha, ravi } = await two();
  await Promise.all([asha.open('ravi'), ravi.open('asha')]);
  await asha.say('ravi', 'before');
  await ravi.reads('before');
  await ravi.say('asha', 'noted');
  await asha.reads('before', 'noted');
  const copy = asha.disk.copy();
  await asha.say('ravi', 'lost by the copy');
  await ravi.reads('before', 'noted', 'lost by the copy');
  await asha.until(({ open }) => open?.lines.every((line) => line.mark !== 'waiting') ?? false);
  asha.stop();
  const old = at(post, copy);
  await old.sit();
  await old.until(({ phase }) => phase === 'here');
  await old.open('ravi');
  await old.say('ravi', 'after');
  await ravi.reads('before', 'noted', 'lost by the copy', 'after');
  expect(ravi.snapshot?.open?.lines.filter((line) => line.note).map((line) => line.note)).toContain('restarted');
  await ravi.say('asha', 'welcome back');
  await old.until(({ open }) => open?.lines.some((line) => line.text === 'welcome back') ?? false);
});

test('a key that the server swaps is noticed: told when nothing was compared, a wall when it was', async () => {
  const { post, asha, ravi } = await two();
  await Promise.all([asha.open('ravi'), ravi.open('asha')]);
  await asha.say('ravi', 'one');
  await ravi.reads('one');
  // A number that is not there any more, or never was, is not compared by saying so.
  const number = asha.snapshot?.open?.number.join('') ?? '';
  await asha.desk?.command({ do: 'compared', peer: 'ravi', number: number.replace(/^./, (digit) => String((Number(digit) + 1) % 10)) });
  expect(asha.snapshot?.open?.word).toBe('pinned');
  await asha.desk?.command({ do: 'compared', peer: 'ravi', number });
  await asha.until(({ open }) => open?.word === 'verified');
  const person = post.people.get('ravi');
  if (person) person.identity = (await Identity.create()).key;
  asha.cut();
  ravi.stop();
  await asha.until(({ open }) => open?.word === 'changed' && open.isBlocked);
  // What is shown is the number of the new key, and the old one says nothing about it.
  expect(asha.snapshot?.open?.number.join('')).not.toBe(number);
  await asha.desk?.command({ do: 'compared', peer: 'ravi', number });
  expect(asha.snapshot?.open?.isBlocked).toBe(true);
  await asha.say('ravi', 'not to them');
  expect(asha.snapshot?.open?.lines.map((line) => line.text)).toEqual(['one']);
  const waits = Array.from(asha.disk.records.keys()).filter((name) => /^(todo|out)\//.test(name));
  expect(waits).toEqual([]);
});

test('a key that changes again after it was shown is not taken unseen', async () => {
  const { post, asha, ravi } = await two();
  await Promise.all([asha.open('ravi'), ravi.open('asha')]);
  await asha.say('ravi', 'one');
  await ravi.reads('one');
  const number = () => asha.snapshot?.open?.number.join('') ?? '';
  const first = number();
  await asha.desk?.command({ do: 'compared', peer: 'ravi', number: first });
  ravi.stop();
  const person = post.people.get('ravi');
  const swap = async (before: string) => {
    if (person) person.identity = (await Identity.create()).key;
    asha.cut();
    await asha.until(({ open }) => open?.word === 'changed' && open.number.join('') !== before);
  };
  await swap(first);
  const second = number();
  await swap(second);
  for (const old of [first, second]) {
    await asha.desk?.command({ do: 'accept', peer: 'ravi', number: old });
    expect(asha.snapshot?.open?.isBlocked).toBe(true);
  }
  await asha.desk?.command({ do: 'accept', peer: 'ravi', number: number() });
  expect(asha.snapshot?.open).toMatchObject({ word: 'pinned', isBlocked: false });
});

/** A second device of somebody, with the same identity on another disk. */
async function second(post: Post, of: Sitter, label: string): Promise<Sitter> {
  const { Newcomer } = await import('../../src/talk/engine/client');
  const { Book } = await import('../../src/talk/book');
  const disk = new MemoryDisk();
  const name = of.snapshot?.me as string;
  const [book, identity, newcomer] = [await Book.open(disk), of.desk?.book.identity as Identity, await Newcomer.create('hybrid')];
  const certificate = await identity.certify({ name, id: 'ab'.repeat(16), label, leafKey: newcomer.leafKey, issuedAt: 1n });
  book.begin({ name, secret: identity.secret, isRegistered: false }, identity, await newcomer.certified(certificate));
  await book.keep();
  const other = at(post, disk);
  await other.sit();
  await other.until(({ phase }) => phase === 'here');
  return other;
}

test('a second device of one of them comes in, and reads what follows', async () => {
  const { post, asha, ravi } = await two();
  await Promise.all([asha.open('ravi'), ravi.open('asha')]);
  await asha.say('ravi', 'one');
  await ravi.reads('one');
  const tablet = await second(post, asha, 'tablet');
  await tablet.open('ravi');
  await ravi.say('asha', 'both of you');
  await tablet.reads('both of you');
  await asha.reads('one', 'both of you');
  await tablet.say('ravi', 'from the tablet');
  await ravi.reads('one', 'both of you', 'from the tablet');
  await asha.reads('one', 'both of you', 'from the tablet');
  // Both are told of it, once, and it stands there after a new start.
  const notes = (sitter: Sitter) => sitter.snapshot?.open?.lines.filter(({ note }) => note).map(({ note, text }) => [note, text]);
  expect(notes(ravi)).toEqual([['added', 'tablet']]);
  expect(notes(asha)).toEqual([['own_added', 'tablet']]);
  expect(notes(tablet)).toEqual([]);
  ravi.stop();
  const again = at(post, ravi.disk);
  await again.sit();
  await again.open('asha');
  await again.until(({ open }) => (open?.lines.length ?? 0) > 3);
  expect(notes(again)).toEqual([['added', 'tablet']]);
  expect(asha.snapshot?.open?.lines.at(-1)?.who).toBe('me');
});

test('a device that comes is let in by whoever is here, though nobody says anything', async () => {
  const { post, asha, ravi } = await two();
  await Promise.all([asha.open('ravi'), ravi.open('asha')]);
  await asha.say('ravi', 'one');
  await ravi.reads('one');
  asha.stop();
  const tablet = await second(post, asha, 'tablet');
  await tablet.open('ravi');
  await tablet.say('ravi', 'from the tablet');
  await ravi.until(({ open }) => open?.lines.some((line) => line.text === 'from the tablet') ?? false);
  expect(ravi.snapshot?.open?.lines.map(({ note, text }) => note ?? text)).toEqual(['one', 'added', 'from the tablet']);
});

test('a device that was removed is put out before anything is said, and told to go', async () => {
  const { post, asha, ravi } = await two();
  await Promise.all([asha.open('ravi'), ravi.open('asha')]);
  await asha.say('ravi', 'one');
  await ravi.reads('one');
  const tablet = await second(post, asha, 'tablet');
  await tablet.open('ravi');
  await ravi.say('asha', 'both of you');
  await tablet.reads('both of you');
  await asha.until(({ devices }) => devices.length === 2 && devices.some(({ label, isThis }) => label === 'tablet' && !isThis));
  await asha.desk?.command({ do: 'remove', device: 'ab'.repeat(16) });
  await asha.until(({ devices }) => devices.length === 1);
  await tablet.until(({ phase, problem }) => phase === 'refused' && problem?.code === 'device_removed');
  await ravi.until(({ open }) => open?.lines.some((line) => line.note === 'removed' && line.text === 'tablet') ?? false);
  await ravi.say('asha', 'not for the tablet');
  await asha.reads('one', 'both of you', 'not for the tablet');
  const [group] = ravi.desk?.book.groups.values() ?? [];
  expect(group?.members.map(({ name }) => name).sort()).toEqual(['asha', 'ravi']);
  expect(tablet.snapshot?.open?.lines.map((line) => line.text)).not.toContain('not for the tablet');
  // This device is not removed by itself.
  await asha.desk?.command({ do: 'remove', device: asha.desk.book.client?.device.id as string });
  expect(asha.snapshot?.devices).toHaveLength(1);
});

test('what becomes of a removal is told: on its way, refused, done', async () => {
  const { post, asha } = await two();
  await second(post, asha, 'tablet');
  const device = 'ab'.repeat(16);
  const isGoing = () => asha.snapshot?.devices.find(({ id }) => id === device)?.isGoing;
  await asha.until(({ devices }) => devices.length === 2);
  expect(isGoing()).toBe(false);
  post.losesAnswers = true;
  await asha.desk?.command({ do: 'remove', device });
  expect([isGoing(), asha.snapshot?.removed]).toEqual([true, undefined]);
  // It is asked for again when the connection is back; this time the server says no.
  [post.losesAnswers, post.keeps] = [false, 'store_failed'];
  asha.cut();
  await asha.until(({ removed }) => removed?.code === 'store_failed' && removed.label === 'tablet');
  expect([isGoing(), asha.snapshot?.phase, asha.snapshot?.problem]).toEqual([false, 'here', null]);
  post.keeps = undefined;
  await asha.desk?.command({ do: 'remove', device });
  const { devices, removed } = await asha.until(({ devices }) => devices.length === 1);
  expect([devices[0]?.isThis, removed]).toEqual([true, { label: 'tablet' }]);
});

test('a removal that the server keeps back later is noticed, by what is on the disk', async () => {
  const { post, asha, ravi } = await two();
  await Promise.all([asha.open('ravi'), ravi.open('asha')]);
  const tablet = await second(post, asha, 'tablet');
  await asha.say('ravi', 'one');
  await ravi.reads('one');
  await asha.desk?.command({ do: 'remove', device: 'ab'.repeat(16) });
  await ravi.until(({ open }) => open?.lines.some((line) => line.note === 'removed') ?? false);
  tablet.stop();
  ravi.stop();
  post.withholds = true;
  const again = at(post, ravi.disk);
  await again.sit();
  await again.open('asha');
  await again.until(({ open }) => open?.lines.some((line) => line.note === 'withheld' && line.text === 'tablet') ?? false);
  await again.say('asha', 'still without it');
  await asha.until(({ open }) => open?.lines.at(-1)?.text === 'still without it');
  const [group] = again.desk?.book.groups.values() ?? [];
  expect(group?.members).toHaveLength(2);
});

test('an old directory is noticed: it lacks a device that nobody has removed', async () => {
  const { post, asha, ravi } = await two();
  await Promise.all([asha.open('ravi'), ravi.open('asha')]);
  await asha.say('ravi', 'one');
  await ravi.reads('one');
  const person = post.people.get('asha');
  const before = [...(person?.certificates ?? [])];
  await second(post, asha, 'tablet');
  await ravi.say('asha', 'both of you');
  await ravi.until(({ open }) => open?.lines.some(({ note }) => note === 'added') ?? false);
  if (person) person.certificates = before;
  ravi.cut();
  await ravi.until(({ open }) => open?.lines.some(({ note, text }) => note === 'vanished' && text === 'tablet') ?? false);
  ravi.cut();
  await ravi.say('asha', 'still here');
  await asha.until(({ open }) => open?.lines.at(-1)?.text === 'still here');
  expect(ravi.snapshot?.open?.lines.filter(({ note }) => note === 'vanished')).toHaveLength(1);
});

test('what others leave with the server may be damaged, and stops nobody', async () => {
  const { post, asha, ravi } = await two();
  await Promise.all([asha.open('ravi'), ravi.open('asha')]);
  for (const seat of post.seats.values()) {
    const [first] = seat.packages;
    if (seat.name === 'ravi' && first) first[200] = (first[200] ?? 0) ^ 1;
  }
  await asha.say('ravi', 'with the second package');
  await ravi.reads('with the second package');
  // A commit that was changed on its way opens nowhere, and restarts nothing.
  const seat = Array.from(post.seats.values()).find((each) => each.name === 'asha');
  seat?.say?.({ kind: 'deliver', number: seat.count + 1n, what: 'commit', from: 'ravi', with: 'ravi', group: '00'.repeat(32), epoch: 1n, envelope: new Uint8Array(40), atMs: 0n });
  if (seat) seat.count += 1n;
  await ravi.say('asha', 'still here');
  await asha.reads('with the second package', 'still here');
  expect(asha.snapshot?.open?.lines.some((line) => line.note)).toBe(false);
});

test('an invitation that cannot be opened is answered by another one', async () => {
  const { post, asha, ravi } = await two();
  await Promise.all([asha.open('ravi'), ravi.open('asha')]);
  await asha.say('ravi', 'one');
  await ravi.reads('one');
  await ravi.say('asha', 'two');
  await asha.reads('one', 'two');
  // It was made for a package that asha does not have.
  const stranger = await client('asha.9', 'hybrid');
  const packages = await stranger.keyPackages(1, NOW);
  const made = await ravi.desk?.book.client?.open(new Uint8Array(32).fill(0xcd), packages, NOW, await directory('asha.9'));
  const seat = Array.from(post.seats.values()).find((each) => each.name === 'asha');
  const group = 'cd'.repeat(32);
  post.replace('asha', 'ravi', group);
  if (seat) seat.count += 1n;
  seat?.say?.({ kind: 'deliver', number: seat.count, what: 'welcome', from: 'ravi', with: 'ravi', group, epoch: 1n, envelope: made?.pending.welcome as Bytes, atMs: 0n });
  await asha.until(({ open }) => open?.lines.some((line) => line.note === 'restarted') ?? false);
  await ravi.until(({ open }) => open?.lines.some((line) => line.note === 'restarted') ?? false);
  await ravi.say('asha', 'three');
  await asha.reads('one', 'two', 'three');
});

test('who is not known yet is looked for in the whole directory, and news of others are no answer', async () => {
  const { post, asha } = await two();
  post.hidden.add('mala');
  const mala = await at(post).begin('mala');
  post.held = [];
  await mala.say('asha', 'hello');
  const first = await post.heldLook();
  const [seat, ravi] = [Array.from(post.seats.values()).find((each) => each.name === 'asha'), post.people.get('ravi')];
  seat?.say?.({ kind: 'people', people: [{ ...(ravi as NonNullable<typeof ravi>), isHere: false }], hasMore: false });
  await asha.until(({ people }) => people.some((person) => person.name === 'ravi' && !person.isHere));
  expect(await asha.desk?.talks.lines('mala')).toEqual([]);
  // Nor is the directory as it was before she was in it the last word.
  first();
  const second = await post.heldLook();
  post.hidden.clear();
  second();
  await asha.open('mala');
  await asha.reads('hello');
  expect(asha.snapshot?.open?.lines.some((line) => line.note)).toBe(false);
});

test('a receipt that was owed when the tab was closed is told by the next one', async () => {
  const { post, asha, ravi } = await two();
  await asha.open('ravi');
  await asha.say('ravi', 'one');
  await ravi.until(({ people }) => people.some((person) => person.unread === 1));
  await asha.until(({ open }) => open?.lines[0]?.mark === 'delivered');
  await ravi.open('asha');
  // Two seconds after the last one is the next one's time, and the tab is not there any more.
  ravi.stop();
  const again = at(post, ravi.disk);
  await again.sit();
  await asha.until(({ open }) => open?.lines[0]?.mark === 'read');
});

/** An id of the other one's line, as whoever read it knows it. */
const idOf = async (sitter: Sitter, peer: string, text: string) => (await sitter.desk?.talks.lines(peer))?.find((line) => line.text === text)?.id;

test('what was said can be said in other words, by who said it and nobody else', async () => {
  const { asha, ravi } = await two();
  await Promise.all([asha.open('ravi'), ravi.open('asha')]);
  await asha.say('ravi', 'tomorow');
  await ravi.reads('tomorow');
  await asha.desk?.command({ do: 'edit', peer: 'ravi', key: asha.snapshot?.open?.lines[0]?.key ?? 0, text: 'tomorrow' });
  await ravi.reads('tomorrow');
  expect(ravi.snapshot?.open?.lines[0]?.isEdited).toBe(true);
  expect(ravi.snapshot?.people[0]?.last).toBe('tomorrow');
  await asha.reads('tomorrow');
  expect(asha.snapshot?.open?.lines[0]?.isEdited).toBe(true);
  // Ravi's client says that asha said something else.
  const of = await idOf(ravi, 'asha', 'tomorrow');
  ravi.desk?.book.addTodo({ peer: 'asha', content: { kind: 'edit', of: of as NonNullable<typeof of>, text: 'never' } });
  await ravi.say('asha', 'fine');
  await asha.reads('tomorrow', 'fine');
  // Nor can the page of one edit a line of the other, or a card.
  await asha.desk?.command({ do: 'edit', peer: 'ravi', key: asha.snapshot?.open?.lines[1]?.key ?? 0, text: 'never' });
  await asha.desk?.command({ do: 'card', peer: 'ravi', title: 'a'.repeat(32), name: 'A show', atMs: 751_000 });
  await asha.desk?.command({ do: 'edit', peer: 'ravi', key: asha.snapshot?.open?.lines[2]?.key ?? 0, text: 'never' });
  await asha.say('ravi', 'bye');
  await ravi.reads('tomorrow', 'fine', 'A show', 'bye');
  await asha.reads('tomorrow', 'fine', 'A show', 'bye');
});

test('what has not left yet leaves in the new words', async () => {
  const { asha, ravi } = await two();
  await Promise.all([asha.open('ravi'), ravi.open('asha')]);
  // The conversation is still to be opened, so the message waits.
  await asha.say('ravi', 'frist');
  await asha.desk?.command({ do: 'edit', peer: 'ravi', key: asha.snapshot?.open?.lines[0]?.key ?? 0, text: 'first' });
  await ravi.reads('first');
  expect(ravi.snapshot?.open?.lines[0]?.isEdited).toBeUndefined();
});

test('a title with a time is a card on both sides, its name cut to what fits', async () => {
  const { asha, ravi } = await two();
  await Promise.all([asha.open('ravi'), ravi.open('asha')]);
  await asha.desk?.command({ do: 'card', peer: 'ravi', title: 'a'.repeat(32), name: '映'.repeat(300), atMs: 12_345.6 });
  const shown = { text: '映'.repeat(170), card: { title: 'a'.repeat(32), atMs: 12_346 } };
  await ravi.until(({ open }) => open?.lines.length === 1);
  expect(ravi.snapshot?.open?.lines[0]).toMatchObject(shown);
  expect(ravi.snapshot?.people[0]?.last).toBe(shown.text.slice(0, 80));
});

test('who does not tell how far messages came is not told either', async () => {
  const { post, asha, ravi } = await two();
  await Promise.all([asha.open('ravi'), ravi.open('asha')]);
  await asha.desk?.command({ do: 'receipts', isOn: false });
  await asha.until(({ hasReceipts }) => !hasReceipts);
  await ravi.say('asha', 'one');
  await asha.reads('one');
  // Looked at: a receipt would be on its way now, before the next message.
  await asha.open('ravi');
  await asha.say('ravi', 'two');
  await ravi.reads('one', 'two');
  expect(ravi.snapshot?.open?.lines[0]?.mark).toBe('sent');
  // And one of ravi's is.
  await ravi.open('asha');
  await ravi.say('asha', 'three');
  await asha.reads('one', 'two', 'three');
  expect((await asha.desk?.talks.lines('ravi'))?.[1]?.mark).toBe('sent');
  expect(ravi.snapshot?.open?.lines[0]?.mark).toBe('sent');
  // Nor is it told who writes, or tells it.
  const sealed: string[] = [];
  post.signal = (bytes) => {
    sealed.push('one');
    return bytes;
  };
  await asha.desk?.command({ do: 'writing', peer: 'ravi' });
  expect(sealed).toEqual([]);
  await ravi.desk?.command({ do: 'writing', peer: 'asha' });
  expect(sealed).toEqual(['one']);
  await asha.desk?.command({ do: 'open', peer: 'ravi' });
  expect(asha.snapshot?.people.some((person) => person.isWriting)).toBe(false);
  // The device remembers it.
  asha.stop();
  const again = at(post, asha.disk);
  await again.sit();
  expect(again.snapshot?.hasReceipts).toBe(false);
});

test('who writes is seen writing, until the message comes, and not by the server\'s word', async () => {
  const { post, asha, ravi } = await two();
  await Promise.all([asha.open('ravi'), ravi.open('asha')]);
  await ravi.say('asha', 'one');
  // With the receipt asha's keys are renewed: a signal of before would be of another epoch.
  await ravi.until(({ open }) => open?.lines[0]?.mark === 'read');
  const isWriting = () => ravi.snapshot?.people.find((person) => person.name === 'asha')?.isWriting;
  const sealed: Bytes[] = [];
  post.signal = (bytes) => {
    sealed.push(bytes.slice());
    return bytes.map((byte, at) => (at === 60 ? byte ^ 1 : byte)) as Bytes;
  };
  await asha.desk?.command({ do: 'writing', peer: 'ravi' });
  await asha.desk?.command({ do: 'writing', peer: 'ravi' });
  // One in three seconds, and what was changed on its way is nobody's.
  expect(sealed.map((bytes) => bytes.length)).toEqual([101]);
  await ravi.desk?.command({ do: 'open', peer: 'asha' });
  expect(isWriting()).toBe(false);
  await ravi.desk?.talks.heard('mala', sealed[0] as Bytes);
  await ravi.desk?.talks.heard('asha', sealed[0] as Bytes);
  await ravi.desk?.command({ do: 'open', peer: 'asha' });
  expect(isWriting()).toBe(true);
  await asha.say('ravi', 'two');
  await ravi.reads('one', 'two');
  expect(isWriting()).toBe(false);
  // The same signal once more says nothing new.
  await ravi.desk?.talks.heard('asha', sealed[0] as Bytes);
  await ravi.desk?.command({ do: 'open', peer: 'asha' });
  expect(isWriting()).toBe(false);
});

test('nothing that was said leaves in the clear', async () => {
  const { post, asha, ravi } = await two();
  await asha.say('ravi', 'a planted secret');
  await ravi.until(({ people }) => people.some((person) => person.unread === 1));
  for (const seat of post.seats.values()) for (const each of seat.queue) expect(text(each.envelope) ?? '').not.toContain('planted');
});
