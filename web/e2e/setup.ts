/** Before all: the media, and one real server for all tests. What a machine lacks is said, and its tests are skipped. */
import { execFileSync } from 'node:child_process';
import { accessSync, chmodSync, constants, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TestProject } from 'vitest/node';
import { serve } from './server';

export interface World {
  /** Where the server listens. */
  port: number;
  /** A directory with the media, and for downloads. */
  place: string;
  chromium: string;
  /** The program. */
  binary: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    world: World | null;
  }
}

/** Bytes of the server's storage: the largest file that it takes. */
const CEILING = 64_000_000;
const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export default async function setup(project: TestProject) {
  const chromium = BROWSERS.find(isThere);
  const binary = resolve(process.env['CARGO_TARGET_DIR'] ?? '../target', 'debug/kinora');
  const lacking = [chromium ? '' : 'Chromium', isThere(binary) ? '' : binary].filter(Boolean);
  if (!chromium || lacking.length > 0) {
    console.warn(`skipped: the page in a browser, for ${lacking.join(' and ')} is missing`);
    project.provide('world', null);
    return;
  }
  const place = mkdtempSync(join(tmpdir(), 'kinora-web-'));
  // FFmpeg runs as a user of its own, who has to pass through.
  chmodSync(place, 0o755);
  media(place);
  const server = await serve(binary, place, 'data', [`storage.ceiling=${CEILING}`]);
  project.provide('world', { port: server.port, place, chromium, binary });
  return async () => {
    await server.stop();
    rmSync(place, { recursive: true });
  };
}

function media(place: string) {
  const sources = ['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25:duration=2', '-f', 'lavfi', '-i', 'sine=440:duration=2'];
  const codecs = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-g', '25', '-c:a', 'aac', '-shortest'];
  const make = (name: string, ...more: string[]) =>
    execFileSync('ffmpeg', ['-nostdin', '-loglevel', 'error', ...sources, ...codecs, ...more, join(place, name)]);
  make('clip.mp4', '-crf', '8');
  // Some megabytes, so that an upload has a middle.
  make('large.mp4', '-qp', '0', '-vf', 'noise=alls=60:allf=t,scale=640:360');
  writeFileSync(join(place, 'unreadable.mp4'), 'These are words, and no video at all.\n'.repeat(500));
  writeFileSync(join(place, 'huge.mp4'), '');
  truncateSync(join(place, 'huge.mp4'), CEILING + 1);
}

function isThere(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
