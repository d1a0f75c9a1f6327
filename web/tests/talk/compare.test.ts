import { encode } from 'uqr';
import { expect, test } from 'vitest';
import { compareNumbers } from '../../src/talk/compare';

const GROUPS = '14241 26029 01058 65853 74720 28206 25639 20284 48811 59824 82544 06383'.split(' ');

test('a number is the same however it was written', () => {
  const check = (text: string) => compareNumbers(GROUPS, text);
  expect(check(GROUPS.join(''))).toBe('same');
  expect(check(`asha:\n${GROUPS.join('  ')}\n`)).toBe('same');
  // From a Japanese keyboard.
  expect(check(GROUPS.join(' ').replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit))))).toBe('same');
  expect(check(GROUPS.toReversed().join(' '))).toBe('different');
  expect(check(`${GROUPS.join('').slice(0, 59)}4`)).toBe('different');
  for (const text of ['', 'yes', GROUPS.slice(1).join(' '), `${GROUPS.join('')}0`]) expect(check(text)).toBe('incomplete');
});

test('a code is as small as docs/talk.md says', () => {
  const { version, size } = encode(GROUPS.join(''), { ecc: 'M', border: 4 });
  expect([version, size]).toEqual([2, 25 + 2 * 4]);
});
