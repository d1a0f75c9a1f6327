/** What people do in the talk of a page. */
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { open, visitor } from './harness';
import type { Server } from './server';

/** A browser at this server, with the talk open. */
export async function come(server: Server | undefined, options: BrowserContextOptions = {}, path = '/'): Promise<{ page: Page; context: BrowserContext }> {
  const context = await visitor(options);
  const page = await open(context, path, `127.0.0.1:${server?.port}`);
  await page.locator('[data-talk]').click();
  return { page, context };
}

/** Somebody who takes this name. */
export async function person(server: Server | undefined, name: string, path = '/', options: BrowserContextOptions = {}): Promise<{ page: Page; context: BrowserContext }> {
  const { page, context } = await come(server, options, path);
  await page.getByLabel('Your name here').fill(name);
  await page.getByRole('button', { name: 'Begin' }).click();
  await page.getByText(`You are ${name}`).waitFor();
  return { page, context };
}

export const row = (page: Page, name: string) => page.locator('aside li button', { hasText: name });
export const message = (page: Page, text: string) => page.getByRole('log').getByText(text, { exact: true });

export async function say(page: Page, text: string) {
  await page.getByRole('textbox', { name: /^Message to/ }).fill(text);
  await page.keyboard.press('Enter');
}

/** While this is done the page's own timers stand still: what is shown for some seconds stays, however slow the machine is. */
export async function unhurried<T>(page: Page, step: () => Promise<T>): Promise<T> {
  await page.clock.install();
  await page.clock.pauseAt(Date.now() + 1_000);
  try {
    return await step();
  } finally {
    await page.clock.resume();
  }
}
