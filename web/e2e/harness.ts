/** A browser on the real server, by way of a relay that can hold and cut connections. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';

export const world = inject('world');

/** Tests that need a browser and a server. */
export const suite = describe.skipIf(world === null);

export { expect, test };

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PATIENCE = 45_000;

let browser: Browser;
let relay: Relay;
let contexts: BrowserContext[] = [];
/** What a page must never do: complain, or ask somebody else for anything. */
let offences: string[] = [];

beforeAll(async () => {
  if (!world) return;
  const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];
  browser = await chromium.launch({ executablePath: world.chromium, args });
  relay = await Relay.start(world.port);
});

afterAll(async () => {
  await browser?.close();
  relay?.stop();
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') for (const page of contexts.flatMap((context) => context.pages())) await describePage(page);
  for (const context of contexts) await context.close();
  relay?.free();
  const found = offences;
  [contexts, offences] = [[], []];
  expect(found).toEqual([]);
});

/** What a test that failed was looking at: a machine elsewhere leaves nothing but its output. */
async function describePage(page: Page) {
  const text = await page.locator('body').innerText({ timeout: 5_000 }).catch(String);
  console.log(`at ${page.url()}:\n${text.replace(/\n+/g, ' | ').slice(0, 2_000)}`);
}

export const file = (name: string) => join(world?.place ?? '', name);
export const link = () => relay;

export async function visitor(options: BrowserContextOptions = {}): Promise<BrowserContext> {
  const context = await browser.newContext({ locale: 'en-US', acceptDownloads: true, ...options });
  context.setDefaultTimeout(PATIENCE);
  contexts.push(context);
  return context;
}

export async function open(context: BrowserContext, path = '/', host = relay.host): Promise<Page> {
  const page = await context.newPage();
  page.on('pageerror', (error) => offences.push(String(error)));
  page.on('console', (message) => {
    // A refusal that the test is about is no offence.
    const isAnswer = /Failed to load resource/.test(message.text());
    if (message.type() === 'error' && !isAnswer) offences.push(message.text());
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith('http') && url.host !== host) offences.push(request.url());
  });
  await page.goto(`http://${host}${path}`);
  return page;
}

/** Chooses files and what to do with them, and starts. */
export async function order(page: Page, names: string[], operation: string, prepare?: () => Promise<void>) {
  await page.setInputFiles('[data-choose=files]', names.map(file));
  await choose(page, operation);
  await prepare?.();
  await page.getByRole('button', { name: /^Start/ }).click();
}

export const choose = (page: Page, operation: string) =>
  page.locator(`input[name=goal][value=${operation}]`).check({ force: true });

export const card = (page: Page, name: string) => page.getByRole('article', { name });

/** Downloads what the card has, and says what it is. */
export async function fetched(page: Page, name: string): Promise<Probe> {
  const button = card(page, name).getByRole('link', { name: 'Download' });
  const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
  const path = join(world?.place ?? '', `got-${download.suggestedFilename()}`);
  await download.saveAs(path);
  const entries = 'format=format_name,duration:stream=codec_name,codec_type,width,height';
  const text = execFileSync('ffprobe', ['-v', 'error', '-show_entries', entries, '-of', 'json', path], { encoding: 'utf8' });
  const { format, streams } = JSON.parse(text) as { format: { format_name: string; duration: string }; streams: Stream[] };
  const of = (type: string) => streams.find((stream) => stream.codec_type === type);
  return { name: download.suggestedFilename(), format: format.format_name, duration: Number(format.duration), video: of('video'), audio: of('audio') };
}

interface Stream {
  codec_type: string;
  codec_name: string;
  width?: number;
  height?: number;
}

export interface Probe {
  name: string;
  format: string;
  duration: number;
  video: Stream | undefined;
  audio: Stream | undefined;
}

/** What axe finds wrong with the page as it stands. */
export async function faults(page: Page): Promise<string[]> {
  // Colours are judged when they have arrived.
  await page.evaluate(() => Promise.allSettled(document.getAnimations().map((animation) => animation.finished)));
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> } };
    const { violations } = await axe.run();
    return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary}`));
  });
}

/** Passes bytes on between browser and server; can hold an upload in its middle, and cut all connections. */
class Relay {
  private sockets = new Set<Socket>();
  private gate: { after: number; reached: () => void } | undefined;
  private held: Socket[] = [];
  private isClosed = false;

  private constructor(
    private readonly server: ReturnType<typeof createServer>,
    readonly host: string,
  ) {}

  static start(to: number): Promise<Relay> {
    return new Promise((done) => {
      const server = createServer((near) => relay.join(near, connect(to, '127.0.0.1')));
      let relay: Relay;
      server.listen(0, '127.0.0.1', () => {
        relay = new Relay(server, `127.0.0.1:${(server.address() as AddressInfo).port}`);
        done(relay);
      });
    });
  }

  /** The next connection that brings more than this goes no further; resolves when it got there. */
  hold(after: number): Promise<void> {
    return new Promise((reached) => (this.gate = { after, reached }));
  }

  /** What was held goes on. */
  free() {
    this.gate = undefined;
    this.isClosed = false;
    for (const socket of this.held.splice(0)) socket.resume();
  }

  /** All connections end at once. */
  cut() {
    this.gate = undefined;
    this.held = [];
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  /** And nobody gets through any more. */
  close() {
    this.isClosed = true;
    this.cut();
  }

  stop() {
    this.cut();
    this.server.close();
  }

  private join(near: Socket, far: Socket) {
    if (this.isClosed) {
      near.resetAndDestroy();
      far.destroy();
      return;
    }
    let brought = 0;
    for (const [from, to] of [[near, far], [far, near]] as const) {
      this.sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
      from.on('data', (bytes) => {
        to.write(bytes);
        if (from === near) brought += bytes.length;
        if (from === near && this.gate && brought > this.gate.after) {
          near.pause();
          this.held.push(near);
          this.gate.reached();
          this.gate = undefined;
        }
      });
    }
  }
}
