/** When receipts go out, and what they say. */
import { expect, test } from 'vitest';
import { RECEIPTS_MAX } from '../../src/talk/limits';
import { owing, Receipts } from '../../src/talk/receipts';

const id = (counter: number) => ({ device: '07', counter: BigInt(counter) });

test('they wait for each other and for chance', () => {
  const receipts = new Receipts();
  expect(receipts.owe(1_000_000, 0.25)).toBe(750);
  // What comes later goes along.
  expect(receipts.owe(1_000_600, 0)).toBeUndefined();
  receipts.told(1_000_750);
  expect(receipts.owe(1_000_850, 0)).toBe(1_900);
  receipts.told(1_002_750);
  expect(receipts.owe(1_009_000, 0.9999)).toBe(3_000);
});

test('a clock that was set back keeps nothing', () => {
  const receipts = new Receipts();
  receipts.told(1_000_000);
  expect(receipts.owe(900_000, 0)).toBe(2_000);
});

test('what was read is not told of as delivered', () => {
  const came = owing(owing(undefined, 'delivered', [id(1)]), 'delivered', [id(2)]);
  expect(came).toEqual({ delivered: [id(1), id(2)], read: [] });
  expect(owing(came, 'read', [id(1)])).toEqual({ delivered: [id(2)], read: [id(1)] });
  const many = Array.from({ length: RECEIPTS_MAX + 9 }, (_, at) => id(at));
  expect(owing(came, 'read', many).read).toEqual(many.slice(9));
});
