import { expect, test } from 'vitest';
import { Writing } from '../../src/talk/writing';

test('somebody is writing for six seconds after each signal, or until it has come', () => {
  const writing = new Writing();
  expect(writing.heard('asha', { device: '07', number: 5n }, 1000)).toBe(true);
  expect([writing.is('asha', 1000), writing.is('asha', 6999), writing.is('asha', 7000), writing.is('ravi', 1000)]).toEqual([true, true, false, false]);
  // Repeated by somebody on the way.
  expect(writing.heard('asha', { device: '07', number: 5n }, 8000)).toBe(false);
  expect(writing.heard('asha', { device: '07', number: 4n }, 8000)).toBe(false);
  expect(writing.is('asha', 8000)).toBe(false);
  expect(writing.heard('asha', { device: '08', number: 4n }, 8000)).toBe(true);
  writing.over('asha');
  expect(writing.is('asha', 8000)).toBe(false);
});

test('this device says it at most every three seconds', () => {
  const writing = new Writing();
  expect([0, 1, 2999, 3000, 5999, 6000].map((now) => writing.says(now))).toEqual([true, false, false, true, false, true]);
  // The clock was set back.
  expect([100, 200].map((now) => writing.says(now))).toEqual([true, false]);
});
