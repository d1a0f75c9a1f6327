import { describe, expect, test } from 'vitest';
import { problemOf } from '../src/api/client';
import { instead, layout, SUGGESTED } from '../src/compose/form';
import { area, line } from '../src/logic/chart';
import { parse, rate, sum } from '../src/logic/metrics';

const PAGE = `# HELP kinora_jobs Jobs that are kept, by state.
# TYPE kinora_jobs gauge
kinora_jobs{state="queued"} 2
kinora_jobs{state="processing"} 1
kinora_attempts_total{operation="gif",end="failed"} 4
kinora_queue_length 2
rubbish
kinora_x NaN-ish
`;

describe('metrics', () => {
  const samples = parse(PAGE);
  test('are read, and what is none is passed over', () => expect(samples).toHaveLength(4));
  test('are summed by their labels', () => {
    expect(sum(samples, 'kinora_jobs')).toBe(3);
    expect(sum(samples, 'kinora_jobs', { state: 'queued' })).toBe(2);
    expect(sum(samples, 'kinora_jobs', { state: 'lost' })).toBeUndefined();
    expect(sum(samples, 'kinora_attempts_total', { end: 'failed', operation: 'gif' })).toBe(4);
  });
  test('that began anew have not grown', () => {
    expect(rate(100, 300, 2)).toBe(100);
    expect(rate(300, 5, 2)).toBe(0);
    expect(rate(undefined, 5, 2)).toBe(0);
  });
});

test('charts stay within their box', () => {
  const dots = [
    { x: 0, y: 90 },
    { x: 5, y: 120 },
    { x: 10, y: 0 },
  ];
  expect(line(dots, 10, 80, 100)).toBe('M0 50L50 0L100 100');
  expect(area(dots, 10, 80, 100)).toBe('M0 50L50 0L100 100L100 100L0 100Z');
  expect(line([], 10, 0, 1)).toBe('');
  expect(line(dots, 0, 0, 1)).toBe('');
});

test('problems in the words of whoever answered', () => {
  const text = '{"code":"file_too_large","description":"too much","solution":"send less","status":413}';
  expect(problemOf(413, text)).toEqual({ code: 'file_too_large', description: 'too much', solution: 'send less' });
  expect(problemOf(502, '<h1>Bad gateway</h1>')).toEqual({ code: 'http_502', description: '<h1>Bad gateway</h1>', solution: '' });
});

describe('forms', () => {
  const option = (name: string) => ({ name, kind: 'text' as const, help: '' });
  const operation = (name: string, ...options: string[]) => ({ name, summary: '', example: {}, options: options.map(option) });
  const names = (options: { name: string }[]) => options.map((each) => each.name);

  test('have a timeline instead of fields where there is a part to choose', () => {
    const { hasRange, first, more } = layout(operation('gif', 'start', 'duration', 'end', 'fps', 'width'));
    expect(hasRange).toBe(true);
    expect(names(first)).toEqual(['width', 'fps']);
    expect(more).toEqual([]);
  });
  test('show what a newer server adds, without knowing it', () => {
    expect(names(layout(operation('compress', 'quality', 'for', 'novel')).more)).toEqual(['novel']);
    const unknown = layout(operation('stabilise', 'a', 'b', 'c'));
    expect([names(unknown.first), names(unknown.more)]).toEqual([['a', 'b'], ['c']]);
  });
  test('take back what says the same in another way', () => {
    expect(instead('resize', 'width')).toContain('size');
    expect(instead('resize', 'fit')).toEqual([]);
    expect(Object.keys(SUGGESTED)).toContain('aspect_ratio');
  });
});
