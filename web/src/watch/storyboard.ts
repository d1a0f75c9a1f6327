/** The pictures of the seek bar, out of WebVTT with places on sheets (`sheet.jpg#xywh=…`). */

export interface Cue {
  /** Seconds. */
  from: number;
  to: number;
  url: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Reads what the server writes; a cue that makes no sense is left out. */
export function cues(text: string, base: string): Cue[] {
  return text
    .split(/\r?\n\r?\n/)
    .map((block) => cue(block, base))
    .filter((found) => found !== null);
}

/** The cue for a time: the last that has begun. */
export function cueAt(all: Cue[], seconds: number): Cue | undefined {
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((all[middle] as Cue).from <= seconds) low = middle + 1;
    else high = middle;
  }
  return all[low - 1];
}

function cue(block: string, base: string): Cue | null {
  const times = /^([\d:.]+) --> ([\d:.]+)/m.exec(block);
  const place = /^(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)$/m.exec(block);
  if (!times || !place) return null;
  const [x, y, width, height] = place.slice(2).map(Number) as [number, number, number, number];
  return { from: seconds(times[1] ?? ''), to: seconds(times[2] ?? ''), url: base + place[1], x, y, width, height };
}

const seconds = (clock: string) => clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
