/** One story, told by a page and by a terminal: two people who meet while one of them watches a video. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { expect, faults, file, open, suite, test, visitor, world } from './harness';
import { Screen } from './screen';
import { serve, type Server } from './server';
import { show } from './show';
import { message, say, unhurried } from './talking';

let server: Server | undefined;
let screens: Screen[] = [];

beforeAll(async () => {
  if (!world) return;
  const folder = show(join(world.place, 'story-shows'), 'Monsoon', 90);
  server = await serve(world.binary, world.place, 'story', [`library.directories=${folder}`, 'library.heights=180', 'storage.margin=0']);
});

afterEach(() => {
  for (const each of screens) each.stop();
  screens = [];
});

afterAll(async () => {
  await server?.stop();
});

/** `kinora chat` as this person, on a machine of their own. */
function terminal(name: string, home = name): Screen {
  const place = file(`story-${home}`);
  mkdirSync(place, { recursive: true });
  const screen = new Screen(world?.binary ?? '', ['chat', '--name', name, '--server', `127.0.0.1:${server?.mmp}`, '--plain'], { XDG_DATA_HOME: place });
  screens.push(screen);
  return screen;
}

const at = (context: BrowserContext, path = '/') => open(context, path, `127.0.0.1:${server?.port}`);
const talk = (page: Page) => page.getByRole('button', { name: /^Talk/ }).first().click();

/** Plays the first title, and counts what disturbs it from then on. */
async function watch(page: Page): Promise<() => Promise<{ played: number; pauses: number; failures: string[] }>> {
  const failures: string[] = [];
  page.on('requestfailed', (request) => request.url().includes('/watch/') && failures.push(request.url()));
  page.on('response', (response) => response.url().includes('/watch/') && response.status() >= 400 && failures.push(`${response.status()} ${response.url()}`));
  await page.locator('main ul a').first().click();
  await page.locator('video').waitFor();
  await page.evaluate(() => Object.assign(document.querySelector('video') as HTMLVideoElement, { muted: true, autoplay: true }));
  // What a slow machine fetches late is no disturbance by the talk: it goes on from what is there.
  await page.waitForFunction(() => {
    const { buffered, currentTime } = document.querySelector('video') as HTMLVideoElement;
    return currentTime > 0.5 && buffered.length > 0 && buffered.end(buffered.length - 1) > currentTime + 20;
  });
  await page.evaluate(() => {
    const video = document.querySelector('video') as HTMLVideoElement;
    for (const sign of ['waiting', 'pause', 'error']) video.addEventListener(sign, () => (video.dataset['pauses'] = String(1 + Number(video.dataset['pauses'] ?? 0))));
  });
  return async () => {
    const [played, pauses] = await page.evaluate(() => {
      const video = document.querySelector('video') as HTMLVideoElement;
      return [video.currentTime, Number(video.dataset['pauses'] ?? 0)] as const;
    });
    return { played, pauses, failures };
  };
}

