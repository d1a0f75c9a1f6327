/** Players that were not written for this server, unmodified, on a page of another site: Shaka Player and dash.js; and what parsers make of the playlists. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { types as parseHls, parse } from 'hls-parser';
import { Parser } from 'm3u8-parser';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { expect, open, suite, test, visitor, world } from './harness';
import { serve, type Server } from './server';

const SECONDS = 6;
const FRAMES = SECONDS * 30;
const HEIGHTS = [90, 180, 360];
const SCRIPTS: Record<string, string> = {
  '/shaka.js': 'shaka-player/dist/shaka-player.compiled.js',
  '/dash.js': 'dashjs/dist/modern/umd/dash.all.min.js',
};

interface Title {
  hls_url: string;
  dash_url: string;
  staged_url: string | null;
  storyboard_url: string | null;
  progress: number | null;
  subtitles: unknown[];
}

let site: HttpServer;
let server: Server | undefined;
let title: Title;
let host = '';

beforeAll(async () => {
  if (!world) return;
  site = createServer((request, answer) => {
    const script = SCRIPTS[request.url ?? ''];
    answer.setHeader('content-type', script ? 'text/javascript' : 'text/html');
    answer.end(script ? readFileSync(new URL(`../node_modules/${script}`, import.meta.url)) : '<!doctype html><title>another site</title><video muted playsinline></video>');
  });
  await new Promise<void>((done) => site.listen(0, '127.0.0.1', done));
  host = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  const folder = join(world.place, 'strange');
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
  const sources = ['-f', 'lavfi', '-i', `testsrc2=size=640x360:rate=30:duration=${SECONDS}`, '-f', 'lavfi', '-i', `sine=440:duration=${SECONDS}`];
  const codecs = ['-c:v', 'libx264', '-preset', 'veryfast', '-g', '60', '-bf', '2', '-pix_fmt', 'yuv420p', '-c:a', 'aac'];
  execFileSync('ffmpeg', ['-nostdin', '-y', '-loglevel', 'error', ...sources, ...codecs, join(folder, 'A_film.mp4')]);
  writeFileSync(join(folder, 'A_film.en.srt'), '1\n00:00:01,000 --> 00:00:05,000\nHello\n');
  const settings = [`library.directories=${folder}`, `library.heights=${HEIGHTS.join(',')}`, 'storage.margin=0', `library.cors_origins=${host}`];
  server = await serve(world.binary, world.place, 'strangers', settings);
  for (;;) {
    const list = (await (await fetch(`http://127.0.0.1:${server.port}/api/library`)).json()) as { titles: Title[] };
    const [found] = list.titles;
    if (found?.staged_url && found.storyboard_url && found.progress === null) {
      title = found;
      break;
    }
  }
}, 120_000);

afterAll(async () => {
  await server?.stop();
  site?.close();
});

/** Of a server that also makes AV1: its address, and the title; nothing where no FFmpeg here can. */
let advanced: { server: Server; title: Title; at: (path: string | null) => string } | null = null;

beforeAll(async () => {
  if (!world) return;
  const findings = execFileSync(world.binary, ['doctor', '--json'], { encoding: 'utf8' }).trim().split('\n');
  if (!findings.some((line) => line.includes('"renditions in AV1"') && line.includes('"good"'))) {
    console.warn('skipped: AV1 in a browser, for no FFmpeg here puts its key frames where they are wanted');
    return;
  }
  const folder = join(world.place, 'strange');
  const settings = [`library.directories=${folder}`, `library.heights=${HEIGHTS.join(',')}`, 'library.av1=true', 'storage.margin=0', `library.cors_origins=${host}`];
  const started = await serve(world.binary, world.place, 'advanced', settings);
  const at = (path: string | null) => `http://127.0.0.1:${started.port}${path}`;
  for (;;) {
    const list = (await (await fetch(at('/api/library'))).json()) as { titles: Title[] };
    const [found] = list.titles;
    const main = found?.hls_url ? await (await fetch(at(found.hls_url))).text() : '';
    if (found && main.split('-av1-').length > HEIGHTS.length * 2) {
      advanced = { server: started, title: found, at };
      break;
    }
  }
}, 240_000);

