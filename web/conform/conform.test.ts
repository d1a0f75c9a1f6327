/** What both engines have to do alike, with each other: either of them first, in both suites. */
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Suite } from '../src/talk/engine/suite';
import { FORWARD_MAX, REORDER_MAX } from '../src/talk/limits';
import type { DirectoryView } from '../src/talk/member';
import { directory, idOf } from '../tests/talk/people';
import { device, type Device, type Engine, type Happened } from './device';

const GROUP = '5a'.repeat(32);
let view: DirectoryView;
let devices: Device[] = [];

beforeAll(async () => {
  view = await directory('asha.1', 'asha.2', 'asha.3', 'ravi.1', 'ravi.2', 'ravi.3');
});

afterEach(() => {
  for (const each of devices) each.end();
  devices = [];
});

const of = (text: string) => Buffer.from(text).toString('hex');

async function made(engine: Engine, who: string, suite: Suite): Promise<Device> {
  const one = await device(engine, who, suite);
  await one.look(view);
  devices.push(one);
  return one;
}

/** What a device reads of these bytes: the text, or what else it was. */
async function read(by: Device, bytes: string): Promise<string> {
  const happened: Happened = await by.receive(bytes);
  return happened.kind === 'message' ? Buffer.from(happened.payload, 'hex').toString() : happened.kind;
}

async function agree(...all: Device[]) {
  const states = await Promise.all(all.map((each) => each.state()));
  const [first] = states;
  for (const state of states) {
    expect(state.authenticator).toBe(first?.authenticator);
    expect(state.epoch).toBe(first?.epoch);
    expect([...state.members].sort()).toEqual([...(first?.members ?? [])].sort());
  }
}

/** The server took this commit of `by`: it counts there, and the others get it. */
async function commit(by: Device, bytes: string, ...others: Device[]) {
  await by.confirm();
  for (const each of others) expect(await read(each, bytes)).toBe('commit');
  await agree(by, ...others);
}

const ROLES: [Engine, Engine][] = [
  ['native', 'page'],
  ['page', 'native'],
];

