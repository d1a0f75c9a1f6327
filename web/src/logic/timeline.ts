/** A part of a video: two ends that never cross. Times are seconds. */

export interface Range {
  start: number;
  end: number;
}

export type End = keyof Range;

/** The shortest part, which is longer than a frame of any usual video. */
export const SHORTEST = 0.1;

/** Moves one end, within the video and never past the other. */
export function move(range: Range, which: End, to: number, duration: number): Range {
  const gap = Math.min(SHORTEST, duration);
  if (which === 'start') return { ...range, start: tidy(clamp(to, 0, Math.max(0, range.end - gap))) };
  return { ...range, end: tidy(clamp(to, Math.min(duration, range.start + gap), duration)) };
}

/** Where a key takes an end; nothing when the key means nothing here. */
export function keyed(key: string, isBig: boolean, at: number, duration: number): number | undefined {
  const step = isBig ? 1 : SHORTEST;
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowDown':
      return at - step;
    case 'ArrowRight':
    case 'ArrowUp':
      return at + step;
    case 'PageDown':
      return at - duration / 10;
    case 'PageUp':
      return at + duration / 10;
    case 'Home':
      return 0;
    case 'End':
      return duration;
    default:
      return undefined;
  }
}

/** The middle of each of so many equal pieces: where thumbnails are taken. */
export function moments(duration: number, count: number): number[] {
  return Array.from({ length: count }, (_, n) => ((n + 0.5) * duration) / count);
}

/** Which end a press between both means. */
export function nearest(range: Range, at: number): End {
  return Math.abs(at - range.start) <= Math.abs(at - range.end) ? 'start' : 'end';
}

export const clamp = (value: number, least: number, most: number) => Math.min(Math.max(value, least), most);

/** Without the dust of binary fractions; the end of a video is never passed by it. */
const tidy = (seconds: number) => Math.floor(seconds * 1000 + 1e-6) / 1000;
