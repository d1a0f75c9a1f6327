/** Every view, for everybody: axe finds nothing, in light and dark, on a phone, in both languages. */
import type { BrowserContextOptions, Page } from 'playwright-core';
import { card, choose, expect, faults, file, link, open, order, suite, test, visitor } from './harness';

const GOALS = ['compress', 'resize', 'aspect', 'audio', 'gif', 'webm', 'convert'];
const LOOKS: [string, BrowserContextOptions][] = [
  ['light', {}],
  ['dark', { colorScheme: 'dark' }],
  ['phone', { viewport: { width: 390, height: 844 } }],
  ['Japanese', { locale: 'ja-JP' }],
];

suite.each(LOOKS)('in %s', (_, options) => {
  test('axe finds nothing, and nothing is wider than the screen', async () => {
    const context = await visitor({ reducedMotion: 'reduce', ...options });
    const page = await open(context);
    await page.locator('[data-choose=files]').waitFor({ state: 'attached' });
    await sound(page, 'empty');
    await page.setInputFiles('[data-choose=files]', [file('clip.mp4'), file('unreadable.mp4')]);
    await page.locator('.composer img').first().waitFor();
    for (const goal of GOALS) {
      await choose(page, goal);
      await sound(page, goal);
    }
    await choose(page, 'audio');
    await page.locator('.go .main').click();
    await card(page, 'clip.mp4').locator('a[download]').waitFor();
    await card(page, 'unreadable.mp4').locator('.alert').waitFor();
    await sound(page, 'list');
    await page.setInputFiles('[data-choose=files]', file('clip.mp4'));
    await choose(page, 'compress');
    await page.locator('.go .main').click();
    const smaller = page.locator('article').filter({ has: page.locator('a[download$=".mp4"]') });
    await smaller.locator('button[aria-expanded=false]').first().click();
    await smaller.locator('video.before').waitFor();
    await smaller.locator('section [role=img]').waitFor();
    await sound(page, 'comparison');
    await page.locator('nav a[href="/server"]').click();
    await page.locator('table').waitFor();
    await sound(page, 'server');
  });
});

suite('the shell', () => {
  test('does not shift while it loads', async () => {
    const page = await open(await visitor());
    await page.getByText(/up to 64.0 MB each/).waitFor();
    const shift = await page.evaluate(
      () =>
        new Promise<number>((done) => {
          const observer = new PerformanceObserver((list) => {
            done(list.getEntries().reduce((sum, entry) => sum + (entry as unknown as { value: number }).value, 0));
          });
          observer.observe({ type: 'layout-shift', buffered: true });
          // Without any shift there is no call; two frames later all of the past has been told.
          requestAnimationFrame(() => requestAnimationFrame(() => done(0)));
        }),
    );
    expect(shift).toBeLessThan(0.01);
  });

  test('wears what was chosen, also after a reload', async () => {
    const page = await open(await visitor({ colorScheme: 'light' }));
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await paper();
    const turn = page.getByRole('button', { name: /^Appearance/ });
    await turn.click();
    await turn.click();
    await page.locator('html[data-theme=dark]').waitFor();
    const dark = await paper();
    expect(dark).not.toBe(light);
    await page.getByLabel('Language').selectOption('ja');
    await page.reload();
    await page.getByText('動画を選ぶ').waitFor();
    expect(await paper()).toBe(dark);
    expect(await page.locator('html').getAttribute('lang')).toBe('ja');
  });

  test('is used by keys alone', async () => {
    const page = await open(await visitor());
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('Choose videos');
    await page.setInputFiles('[data-choose=files]', file('clip.mp4'));
    await page.getByRole('heading', { name: 'What would you like?' }).waitFor();
    expect(await focused(page)).toBe('What would you like?');
    const goal = page.locator('input[name=goal]:checked');
    await goal.focus();
    await page.keyboard.press('ArrowLeft');
    expect(await goal.getAttribute('value')).toBe('convert');
    await page.getByRole('button', { name: 'Start', disabled: false }).focus();
    await page.keyboard.press('Enter');
    await card(page, 'clip.mp4').getByText('Done', { exact: true }).waitFor();
  });

  test('says that the connection is lost, and when it is back', async () => {
    const page = await open(await visitor());
    await page.getByText(/up to 64.0 MB each/).waitFor();
    link().close();
    const lost = page.getByText('The connection to the server is lost.');
    await lost.waitFor();
    link().free();
    await lost.waitFor({ state: 'detached' });
  });

  test('shows the server to whoever runs it', async () => {
    const context = await visitor();
    const page = await open(context);
    await order(page, ['clip.mp4'], 'audio');
    await card(page, 'clip.mp4').getByText('Done', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'Server' }).click();
    await page.getByRole('meter', { name: 'Storage' }).waitFor();
    await page.getByRole('row', { name: /^Just the sound/ }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/server');
    await page.goBack();
    await card(page, 'clip.mp4').waitFor();
  });
});

const focused = (page: Page) => page.evaluate(() => document.activeElement?.textContent?.trim());

async function sound(page: Page, view: string) {
  expect(await faults(page), view).toEqual([]);
  const room = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(room, `${view} is wider than the screen`).toBeLessThanOrEqual(0);
}
