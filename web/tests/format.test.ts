import { describe, expect, test } from 'vitest';
import { bytes, clock, percent, saving, span } from '../src/logic/format';

describe('bytes', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [4_843_716, '4.84 MB'],
    [48_437_160, '48.4 MB'],
    [484_371_600, '484 MB'],
    // What rounds to a thousand is one of the next unit.
    [999_600, '1.00 MB'],
    [1_099_511_627_775, '1.10 TB'],
    [5e15, '5,000 TB'],
  ])('%d is %s', (count, text) => expect(bytes(count, 'en')).toBe(text));
});

describe('clock', () => {
  test.each([
    [0, 0, '0:00'],
    [59.96, 1, '1:00.0'],
    [61.25, 1, '1:01.3'],
    [3599.99, 0, '1:00:00'],
    [-1, 1, '0:00.0'],
  ])('%d with %d decimals is %s', (seconds, decimals, text) => expect(clock(seconds, decimals)).toBe(text));
});

test('a time to come is as exact as it is known', () => {
  expect(span(0.2, 'en')).toBe('1 sec');
  expect(span(59, 'en')).toBe('59 sec');
  expect(span(61, 'en')).toBe('1 min');
  expect(span(5400, 'en')).toBe('1.5 hr');
  expect(span(90, 'ja')).toBe('2 分');
});

test('savings', () => {
  expect(percent(saving(100, 14), 'en')).toBe('86%');
  expect(saving(100, 270)).toBeCloseTo(-1.7);
  expect(saving(0, 5)).toBe(0);
});
