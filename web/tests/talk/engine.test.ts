/** The engine with itself: what ts-mls leaves to us. What both engines share is in conform/. */
import { beforeAll, describe, expect, test } from 'vitest';
import { Client } from '../../src/talk/engine/client';
import { Group } from '../../src/talk/engine/group';
import { hex, joined, text, unhex, utf8, type Bytes } from '../../src/talk/layout';
import { PACKAGE_LIFETIME_S, REORDER_MAX } from '../../src/talk/limits';
import type { DirectoryView } from '../../src/talk/member';
import { client, directory, idOf, NOW } from './people';

const DEVICES = ['asha.1', 'asha.2', 'asha.3', 'ravi.1', 'ravi.2', 'ravi.3', 'mala.1'];
const GROUP_ID = new Uint8Array(32).fill(1);
let view: DirectoryView;

beforeAll(async () => {
  view = await directory(...DEVICES);
});

async function pair() {
  const [asha, ravi] = [await client('asha.1', 'classic'), await client('ravi.1', 'classic')];
  const { group: a, pending } = await asha.open(GROUP_ID, await ravi.keyPackages(1, NOW), NOW, view);
  await expect(a.seal(utf8('early'))).rejects.toThrow('commit_pending');
  await a.confirm();
  const b = await ravi.join(pending.welcome as Bytes, view);
  expect(hex(a.authenticator)).toBe(hex(b.authenticator));
  return { asha, ravi, a, b };
}

async function read(group: Group, bytes: Bytes): Promise<string> {
  const event = await group.open(bytes, view);
  return event.kind === 'message' ? (text(event.payload) ?? '') : event.kind;
}

