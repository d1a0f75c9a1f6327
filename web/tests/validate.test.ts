import { describe, expect, test } from 'vitest';
import type { Option } from '../src/api/shapes';
import { read, seconds } from '../src/logic/validate';

const option = (kind: Option['kind'], rest: Partial<Option> = {}): Option => ({ name: 'x', kind, help: '', ...rest });
const integer = option('integer', { least: 16, most: 100 });

describe('what is typed is read by the kind of option', () => {
  test.each<[Option, string, unknown]>([
    [integer, ' 20 ', 20],
    [integer, '', undefined],
    [option('number', { least: 1, most: 50 }), '12.5', 12.5],
    [option('bytes'), '25000000', 25_000_000],
    [option('seconds'), '1:30.5', 90.5],
    [option('choice', { words: ['a', 'b'] }), 'b', 'b'],
    [option('choice_or_integer', { words: ['small'], least: 1, most: 51 }), 'small', 'small'],
    [option('choice_or_integer', { words: ['small'], least: 1, most: 51 }), '23', 23],
    [option('text'), ' 16:9 ', '16:9'],
    [option('flag'), 'true', true],
  ])('%o %s', (which, text, value) => expect(read(which, text)).toEqual({ value }));
});

describe('and what does not fit is told', () => {
  test.each<[Option, string, object]>([
    [integer, 'wide', { kind: 'not_a_number' }],
    [integer, '20.5', { kind: 'not_whole' }],
    [integer, '15', { kind: 'out_of_range', least: 16, most: 100 }],
    [integer, '101', { kind: 'out_of_range', least: 16, most: 100 }],
    [option('bytes'), '-1', { kind: 'negative' }],
    [option('seconds'), '1:75', { kind: 'not_a_number' }],
    [option('choice', { words: ['a'] }), 'c', { kind: 'not_a_word', words: ['a'] }],
    [option('choice_or_integer', { words: ['a'], least: 1, most: 2 }), '3', { kind: 'out_of_range', least: 1, most: 2 }],
  ])('%o %s', (which, text, mistake) => expect(read(which, text)).toEqual({ mistake }));
});

test('times', () => {
  expect(seconds('90')).toBe(90);
  expect(seconds('1:02:03.5')).toBe(3723.5);
  for (const text of ['', ':', '1:', '1.5:20', '1:2:3:4', '-5', '1e3']) expect(seconds(text)).toBeNaN();
});
