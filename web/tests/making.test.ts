import { expect, test } from 'vitest';
import { making } from '../src/watch/making';
import { en } from '../src/words/en';

const nothing = { progress: null, ahead: null, is_waiting: false, remaining_seconds: null };
const said = (some: Partial<typeof nothing> | object) => making({ ...nothing, ...some }, en.library, 'en');

test('what is made is said, and how long it takes', () => {
  expect(said({})).toBe('');
  expect(said({ progress: 0.416 })).toBe('further qualities are being made: 42%');
  expect(said({ progress: 0.5, remaining_seconds: 200 })).toBe('further qualities are being made: 50%, 3 min left');
  expect(said({ progress: 0.5, is_waiting: true })).toBe('further qualities are being made: 50%, after people’s jobs');
  expect(said({ ahead: 0 })).toBe('further qualities are made next');
  expect(said({ ahead: 1, remaining_seconds: 7200 })).toBe('further qualities wait behind one other, 2 hr left');
  expect(said({ ahead: 2 })).toBe('further qualities wait behind 2 others');
});
