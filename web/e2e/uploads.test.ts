/** Uploads that break, and files that are refused. */
import { copyFileSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { card, choose, expect, fetched, file, link, open, order, suite, test, visitor } from './harness';

/** Bytes after which an upload is in its middle. */
const MIDDLE = 300_000;

/** Where each piece of an upload began. */
function offsets(page: Page): number[] {
  const found: number[] = [];
  page.on('request', (request) => {
    if (request.method() === 'PATCH') found.push(Number(request.headers()['upload-offset']));
  });
  return found;
}

suite('an upload', () => {
  test('goes on by itself after a cut connection', async () => {
    expect(statSync(file('large.mp4')).size).toBeGreaterThan(4 * MIDDLE);
    const page = await open(await visitor());
    const began = offsets(page);
    const held = link().hold(MIDDLE);
    await order(page, ['large.mp4'], 'audio');
    await held;
    link().cut();
    expect((await fetched(page, 'large.mp4')).audio).toMatchObject({ codec_name: 'mp3' });
    expect(began[0]).toBe(0);
    expect(began.at(-1)).toBeGreaterThan(0);
  });

  test('goes on after a reload, when the same file is chosen again', async () => {
    const page = await open(await visitor());
    const held = link().hold(MIDDLE);
    await order(page, ['large.mp4'], 'audio');
    await held;
    await page.reload();
    await card(page, 'large.mp4').getByText('Upload was interrupted').waitFor();
    link().free();
    await page.setInputFiles('[data-choose=again]', file('clip.mp4'));
    await page.getByText('That is another file.').waitFor();
    const began = offsets(page);
    await page.setInputFiles('[data-choose=again]', file('large.mp4'));
    expect((await fetched(page, 'large.mp4')).audio).toMatchObject({ codec_name: 'mp3' });
    expect(began[0]).toBeGreaterThan(0);
  });

  test('can be paused, resumed, and thrown away', async () => {
    const page = await open(await visitor());
    const held = link().hold(MIDDLE);
    await order(page, ['large.mp4'], 'audio');
    await held;
    await card(page, 'large.mp4').getByRole('button', { name: 'Pause' }).click();
    await card(page, 'large.mp4').getByText('Paused').waitFor();
    // What was held of it must not come through now: the next to be held is the one that goes on.
    link().cut();
    const again = link().hold(MIDDLE);
    await card(page, 'large.mp4').getByRole('button', { name: 'Resume' }).click();
    await again;
    await card(page, 'large.mp4').getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('Nothing here yet.').waitFor();
  });

  test('is seen in both of two tabs, and so is its end', async () => {
    const context = await visitor();
    const [one, two] = [await open(context), await open(context)];
    const held = link().hold(MIDDLE);
    await order(one, ['large.mp4'], 'audio');
    await held;
    await card(two, 'large.mp4').getByText('Uploading in another tab').waitFor();
    link().free();
    for (const page of [one, two]) await card(page, 'large.mp4').getByText('Done', { exact: true }).waitFor();
  });

  test('of several files goes one after the other', async () => {
    const page = await open(await visitor());
    await order(page, ['clip.mp4', 'large.mp4'], 'audio');
    for (const name of ['clip.mp4', 'large.mp4']) await card(page, name).getByText('Done', { exact: true }).waitFor();
    await page.reload();
    for (const name of ['clip.mp4', 'large.mp4']) await card(page, name).getByText('Done', { exact: true }).waitFor();
    await card(page, 'clip.mp4').getByRole('button', { name: /^Delete now/ }).click();
    await card(page, 'clip.mp4').getByText('Deleted', { exact: true }).waitFor();
  });
});

suite('a folder', () => {
  /** A folder in a folder, with a video in each and something else. */
  function folder(): string {
    const outer = file('holiday');
    mkdirSync(join(outer, 'second day'), { recursive: true });
    copyFileSync(file('clip.mp4'), join(outer, 'beach.mp4'));
    copyFileSync(file('clip.mp4'), join(outer, 'second day', 'hills.mp4'));
    writeFileSync(join(outer, 'notes.txt'), 'no video');
    return outer;
  }

  async function holds(page: Page, names: string[]) {
    const list = page.getByRole('list', { name: 'Chosen videos' }).getByRole('listitem');
    await list.nth(names.length - 1).waitFor();
    expect((await list.locator('.name').allTextContents()).toSorted()).toEqual(names);
  }

  test('is opened when it is dropped, and what is no video stays behind', async () => {
    const page = await open(await visitor());
    const session = await page.context().newCDPSession(page);
    const data = { items: [], files: [folder()], dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
      await session.send('Input.dispatchDragEvent', { type, x: 300, y: 300, data });
    await holds(page, ['beach.mp4', 'hills.mp4']);
    await choose(page, 'audio');
    await page.getByRole('button', { name: /^Start/ }).click();
    for (const name of ['beach.mp4', 'hills.mp4']) expect((await fetched(page, name)).audio).toMatchObject({ codec_name: 'mp3' });
  });

  test('is chosen in the dialog, too', async () => {
    const page = await open(await visitor());
    await page.setInputFiles('[data-choose=folder]', folder());
    await holds(page, ['beach.mp4', 'hills.mp4']);
  });
});

suite('what is refused', () => {
  test('a file that is too large, before anything is sent', async () => {
    const page = await open(await visitor());
    await page.setInputFiles('[data-choose=files]', file('huge.mp4'));
    await page.getByText(/huge.mp4 is larger than 64.0 MB/).waitFor();
    expect(await page.getByRole('button', { name: 'Start' }).isDisabled()).toBe(true);
  });

  test('a file that is no video, with the reason and a way on', async () => {
    const page = await open(await visitor());
    await order(page, ['unreadable.mp4'], 'compress');
    const failed = card(page, 'unreadable.mp4');
    await failed.getByText('Did not work').waitFor();
    await failed.getByText(/Send a video/).waitFor();
    await failed.getByRole('button', { name: 'Try again' }).waitFor();
  });

  test('settings that do not go together, in the words of the server', async () => {
    const page = await open(await visitor());
    await page.setInputFiles('[data-choose=files]', file('clip.mp4'));
    await choose(page, 'resize');
    const width = page.getByLabel('Width');
    await width.fill('7');
    await page.getByText('Choose between 16 and 16,384.').waitFor();
    expect(await page.getByRole('button', { name: 'Start' }).isDisabled()).toBe(true);
    await width.fill('');
    await page.getByLabel('Size', { exact: true }).selectOption('');
    await page.getByText(/no size is given/i).waitFor();
    await width.fill('160');
    await page.getByText(/no size is given/i).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Start', disabled: false }).waitFor();
  });
});

