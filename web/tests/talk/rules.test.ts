/** What a conversation does over time, and how well people are known. */
import { describe, expect, test } from 'vitest';
import * as contact from '../../src/talk/contact';
import { nextStep } from '../../src/talk/ladder';
import { gaps, taken, type Ledger } from '../../src/talk/ledger';
import { GAPS_MAX, IDLE_S, UPDATE_EVERY_MESSAGES, UPDATE_EVERY_S } from '../../src/talk/limits';
import * as pace from '../../src/talk/pace';
import { recorded, restored } from '../../src/talk/record';

describe('the ledger', () => {
  const device = '01'.repeat(16);
  const take = (ledger: Ledger, counter: bigint) => taken(ledger, { device, counter }, counter * 100n);
  const after = (...counters: bigint[]) => counters.reduce((ledger, counter) => take(ledger, counter) ?? ledger, {} as Ledger);
  const shown = (ledger: Ledger) => gaps(ledger).map(({ first, last, afterMs, beforeMs }) => [first, last, afterMs, beforeMs].map(Number));

  test('has gaps that open, shrink, split and close', () => {
    expect(shown(after(1n, 6n))).toEqual([[2, 5, 100, 600]]);
    expect(shown(after(1n, 6n, 3n))).toEqual([[2, 2, 100, 300], [4, 5, 300, 600]]);
    expect([take(after(1n, 6n, 3n), 3n), take(after(1n, 6n, 3n), 6n)]).toEqual([undefined, undefined]);
    expect(shown(after(1n, 6n, 3n, 2n, 5n, 4n))).toEqual([]);
  });

  test('stays short whatever a peer counts', () => {
    let ledger: Ledger = {};
    for (let n = 0n; n < 1_000n; n += 1n) ledger = take(ledger, 1n + n * 2n) as Ledger;
    const most = 2n ** 64n - 1n;
    ledger = take(ledger, most) as Ledger;
    expect(gaps(ledger).length).toBe(GAPS_MAX);
    expect(take(ledger, most)).toBeUndefined();
    expect(restored(recorded(ledger))).toEqual(ledger);
  });
});

describe('a device commits', () => {
  test('after joining, and in its turn', () => {
    let now = pace.joined(1000);
    expect(pace.isDue(now, 1000)).toBe(true);
    now = pace.updated(now, 1000);
    expect(pace.isDue(now, 1001 + UPDATE_EVERY_S)).toBe(false);
    now = pace.received(now, 1001);
    expect([pace.isDue(now, 1000 + UPDATE_EVERY_S), pace.isDue(now, 1001 + UPDATE_EVERY_S)]).toEqual([false, true]);
    expect(pace.isDue(pace.sent(now, 1700), 1701)).toBe(false);
  });

  test('after many messages, and after long silence', () => {
    let now = pace.opened(0);
    for (let n = 0; n < UPDATE_EVERY_MESSAGES; n += 1) now = pace.sent(now, 1);
    expect(pace.isDue(now, 1)).toBe(false);
    now = pace.received(now, 1);
    expect(pace.isDue(now, 1)).toBe(true);
    now = pace.updated(now, 1);
    expect([pace.isDue(now, 1), pace.isDue(now, 2 + IDLE_S)]).toEqual([false, true]);
  });
});

describe('a contact', () => {
  const [old, other, third] = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte)) as [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>];
  const pinned = contact.seen({ word: 'new' }, old);
  const verified = contact.compared(pinned, old);
  const check = (found: contact.Contact, word: string, sending: string, key: Uint8Array | undefined) =>
    expect([found.word, contact.sending(found), contact.identityOf(found)]).toEqual([word, sending, key]);

  test('that changed is a note while nothing was compared', () => {
    check({ word: 'new' }, 'new', 'free', undefined);
    check(pinned, 'pinned', 'free', old);
    check(contact.seen(pinned, other), 'changed', 'advised', other);
    check(contact.accepted(contact.seen(pinned, other), other), 'pinned', 'free', other);
  });

  test('that changed is a wall once numbers were compared', () => {
    const changed = contact.seen(verified, other);
    check(verified, 'verified', 'free', old);
    check(changed, 'changed', 'blocked', old);
    check(contact.seen(changed, old), 'verified', 'free', old);
    check(contact.compared(changed, other), 'verified', 'free', other);
    check(contact.accepted(changed, other), 'pinned', 'free', other);
    // What was looked at while the key changed again does not count.
    check(contact.accepted(contact.seen(changed, third), other), 'changed', 'blocked', old);
    check(contact.compared(contact.seen(changed, third), other), 'changed', 'blocked', old);
    check(contact.compared({ word: 'new' }, old), 'new', 'free', undefined);
  });
});

test('recovery goes up in steps, and a stranger restarts nothing', () => {
  expect((['epoch_ahead', 'message_too_far', 'state_damaged'] as const).map((code) => nextStep(code, undefined))).toEqual(['fetch', 'restart', 'restart']);
  expect([nextStep('epoch_ahead', 'fetch'), nextStep('epoch_ahead', 'restart')]).toEqual(['restart', 'restart']);
  for (const tried of [undefined, 'fetch', 'restart'] as const) {
    expect([nextStep('message_damaged', tried), nextStep('message_replayed', tried)]).toEqual(['drop', 'drop']);
  }
});
