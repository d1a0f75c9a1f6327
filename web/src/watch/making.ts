/** What is being made of a title, and how long it takes, in words. */
import type { Title } from '../api/library';
import { percent, span } from '../logic/format';
import type { Words } from '../words/en';

/** Empty when nothing is to be made. */
export function making({ progress, ahead, is_waiting, remaining_seconds }: Pick<Title, 'progress' | 'ahead' | 'is_waiting' | 'remaining_seconds'>, words: Words['library'], language: string): string {
  if (progress === null && ahead === null) return '';
  const what = progress === null ? words.queued(ahead ?? 0) : words.making(percent(progress, language));
  if (is_waiting) return `${what}, ${words.afterJobs}`;
  return remaining_seconds === null ? what : `${what}, ${words.left(span(remaining_seconds, language))}`;
}