afterAll(async () => advanced?.server.stop());

const url = (path: string | null) => `http://127.0.0.1:${server?.port}${path}`;

interface Seen {
  height: number;
  time: number;
  frames: number;
  ended: boolean;
  ranges: [number, number][];
  errors: unknown[];
}

const seen = (page: Page) =>
  page.evaluate((): Seen => {
    const video = document.querySelector('video') as HTMLVideoElement;
    const ranges = Array.from({ length: video.buffered.length }, (_, at): [number, number] => [video.buffered.start(at), video.buffered.end(at)]);
    const { errors } = window as unknown as { errors: unknown[] };
    return { height: video.videoHeight, time: video.currentTime, frames: video.getVideoPlaybackQuality().totalVideoFrames, ended: video.ended, ranges, errors };
  });

const until = async (page: Page, is: (video: HTMLVideoElement) => boolean) => {
  await page.waitForFunction(is as (video: unknown) => boolean, await page.locator('video').elementHandle());
};

/** Goes there, and stays: a slow machine would see the end of a short title before it looks. */
async function seek(page: Page, at: number) {
  await page.evaluate((at) => {
    const video = document.querySelector('video') as HTMLVideoElement;
    video.pause();
    video.currentTime = at;
  }, at);
  await page.waitForFunction((at) => {
    const video = document.querySelector('video') as HTMLVideoElement;
    return !video.seeking && video.currentTime >= at && video.readyState >= 3;
  }, at);
}

async function stage(script: string): Promise<Page> {
  const context = await visitor();
  const page = await context.newPage();
  await page.goto(host);
  await page.addScriptTag({ url: `${host}/${script}` });
  await page.evaluate(() => Object.assign(window, { errors: [] }));
  return page;
}

/** What is loaded plays to its end: every frame, in one piece. */
async function whole(page: Page) {
  await until(page, (video) => video.ended);
  const end = await seen(page);
  expect(end.errors).toEqual([]);
  expect(end.ranges).toHaveLength(1);
  expect(end.ranges[0]?.[0]).toBeLessThan(0.05);
  expect(end.ranges[0]?.[1]).toBeGreaterThan(SECONDS - 0.1);
  expect(end.frames).toBeGreaterThanOrEqual(FRAMES);
}

interface Shaka {
  attach(video: Element | null): Promise<void>;
  load(url: string): Promise<void>;
  configure(settings: unknown): void;
  addEventListener(name: string, act: (event: { detail: { code: number; data: unknown } }) => void): void;
  getVariantTracks(): { height: number; active: boolean }[];
  selectVariantTrack(track: unknown, clear: boolean): void;
  getTextTracks(): { language: string }[];
}

const shaka = async (page: Page, address: string, settings: Record<string, unknown> = {}) =>
  page.evaluate(async ([address, settings]) => {
    const { shaka, errors } = window as unknown as { shaka: { Player: new () => Shaka }; errors: unknown[] };
    const player = new shaka.Player();
    Object.assign(window, { player });
    player.addEventListener('error', ({ detail }) => errors.push([detail.code, detail.data]));
    const video = document.querySelector('video') as HTMLVideoElement;
    await player.attach(video);
    player.configure(settings);
    await player.load(address);
    await video.play();
  }, [address, settings] as const);

