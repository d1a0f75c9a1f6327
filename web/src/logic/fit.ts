/** Shapes of pictures, for previews before anything is sent. What comes out exactly is decided by the server. */

export interface Size {
  width: number;
  height: number;
}

/** Width over height from `16:9` or `2.35:1`; nothing when it is neither. */
export function ratio(text: string): number | undefined {
  const found = /^\s*(\d+(?:\.\d+)?)\s*[:/x×]\s*(\d+(?:\.\d+)?)\s*$/.exec(text);
  const [width, height] = [Number(found?.[1]), Number(found?.[2])];
  return width > 0 && height > 0 ? width / height : undefined;
}

/** The picture that `resize` is asked for, as near as can be told here. */
export function resized(source: Size, options: Record<string, unknown>): Size | undefined {
  const side = (name: string) => (typeof options[name] === 'number' ? (options[name] as number) : undefined);
  const [width, height] = [side('width'), side('height')];
  if (width !== undefined && height !== undefined) return { width, height };
  if (width !== undefined) return scaled(source, width / source.width);
  if (height !== undefined) return scaled(source, height / source.height);
  const short = named(options['size']);
  return short === undefined ? undefined : scaled(source, short / Math.min(source.width, source.height));
}

/** How much of each side of the source a crop to this shape leaves: 0 to 1. */
export function kept(source: Size, shape: number): Size {
  const own = source.width / source.height;
  return own > shape ? { width: shape / own, height: 1 } : { width: 1, height: own / shape };
}

/** The largest box of a shape within bounds. */
export function within(shape: number, bounds: Size): Size {
  const isWide = shape > bounds.width / bounds.height;
  return isWide
    ? { width: bounds.width, height: bounds.width / shape }
    : { width: bounds.height * shape, height: bounds.height };
}

function named(size: unknown): number | undefined {
  if (typeof size !== 'string') return undefined;
  return size === '4k' ? 2160 : Number.parseInt(size, 10) || undefined;
}

/** Encoders take even sides. */
function scaled(source: Size, factor: number): Size {
  const even = (side: number) => Math.max(2, Math.round((side * factor) / 2) * 2);
  return { width: even(source.width), height: even(source.height) };
}
