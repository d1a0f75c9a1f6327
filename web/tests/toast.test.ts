import { expect, test } from 'vitest';
import { placeOf } from '../src/logic/toast';

test('a note stands where no captions and controls are', () => {
  expect(placeOf(undefined, 800)).toBe('top');
  expect(placeOf({ top: 80, bottom: 600 }, 800)).toBe('top');
  // Scrolled: what is left of the video at the top is its lower part.
  expect(placeOf({ top: -400, bottom: 120 }, 800)).toBe('bottom');
  // Scrolled past it, and a video that fills the window.
  expect(placeOf({ top: -900, bottom: -100 }, 800)).toBe('top');
  expect(placeOf({ top: 0, bottom: 800 }, 800)).toBe('top');
});
