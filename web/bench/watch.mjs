/**
 * How soon a title is seen in Chromium: from asking hls.js for it to the first frame, and from a jump to a place that is
 * not there yet to its frame. `node bench/watch.mjs PORT ROUNDS NAME=URL …` takes the addresses in turn from a page at that
 * port, which they must let read, and prints one line of JSON: `{"NAME": {"first": [ms], "seek": [ms]}}`.
 */
import { accessSync, constants, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** Parts of the length to which is jumped, none near another. */
const PLACES = [0.7, 0.25, 0.9, 0.5];
const SCRIPT = new URL('../node_modules/hls.js/dist/hls.min.js', import.meta.url);
const PAGE = '<!doctype html><title>bench</title><video muted playsinline></video><script src="/hls.js"></script>';

const isThere = (path) => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** Runs in the page. */
async function watch([url, places]) {
  const video = document.querySelector('video');
  // Little in advance, so that places are really fetched when they are wanted.
  const hls = new window.Hls({ maxBufferLength: 4, maxMaxBufferLength: 4, backBufferLength: 0 });
  const failed = new Promise((_, fail) => hls.on(window.Hls.Events.ERROR, (_, data) => data.fatal && fail(new Error(data.details))));
  const frame = (least) =>
    new Promise((done) => {
      const look = (now, { mediaTime }) => (mediaTime >= least ? done(now) : video.requestVideoFrameCallback(look));
      video.requestVideoFrameCallback(look);
    });
  const begin = performance.now();
  const shown = frame(0);
  hls.loadSource(url);
  hls.attachMedia(video);
  void video.play();
  const first = (await Promise.race([shown, failed])) - begin;
  const seek = [];
  for (const place of places) {
    const at = video.duration * place;
    const asked = performance.now();
    video.currentTime = at;
    // A frame that is on its way from before is of another place.
    const there = new Promise((done) => video.addEventListener('seeked', () => done(frame(at - 0.1)), { once: true }));
    seek.push((await Promise.race([there, failed])) - asked);
  }
  hls.destroy();
  return { first, seek };
}

const [port, rounds, ...named] = process.argv.slice(2);
const lanes = named.map((each) => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)]);
const executablePath = BROWSERS.find(isThere);
if (!executablePath) throw new Error('Chromium is not installed');
const site = createServer((request, answer) => {
  const isScript = request.url === '/hls.js';
  answer.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
  answer.end(isScript ? readFileSync(SCRIPT) : PAGE);
});
await new Promise((done) => site.listen(Number(port), '127.0.0.1', done));
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required'] });
const found = Object.fromEntries(lanes.map(([name]) => [name, { first: [], seek: [] }]));
for (let round = 0; round < Number(rounds); round++) {
  for (const [name, url] of lanes) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${port}/`);
    const { first, seek } = await page.evaluate(watch, [url, PLACES]);
    found[name].first.push(first);
    found[name].seek.push(...seek);
    await context.close();
  }
}
await browser.close();
site.close();
console.log(JSON.stringify(found));
