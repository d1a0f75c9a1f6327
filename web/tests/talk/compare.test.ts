import { readFileSync } from 'node:fs';
import { encode } from 'uqr';
import { expect, test } from 'vitest';
import { compareNumbers, type Verdict } from '../../src/talk/compare';

/** What the terminal's tests compare and read, too. */
interface Case {
  number: string;
  compared: { text: string; verdict: Verdict }[];
  page_code: string[];
}

const path = new URL('../../../crates/chat/vectors/safety.json', import.meta.url);
const [first] = (JSON.parse(readFileSync(path, 'utf8')) as { cases: [Case] }).cases;
const groups = first.number.split(' ');

test.each(first.compared)('$text is $verdict', ({ text, verdict }) => {
  expect(compareNumbers(groups, text)).toBe(verdict);
});

test('a code is what the terminal reads, and as small as docs/talk.md says', () => {
  const { version, data } = encode(groups.join(''), { ecc: 'M', border: 0 });
  expect(version).toBe(2);
  expect(data.map((row) => row.map((isDark) => (isDark ? '1' : '0')).join(''))).toEqual(first.page_code);
});
