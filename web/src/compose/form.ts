/** How the fields of an operation are laid out. Which fields there are, and what they take, the server says. */
import type { Operation, Option } from '../api/shapes';

/** What most people look for; the rest, and whatever a newer server adds, stands under "more". */
const FIRST: Record<string, string[]> = {
  compress: ['quality', 'for'],
  resize: ['size', 'width', 'height', 'fit'],
  aspect: ['ratio', 'fit'],
  audio: ['format'],
  gif: ['width', 'fps'],
  webm: ['width'],
  convert: ['format'],
};
/** Drawn as a timeline instead of as fields of their own; a length says nothing that an end does not. */
const RANGE = ['start', 'end', 'duration'];

/** Options that say the same thing in different ways: choosing one takes the others back. */
const INSTEAD: Record<string, Record<string, string[]>> = {
  resize: { size: ['width', 'height'], width: ['size'], height: ['size'] },
  audio: { quality: ['bitrate'], bitrate: ['quality'] },
  compress: { target_size: ['max_size', 'quality'], max_size: ['target_size'], quality: ['target_size'] },
};

export const instead = (operation: string, option: string) => INSTEAD[operation]?.[option] ?? [];

/** Common answers where the server takes any text. */
export const SUGGESTED: Record<string, string[]> = {
  aspect_ratio: ['16:9', '9:16', '1:1', '4:5', '4:3', '21:9'],
  convert_format: ['mp4', 'mkv', 'mov', 'webm', 'avi', 'ts'],
  convert_video: ['copy', 'h264', 'hevc', 'av1', 'vp9', 'prores'],
  convert_audio: ['copy', 'aac', 'opus', 'mp3', 'flac'],
};

export interface Layout {
  hasRange: boolean;
  first: Option[];
  more: Option[];
}

export function layout(operation: Operation): Layout {
  const names = operation.options.map((option) => option.name);
  const hasRange = names.includes('start') && names.includes('end');
  const rest = operation.options.filter((option) => !hasRange || !RANGE.includes(option.name));
  const first = FIRST[operation.name] ?? names.slice(0, 2);
  return {
    hasRange,
    first: first.flatMap((name) => rest.filter((option) => option.name === name)),
    more: rest.filter((option) => !first.includes(option.name)),
  };
}
