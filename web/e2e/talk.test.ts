/** People in pages and in a terminal talk while a video plays; and how all of it looks. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { expect, faults, file, open, suite, test, visitor, world } from './harness';
import { serve, type Server } from './server';

let server: Server | undefined;
let terminals: Terminal[] = [];

beforeAll(async () => {
  if (!world) return;
  const folder = join(world.place, 'shows');
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
  const sources = ['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25:duration=60', '-f', 'lavfi', '-i', 'sine=440:duration=60'];
  const codecs = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '50', '-pix_fmt', 'yuv420p', '-c:a', 'aac'];
  execFileSync('ffmpeg', ['-nostdin', '-y', '-loglevel', 'error', ...sources, ...codecs, join(folder, 'A_show.mp4')]);
  server = await serve(world.binary, world.place, 'parley', [`library.directories=${folder}`, 'library.heights=180', 'storage.margin=0']);
});

afterEach(() => {
  for (const each of terminals) each.end();
  terminals = [];
});

afterAll(async () => {
  await server?.stop();
});

/** `kinora chat --line`, as somebody types into it. */
class Terminal {
  private readonly lines: string[] = [];
  private waiting: (() => void)[] = [];

  constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream as Readable }).on('line', (line) => {
        this.lines.push(line);
        for (const wake of this.waiting.splice(0)) wake();
      });
    }
  }

  static async start(name: string): Promise<Terminal> {
    const place = ['--name', name, '--server', `127.0.0.1:${server?.mmp}`, '--plain'];
    const env = { ...process.env, XDG_DATA_HOME: file(`home-${name}`) };
    const terminal = new Terminal(spawn(world?.binary ?? '', ['chat', '--line', ...place], { env, stdio: 'pipe' }));
    terminals.push(terminal);
    await terminal.until(/^you are /);
    await terminal.until(/ people, /);
    return terminal;
  }

  type(line: string) {
    (this.child.stdin as Writable).write(`${line}\n`);
  }

  /** The first line like this. */
  async until(like: RegExp): Promise<string> {
    for (;;) {
      const found = this.lines.find((line) => like.test(line));
      if (found !== undefined) return found;
      await new Promise<void>((wake) => this.waiting.push(wake));
    }
  }

  end() {
    this.child.stdin?.end();
  }
}

async function person(name: string, path = '/', options: BrowserContextOptions = {}): Promise<{ page: Page; context: BrowserContext }> {
  const context = await visitor(options);
  const page = await open(context, path, `127.0.0.1:${server?.port}`);
  await page.getByRole('button', { name: 'Talk', exact: true }).click();
  await page.getByLabel('Your name here').fill(name);
  await page.getByRole('button', { name: 'Begin' }).click();
  await page.getByText(`You are ${name}`).waitFor();
  return { page, context };
}

const row = (page: Page, name: string) => page.locator('aside li button', { hasText: name });
const message = (page: Page, text: string) => page.getByRole('log').getByText(text, { exact: true });

async function say(page: Page, text: string) {
  await page.getByRole('textbox', { name: /^Message to/ }).fill(text);
  await page.keyboard.press('Enter');
}

const played = (page: Page) => page.evaluate(() => (document.querySelector('video') as HTMLVideoElement).currentTime);

