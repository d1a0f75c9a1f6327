import { describe, expect, test } from 'vitest';
import { keyed, moments, move, nearest, SHORTEST } from '../src/logic/timeline';

const range = { start: 2, end: 5 };

describe('an end', () => {
  test.each([
    ['start', 3, { start: 3, end: 5 }],
    ['start', -1, { start: 0, end: 5 }],
    ['start', 9, { start: 4.9, end: 5 }],
    ['end', 4.5, { start: 2, end: 4.5 }],
    ['end', 0, { start: 2, end: 2.1 }],
    ['end', 99, { start: 2, end: 10 }],
  ] as const)('%s moved to %d', (which, to, expected) => expect(move(range, which, to, 10)).toEqual(expected));

  test('never crosses the other, wherever it is moved', () => {
    let moving = { start: 0, end: 7.3 };
    for (let n = 0; n < 2000; n += 1) {
      moving = move(moving, n % 2 ? 'start' : 'end', ((n * 37) % 101) / 10 - 1, 7.3);
      expect(moving.end - moving.start).toBeGreaterThanOrEqual(SHORTEST - 0.002);
      expect(moving.start).toBeGreaterThanOrEqual(0);
      expect(moving.end).toBeLessThanOrEqual(7.3);
    }
  });

  test('of a video shorter than the shortest part stays within it', () => {
    expect(move({ start: 0, end: 0.05 }, 'start', 0.04, 0.05)).toEqual({ start: 0, end: 0.05 });
  });
});

test('keys', () => {
  expect(keyed('ArrowRight', false, 2, 10)).toBeCloseTo(2.1);
  expect(keyed('ArrowLeft', true, 2, 10)).toBe(1);
  expect(keyed('PageUp', false, 2, 10)).toBe(3);
  expect(keyed('Home', false, 2, 10)).toBe(0);
  expect(keyed('End', false, 2, 10)).toBe(10);
  expect(keyed('Tab', false, 2, 10)).toBeUndefined();
});

test('thumbnails stand in the middle of equal pieces', () => expect(moments(10, 4)).toEqual([1.25, 3.75, 6.25, 8.75]));

test('a press means the nearer end', () => {
  expect(nearest(range, 3)).toBe('start');
  expect(nearest(range, 4)).toBe('end');
});