describe('a group', () => {
  test('takes each message once, in any order within the window', async () => {
    const { a, b } = await pair();
    const sealed: Bytes[] = [];
    for (let n = 0; n < REORDER_MAX; n += 1) sealed.push(await a.seal(utf8(`${n}`)));
    for (let n = REORDER_MAX - 1; n >= 0; n -= 1) expect(await read(b, sealed[n] as Bytes)).toBe(`${n}`);
    for (const again of sealed) await expect(b.open(again, view)).rejects.toThrow('message_replayed');
    expect(await read(a, sealed[0] as Bytes)).toBe('own');
  });

  test('keeps the keys of late ones for the window, and no longer', async () => {
    const { a, b } = await pair();
    const [late, tooLate] = [await a.seal(utf8('too late')), await a.seal(utf8('late'))].reverse() as [Bytes, Bytes];
    for (let n = 0; n < REORDER_MAX - 1; n += 1) await read(b, await a.seal(utf8('x')));
    expect(await read(b, late)).toBe('late');
    await expect(b.open(tooLate, view)).rejects.toThrow('message_replayed');
  });

  test('is as it was after anything damaged', async () => {
    const { a, b } = await pair();
    const sealed = await a.seal(utf8('whole'));
    for (let at = 0; at < sealed.length; at += 7) {
      const changed = sealed.slice();
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      await expect(b.open(changed, view), `byte ${at}`).rejects.toThrow();
      await expect(b.open(sealed.slice(0, at), view), `cut at ${at}`).rejects.toThrow();
    }
    await expect(b.open(joined(sealed, Uint8Array.of(0)), view)).rejects.toThrow('message_damaged');
    expect(await read(b, sealed)).toBe('whole');
  });

  test('uses no key twice when two things are asked at once', async () => {
    const { a, b } = await pair();
    const sealed = await Promise.all([1, 2, 3, 4].map((n) => a.seal(utf8(`${n}`))));
    const found = await Promise.all(sealed.map((each) => read(b, each)));
    expect(found).toEqual(['1', '2', '3', '4']);
    const twice = await Promise.allSettled([b.open(await a.seal(utf8('once')), view), b.open(sealed[0] as Bytes, view)]);
    expect(twice.map((each) => each.status)).toEqual(['fulfilled', 'rejected']);
  });

  test('does not open once more what it opened while its commit waited', async () => {
    const { a, b } = await pair();
    const sealed = await a.seal(utf8('once'));
    const late = await a.seal(utf8('late'));
    await b.update();
    expect(await read(b, sealed)).toBe('once');
    await b.confirm();
    await expect(b.open(sealed, view)).rejects.toThrow('message_replayed');
    expect(await read(b, late)).toBe('late');
    await b.forgetPast();
    await expect(b.open(late, view)).rejects.toThrow('message_damaged');
  });

  test('keeps the keys of two epochs, and names what was missed', async () => {
    const { a, b } = await pair();
    const [first, second] = [await b.seal(utf8('first')), await b.seal(utf8('second'))];
    const commits: Bytes[] = [];
    for (let n = 0; n < 3; n += 1) {
      if (n === 2) expect(await read(a, first)).toBe('first');
      commits.push((await a.update()).commit);
      await a.confirm();
    }
    await expect(a.open(second, view)).rejects.toThrow('epoch_past');
    await expect(b.open(commits[1] as Bytes, view)).rejects.toThrow('epoch_ahead');
    for (const commit of commits) expect(await read(b, commit)).toBe('commit');
    await expect(b.open(commits[0] as Bytes, view)).rejects.toThrow('epoch_past');
    expect(hex(a.authenticator)).toBe(hex(b.authenticator));
  });

  test('goes on where it was stored, a waiting commit with it', async () => {
    const { asha, ravi, a, b } = await pair();
    const sealed = await a.seal(utf8('one'));
    const stored = a.export();
    const again = await Group.import(stored);
    expect(hex(again.export())).toBe(hex(stored));
    const next = await again.seal(utf8('two'));
    expect([await read(b, sealed), await read(b, next)]).toEqual(['one', 'two']);
    const { commit } = await again.update();
    const waiting = await Group.import(again.export());
    expect(waiting.hasPending).toBe(true);
    await waiting.confirm();
    await b.open(commit, view);
    expect(hex(waiting.authenticator)).toBe(hex(b.authenticator));
    const packages = await ravi.keyPackages(1, NOW);
    const { pending } = await (await Client.import(asha.export())).open(GROUP_ID, packages, NOW, view);
    const joined = await (await Client.import(ravi.export())).join(pending.welcome as Bytes, view);
    expect(joined.epoch).toBe(1n);
    for (let end = 0; end < 60; end += 1) {
      await expect(Group.import(stored.slice(0, end))).rejects.toThrow('state_damaged');
      await expect(Client.import(asha.export().slice(0, end))).rejects.toThrow('state_damaged');
    }
  });

  test('lets a thief of a state read neither the past nor what follows an update', async () => {
    const { a, b } = await pair();
    const past = await a.seal(utf8('past'));
    await read(b, past);
    const stolen = await Group.import(b.export());
    await expect(stolen.open(past, view)).rejects.toThrow('message_replayed');
    const { commit } = await b.update();
    await b.confirm();
    await a.open(commit, view);
    const healed = await a.seal(utf8('healed'));
    expect((await stolen.open(commit, view)).kind).toBe('own');
    await expect(stolen.open(healed, view)).rejects.toThrow('epoch_ahead');
    expect(await read(b, healed)).toBe('healed');
  });
});

