/** An order in a few words: "Another shape · 9:16 · Cut edges". */
import type { Options } from '../api/shapes';
import { bytes, clock, number } from '../logic/format';
import type { Words } from '../words/en';
import { named } from '../words/index.svelte';

export function summary(operation: string, options: Options, words: Words, language: string): string {
  const goals = words.goals as Record<string, { name: string }>;
  const parts = [goals[operation]?.name ?? operation];
  const { start, end, ...rest } = options;
  if (start !== undefined || end !== undefined) {
    parts.push(`${clock(Number(start ?? 0), 1)}–${end === undefined ? '' : clock(Number(end), 1)}`);
  }
  for (const [name, value] of Object.entries(rest)) parts.push(one(name, value, words, language));
  return parts.filter(Boolean).join(' · ');
}

function one(name: string, value: Options[string], words: Words, language: string): string {
  if (value === true) return named(words.options, name);
  if (value === false) return '';
  if (typeof value === 'string') return named(words.choices, value);
  if (name.endsWith('_size')) return `${named(words.options, name)}: ${bytes(value, language)}`;
  const whole = number(value, language, Number.isInteger(value) ? 0 : 1);
  return `${named(words.options, name)} ${whole}`;
}
