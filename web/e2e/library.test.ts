/** The library and its player: first picture, seeking, changing quality, the staged title; and how all of it looks. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { card, expect, faults, open, order, suite, test, visitor, world } from './harness';
import { serve, type Server } from './server';

const SECONDS = 12;
const FRAMES = SECONDS * 30;
let server: Server | undefined;

beforeAll(async () => {
  if (!world) return;
  const folder = join(world.place, 'films');
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
  const sources = ['-f', 'lavfi', '-i', `testsrc2=size=640x360:rate=30:duration=${SECONDS}`, '-f', 'lavfi', '-i', `sine=440:duration=${SECONDS}`];
  const codecs = ['-c:v', 'libx264', '-preset', 'veryfast', '-g', '75', '-pix_fmt', 'yuv420p', '-c:a', 'aac'];
  // German within the file, English beside it.
  const words = join(world.place, 'words.srt');
  writeFileSync(words, '1\n00:00:00,000 --> 00:00:11,000\nEin <i>langer</i> Satz <b>&</b> mehr\n');
  codecs.push('-c:s', 'mov_text', '-metadata:s:s:0', 'language=ger');
  sources.push('-i', words);
  writeFileSync(join(folder, 'A_film.en.srt'), '1\n00:00:00,000 --> 00:00:05,000\n<i>Good</i> morning &\n<script>document.title = 1</script>good night\n\n2\n00:00:09,000 --> 00:00:11,500\nThe end\n');
  execFileSync('ffmpeg', ['-nostdin', '-y', '-loglevel', 'error', ...sources, ...codecs, join(folder, 'A_film.mp4')]);
  // A telephone that was held upright: the picture lies on its side, and a matrix says so.
  const lying = join(world.place, 'lying.mp4');
  execFileSync('ffmpeg', ['-nostdin', '-y', '-loglevel', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=160x90:rate=30:duration=2', '-c:v', 'libx264', '-pix_fmt', 'yuv420p', lying]);
  execFileSync('ffmpeg', ['-nostdin', '-y', '-loglevel', 'error', '-i', lying, '-c', 'copy', '-metadata:s:v', 'rotate=90', join(folder, 'Upright.mp4')]);
  const kept = join(world.place, 'kept');
  mkdirSync(kept, { recursive: true });
  chmodSync(kept, 0o755);
  const settings = [`library.directories=${folder}`, `library.keep_in=${kept}`, 'library.heights=90,180,360', 'storage.margin=0'];
  server = await serve(world.binary, world.place, 'cinema', settings);
  // Everything of it has been made.
  for (;;) {
    const list = (await (await fetch(`http://127.0.0.1:${server.port}/api/library`)).json()) as { titles: { staged_url: string | null; storyboard_url: string | null; progress: number | null }[] };
    const [title] = list.titles;
    if (title?.staged_url && title.storyboard_url && title.progress === null) break;
  }
}, 120_000);

afterAll(async () => {
  await server?.stop();
});

interface State {
  time: number;
  height: number;
  frames: number;
  ended: boolean;
  ranges: [number, number][];
}

const state = (page: Page) =>
  page.evaluate((): State => {
    const video = document.querySelector('video') as HTMLVideoElement;
    const ranges = Array.from({ length: video.buffered.length }, (_, at): [number, number] => [video.buffered.start(at), video.buffered.end(at)]);
    return { time: video.currentTime, height: video.videoHeight, frames: video.getVideoPlaybackQuality().totalVideoFrames, ended: video.ended, ranges };
  });

const until = async (page: Page, is: (video: HTMLVideoElement) => boolean) => {
  await page.waitForFunction(is as (video: unknown) => boolean, await page.locator('video').elementHandle());
};

async function film(options: BrowserContextOptions = {}): Promise<Page> {
  const context = await visitor(options);
  const page = await open(context, '/library', `127.0.0.1:${server?.port}`);
  await page.locator('main ul a').first().click();
  await page.locator('video').waitFor();
  // Nobody has clicked, so only what is silent may begin.
  await page.evaluate(() => Object.assign(document.querySelector('video') as HTMLVideoElement, { muted: true, autoplay: true }));
  await until(page, (video) => video.currentTime > 0.2);
  return page;
}

async function choose(page: Page, name: string) {
  // Forced: while a film plays the controls hide, and the pointer that comes near them shows them again.
  await page.getByRole('button', { name: /^Quality/ }).click({ force: true });
  await page.getByRole('menuitemradio', { name, exact: true }).click();
}

suite('the player', () => {
  test('plays, seeks, and shows where to', async () => {
    const page = await film();
    expect((await state(page)).height).toBeGreaterThan(0);
    await page.keyboard.press('5');
    await until(page, (video) => !video.seeking && video.readyState >= 3 && video.currentTime >= 5.9);
    const bar = page.getByRole('slider', { name: 'Position' });
    await bar.hover({ force: true });
    // The picture of the pointer's time, out of the storyboard.
    const picture = page.locator('.bar .picture');
    await picture.waitFor();
    expect(await picture.evaluate((each) => getComputedStyle(each).backgroundImage)).toMatch(/sheets\/1\.jpg/);
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('k');
    await until(page, (video) => video.paused);
  });

  test('keeps its controls while somebody works with keys', async () => {
    const page = await film();
    await page.evaluate(() => Object.assign(document.querySelector('video') as HTMLVideoElement, { loop: true }));
    await page.clock.install();
    await page.keyboard.press('Tab');
    await page.getByRole('button', { name: /^Quality/ }).focus();
    await page.clock.fastForward(5_000);
    expect(await page.locator('.player.idle').count()).toBe(0);
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    await page.keyboard.press('m');
    await page.clock.fastForward(5_000);
    await page.locator('.player.idle').waitFor();
  });

  test('changes to the quality that is chosen', async () => {
    const page = await film();
    await choose(page, '90p');
    await until(page, (video) => video.videoHeight === 90);
    await choose(page, '360p original');
    await until(page, (video) => video.videoHeight === 360);
  });

  test('plays the staged title from the first to the last frame without a gap', async () => {
    const page = await film();
    await page.keyboard.press('k');
    await page.evaluate(() => {
      const seen = ((window as unknown as { seen: number[] }).seen = []);
      const video = document.querySelector('video') as HTMLVideoElement;
      video.addEventListener('resize', () => (seen as number[]).push(video.videoHeight));
    });
    await choose(page, 'Staged');
    await page.keyboard.press('0');
    await until(page, (video) => video.ended);
    const end = await state(page);
    expect(end.ranges).toHaveLength(1);
    expect(end.ranges[0]?.[0]).toBeLessThan(0.05);
    expect(end.ranges[0]?.[1]).toBeGreaterThan(SECONDS - 0.1);
    expect(end.frames).toBeGreaterThanOrEqual(FRAMES);
    const heights = await page.evaluate(() => (window as unknown as { seen: number[] }).seen);
    expect(heights.slice(-3)).toEqual([90, 180, 360]);
  });

  test('shows captions on a key, in the language of the menu, and again the next time', async () => {
    const page = await film();
    await page.keyboard.press('k');
    await page.keyboard.press('0');
    const said = page.locator('.captions');
    expect(await said.count()).toBe(0);
    await page.keyboard.press('c');
    await said.waitFor();
    expect(await said.innerText()).toBe('Good morning &\ndocument.title = 1good night');
    expect(await said.locator('i').innerText()).toBe('Good');
    await page.getByRole('button', { name: /^Captions/ }).click();
    await page.getByRole('menuitemradio', { name: 'German' }).click();
    await page.waitForFunction(() => document.querySelector('.captions')?.textContent === 'Ein langer Satz & mehr');
    await page.reload();
    await page.locator('video').waitFor();
    // Over a poster nothing is said yet.
    await until(page, (video) => video.readyState >= 2);
    await page.evaluate(() => Object.assign(document.querySelector('video') as HTMLVideoElement, { muted: true }).play());
    await said.waitFor();
    expect(await said.innerText()).toBe('Ein langer Satz & mehr');
    await page.keyboard.press('c');
    await said.waitFor({ state: 'detached' });
  });

  test('shows captions as large and as dark as one likes, also the next time', async () => {
    const page = await film();
    await page.keyboard.press('k');
    await page.keyboard.press('0');
    await page.keyboard.press('c');
    const said = page.locator('.captions p').first();
    await said.waitFor();
    const look = () => said.evaluate((each) => [parseFloat(getComputedStyle(each).fontSize), getComputedStyle(each).backgroundColor] as const);
    const [before] = await look();
    await page.getByRole('button', { name: /^Captions/ }).click();
    await page.getByRole('menuitemradio', { name: 'Very large' }).click();
    await page.getByRole('group', { name: 'Background' }).getByRole('menuitemradio', { name: 'None' }).click();
    const [size, back] = await look();
    expect(size / before).toBeCloseTo(1.9, 1);
    expect(back).toBe('rgba(0, 0, 0, 0)');
    await sound(page, 'captions');
    await page.reload();
    await page.locator('video').waitFor();
    await page.evaluate(() => Object.assign(document.querySelector('video') as HTMLVideoElement, { muted: true }).play());
    await said.waitFor();
    expect((await look())[0]).toBeCloseTo(size, 0);
  });

  test('says in the staged title what is said, when it is said', async () => {
    const page = await film();
    // What is said is shown for 2.5 seconds: a machine that is slow to fetch it would find a film that went on at its end.
    await page.evaluate(() => Object.assign(document.querySelector('video') as HTMLVideoElement, { autoplay: false }));
    await page.keyboard.press('k');
    await until(page, (video) => video.paused);
    await choose(page, 'Staged');
    // In the last of the three parts, and before anything of it has come.
    await page.keyboard.press('9');
    await page.getByRole('button', { name: /^Captions/ }).waitFor();
    await page.keyboard.press('c');
    await until(page, (video) => video.readyState >= 2 && video.currentTime > 10);
    expect(await page.evaluate(() => document.querySelector('video')?.paused)).toBe(true);
    await page.waitForFunction(() => document.querySelector('.captions')?.textContent === 'The end');
    const times = await page.evaluate(() => {
      const tracks = [...(document.querySelector('video') as HTMLVideoElement).textTracks];
      const cues = tracks.filter((track) => track.mode === 'hidden').flatMap((track) => [...(track.cues ?? [])]);
      return cues.map((cue) => [cue.startTime, cue.endTime]);
    });
    expect(times.at(-1)?.map((time) => Math.round(time * 20) / 20)).toEqual([9, 11.5]);
  });

  test('goes on saying what is said for who leaves a part that has not come', async () => {
    const page = await film();
    await page.evaluate(() => Object.assign(document.querySelector('video') as HTMLVideoElement, { autoplay: false }));
    await page.keyboard.press('k');
    await page.keyboard.press('0');
    await until(page, (video) => video.paused && !video.seeking && video.currentTime === 0);
    // The middle part's pictures never come; its words do.
    await page.route(/\/v180-[^/]+\/.*\.m/, () => undefined);
    const words = page.waitForResponse(/\/4000-8000\.vtt$/);
    await choose(page, 'Staged');
    await page.getByRole('button', { name: /^Captions/ }).waitFor();
    await page.keyboard.press('c');
    await (await words).finished();
    await page.keyboard.press('9');
    await page.waitForFunction(() => document.querySelector('.captions')?.textContent === 'The end');
  });

  test('shows a picture upright that lies on its side in its file', async () => {
    const context = await visitor();
    const page = await open(context, '/library', `127.0.0.1:${server?.port}`);
    await page.getByRole('link', { name: /Upright/ }).click();
    await page.locator('video').waitFor();
    await until(page, (video) => video.readyState >= 2);
    const size = await page.evaluate(() => {
      const video = document.querySelector('video') as HTMLVideoElement;
      return [video.videoWidth, video.videoHeight];
    });
    expect(size).toEqual([90, 160]);
  });

  test('plays a result that was kept', async () => {
    const context = await visitor();
    const page = await open(context, '/', `127.0.0.1:${server?.port}`);
    await order(page, ['clip.mp4'], 'resize');
    const job = card(page, 'clip.mp4');
    await job.getByRole('button', { name: 'Keep in the library' }).click();
    const link = job.getByRole('link', { name: 'In the library' });
    await link.waitFor();
    await sound(page, 'kept');
    await link.click();
    await page.locator('video').waitFor();
    await until(page, (video) => video.readyState >= 2);
    await page.getByRole('heading', { name: 'clip' }).waitFor();
  });

  test('begins anew when one was nearly through', async () => {
    const page = await film();
    await page.evaluate(() => localStorage.setItem(`kinora.watched.${location.pathname.split('/').pop()}`, '11'));
    await page.reload();
    await page.locator('video').waitFor();
    await until(page, (video) => video.readyState >= 2 && video.currentTime < 9);
  });
});

const LOOKS: [string, BrowserContextOptions][] = [
  ['light', {}],
  ['dark', { colorScheme: 'dark' }],
  ['phone', { viewport: { width: 390, height: 844 }, hasTouch: true }],
  ['Japanese', { locale: 'ja-JP' }],
];

suite('whoever runs the server', () => {
  test('takes one link back', async () => {
    const binary = world?.binary ?? '';
    const share = (span: string) => execFileSync(binary, ['share', 'A film', '--expires', span, '--server', `127.0.0.1:${server?.mmp}`], { encoding: 'utf8' }).trim();
    const [one, other] = [share('1h'), share('2d')];
    const context = await visitor();
    const page = await open(context, '/server', `127.0.0.1:${server?.port}`);
    const rows = page.getByRole('listitem').filter({ hasText: 'A film' });
    await rows.nth(1).waitFor();
    await sound(page, 'links');
    await rows.first().getByRole('button', { name: 'Take back the link to A film' }).click();
    await rows.nth(1).waitFor({ state: 'detached' });
    const title = (link: string) => fetch(`${link.replace('/shared/', '/watch/')}/title`).then((answer) => answer.status);
    expect([await title(one), await title(other)]).toEqual([410, 200]);
  });
});

suite.each(LOOKS)('in %s', (name, options) => {
  test('axe finds nothing, and nothing is wider than the screen', async () => {
    const context = await visitor({ reducedMotion: 'reduce', ...options });
    const page = await open(context, '/library', `127.0.0.1:${server?.port}`);
    await page.locator('main ul img').first().waitFor();
    await sound(page, `library ${name}`);
    await page.locator('main ul a').first().click();
    await page.locator('video').waitFor();
    await until(page, (video) => video.readyState >= 2);
    await page.evaluate(() => (document.querySelector('video') as HTMLVideoElement).pause());
    await page.keyboard.press('c');
    await page.locator('.captions').waitFor();
    await sound(page, `player ${name}`);
    await page.keyboard.press('s');
    await sound(page, `statistics ${name}`);
    await page.keyboard.press('?');
    await sound(page, `keys ${name}`);
    await page.keyboard.press('Escape');
    await page.locator('[aria-haspopup=menu]').last().click();
    await sound(page, `menu ${name}`);
  });
});

async function sound(page: Page, what: string) {
  expect(await faults(page), what).toEqual([]);
  const shots = process.env['KINORA_SHOTS'];
  if (shots) await page.screenshot({ path: join(shots, `${what.replace(/ /g, '-')}.png`) });
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(wider, what).toBeLessThanOrEqual(0);
}
