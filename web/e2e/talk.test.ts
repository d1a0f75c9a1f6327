/** People in pages and in a terminal talk while a video plays; and how all of it looks. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { expect, faults, file, open, suite, test, visitor, world } from './harness';
import { serve, type Server } from './server';
import { show } from './show';
import * as by from './talking';
import { message, row, say, unhurried } from './talking';
import { homed, Terminal } from './terminal';

let server: Server | undefined;
let terminals: Terminal[] = [];

beforeAll(async () => {
  if (!world) return;
  const folder = show(join(world.place, 'shows'), 'A_show', 60);
  server = await serve(world.binary, world.place, 'parley', [`library.directories=${folder}`, 'library.heights=180', 'storage.margin=0', 'talk.file_size=10000000']);
});

afterEach(({ task }) => {
  for (const each of terminals) {
    if (task.result?.state === 'fail') each.describe();
    each.end();
  }
  terminals = [];
});

afterAll(async () => {
  await server?.stop();
});

async function terminal(name: string): Promise<Terminal> {
  const started = await Terminal.start(server, name);
  terminals.push(started);
  return started;
}

const person = (name: string, path?: string, options?: BrowserContextOptions) => by.person(server, name, path, options);

const played = (page: Page) => page.evaluate(() => (document.querySelector('video') as HTMLVideoElement).currentTime);

suite('the talk', () => {
  test('goes on between a page and a terminal while a video plays', async () => {
    const { page } = await person('asha', '/library');
    await page.getByText('My devices (1)').click();
    await page.getByRole('list', { name: 'My devices' }).getByText('this one').waitFor();
    expect(await faults(page)).toEqual([]);
    await page.getByRole('button', { name: 'Close the talk' }).click();
    await page.locator('main ul a').first().click();
    await page.locator('video').waitFor();
    await page.evaluate(() => Object.assign(document.querySelector('video') as HTMLVideoElement, { muted: true, autoplay: true }));
    await page.waitForFunction(() => (document.querySelector('video') as HTMLVideoElement).currentTime > 0.2);
    const ravi = await terminal('ravi');
    ravi.type('/open asha');
    // Nobody looks at the talk: a note comes, where it covers neither captions nor controls.
    const before = await unhurried(page, async () => {
      ravi.type('hello from the terminal');
      const note = page.locator('[popover] button', { hasText: 'hello from the terminal' });
      await note.waitFor();
      const [toast, stage] = [await note.boundingBox(), await page.locator('.player').boundingBox()];
      expect((toast?.y ?? 0) + (toast?.height ?? 0)).toBeLessThan((stage?.y ?? 0) + (stage?.height ?? 0) * 0.6);
      const at = await played(page);
      await note.click();
      return at;
    });
    await message(page, 'hello from the terminal').waitFor();
    await page.getByText('Encrypted, not compared').waitFor();
    await say(page, 'and from the page');
    await ravi.until(/and from the page/);
    await page.getByText(/· (sent|delivered|read)/).first().waitFor();
    await page.waitForFunction((at) => (document.querySelector('video') as HTMLVideoElement).currentTime > at, before);
    // Beside the player, never over it.
    const [panel, picture] = [await page.locator('aside').boundingBox(), await page.locator('.player').boundingBox()];
    expect(panel?.x).toBeGreaterThanOrEqual((picture?.x ?? 0) + (picture?.width ?? 0));
    // Both show the same number, and one of them says that it was compared.
    await page.getByRole('button', { name: 'Compare safety number' }).click();
    const number = (await page.locator('[data-number]').innerText()).replace(/\s+/g, ' ').trim();
    expect(number).toMatch(/^(\d{5} ){11}\d{5}$/);
    ravi.type('/verify asha');
    await ravi.until(new RegExp(number.slice(0, 11)));
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
    // The first one still shows who is there, and somebody chosen there is talked with there.
    await say(page, 'four');
    await again.locator('aside li', { hasText: 'four' }).waitFor();
    await row(again, 'kiran').click();
    await message(again, 'four').waitFor();
    await say(again, 'five');
    await message(page, 'five').waitFor();
    await second.getByText('open in another tab').waitFor();
    expect(await faults(second)).toEqual([]);
    await second.screenshot({ path: file('talk-elsewhere.png') });
  });

  test('says in other words what was said, by keys and by a button, and shows who is writing', async () => {
    const [{ page: one }, { page: other }] = [await person('lina'), await person('omar')];
    await row(one, 'omar').click();
    await say(one, 'helo');
    await row(other, 'lina').click();
    await message(other, 'helo').waitFor();
    const input = one.getByRole('textbox', { name: 'Message to omar' });
    await input.press('ArrowUp');
    const edited = one.getByRole('textbox', { name: 'Your last message in other words' });
    expect(await edited.inputValue()).toBe('helo');
    await edited.press('Escape');
    expect(await input.inputValue()).toBe('');
    await one.getByRole('log').getByRole('button', { name: 'Edit' }).click();
    await edited.fill('hello');
    expect(await faults(one)).toEqual([]);
    await one.screenshot({ path: file('talk-edit.png') });
    await one.getByRole('button', { name: 'Save' }).click();
    await message(other, 'hello').waitFor();
    await other.getByRole('log').getByText('edited').waitFor();
    await one.getByRole('log').getByText('edited').waitFor();
    // The other's words have no such button.
    expect(await other.getByRole('log').getByRole('button').count()).toBe(0);
    const height = () => one.getByRole('log').evaluate((log) => log.clientHeight);
    const before = await height();
    await other.getByRole('textbox', { name: 'Message to lina' }).pressSequentially('hi');
    // In one look: it stands there for some seconds only.
    const writing = await one.getByText('omar is writing…').evaluate((line) => ({
      live: line.closest('[aria-live]')?.getAttribute('aria-live'),
      height: document.querySelector('[role=log]')?.clientHeight,
    }));
    expect(writing).toEqual({ live: 'off', height: before });
    await other.keyboard.press('Enter');
    await message(one, 'hi').waitFor();
    await one.getByText('omar is writing…').waitFor({ state: 'detached' });
  });

  test('sends a moment of a video, which opens there', async () => {
    const [{ page: one }, { page: other }] = [await person('nora', '/library'), await person('sami')];
    await row(one, 'sami').click();
    await one.locator('main ul a').first().click();
    await one.locator('video').waitFor();
    await one.waitForFunction(() => (document.querySelector('video') as HTMLVideoElement).readyState > 1);
    await one.evaluate(() => {
      const video = document.querySelector('video') as HTMLVideoElement;
      video.pause();
      video.currentTime = 31.2;
    });
    await one.locator('.time', { hasText: '0:31' }).waitFor();
    await one.getByRole('button', { name: 'Send this moment to sami' }).click();
    await one.getByText('Sent to sami: 0:31').waitFor();
    expect(await faults(one)).toEqual([]);
    await one.screenshot({ path: file('talk-moment.png') });
    await row(other, 'nora').click();
    const card = other.getByRole('link', { name: 'Watch “A show” from 0:31' });
    // Where it goes, not where it has come to since.
    await other.evaluate(() => {
      const note = ({ target }: Event) => (document.body.dataset['seeks'] = `${document.body.dataset['seeks'] ?? ''} ${Math.floor((target as HTMLVideoElement).currentTime)}`);
      document.addEventListener('seeking', note, true);
    });
    const gone = (times: number) => other.waitForFunction((times) => (document.body.dataset['seeks'] ?? '').split(' ').filter((at) => at === '31').length === times, times);
    await card.click();
    await other.locator('video').waitFor();
    await gone(1);
    await other.waitForFunction(() => (document.querySelector('video') as HTMLVideoElement).readyState > 1);
    expect(new URL(other.url()).search).toBe('?t=31');
    // Chosen once more, it goes there once more.
    await other.evaluate(() => ((document.querySelector('video') as HTMLVideoElement).currentTime = 5));
    await card.click();
    await gone(2);
    // What is not there, or not for this reader, is said at once.
    await other.goto(`http://127.0.0.1:${server?.port}/library/${'0'.repeat(32)}?t=31`);
    await other.getByText('The library has no such video.').waitFor();
  });

  test('sends files that the server cannot open, and shows pictures that it drew itself', async () => {
    const [{ page: one }, { page: other }] = [await person('dev'), await person('eli')];
    await row(one, 'eli').click();
    await row(other, 'dev').click();
    const bytes = Buffer.alloc(9_000_000, 'a planted line\n');
    await one.locator('aside input[type=file]').setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: bytes });
    const button = other.getByRole('button', { name: 'Download notes.txt' });
    await button.waitFor();
    await one.getByText('· sent').or(one.getByText(/· (delivered|read)/)).first().waitFor();
    const [download] = await Promise.all([other.waitForEvent('download'), button.click()]);
    expect(download.suggestedFilename()).toBe('notes.txt');
    const path = file('got-notes.txt');
    await download.saveAs(path);
    expect(readFileSync(path).equals(bytes)).toBe(true);
    // A picture, and something that only says so.
    const png = await other.screenshot({ clip: { x: 0, y: 0, width: 300, height: 200 } });
    await one.locator('aside input[type=file]').setInputFiles([
      { name: 'view.png', mimeType: 'image/png', buffer: png },
      { name: 'odd.png', mimeType: 'image/png', buffer: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>') },
    ]);
    await other.getByRole('button', { name: 'Show view.png' }).click();
    await other.getByRole('img', { name: 'view.png' }).waitFor();
    await other.getByRole('button', { name: 'Show odd.png' }).click();
    await other.getByText('This is no picture that can be shown.').waitFor();
    expect(await faults(other)).toEqual([]);
    await other.screenshot({ path: file('talk-files.png') });
    // Dropped, and too large for this server.
    const drop = await one.evaluateHandle(() => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(11_000_000)], 'large.bin'));
      return data;
    });
    await one.getByRole('log').dispatchEvent('drop', { dataTransfer: drop });
    await one.getByRole('alert').getByText('The file is too large: up to 10.0 MB are taken here.').waitFor();
    // It was for the conversation, not for the page behind it.
    expect(await one.getByRole('button', { name: 'Choose videos' }).count()).toBe(1);
    expect(await faults(one)).toEqual([]);
    await one.screenshot({ path: file('talk-file-refused.png') });
    await one.getByRole('button', { name: 'All right' }).click();
    await one.getByRole('alert').waitFor({ state: 'detached' });
  });

  test('compares numbers by the camera, and tells nobody what was read when that is switched off', async () => {
    const [{ page: one }, { page: other }] = [await person('tara'), await person('yuki')];
    await row(other, 'tara').click();
    await other.getByRole('button', { name: 'Compare safety number' }).click();
    const number = (await other.locator('[data-number]').innerText()).replace(/\s+/g, '');
    // A camera that sees the other's screen, and a reader for it.
    await one.evaluate((digits) => {
      const canvas = document.createElement('canvas');
      setInterval(() => canvas.getContext('2d')?.fillRect(0, 0, 9, 9), 50);
      Object.defineProperty(navigator, 'mediaDevices', { value: { getUserMedia: async () => canvas.captureStream(5) } });
      Object.assign(window, { BarcodeDetector: class { detect = async () => [{ rawValue: digits }] } });
    }, number);
    await one.getByRole('switch').click();
    await row(one, 'yuki').click();
    await one.getByRole('button', { name: 'Compare safety number' }).click();
    expect(await faults(one)).toEqual([]);
    await one.screenshot({ path: file('talk-compare.png') });
    await one.getByRole('button', { name: 'Scan their code' }).click();
    await one.getByText('The numbers are the same: verified.').waitFor();
    await one.getByText('Encrypted, verified').waitFor();
    await say(other, 'did you read this?');
    await message(one, 'did you read this?').waitFor();
    // Looked at anew: what would be told goes out before the next message.
    await one.keyboard.press('Escape');
    await row(one, 'yuki').click();
    await say(one, 'yes');
    await message(other, 'yes').waitFor();
    expect(await other.getByText(/· (delivered|read)/).count()).toBe(0);
  });

  test('backs up what a terminal brings back, and brings back what a terminal has backed up', async () => {
    const [{ page: one }, { page: other }] = [await person('vera'), await person('wim')];
    await row(one, 'wim').click();
    await say(one, 'before the backup');
    await row(other, 'vera').click();
    await message(other, 'before the backup').waitFor();
    await one.keyboard.press('Escape');
    const words = 'correct horse battery';
    const summary = one.getByText('Back up', { exact: true });
    await summary.click();
    await one.getByLabel('Passphrase, of several words').fill(words);
    await one.getByLabel('The same once more').fill('correct horse staple');
    await one.getByRole('button', { name: 'Download the backup' }).click();
    await one.getByRole('alert').getByText('The two passphrases are not the same.').waitFor();
    expect(await faults(one)).toEqual([]);
    await one.getByLabel('The same once more').fill(words);
    // It is made in a worker of its own, which ends with it.
    const sealing = one.waitForEvent('worker');
    const [download] = await Promise.all([one.waitForEvent('download'), one.getByRole('button', { name: 'Download the backup' }).click()]);
    expect(download.suggestedFilename()).toBe('vera.age');
    const sealer = await sealing;
    if (one.workers().includes(sealer)) await sealer.waitForEvent('close');
    await one.getByText('The backup was made, with one message.').waitFor();
    await one.screenshot({ path: file('talk-backup.png') });
    const [path, key, again] = [file('vera.age'), file('vera.words'), file('again.age')];
    await download.saveAs(path);
    writeFileSync(key, `${words}\n`);
    // A terminal goes on with it, and is one more device.
    const chat = (...more: string[]) => {
      const place = ['--server', `127.0.0.1:${server?.mmp}`, '--passphrase-file', key];
      execFileSync(world?.binary ?? '', ['chat', ...more, ...place], { env: homed('vera'), stdio: 'pipe' });
    };
    chat('restore', path);
    const laptop = await terminal('vera');
    await one.getByText('My devices (2)').waitFor();
    await row(one, 'wim').click();
    await say(one, 'to both of them');
    await laptop.until(/to both of them/);
    laptop.type('/open wim');
    laptop.type('from the terminal');
    await message(other, 'from the terminal').waitFor();
    await message(one, 'from the terminal').waitFor();
    laptop.type('/quit');
    await laptop.over();
    // And the other way: another browser begins with what the terminal has.
    chat('backup', again);
    const phone = await open(await visitor(), '/', `127.0.0.1:${server?.port}`);
    await phone.getByRole('button', { name: 'Talk', exact: true }).click();
    await phone.getByText('Bring back a backup').click();
    await phone.getByLabel('The file').setInputFiles(again);
    await phone.getByLabel('Its passphrase').fill('correct horse staple');
    await phone.getByRole('button', { name: 'Bring it back' }).click();
    await phone.getByRole('alert').getByText('That is not the passphrase of this file.').waitFor();
    expect(await faults(phone)).toEqual([]);
    await phone.screenshot({ path: file('talk-restore.png') });
    await phone.getByLabel('Its passphrase').fill(words);
    await phone.getByRole('button', { name: 'Bring it back' }).click();
    await phone.getByText('You are vera').waitFor();
    await row(phone, 'wim').click();
    for (const text of ['before the backup', 'to both of them', 'from the terminal']) await message(phone, text).waitFor();
    await say(other, 'who is there?');
    await message(phone, 'who is there?').waitFor();
    await say(phone, 'the third of us');
    await message(other, 'the third of us').waitFor();
    await message(one, 'the third of us').waitFor();
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
    await page.getByRole('button', { name: 'Compare safety number' }).click();
    await page.getByRole('img', { name: /QR code/ }).waitFor();
    expect(await faults(page)).toEqual([]);
    await page.screenshot({ path: file(`talk-compare-${name}.png`) });
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
