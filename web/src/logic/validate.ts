/** What may be typed into a field. The limits are the server's; here is only how each kind of option is read. */
import type { Option, Value } from '../api/shapes';

export type Mistake =
  | { kind: 'not_a_number' }
  | { kind: 'not_whole' }
  | { kind: 'negative' }
  | { kind: 'out_of_range'; least: number; most: number }
  | { kind: 'not_a_word'; words: string[] };

export type Read = { value: Value | undefined } | { mistake: Mistake };

/** Reads what was typed; nothing typed is no value. */
export function read(option: Option, text: string): Read {
  const typed = text.trim();
  if (typed === '') return { value: undefined };
  switch (option.kind) {
    case 'flag':
      return { value: typed === 'true' };
    case 'text':
      return { value: typed };
    case 'choice':
      return word(option, typed);
    case 'choice_or_integer':
      return option.words?.includes(typed) ? { value: typed } : numeric(option, typed);
    default:
      return numeric(option, typed);
  }
}

function word(option: Option, typed: string): Read {
  const words = option.words ?? [];
  return words.includes(typed) ? { value: typed } : { mistake: { kind: 'not_a_word', words } };
}

function numeric(option: Option, typed: string): Read {
  const value = option.kind === 'seconds' ? seconds(typed) : Number(typed);
  if (!Number.isFinite(value)) return { mistake: { kind: 'not_a_number' } };
  const isWhole = option.kind !== 'number' && option.kind !== 'seconds';
  if (isWhole && !Number.isInteger(value)) return { mistake: { kind: 'not_whole' } };
  const { least, most } = option;
  if (least !== undefined && most !== undefined && (value < least || value > most)) {
    return { mistake: { kind: 'out_of_range', least, most } };
  }
  return value < 0 ? { mistake: { kind: 'negative' } } : { value };
}

/** Seconds from `90`, `1:30` or `0:01:30.5`; not a number when it is none of these. */
export function seconds(text: string): number {
  const parts = text.trim().split(':');
  if (parts.length > 3 || parts.some((part) => !/^\d+(\.\d+)?$/.test(part))) return Number.NaN;
  const isClock = parts.slice(1).every((part) => Number(part) < 60) && parts.slice(0, -1).every((part) => !part.includes('.'));
  return isClock ? parts.reduce((sum, part) => sum * 60 + Number(part), 0) : Number.NaN;
}
