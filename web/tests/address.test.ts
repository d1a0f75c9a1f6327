import { expect, test } from 'vitest';
import { isTitle, titlePath, watchedOf } from '../src/logic/address';

const ID = '0123456789abcdef0123456789abcdef';

test('a title has an address, with a time behind it', () => {
  const of = (path: string) => {
    const { pathname, search } = new URL(path, 'http://here');
    return watchedOf({ pathname, search });
  };
  expect(of(titlePath(ID))).toEqual({ id: ID, permission: null, from: null });
  expect(of(titlePath(ID, 751.9))).toEqual({ id: ID, permission: null, from: 751 });
  expect(of(titlePath(ID, -3))?.from).toBe(0);
  expect(of(`/shared/00ff/${ID}?x=1&t=5`)).toEqual({ id: ID, permission: '00ff', from: 5 });
  expect(of(`/library/${ID}?t=5s`)?.from).toBe(null);
  expect(of(`/library/${ID}?t=99999999999`)?.from).toBe(null);
  expect(of('/library/..')).toBe(null);
  expect([ID, `${ID}0`, '../../api/status', ''].map(isTitle)).toEqual([true, false, false, false]);
});