describe.each<Suite>(['classic', 'hybrid'])('suite %s', (suite) => {
  describe.each(ROLES)('%s opens, %s joins', (one, other) => {
    async function pair() {
      const [a, b] = [await made(one, 'asha.1', suite), await made(other, 'ravi.1', suite)];
      const opened = await a.open(GROUP, await b.packages(1));
      expect(opened.epoch).toBe(0);
      await a.confirm();
      await b.join(opened.welcome as string);
      await agree(a, b);
      return { a, b };
    }

    test('that somebody is writing is understood, by members of the same epoch', async () => {
      const { a, b } = await pair();
      for (const [from, to] of [[a, b], [b, a]] as const) {
        const sealed = await from.signal(1_795_356_120_000, '09'.repeat(12));
        expect(sealed).toHaveLength(2 * 101);
        expect(await to.hear(sealed)).toEqual({ from: from.id, number: 1_795_356_120_000 });
        const changed = `${sealed.slice(0, -2)}${sealed.endsWith('00') ? '01' : '00'}`;
        await expect(to.hear(changed)).rejects.toThrow('message_damaged');
      }
      const late = await a.signal(1, '00'.repeat(12));
      await commit(b, (await b.update()).commit, a);
      await expect(b.hear(late)).rejects.toThrow('epoch_past');
    });

    test('they agree, and talk both ways', async () => {
      const { a, b } = await pair();
      const sealed = await a.seal(of('namaste'));
      expect(await b.receive(sealed)).toEqual({ kind: 'message', from: a.id, payload: of('namaste') });
      expect(await read(a, await b.seal(of('hello')))).toBe('hello');
      expect(await read(a, sealed)).toBe('own');
      const long = of('x'.repeat(100_000));
      expect(await b.receive(await a.seal(long))).toMatchObject({ payload: long });
    });

    test('commits go both ways', async () => {
      const { a, b } = await pair();
      for (const [by, to] of [[a, b], [b, a], [b, a], [a, b]] as const) await commit(by, (await by.update()).commit, to);
      expect((await a.state()).epoch).toBe(5);
      expect(await read(b, await a.seal(of('after')))).toBe('after');
    });

    test('order does not matter within the window, and a message is taken once', async () => {
      const { a, b } = await pair();
      for (const [by, to] of [[a, b], [b, a]] as const) {
        const sealed: string[] = [];
        for (let n = 0; n < REORDER_MAX; n += 1) sealed.push(await by.seal(of(`${n}`)));
        for (let n = REORDER_MAX - 1; n >= 0; n -= 1) expect(await read(to, sealed[n] as string)).toBe(`${n}`);
        for (const again of sealed.slice(0, 5)) await expect(to.receive(again)).rejects.toThrow('message_replayed');
      }
    });

    test('the window ends at the same message', async () => {
      const { a, b } = await pair();
      for (const [by, to] of [[a, b], [b, a]] as const) {
        const [tooLate, late] = [await by.seal(of('too late')), await by.seal(of('late'))];
        await read(to, await by.seal(of('x'), REORDER_MAX - 2));
        expect(await read(to, late)).toBe('late');
        await expect(to.receive(tooLate)).rejects.toThrow('message_replayed');
      }
    });

    test('as much may be lost as is said, and no more', async () => {
      const { a, b } = await pair();
      for (const [by, to] of [[a, b], [b, a]] as const) {
        // The page takes its time to seal, and shows nothing by it: how far the other engine reads is that one's own test.
        const isPage = (by === a ? one : other) === 'page';
        expect(await read(to, await by.seal(of('far'), isPage ? 250 : FORWARD_MAX))).toBe('far');
        if (!isPage) await expect(to.receive(await by.seal(of('x'), FORWARD_MAX + 1))).rejects.toThrow('message_too_far');
      }
    });

    test('changed bits are refused, and disturb nothing', async () => {
      const { a, b } = await pair();
      for (const [by, to] of [[a, b], [b, a]] as const) {
        const [sealed, { commit: update }] = [await by.seal(of('whole')), await by.update()];
        for (const bytes of [sealed, update]) {
          const step = Math.ceil(bytes.length / 2 / 25);
          for (let at = 0; at < bytes.length / 2; at += step) {
            const changed = Buffer.from(bytes, 'hex');
            changed[at] = (changed[at] ?? 0) ^ 0x10;
            await expect(to.receive(changed.toString('hex')), `byte ${at}`).rejects.toThrow();
            await expect(to.receive(bytes.slice(0, at * 2)), `cut at ${at}`).rejects.toThrow();
          }
        }
        expect(await read(to, sealed)).toBe('whole');
        await commit(by, update, to);
      }
    });

    test('what was on its way during a commit still opens, for two epochs', async () => {
      const { a, b } = await pair();
      for (const [by, to] of [[a, b], [b, a]] as const) {
        const [one, two, three] = [await to.seal(of('1')), await to.seal(of('2')), await to.seal(of('3'))];
        await commit(by, (await by.update()).commit, to);
        expect(await read(by, one)).toBe('1');
        await commit(to, (await to.update()).commit, by);
        expect(await read(by, two)).toBe('2');
        await commit(by, (await by.update()).commit, to);
        await expect(by.receive(three)).rejects.toThrow('epoch_past');
      }
    });

    test('what is missing is named', async () => {
      const { a, b } = await pair();
      for (const [by, to] of [[a, b], [b, a]] as const) {
        const { commit: missed } = await by.update();
        await by.confirm();
        const { commit: next } = await by.update();
        await by.confirm();
        await expect(to.receive(next)).rejects.toThrow('epoch_ahead');
        await expect(to.receive(await by.seal(of('x')))).rejects.toThrow('epoch_ahead');
        for (const bytes of [missed, next]) expect(await read(to, bytes)).toBe('commit');
        await expect(to.receive(missed)).rejects.toThrow('epoch_past');
        await agree(a, b);
      }
    });

    test('of two commits either may win, and the loser follows', async () => {
      const { a, b } = await pair();
      for (const [winner, loser] of [[a, b], [b, a]] as const) {
        const [won] = [await winner.update(), await loser.update()];
        await expect(loser.seal(of('x'))).rejects.toThrow('commit_pending');
        await commit(winner, won.commit, loser);
        expect((await loser.state()).has_pending).toBe(false);
        expect(await read(winner, await loser.seal(of('still')))).toBe('still');
        await loser.update();
        await loser.withdraw();
        expect(await read(winner, await loser.seal(of('there')))).toBe('there');
      }
    });

    test('a second device of each comes, reads, and goes', async () => {
      const { a, b } = await pair();
      for (const [by, to, who, engine] of [[a, b, 'asha.2', other], [b, a, 'ravi.2', one]] as const) {
        const second = await made(engine, who, suite);
        const added = await by.change([], await second.packages(1));
        await by.confirm();
        expect(await to.receive(added.commit)).toEqual({ kind: 'commit', by: by.id, added: [idOf(who)], removed: [], is_out: false });
        await second.join(added.welcome as string);
        await agree(a, b, second);
        const sealed = await to.seal(of('both'));
        expect([await read(by, sealed), await read(second, sealed)]).toEqual(['both', 'both']);
        await commit(second, (await second.update()).commit, a, b);
        const removed = await by.change([idOf(who)], []);
        await by.confirm();
        expect(await second.receive(removed.commit)).toMatchObject({ kind: 'commit', removed: [idOf(who)], is_out: true });
        expect(await to.receive(removed.commit)).toMatchObject({ kind: 'commit', removed: [idOf(who)], is_out: false });
        const after = await to.seal(of('after'));
        await expect(second.receive(after)).rejects.toThrow('group_over');
        await expect(second.seal(of('x'))).rejects.toThrow('group_over');
        expect(await read(by, after)).toBe('after');
      }
    });

    test('a device is removed in the words of its owner, by whoever writes next', async () => {
      const { a, b } = await pair();
      for (const [by, to, who, engine] of [[a, b, 'asha.2', other], [b, a, 'ravi.2', one]] as const) {
        const second = await made(engine, who, suite);
        const added = await by.change([], await second.packages(1));
        await commit(by, added.commit, to);
        await second.join(added.welcome as string);
        // The owner says it, the other one understands it, and puts the device out before writing.
        const [said, owner, stranger] = [await by.removal(second.id, 1_790_000_001), who.slice(0, 4), who.startsWith('asha') ? 'ravi' : 'asha'];
        const keyOf = (name: string) => Buffer.from(view.get(name)?.identity ?? []).toString('hex');
        expect(await to.hearRemoval(said, keyOf(owner))).toEqual({ device: second.id, label: who, is_signed: true });
        expect(await to.hearRemoval(said, keyOf(stranger))).toMatchObject({ is_signed: false });
        await expect(to.hearRemoval(said.slice(2), keyOf(owner))).rejects.toThrow('removal_damaged');
        const gone = await to.change([second.id], []);
        await commit(to, gone.commit, by);
        const after = await to.seal(of('not for it'));
        await expect(second.receive(after)).rejects.toThrow('epoch_ahead');
        expect(await second.receive(gone.commit)).toMatchObject({ is_out: true });
        await expect(second.receive(after)).rejects.toThrow('group_over');
        expect(await read(by, after)).toBe('not for it');
        // Who knows of the removal lets it in no more.
        const without = new Map(view);
        without.set(owner, { identity: view.get(owner)?.identity as Uint8Array<ArrayBuffer>, devices: new Set([idOf(`${owner}.1`)]) });
        await to.look(without);
        await expect(to.change([], await second.packages(1))).rejects.toThrow('unknown_device');
        await to.look(view);
      }
    });

    test('a device that lost its place is put back by one commit', async () => {
      const { a, b } = await pair();
      for (const [by, to] of [[a, b], [b, a]] as const) {
        const again = await by.change([to.id], [await to.lastResort()]);
        await by.confirm();
        await to.join(again.welcome as string);
        await agree(a, b);
        expect(await read(to, await by.seal(of('again')))).toBe('again');
      }
    });

    test('others see it put back', async () => {
      const { a, b } = await pair();
      const second = await made(one, 'ravi.2', suite);
      const added = await a.change([], await second.packages(1));
      await commit(a, added.commit, b);
      await second.join(added.welcome as string);
      const again = await a.change([second.id], await second.packages(1));
      await a.confirm();
      expect(await b.receive(again.commit)).toEqual({ kind: 'commit', by: a.id, added: [second.id], removed: [second.id], is_out: false });
      await second.join(again.welcome as string);
      await agree(a, b, second);
    });

    test('both go on where they were stored', async () => {
      const { a, b } = await pair();
      const sealed = await a.seal(of('one'));
      await Promise.all([a.restart(), b.restart()]);
      expect(await read(b, sealed)).toBe('one');
      const { commit: update } = await a.update();
      await Promise.all([a.restart(), b.restart()]);
      await commit(a, update, b);
      expect(await read(a, await b.seal(of('two')))).toBe('two');
    });

    test('three devices of each agree, whoever comes in where', async () => {
      const engines = [one, other, one, other, one, other] as const;
      const all = await Promise.all(['asha.1', 'ravi.1', 'asha.2', 'ravi.2', 'asha.3', 'ravi.3'].map((who, at) => made(engines[at] ?? one, who, suite)));
      const [first, ...rest] = all as [Device, ...Device[]];
      const packages = (await Promise.all(rest.slice(0, 4).map((each) => each.packages(1)))).flat();
      const opened = await first.open(GROUP, packages);
      await first.confirm();
      for (const each of rest.slice(0, 4)) await each.join(opened.welcome as string);
      let there = all.slice(0, 5);
      const by = async (who: Device, change: Promise<{ commit: string }>) => commit(who, (await change).commit, ...there.filter((each) => each !== who));
      for (const each of there) await by(each, each.update());
      // One goes and another comes in its place, while the nodes above are not blank.
      const gone = all[3] as Device;
      const removal = await first.change([gone.id], []);
      there = there.filter((each) => each !== gone);
      await commit(first, removal.commit, ...there.slice(1));
      for (const each of there) await by(each, each.update());
      const last = all[5] as Device;
      for (const inviter of [all[4], all[1]] as Device[]) {
        const comes = await inviter.change([], await last.packages(1));
        await commit(inviter, comes.commit, ...there.filter((each) => each !== inviter));
        await last.join(comes.welcome as string);
        await agree(...there, last);
        const goes = await inviter.change([last.id], []);
        await commit(inviter, goes.commit, ...there.filter((each) => each !== inviter));
      }
    });
  });
});
