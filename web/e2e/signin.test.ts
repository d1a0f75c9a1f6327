/** A server that serves only who has a token, seen from another machine. */
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll } from 'vitest';
import { card, expect, faults, file, open, order, suite, test, visitor, world } from './harness';
import { serve, type Server } from './server';

let server: Server;
let token = '';

beforeAll(async () => {
  if (!world) return;
  // This machine needs no token, so the browser comes by way of a proxy, as from another one.
  const settings = ['access=tokens', 'http.proxies=127.0.0.1'];
  server = await serve(world.binary, world.place, 'tokens', settings);
  const create = ['token', 'create', 'ann', '--data', file('tokens'), '--quiet'];
  token = execFileSync(world.binary, create, { encoding: 'utf8' }).trim();
});

afterAll(() => server?.stop());

suite('who comes from elsewhere', () => {
  test('is asked for a token, and served with one', async () => {
    const context = await visitor({ extraHTTPHeaders: { 'x-forwarded-for': '203.0.113.5' } });
    const page = await open(context, '/', `127.0.0.1:${server.port}`);
    await page.getByRole('heading', { name: 'Who is there?' }).waitFor();
    expect(await faults(page)).toEqual([]);
    await page.getByLabel('Token').fill('kinora_wrong');
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByText('This token is not known here').waitFor();
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByRole('button', { name: 'Choose videos' }).waitFor();
    await order(page, ['clip.mp4'], 'audio');
    await card(page, 'clip.mp4').getByText('Done', { exact: true }).waitFor();
    // What only an operator may see stays hidden, and that is said.
    await page.getByRole('link', { name: 'Server' }).click();
    await page.getByText('Only the machine that the server runs on').waitFor();
  });
});
