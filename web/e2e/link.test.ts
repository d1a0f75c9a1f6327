/** Devices of one name, in pages and terminals: each lets another one in by its code, and removes one that is lost. */
import { execFileSync } from 'node:child_process';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { expect, faults, file, suite, test, world } from './harness';
import { serve, type Server } from './server';
import { come, message, person, row, say } from './talking';
import { homed, Terminal } from './terminal';

let server: Server | undefined;
let terminals: Terminal[] = [];

beforeAll(async () => {
  if (world) server = await serve(world.binary, world.place, 'link', ['storage.margin=0']);
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

const BEGIN = /^-----BEGIN KINORA DEVICE-----$/;
const END = /^-----END KINORA DEVICE-----$/;
const LOOKS: [string, BrowserContextOptions][] = [
  ['wide', {}],
  ['dark', { colorScheme: 'dark' }],
  ['phone', { viewport: { width: 390, height: 844 }, hasTouch: true }],
];

const kept = (terminal: Terminal): Terminal => {
  terminals.push(terminal);
  return terminal;
};

/** A browser without a name, and the code that it shows. */
async function asking(options: BrowserContextOptions = {}): Promise<{ page: Page; code: string }> {
  const { page } = await come(server, options);
  await page.getByText('I have a name on another device').click();
  return { page, code: await page.getByLabel('The code of this browser').inputValue() };
}

async function answered(page: Page, code: string): Promise<string> {
  await page.getByLabel('The code that the new device shows').fill(code);
  await page.getByRole('button', { name: 'Answer it' }).click();
  return page.getByLabel('The answer to the new device').inputValue();
}

async function taken(page: Page, answer: string) {
  await page.getByLabel('The answer of the other device').fill(answer);
  await page.getByRole('button', { name: 'Go on with my name' }).click();
}

async function devices(page: Page, count: number) {
  await page.getByText(`My devices (${count})`).click();
  await page.getByText('Add a device').click();
}

/** Nothing is wrong with it, and nothing of it is beside the screen. */
async function sound(page: Page, name: string) {
  expect(await faults(page), name).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), name).toBeLessThanOrEqual(0);
  await page.screenshot({ path: file(`link-${name}.png`) });
}

