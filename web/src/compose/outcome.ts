/** What a picture becomes, for the preview. */
import type { Options } from '../api/shapes';
import { kept, ratio, resized, type Size } from '../logic/fit';

/** Sides in pixels, as near as can be told before the server has seen the file. */
export function outcome(source: Size, operation: string, options: Options): Size | undefined {
  if (source.width === 0 || source.height === 0) return undefined;
  if (operation === 'resize') return resized(source, options);
  if (operation !== 'aspect') return undefined;
  const shape = ratio(String(options['ratio'] ?? ''));
  if (shape === undefined) return undefined;
  const isWider = shape > source.width / source.height;
  if (options['fit'] === 'crop') {
    const left = kept(source, shape);
    return { width: Math.round(source.width * left.width), height: Math.round(source.height * left.height) };
  }
  return isWider
    ? { width: Math.round(source.height * shape), height: source.height }
    : { width: source.width, height: Math.round(source.width / shape) };
}
