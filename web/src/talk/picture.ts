/**
 * Small pictures of what was sent, drawn anew here: whatever a file has in it beside its picture stays in it. What a file
 * is, its first bytes say, never its name; drawings that can hold programs (SVG) are none of these.
 */
import type { Attachment } from './attachment';

/** Bytes of a file that is looked into. */
const PICTURE_BYTES_MAX = 16 * 1024 * 1024;
/** Pixels of the longer side as it is shown. */
const SIDE = 640;
/** Pixels that a file may unfold to. */
const AREA_MAX = 64_000_000;

const SIGNS: [type: string, sign: RegExp][] = [
  ['image/png', /^\x89PNG\r\n\x1a\n/],
  ['image/jpeg', /^\xff\xd8\xff/],
  ['image/gif', /^GIF8[79]a/],
  ['image/webp', /^RIFF[^]{4}WEBP/],
];

/** Whether it is worth a look: by what the sender takes it for. */
export const mayBePicture = ({ mediaType, size }: Pick<Attachment, 'mediaType' | 'size'>): boolean =>
  size <= PICTURE_BYTES_MAX && SIGNS.some(([type]) => type === mediaType.toLowerCase());

/** What these first bytes begin: a type of picture, or nothing that is shown. */
export function pictureType(head: Uint8Array): string | undefined {
  const text = String.fromCharCode(...head.subarray(0, 16));
  return SIGNS.find(([, sign]) => sign.test(text))?.[0];
}

/** Draws it anew and small. Nothing for what is no picture. */
export async function preview(content: Blob): Promise<Blob | undefined> {
  const type = pictureType(new Uint8Array(await content.slice(0, 16).arrayBuffer()));
  if (!type || content.size > PICTURE_BYTES_MAX) return undefined;
  try {
    const picture = await createImageBitmap(content.slice(0, content.size, type));
    const { width, height } = picture;
    if (width * height > AREA_MAX) return undefined;
    const scale = Math.min(1, SIDE / Math.max(width, height));
    const canvas = new OffscreenCanvas(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)));
    canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    return await canvas.convertToBlob({ type: 'image/png' });
  } catch {
    // It only began like one.
    return undefined;
  }
}
