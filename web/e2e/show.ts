/** A video for the library, in a folder that FFmpeg's own user can read. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Makes one of this name and so many seconds; says the folder. */
export function show(folder: string, name: string, seconds: number): string {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
  const sources = ['-f', 'lavfi', '-i', `testsrc2=size=320x180:rate=25:duration=${seconds}`, '-f', 'lavfi', '-i', `sine=440:duration=${seconds}`];
  const codecs = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '50', '-pix_fmt', 'yuv420p', '-c:a', 'aac'];
  execFileSync('ffmpeg', ['-nostdin', '-y', '-loglevel', 'error', ...sources, ...codecs, join(folder, `${name}.mp4`)]);
  return folder;
}