suite('a further device', () => {
  test.each(LOOKS)('is let in by one page in another one: %s', async (look, options) => {
    const [name, friend] = [`asha.${look}`, `ravi.${look}`];
    const [{ page: old, context }, { page: ravi }] = [await person(server, name, '/', options), await person(server, friend)];
    await row(ravi, name).click();
    await say(ravi, 'before');
    await row(old, friend).click();
    await message(old, 'before').waitFor();
    await old.keyboard.press('Escape');
    const { page, code } = await asking(options);
    await page.getByRole('img', { name: 'The same code as a QR code' }).waitFor();
    await sound(page, `code-${look}`);
    await devices(old, 1);
    await old.getByLabel('The code that the new device shows').fill('KINORA-LINK-AFAY');
    await old.getByRole('button', { name: 'Answer it' }).click();
    await old.getByRole('alert').getByText('This is no code of a new device').waitFor();
    await sound(old, `no-code-${look}`);
    const answer = await answered(old, code);
    await old.getByRole('img', { name: 'The same answer as a QR code' }).scrollIntoViewIfNeeded();
    await sound(old, `answer-${look}`);
    // What is copied is what is shown.
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await old.getByRole('button', { name: 'Copy', exact: true }).click();
    await old.getByText('Copied.').waitFor();
    expect(await old.evaluate(() => navigator.clipboard.readText())).toBe(answer);
    await taken(page, answer.slice(0, 400));
    await page.getByRole('alert').getByText('This is no answer for this device').waitFor();
    await sound(page, `no-answer-${look}`);
    // A code that was scanned is in one line.
    await taken(page, answer.replace(/\s+/g, ' '));
    await page.getByText(`You are ${name}`).waitFor();
    await page.getByText(`This browser is a device of ${name} now.`).waitFor();
    const number = async (of: Page) => /(\d{5} ){5}\d{5}/.exec(await of.locator('aside').innerText())?.[0];
    expect(await number(page)).toBe(await number(old));
    expect(await number(page)).toBeDefined();
    await sound(page, `linked-${look}`);
    await old.getByText('My devices (2)').waitFor();
    // It goes on with what is said from now on, and nothing before.
    await page.getByRole('button', { name: 'All right' }).click();
    await say(ravi, 'to both of you');
    await row(page, friend).click();
    await message(page, 'to both of you').waitFor();
    expect(await message(page, 'before').count()).toBe(0);
    await say(page, 'from the new one');
    await message(ravi, 'from the new one').waitFor();
    await ravi.getByText('They added the device “browser”.').waitFor();
    await old.getByRole('button', { name: 'All right' }).click();
    await row(old, friend).click();
    await message(old, 'from the new one').waitFor();
  });

  test('is a terminal that a page lets in, until the page removes it', async () => {
    const [{ page }, { page: ravi }] = [await person(server, 'dana'), await person(server, 'emil')];
    const asks = kept(new Terminal(server, 'dana-laptop', 'link', '--device', 'laptop'));
    const code = (await asks.until(/^kinora chat link KINORA-LINK-/)).replace('kinora chat link ', '');
    await devices(page, 1);
    asks.type(await answered(page, code));
    await asks.until(/^this is a device of dana now/);
    expect(await asks.over()).toBe(0);
    const laptop = kept(await Terminal.start(server, 'dana', 'dana-laptop'));
    await row(ravi, 'dana').click();
    await say(ravi, 'to the laptop, too');
    await laptop.until(/to the laptop, too/);
    laptop.type('/open emil');
    laptop.type('from the laptop');
    await message(ravi, 'from the laptop').waitFor();
    // It is lost: what is asked can be taken back until it is said.
    await page.getByText('My devices (2)').waitFor();
    await page.getByRole('button', { name: 'Remove: laptop' }).click();
    await page.getByRole('alert').getByText('Remove “laptop” for good?').waitFor();
    await sound(page, 'remove');
    await page.getByRole('button', { name: 'Keep it' }).click();
    await page.getByRole('button', { name: 'Remove: laptop' }).click();
    await page.getByRole('button', { name: 'Remove for good' }).click();
    await page.getByRole('status').getByText('“laptop” is removed').waitFor();
    await page.getByText('My devices (1)').waitFor();
    await sound(page, 'removed');
    expect(await laptop.over()).toBe(4);
    await ravi.getByText('The device “laptop” was removed.').waitFor();
    await say(ravi, 'not for the laptop');
    await row(page, 'emil').click();
    await message(page, 'not for the laptop').waitFor();
    // It does not come back.
    const again = kept(new Terminal(server, 'dana-laptop', '--line'));
    await again.until(/device_removed|was removed/);
    expect(await again.over()).toBe(4);
  });

  test('is a page that a terminal lets in, while it talks and by itself', async () => {
    const terminal = kept(await Terminal.start(server, 'fahim'));
    const { page, code } = await asking();
    terminal.type(`/link ${code}`);
    await taken(page, await terminal.between(BEGIN, END));
    await page.getByText('You are fahim').waitFor();
    await terminal.until(/"browser" is a device of yours now/);
    const other = await asking();
    terminal.type('/quit');
    await terminal.over();
    const options = ['chat', 'link', other.code, '--server', `127.0.0.1:${server?.mmp}`];
    const answer = execFileSync(world?.binary ?? '', options, { env: homed('fahim'), encoding: 'utf8', stdio: 'pipe' });
    await taken(other.page, answer);
    await other.page.getByText('You are fahim').waitFor();
    // Both browsers are called the same, and are told apart.
    await page.getByText('My devices (3)').click();
    const names = await page.getByRole('list', { name: 'My devices' }).locator('strong').allInnerTexts();
    expect(names.map((name) => name.replace(/ [0-9a-f]{8}$/, ' …')).sort()).toEqual(['browser …', 'browser …', 'terminal']);
    expect(new Set(names).size).toBe(3);
    await page.getByRole('button', { name: /^Remove: browser/ }).click();
    await page.getByRole('button', { name: 'Remove for good' }).click();
    await other.page.getByRole('alert').getByText('This device was removed.').waitFor();
    await page.getByText('My devices (2)').waitFor();
  });

  test('reads well in Japanese', async () => {
    const options = { locale: 'ja-JP', viewport: { width: 390, height: 844 } };
    const { page } = await come(server, options);
    await page.getByText('ほかの端末に名前があります').click();
    const code = await page.getByLabel('このブラウザーのコード').inputValue();
    await sound(page, 'code-ja');
    const { page: old } = await come(server, options);
    await old.getByLabel('ここでの名前').fill('美咲');
    await old.getByRole('button', { name: '始める' }).click();
    await old.getByText('自分の端末 (1)').click();
    await old.getByText('端末を追加').click();
    await old.getByLabel('新しい端末に表示されているコード').fill(code);
    await old.getByRole('button', { name: '答える' }).click();
    const answer = await old.getByLabel('新しい端末への答え').inputValue();
    await sound(old, 'answer-ja');
    await page.getByLabel('もう一方の端末の答え').fill(answer);
    await page.getByRole('button', { name: 'その名前で続ける' }).click();
    await page.getByText('このブラウザーは美咲の端末になりました。').waitFor();
    await sound(page, 'linked-ja');
    await old.getByRole('button', { name: '外す: ブラウザー' }).first().click();
    await old.getByRole('alert').getByText('を外しますか').waitFor();
    await sound(old, 'remove-ja');
  });
});