suite('Shaka Player on another site', () => {
  test.each(['hls', 'dash'] as const)('plays %s: first picture, seek, another height, subtitles', async (kind) => {
    const page = await stage('shaka.js');
    await shaka(page, url(kind === 'hls' ? title.hls_url : title.dash_url));
    await until(page, (video) => video.currentTime > 0.2);
    await seek(page, 3.5);
    for (const height of [90, 360]) {
      await page.evaluate((height) => {
        const { player } = window as unknown as { player: Shaka };
        player.configure({ abr: { enabled: false } });
        player.selectVariantTrack(player.getVariantTracks().find((track) => track.height === height), true);
        const video = document.querySelector('video') as HTMLVideoElement;
        video.currentTime = 0.5;
        void video.play();
      }, height);
      await page.waitForFunction((height) => document.querySelector('video')?.videoHeight === height, height);
    }
    const words = await page.evaluate(() => (window as unknown as { player: Shaka }).player.getTextTracks().map((track) => track.language));
    expect(words).toEqual(['en']);
    expect((await seen(page)).errors).toEqual([]);
  });

  test('plays the staged title from the first to the last frame', async () => {
    const page = await stage('shaka.js');
    await shaka(page, url(title.staged_url));
    await whole(page);
    expect((await seen(page)).height).toBe(HEIGHTS.at(-1));
  });
});

interface DashJs {
  initialize(video: Element | null, url: string, isPlaying: boolean): void;
  on(name: string, act: (event: { error?: { message?: string } }) => void): void;
  updateSettings(settings: unknown): void;
  getRepresentationsByType(kind: string): { id: string; height: number }[];
  setRepresentationForTypeById(kind: string, id: string, force: boolean): void;
}

/** dash.js begins with this address. */
const dash = (page: Page, address: string) =>
  page.evaluate((address) => {
    const { dashjs, errors } = window as unknown as { dashjs: { MediaPlayer(): { create(): DashJs } }; errors: unknown[] };
    const player = dashjs.MediaPlayer().create();
    Object.assign(window, { player });
    player.on('error', ({ error }) => errors.push(error?.message));
    player.initialize(document.querySelector('video'), address, true);
  }, address);

suite('dash.js on another site', () => {
  test.each(['main.mpd', '90.mpd', 'best.mpd'])('shows every frame of %s from the first to the last', async (name) => {
    const page = await stage('dash.js');
    await dash(page, url(title.dash_url.replace(/[^/]*$/, name)));
    await whole(page);
  });

  test('plays: first picture, seek, another height, and on from there', async () => {
    const page = await stage('dash.js');
    await dash(page, url(title.dash_url));
    await until(page, (video) => video.currentTime > 0.2);
    await seek(page, 3.5);
    for (const height of [90, 360]) {
      await page.evaluate((height) => {
        const { player } = window as unknown as { player: DashJs };
        player.updateSettings({ streaming: { abr: { autoSwitchBitrate: { video: false } } } });
        const found = player.getRepresentationsByType('video').find((each) => each.height === height);
        player.setRepresentationForTypeById('video', found?.id ?? '', true);
        const video = document.querySelector('video') as HTMLVideoElement;
        video.currentTime = 0.5;
        void video.play();
      }, height);
      await page.waitForFunction((height) => document.querySelector('video')?.videoHeight === height, height);
    }
    // Not to the end: where a height is forced after all was loaded, dash.js may not say a second time that nothing follows,
    // and the last frame stands there for ever.
    await until(page, (video) => video.currentTime > 4);
    expect((await seen(page)).errors).toEqual([]);
  });
});

