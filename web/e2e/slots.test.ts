/** A title that browsers do not play, and of which nothing has been made: it is made for who watches it, where he watches. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { expect, open, suite, test, visitor, world } from './harness';
import { serve, type Server } from './server';

/** Long enough that most of it is not made in advance. */
const SECONDS = 300;
/** The last slot that a player gets before it jumps. */
const HELD = 20;
const SHAKA = new URL('../node_modules/shaka-player/dist/shaka-player.compiled.js', import.meta.url);

let site: HttpServer;
let host = '';
let server: Server | undefined;
let title: { hls_url: string; dash_url: string };
const at = (path: string) => `http://127.0.0.1:${server?.port}${path}`;

beforeAll(async () => {
  if (!world) return;
  site = createServer((request, answer) => {
    const isScript = request.url === '/shaka.js';
    answer.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    answer.end(isScript ? readFileSync(SHAKA) : '<!doctype html><title>another site</title><video muted playsinline></video><script src="/shaka.js"></script>');
  });
  await new Promise<void>((done) => site.listen(0, '127.0.0.1', done));
  host = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  const folder = join(world.place, 'old');
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
  const make = (sources: string, codecs: string, name: string) =>
    execFileSync('ffmpeg', ['-nostdin', '-y', '-loglevel', 'error', ...sources.split(' '), ...codecs.split(' '), name]);
  make(`-f lavfi -i testsrc2=size=320x180:rate=10:duration=${SECONDS} -f lavfi -i sine=duration=${SECONDS}`, '-c:v mpeg4 -g 100 -c:a mp2', join(folder, 'Old.avi'));
  // Somebody's job takes the only place, so that no rendition comes in between.
  const clip = join(world.place, 'minutes.mp4');
  const scene = join(world.place, 'scene.mp4');
  make('-f lavfi -i testsrc2=size=640x360:rate=25:duration=10', '-c:v libx264 -preset ultrafast -crf 40 -pix_fmt yuv420p', scene);
  // Longer than all tests take, on however slow a machine.
  make(`-stream_loop 239 -i ${scene}`, '-c copy', clip);
  server = await serve(world.binary, world.place, 'old-data', [`library.directories=${folder}`, 'library.heights=90', 'jobs.workers=1', 'storage.margin=0', `library.cors_origins=${host}`]);
  const form = new FormData();
  form.set('operation', 'webm');
  form.set('file', new Blob([readFileSync(clip)]), 'clip.mp4');
  const sent = await fetch(at('/api/jobs'), { method: 'POST', body: form });
  expect(sent.ok).toBe(true);
  for (;;) {
    const list = (await (await fetch(at('/api/library'))).json()) as { titles: (typeof title)[] };
    const [found] = list.titles;
    if (found?.hls_url) {
      title = found;
      break;
    }
  }
}, 120_000);

afterAll(async () => {
  await server?.stop();
  site?.close();
});

const SLOT = /\/now-[\w-]+\/(\d+)\.m4s$/;
const slot = (url: string) => Number(SLOT.exec(url)?.[1] ?? 0);

/** Numbers of the slots that a page asks for. */
function slots(page: Page): number[] {
  const asked: number[] = [];
  page.on('request', (request) => slot(request.url()) && asked.push(slot(request.url())));
  return asked;
}

/** Nothing behind this slot comes until that is over: a player fetches all that it can while a slow machine does something else. */
async function hold(page: Page, last: number): Promise<() => void> {
  let free = () => {};
  const over = new Promise<void>((done) => (free = done));
  await page.route(SLOT, async (route) => {
    if (slot(route.request().url()) > last) await over;
    // Who has jumped away waits for it no more.
    await route.continue().catch(() => {});
  });
  return free;
}

const until = async (page: Page, is: (video: HTMLVideoElement) => boolean) => {
  await page.waitForFunction(is as (video: unknown) => boolean, await page.locator('video').elementHandle());
};

suite('what browsers do not play', () => {
  test('is played at once on our page, and where one jumps to', async () => {
    const page = await open(await visitor(), '/library', `127.0.0.1:${server?.port}`);
    const asked = slots(page);
    const free = await hold(page, HELD);
    await page.locator('main ul a').first().click();
    await page.locator('video').waitFor();
    await page.evaluate(() => Object.assign(document.querySelector('video') as HTMLVideoElement, { muted: true, autoplay: true }));
    await until(page, (video) => video.currentTime > 0.2 && video.videoHeight === 90);
    await page.keyboard.press('9');
    await page.waitForFunction(() => (document.querySelector('video') as HTMLVideoElement).currentTime >= 270);
    free();
    await until(page, (video) => !video.seeking && video.readyState >= 3 && video.currentTime > 270);
    expect(asked).toContain(136);
    expect(asked.filter((slot) => slot > HELD + 1 && slot < 130)).toEqual([]);
    await page.evaluate(() => Object.assign(document.querySelector('video') as HTMLVideoElement, { currentTime: 298 }));
    await until(page, (video) => video.ended);
  });

  test.each(['hls_url', 'dash_url'] as const)('is played by Shaka Player: %s', async (kind) => {
    const context = await visitor();
    const page = await context.newPage();
    await page.goto(host);
    const asked = slots(page);
    await page.evaluate(async (address) => {
      const { shaka } = window as unknown as { shaka: { Player: new () => { attach(video: Element | null): Promise<void>; configure(settings: unknown): void; load(url: string, at: number): Promise<void>; addEventListener(name: string, act: (event: { detail: unknown }) => void): void } } };
      const player = new shaka.Player();
      const errors: unknown[] = [];
      Object.assign(window, { player, errors });
      player.addEventListener('error', ({ detail }) => errors.push(detail));
      const video = document.querySelector('video') as HTMLVideoElement;
      await player.attach(video);
      // By itself it gives up after five seconds without a byte: a slot may take longer on a machine that does much else.
      const retryParameters = { maxAttempts: 9, timeout: 0, stallTimeout: 0, connectionTimeout: 0 };
      player.configure({ manifest: { retryParameters }, streaming: { retryParameters } });
      await player.load(address, 200).catch((error: { code: number; data: unknown }) => {
        throw new Error(JSON.stringify([error.code, error.data]));
      });
      await video.play();
    }, at(title[kind]));
    await until(page, (video) => video.currentTime > 202);
    await page.evaluate(() => ((document.querySelector('video') as HTMLVideoElement).currentTime = 296));
    await until(page, (video) => video.ended);
    expect(await page.evaluate(() => (window as unknown as { errors: unknown[] }).errors)).toEqual([]);
    expect(asked.some((slot) => slot > 100)).toBe(true);
  });
});