suite('a page and a terminal', () => {
  test('tell one story', async () => {
    // Asha begins in the page, and watches something.
    const context = await visitor();
    let page = await at(context, '/library');
    await talk(page);
    await page.getByLabel('Your name here').fill('asha');
    await page.getByRole('button', { name: 'Begin' }).click();
    await page.getByText('You are asha').waitFor();
    await page.getByRole('button', { name: 'Close the talk' }).click();
    const seen = await watch(page);

    // Her name is hers, in whatever it is tried.
    const thief = terminal('Asha', 'thief');
    await thief.until(/name_taken|belongs to/);
    expect(await thief.end()).not.toBe(0);
    let ravi = terminal('ravi');
    await ravi.until('you are ravi - connected', '● asha');
    const stranger = await at(await visitor());
    await talk(stranger);
    await stranger.getByLabel('Your name here').fill('RAVI');
    await stranger.getByRole('button', { name: 'Begin' }).click();
    await stranger.getByRole('alert').getByText('belongs to somebody else').waitFor();

    // They write to each other, and the video goes on.
    await unhurried(page, () => {
      ravi.type('are you watching it?');
      return page.locator('[popover] button', { hasText: 'are you watching it?' }).click();
    });
    await message(page, 'are you watching it?').waitFor();
    await say(page, 'yes, from the begining');
    await ravi.until('  yes, from the begining');
    const before = await seen();
    await page.getByRole('textbox', { name: /^Message to/ }).press('ArrowUp');
    await page.getByRole('textbox', { name: 'Your last message in other words' }).fill('yes, from the beginning');
    await page.keyboard.press('Enter');
    await message(page, 'yes, from the beginning').waitFor();
    await page.getByRole('log').getByText('edited').waitFor();
    await ravi.until('yes, from the beginning');
    await page.getByRole('button', { name: 'Send this moment to ravi' }).click();
    await page.getByRole('link', { name: /^Watch “Monsoon” from 0:\d\d$/ }).waitFor();
    await ravi.until(/Monsoon/);

    // A file goes each way, and is what it was.
    const notes = Buffer.alloc(300_000, 'what we said');
    await page.locator('aside input[type=file]').setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: notes });
    await page.getByRole('button', { name: 'Download notes.txt' }).waitFor();
    const [, number] = /\/save (\d+)/.exec(await ravi.until('notes.txt', /\/save \d+/)) ?? [];
    const kept = file('story-notes.txt');
    ravi.type(`/save ${number} ${kept}`);
    await ravi.until('saved as');
    expect(readFileSync(kept).equals(notes)).toBe(true);
    const reply = file('reply.txt');
    writeFileSync(reply, Buffer.alloc(200_000, 'and what I say'));
    ravi.type(`/file ${reply}`);
    const button = page.getByRole('button', { name: 'Download reply.txt' });
    await button.waitFor();
    const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
    await download.saveAs(file('story-reply.txt'));
    expect(readFileSync(file('story-reply.txt')).equals(readFileSync(reply))).toBe(true);
    const after = await seen();
    expect(after.played).toBeGreaterThan(before.played);
    expect(after).toMatchObject({ pauses: 0, failures: [] });

    // He goes, and finds what was said when he is back.
    ravi.type('/quit');
    expect(await ravi.end()).toBe(0);
    await page.getByRole('status').getByText('Away').waitFor();
    await say(page, 'see you later');
    await page.getByText('· sent').last().waitFor();
    ravi = terminal('ravi');
    await ravi.until('you are ravi - connected', '  see you later');
    await page.getByRole('status').getByText('Here').waitFor();

    // So does she.
    await page.close();
    await ravi.until('○ asha');
    ravi.type('I am back');
    page = await at(context);
    await page.getByRole('button', { name: /^Talk, \d+ unread$/ }).click();
    await page.locator('aside li button', { hasText: 'ravi' }).click();
    await message(page, 'I am back').waitFor();
    await ravi.until('● asha');

    // Both see one number; hers compares itself with his, and he says so with a key.
    await page.getByRole('button', { name: 'Compare safety number' }).click();
    const groups = (await page.locator('[data-number]').innerText()).split(/\s+/).filter(Boolean);
    expect(groups).toHaveLength(12);
    ravi.type('/verify');
    await ravi.until(...groups);
    const field = page.getByLabel('The number that ravi sees');
    await field.fill(groups.toReversed().join(' '));
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('The numbers are different').waitFor();
    await field.fill(groups.join(' '));
    await page.getByRole('button', { name: 'Compare', exact: true }).click();
    await page.getByText('The numbers are the same: verified.').waitFor();
    await page.getByText('Encrypted, verified').waitFor();
    expect(await faults(page)).toEqual([]);
    await page.screenshot({ path: file('story-verified.png') });
    ravi.press('y');
    await ravi.until('encrypted, compared');

    // And they leave.
    await page.getByRole('button', { name: 'All people' }).click();
    await page.getByRole('button', { name: 'Leave' }).click();
    await page.getByText('You have left').waitFor();
    await ravi.until('○ asha');
    ravi.press(' ');
    ravi.type('/quit');
    expect(await ravi.end()).toBe(0);
  });
});