suite('AV1 beside H.264', () => {
  test('is chosen in our own player, and left again', async (context) => {
    if (!advanced) return context.skip();
    const page = await open(await visitor(), '/library', new URL(advanced.at('')).host);
    await page.getByRole('link', { name: /A film/ }).click();
    await page.locator('video').waitFor();
    await until(page, (video) => video.readyState >= 2);
    for (const [name, height, pattern] of [['90p AV1', 90, /\/v90-av1-\w+\/\d+\.m4s$/], ['360p', 360, /\/v360-\w+\/\d+\.m4s$/], ['180p AV1', 180, /\/v180-av1-\w+\/\d+\.m4s$/]] as const) {
      const segment = page.waitForResponse((response) => pattern.test(response.url()) && response.ok());
      await page.keyboard.press('0');
      await page.getByRole('button', { name: /^Quality/ }).click({ force: true });
      await page.getByRole('menuitemradio', { name, exact: true }).click();
      await segment;
      await page.waitForFunction((height) => document.querySelector('video')?.videoHeight === height, height);
    }
    await page.evaluate(() => void (document.querySelector('video') as HTMLVideoElement).play());
    await until(page, (video) => video.ended);
  });

  test.each(['hls', 'dash'] as const)('is all that Shaka plays of %s when it is preferred', async (kind) => {
    if (!advanced) return;
    const page = await stage('shaka.js');
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    const { title } = advanced;
    await shaka(page, advanced.at(kind === 'hls' ? title.hls_url : title.dash_url), { preferredVideo: [{ codec: 'av01', hdrLevel: '', label: '', language: '', layout: '', role: '' }] });
    await whole(page);
    const pictures = asked.filter((each) => /\/v\d*(-\w+)*\/\d+\.m4s$/.test(each));
    expect(pictures.length).toBeGreaterThan(0);
    expect(pictures.filter((each) => !each.includes('-av1-'))).toEqual([]);
  });

  test('is not asked for by who does not know it', async () => {
    if (!advanced) return;
    const page = await stage('shaka.js');
    // As a browser without a decoder of AV1 answers.
    await page.evaluate(() => {
      const real = MediaSource.isTypeSupported.bind(MediaSource);
      MediaSource.isTypeSupported = (type) => !type.includes('av01') && real(type);
      const { mediaCapabilities } = navigator;
      const decoding = mediaCapabilities.decodingInfo.bind(mediaCapabilities);
      mediaCapabilities.decodingInfo = async (asked) => {
        const found = await decoding(asked);
        return asked.video?.contentType.includes('av01') ? { ...found, supported: false, smooth: false, powerEfficient: false } : found;
      };
    });
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await shaka(page, advanced.at(advanced.title.hls_url), {});
    await whole(page);
    expect(asked.filter((each) => each.includes('-av1-') && each.endsWith('.m4s'))).toEqual([]);
  });
});

suite('a page that nobody has named', () => {
  test('reads nothing', async () => {
    const context = await visitor();
    const page = await context.newPage();
    // The same machine under another name is another site.
    await page.goto(host.replace('127.0.0.1', 'localhost'));
    const read = await page.evaluate((address) => fetch(address).then(() => 'read', () => 'refused'), url(title.hls_url));
    expect(read).toBe('refused');
  });
});

suite('parsers of playlists', () => {
  test('take each of them, and agree on what it says', async () => {
    const text = async (address: string) => (await fetch(address)).text();
    for (const top of [title.hls_url, title.staged_url]) {
      const main = await text(url(top));
      const [other, own] = [reading(main), parse(main) as parseHls.MasterPlaylist];
      expect(own.isMasterPlaylist).toBe(true);
      expect(own.variants.filter((each) => !each.isIFrameOnly).map((each) => each.uri)).toEqual(other.playlists.map((each) => each.uri));
      expect(other.mediaGroups.SUBTITLES.subtitles).toHaveProperty('en');
      for (const name of own.variants.map((each) => each.uri)) {
        const media = await text(new URL(name, url(top)).href);
        const [theirs, ours] = [reading(media), parse(media) as parseHls.MediaPlaylist];
        expect(ours.endlist && theirs.endList, name).toBe(true);
        expect(theirs.segments.map((each) => each.duration)).toEqual(ours.segments.map((each) => each.duration));
        const sum = ours.segments.reduce((sum, each) => sum + each.duration, 0);
        expect(Math.abs(sum - SECONDS), name).toBeLessThan(0.1);
      }
    }
  });
});

interface Reading {
  playlists: { uri: string }[];
  segments: { duration: number }[];
  endList: boolean;
  mediaGroups: { SUBTITLES: { subtitles: Record<string, unknown> } };
}

function reading(text: string): Reading {
  const parser = new Parser();
  parser.push(text);
  parser.end();
  return parser.manifest as Reading;
}
