import { describe, expect, test, vi } from 'vitest';
import { BACKUP } from '../src/words/backup';
import { COMPARE } from '../src/words/compare';
import { DEVICES } from '../src/words/devices';
import { en as English } from '../src/words/en';
import { ja as Japanese } from '../src/words/ja';
import { LINK } from '../src/words/link';

/** With what comes later than the page. */
const en = { ...English, backup: BACKUP.en, compared: COMPARE.en, devices: DEVICES.en, link: LINK.en };
const ja = { ...Japanese, backup: BACKUP.ja, compared: COMPARE.ja, devices: DEVICES.ja, link: LINK.ja };

type Tree = { [key: string]: Tree | string | ((...values: never[]) => string) };

/** Every word with its path; sentences with their values named. */
function flat(tree: Tree, path = ''): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]): [string, string][] => {
    const at = `${path}${key}`;
    if (typeof value === 'string') return [[at, value]];
    if (typeof value !== 'function') return flat(value, `${at}.`);
    const values = Array.from({ length: value.length }, (_, n) => `{${n}}`);
    return [[at, value(...(values as never[]))]];
  });
}

const HELP_MAY_BE_EMPTY = /^help\./;

describe.each([
  ['English', flat(en as Tree)],
  ['Japanese', flat(ja as unknown as Tree)],
])('%s', (_, words) => {
  test('says something everywhere', () => {
    const silent = words.filter(([at, text]) => text.trim() === '' && !HELP_MAY_BE_EMPTY.test(at));
    expect(silent).toEqual([]);
  });
  test('names every value that it is given', () => {
    const english = new Map(flat(en as Tree));
    const named = (text: string) => [...new Set(text.match(/\{\d\}/g))].sort();
    const wrong = words.filter(([at, text]) => `${named(text)}` !== `${named(english.get(at) ?? '')}`);
    expect(wrong).toEqual([]);
  });
});

test('both have the same words, in the same order', () => {
  const paths = (tree: unknown) => flat(tree as Tree).map(([at]) => at);
  expect(paths(ja)).toEqual(paths(en));
});

test('Japanese is Japanese', () => {
  const same = /^(app\.name|units\.|goals\.[a-z]+\.text$|preview\.pixels|work\.announce)/;
  const english = new Map(flat(en as Tree));
  const left = flat(ja as unknown as Tree).filter(([at, text]) => text !== '' && english.get(at) === text && !same.test(at));
  expect(left).toEqual([]);
});

test('the browser chooses the language until the user does', async () => {
  vi.stubGlobal('navigator', { languages: ['de-DE', 'ja-JP', 'en'] });
  vi.stubGlobal('localStorage', { getItem: () => null });
  const { preferred } = await import('../src/words/index.svelte');
  expect(preferred(['de-DE', 'ja-JP', 'en'], null)).toBe('ja');
  expect(preferred(['de', 'fr'], null)).toBe('en');
  expect(preferred(['ja'], 'en')).toBe('en');
  expect(preferred([], 'klingon')).toBe('en');
  vi.unstubAllGlobals();
});
