/** Where a note may stand that must cover neither the captions nor the controls of a video. */

export interface Box {
  top: number;
  bottom: number;
}

/** The lower part of a picture, in which captions and controls stand. */
const LOWER = 0.4;
/** As much as a note takes, with its distance to the edge. Pixels, as all here. */
const HEIGHT = 72;

/** At the top of the window, or at its bottom where the lower part of the video is at the top. */
export function placeOf(stage: Box | undefined, height: number): 'top' | 'bottom' {
  if (!stage) return 'top';
  const from = stage.bottom - (stage.bottom - stage.top) * LOWER;
  const isFree = (top: number, bottom: number) => stage.bottom <= top || from >= bottom;
  return isFree(0, HEIGHT) || !isFree(height - HEIGHT, height) ? 'top' : 'bottom';
}