suite('the talk', () => {
  test('goes on between a page and a terminal while a video plays', async () => {
    const { page } = await person('asha', '/library');
    await page.getByRole('button', { name: 'Close the talk' }).click();
    await page.locator('main ul a').first().click();
    await page.locator('video').waitFor();
    await page.evaluate(() => Object.assign(document.querySelector('video') as HTMLVideoElement, { muted: true, autoplay: true }));
    await page.waitForFunction(() => (document.querySelector('video') as HTMLVideoElement).currentTime > 0.2);
    const terminal = await Terminal.start('ravi');
    terminal.type('/open asha');
    terminal.type('hello from the terminal');
    // Nobody looks at the talk: a note comes, where it covers neither captions nor controls.
    const note = page.locator('[popover] button', { hasText: 'hello from the terminal' });
    await note.waitFor();
    const [toast, stage] = [await note.boundingBox(), await page.locator('.player').boundingBox()];
    expect((toast?.y ?? 0) + (toast?.height ?? 0)).toBeLessThan((stage?.y ?? 0) + (stage?.height ?? 0) * 0.6);
    const before = await played(page);
    await note.click();
    await message(page, 'hello from the terminal').waitFor();
    await page.getByText('Encrypted, not compared').waitFor();
    await say(page, 'and from the page');
    await terminal.until(/and from the page/);
    await page.getByText(/· (sent|delivered|read)/).first().waitFor();
    await page.waitForFunction((at) => (document.querySelector('video') as HTMLVideoElement).currentTime > at, before);
    // Beside the player, never over it.
    const [panel, picture] = [await page.locator('aside').boundingBox(), await page.locator('.player').boundingBox()];
    expect(panel?.x).toBeGreaterThanOrEqual((picture?.x ?? 0) + (picture?.width ?? 0));
    // Both show the same number, and one of them says that it was compared.
    await page.getByRole('button', { name: 'Compare safety number' }).click();
    const number = (await page.locator('[data-number]').innerText()).replace(/\s+/g, ' ').trim();
    expect(number).toMatch(/^(\d{5} ){11}\d{5}$/);
    terminal.type('/verify asha');
    await terminal.until(new RegExp(number.slice(0, 11)));
    expect(await faults(page)).toEqual([]);
    await page.getByRole('button', { name: 'They are the same' }).click();
    await page.getByText('Encrypted, verified').waitFor();
    await page.screenshot({ path: file('talk-beside.png') });
  });

  test('refuses a name that is taken, and waits for who is away', async () => {
    const { page: mala, context } = await person('mala');
    const other = await visitor();
    const page = await open(other, '/', `127.0.0.1:${server?.port}`);
    await page.getByRole('button', { name: 'Talk', exact: true }).click();
    await page.getByLabel('Your name here').fill('Mala');
    await page.getByRole('button', { name: 'Begin' }).click();
    await page.getByRole('alert').getByText('belongs to somebody else').waitFor();
    expect(await faults(page)).toEqual([]);
    await page.getByLabel('Your name here').fill('kiran');
    await page.getByRole('button', { name: 'Begin' }).click();
    await page.getByText('You are kiran').waitFor();
    await row(page, 'mala').click();
    await say(page, 'one');
    await row(mala, 'kiran').click();
    await message(mala, 'one').waitFor();
    await page.getByText('· read').waitFor();
    await mala.close();
    await page.getByRole('status').getByText('Away').waitFor();
    await say(page, 'two');
    await page.getByText('· sent').waitFor();
    // The same browser, a new tab: it knows who it is, and nothing is lost or there twice.
    const again = await open(context, '/', `127.0.0.1:${server?.port}`);
    await again.getByRole('button', { name: 'Talk, 1 unread' }).click();
    await row(again, 'kiran').click();
    await message(again, 'two').waitFor();
    expect(await again.getByRole('log').getByRole('listitem').count()).toBe(2);
    // A second tab waits for its turn, or takes it.
    const second = await open(context, '/', `127.0.0.1:${server?.port}`);
    await second.getByRole('button', { name: /^Talk/ }).click();
    await second.getByRole('button', { name: 'Use it here' }).click();
    await row(second, 'kiran').click();
    await say(second, 'three');
    await message(page, 'three').waitFor();
    await again.getByText('open in another tab').waitFor();
  });

  test.each<[string, BrowserContextOptions]>([
    ['phone', { viewport: { width: 390, height: 844 }, hasTouch: true }],
    ['dark', { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' }],
  ])('reads well: %s', async (name, options) => {
    const { page } = await person(`view.${name}`, '/library', options);
    await page.screenshot({ path: file(`talk-people-${name}.png`) });
    expect(await faults(page)).toEqual([]);
    const { page: other } = await person(`other.${name}`);
    await row(other, `view.${name}`).click();
    await say(other, 'A text that is long enough to be set in several lines, so that its shape can be seen: and then a little more of it.');
    await row(page, `other.${name}`).click();
    await say(page, 'Yes.');
    await message(other, 'Yes.').waitFor();
    await page.getByText('· read').waitFor();
    expect(await faults(page)).toEqual([]);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
    await page.screenshot({ path: file(`talk-${name}.png`) });
  });

  test('is used with keys alone, in Japanese', async () => {
    const { page: other } = await person('keys');
    const context = await visitor({ locale: 'ja-JP' });
    const page = await open(context, '/', `127.0.0.1:${server?.port}`);
    await page.getByRole('button', { name: '会話', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.getByLabel('ここでの名前').focus();
    await page.keyboard.type('花子');
    await page.keyboard.press('Enter');
    await page.getByText('あなたは花子です').waitFor();
    await row(page, 'keys').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('textbox', { name: 'keysさんへのメッセージ' }).waitFor();
    await page.keyboard.type('こんにちは');
    await page.keyboard.press('Enter');
    await row(other, '花子').click();
    await message(other, 'こんにちは').waitFor();
    await page.getByText('暗号化済み、未確認').waitFor();
    expect(await faults(page)).toEqual([]);
    await page.screenshot({ path: file('talk-ja.png') });
    await page.keyboard.press('Escape');
    await page.getByText('あなたは花子です').waitFor();
    await page.keyboard.press('Escape');
    expect(await page.evaluate(() => document.activeElement?.hasAttribute('data-talk'))).toBe(true);
  });
});