describe('who comes in', () => {
  test('is a device of one of the two, once', async () => {
    const { asha, a, b } = await pair();
    const third = await (await client('mala.1', 'classic')).keyPackages(1, NOW);
    await expect(a.change([], third, NOW, view)).rejects.toThrow('not_allowed');
    const tablet = await client('asha.2', 'classic');
    const added = await a.change([], await tablet.keyPackages(1, NOW), NOW, view);
    const before = await directory('asha.1', 'ravi.1');
    await expect(b.open(added.commit, before)).rejects.toThrow('unknown_device');
    await expect(tablet.join(added.welcome as Bytes, before)).rejects.toThrow('unknown_device');
    // When the directory knows the device, the same bytes are taken.
    const event = await b.open(added.commit, view);
    expect(event).toMatchObject({ kind: 'commit', added: [{ id: idOf('asha.2') }], removed: [], isOut: false });
    const t = await tablet.join(added.welcome as Bytes, view);
    await a.confirm();
    expect(hex(t.authenticator)).toBe(hex(a.authenticator));
    await expect(a.change([asha.device], [], NOW, view)).rejects.toThrow('not_allowed');
    const swapped = new Map(view).set('asha', { ...(view.get('mala') as never as { identity: Bytes }), devices: new Set([idOf('asha.1')]) });
    const { commit } = await a.update();
    await expect(b.open(commit, swapped)).rejects.toThrow('certificate_forged');
  });

  test('comes with a package of its own that is good now', async () => {
    const { asha, ravi } = await pair();
    const open = async (packages: Bytes[]) => (await asha.open(GROUP_ID, packages, NOW, view)).pending.welcome as Bytes;
    const once = await ravi.keyPackages(1, NOW);
    const [one, two] = [await open(once), await open(once)];
    await ravi.join(one, view);
    await expect(ravi.join(two, view)).rejects.toThrow('welcome_unusable');
    const last = [await ravi.lastResort(NOW)];
    await ravi.join(await open(last), view);
    await ravi.join(await open(last), view);
    const old = await ravi.keyPackages(1, NOW - PACKAGE_LIFETIME_S - 10);
    await expect(asha.open(GROUP_ID, old, NOW, view)).rejects.toThrow('package_unusable');
    await expect(asha.open(GROUP_ID, [], NOW, view)).rejects.toThrow('not_allowed');
    const [good] = once as [Bytes];
    for (let at = 0; at < good.length; at += 31) {
      const changed = good.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      await expect(asha.open(GROUP_ID, [changed], NOW, view), `byte ${at}`).rejects.toThrow();
    }
  });

  test('is put back by one commit when it lost its state', async () => {
    const { ravi, a } = await pair();
    const packages = await ravi.keyPackages(1, NOW);
    await expect(a.change([], packages, NOW, view)).rejects.toThrow('not_allowed');
    const again = await a.change([ravi.device], packages, NOW, view);
    await a.confirm();
    const b = await ravi.join(again.welcome as Bytes, view);
    expect(await read(b, await a.seal(utf8('again')))).toBe('again');
    expect(a.members.length).toBe(2);
  });

  test('may be the third device of each', async () => {
    const clients = await Promise.all(DEVICES.slice(0, 6).map((who) => client(who, 'classic')));
    const [first, ...others] = clients as [Client, ...Client[]];
    const packages = await Promise.all(others.slice(0, 4).map(async (each) => (await each.keyPackages(1, NOW))[0] as Bytes));
    const { group, pending } = await first.open(GROUP_ID, packages, NOW, view);
    await group.confirm();
    const groups = [group];
    for (const each of others.slice(0, 4)) groups.push(await each.join(pending.welcome as Bytes, view));
    const commit = async (by: number, change: Promise<{ commit: Bytes }>) => {
      const { commit: bytes } = await change;
      await (groups[by] as Group).confirm();
      for (const [at, each] of groups.entries()) if (at !== by) await each.open(bytes, view);
    };
    // Each renews, so that no node of the tree is blank; then one comes in where another was.
    for (let by = 0; by < 5; by += 1) await commit(by, (groups[by] as Group).update());
    await commit(0, (groups[0] as Group).change([(others[2] as Client).device], [], NOW, view));
    groups.splice(3, 1);
    await commit(1, (groups[1] as Group).update());
    const change = (groups[3] as Group).change([], await (others[4] as Client).keyPackages(1, NOW), NOW, view);
    await commit(3, change);
    groups.push(await (others[4] as Client).join((await change).welcome as Bytes, view));
    await commit(0, (groups[0] as Group).update());
    const sealed = await (groups[4] as Group).seal(utf8('all'));
    for (const each of groups.slice(0, 4)) expect(await read(each, sealed)).toBe('all');
    expect(new Set(groups.map((each) => hex(each.authenticator))).size).toBe(1);
  });
});

test('bytes of nobody are refused, never taken', async () => {
  const { ravi, b } = await pair();
  const odd = ['', '00', '0001', '00010002', '0001000200', `0001000220${'00'.repeat(32)}`, 'ff'.repeat(500), `0001${'0003'.repeat(40)}`];
  for (const digits of odd) {
    await expect(b.open(unhex(digits), view), digits).rejects.toThrow('message_damaged');
    await expect(ravi.join(unhex(digits), view), digits).rejects.toThrow(/message_damaged|welcome_unusable/);
  }
});
