/** Keys of the player, as on the big sites. */

export type Deed =
  | { act: 'play' | 'mute' | 'full' | 'theatre' | 'captions' | 'picture' | 'help' | 'statistics' | 'close' }
  | { act: 'skip'; by: number }
  | { act: 'part'; of: number }
  | { act: 'volume'; by: number }
  | { act: 'speed'; by: 1 | -1 | 0 }
  | { act: 'frame'; by: 1 | -1 };

const TABLE: Record<string, Deed> = {
  ' ': { act: 'play' },
  k: { act: 'play' },
  j: { act: 'skip', by: -10 },
  l: { act: 'skip', by: 10 },
  arrowleft: { act: 'skip', by: -5 },
  arrowright: { act: 'skip', by: 5 },
  arrowup: { act: 'volume', by: 0.05 },
  arrowdown: { act: 'volume', by: -0.05 },
  m: { act: 'mute' },
  f: { act: 'full' },
  c: { act: 'captions' },
  i: { act: 'picture' },
  s: { act: 'statistics' },
  '?': { act: 'help' },
  escape: { act: 'close' },
  home: { act: 'part', of: 0 },
  end: { act: 'part', of: 1 },
  '<': { act: 'speed', by: -1 },
  '>': { act: 'speed', by: 1 },
  '=': { act: 'speed', by: 0 },
  ',': { act: 'frame', by: -1 },
  '.': { act: 'frame', by: 1 },
};

export const SPEEDS = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3];

/** What a key does; nothing while somebody writes, or with a key that belongs to the browser. */
export function deed(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>): Deed | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  if (/^\d$/.test(event.key)) return { act: 'part', of: Number(event.key) / 10 };
  return TABLE[event.key.toLowerCase()] ?? null;
}

/** The next speed in this direction; 0 goes back to the usual one. */
export function speedAfter(now: number, by: 1 | -1 | 0): number {
  if (by === 0) return 1;
  const further = SPEEDS.filter((speed) => (by > 0 ? speed > now + 0.01 : speed < now - 0.01));
  return (by > 0 ? further[0] : further.at(-1)) ?? now;
}
