/** How captions look: remembered in this browser. */
import { keep, keptJson } from '../state/keep';

/** Times the usual size. */
export const SCALES = { small: 0.75, usual: 1, large: 1.4, huge: 1.9 } as const;
export const BACKS = ['box', 'veil', 'none'] as const;

export interface Look {
  size: keyof typeof SCALES;
  back: (typeof BACKS)[number];
}

const PLACE = 'captions.look';

/** What was chosen last; what this page does not know is as usual. */
export function remembered(): Look {
  const { size, back } = keptJson<Partial<Look>>(PLACE, {});
  return { size: size && Object.hasOwn(SCALES, size) ? size : 'usual', back: back && BACKS.includes(back) ? back : 'box' };
}

export function remember(look: Look) {
  keep(PLACE, JSON.stringify(look));
}
