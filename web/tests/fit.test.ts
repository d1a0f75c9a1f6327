import { describe, expect, test } from 'vitest';
import { outcome } from '../src/compose/outcome';
import { kept, ratio, resized, within } from '../src/logic/fit';

const wide = { width: 1920, height: 1080 };
const upright = { width: 1080, height: 1920 };

test('ratios', () => {
  expect(ratio('16:9')).toBeCloseTo(1.7778, 3);
  expect(ratio(' 2.35 : 1 ')).toBe(2.35);
  for (const text of ['', '16', '0:9', '9:0', 'a:b', '1:2:3']) expect(ratio(text)).toBeUndefined();
});

describe('sizes', () => {
  test.each([
    [wide, { size: '720p' }, { width: 1280, height: 720 }],
    // A named size bounds the short side.
    [upright, { size: '720p' }, { width: 720, height: 1280 }],
    [wide, { size: '4k' }, { width: 3840, height: 2160 }],
    [wide, { width: 641 }, { width: 642, height: 360 }],
    [wide, { height: 540 }, { width: 960, height: 540 }],
    [wide, { width: 500, height: 500 }, { width: 500, height: 500 }],
    [wide, {}, undefined],
  ])('%o %o', (source, options, expected) => expect(resized(source, options)).toEqual(expected));
});

test('a crop keeps what fits', () => {
  const left = kept(wide, 9 / 16);
  expect(left.height).toBe(1);
  expect(left.width).toBeCloseTo(0.3164, 3);
  expect(kept(upright, 1)).toEqual({ width: 1, height: 0.5625 });
});

test('boxes', () => {
  expect(within(2, { width: 100, height: 100 })).toEqual({ width: 100, height: 50 });
  expect(within(0.5, { width: 100, height: 100 })).toEqual({ width: 50, height: 100 });
});

test('outcomes of another shape', () => {
  expect(outcome(wide, 'aspect', { ratio: '1:1', fit: 'crop' })).toEqual({ width: 1080, height: 1080 });
  expect(outcome(wide, 'aspect', { ratio: '1:1', fit: 'letterbox' })).toEqual({ width: 1920, height: 1920 });
  expect(outcome(wide, 'aspect', { ratio: '21:9', fit: 'stretch' })).toEqual({ width: 2520, height: 1080 });
  expect(outcome(wide, 'aspect', { ratio: 'soon' })).toBeUndefined();
  expect(outcome(wide, 'audio', {})).toBeUndefined();
  expect(outcome({ width: 0, height: 0 }, 'resize', { size: '720p' })).toBeUndefined();
});
