/** Each operation from the dropped file to the downloaded one. */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { card, choose, expect, fetched, file, open, order, suite, test, visitor } from './harness';

suite('each operation, from file to file', () => {
  test('smaller: dropped, compared, and measured', async () => {
    const page = await open(await visitor());
    await drop(page, 'clip.mp4');
    await choose(page, 'compress');
    await page.getByRole('button', { name: 'Start' }).click();
    const got = await fetched(page, 'clip.mp4');
    expect(got).toMatchObject({ video: { codec_name: 'h264', width: 320, height: 180 }, audio: { codec_name: 'aac' } });
    expect(got.duration).toBeCloseTo(2, 1);

    await card(page, 'clip.mp4').getByRole('button', { name: 'Compare' }).click();
    const before = page.locator('video.before');
    await page.getByRole('slider', { name: 'Divide' }).press('End');
    await page.getByRole('slider', { name: 'Position', disabled: false }).press('End');
    await page.waitForFunction(() => {
      const [after, before] = document.querySelectorAll<HTMLVideoElement>('.compare video');
      return after && before && after.currentTime > 1.9 && Math.abs(after.currentTime - before.currentTime) < 0.04;
    });
    expect(await before.evaluate((video) => getComputedStyle(video).clipPath)).toContain('inset(0');
    await page.getByText('Worst scene').waitFor();
    await page.getByRole('img', { name: /^Quality over time/ }).waitFor();
  });

  test('another size', async () => {
    const page = await open(await visitor());
    await order(page, ['clip.mp4'], 'resize', async () => {
      await page.getByText('Then 1280 × 720').waitFor();
      await page.getByLabel('Width').fill('160');
      await page.getByText('Then 160 × 90').waitFor();
    });
    expect((await fetched(page, 'clip.mp4')).video).toMatchObject({ width: 160, height: 90 });
  });

  test('another shape', async () => {
    const page = await open(await visitor());
    await order(page, ['clip.mp4'], 'aspect', async () => {
      await page.locator('input[name=ratio][value="1:1"]').check({ force: true });
      await page.getByText('56% of the picture stays').waitFor();
    });
    expect((await fetched(page, 'clip.mp4')).video).toMatchObject({ width: 180, height: 180 });
  });

  test('just the sound', async () => {
    const page = await open(await visitor());
    await order(page, ['clip.mp4'], 'audio', () => page.locator('input[value=opus]').check({ force: true }));
    const got = await fetched(page, 'clip.mp4');
    expect(got).toMatchObject({ video: undefined, audio: { codec_name: 'opus' } });
    await card(page, 'clip.mp4').getByRole('button', { name: 'Show' }).click();
    await page.locator('audio[controls]').waitFor();
  });

  test('a GIF of a part that was chosen by keys', async () => {
    const page = await open(await visitor());
    await order(page, ['clip.mp4'], 'gif', async () => {
      const start = page.getByRole('slider', { name: 'Beginning of the part' });
      await start.press('Shift+ArrowRight');
      await page.getByRole('slider', { name: 'End of the part' }).press('ArrowLeft');
      expect(await start.getAttribute('aria-valuetext')).toBe('0:01.0');
      // The frame of the end that was moved last is shown.
      await page.waitForFunction(() => Math.abs((document.querySelector('.timeline video') as HTMLVideoElement).currentTime - 1.9) < 0.06);
    });
    const got = await fetched(page, 'clip.mp4');
    expect(got).toMatchObject({ format: 'gif', video: { codec_name: 'gif' } });
    expect(got.duration).toBeCloseTo(0.9, 1);
  });

  test('a WebM clip of a part that was dragged', async () => {
    const page = await open(await visitor());
    await order(page, ['clip.mp4'], 'webm', async () => {
      const end = page.getByRole('slider', { name: 'End of the part' });
      await end.scrollIntoViewIfNeeded();
      const strip = await page.getByRole('group', { name: 'Which part' }).boundingBox();
      if (!strip) throw new Error('there is no timeline');
      const at = (share: number) => [strip.x + strip.width * share, strip.y + strip.height / 2] as const;
      await page.mouse.move(...at(0.995));
      await page.mouse.down();
      await page.mouse.move(...at(0.5), { steps: 4 });
      await page.mouse.up();
      expect(Number(await end.getAttribute('aria-valuenow'))).toBeCloseTo(1, 1);
    });
    const got = await fetched(page, 'clip.mp4');
    expect(got).toMatchObject({ video: { codec_name: 'vp9' } });
    expect(got.duration).toBeCloseTo(1, 1);
  });

  test('another format, and then another thing with the result', async () => {
    const page = await open(await visitor());
    await order(page, ['clip.mp4'], 'convert', () => page.getByRole('button', { name: 'mov', exact: true }).click());
    const got = await fetched(page, 'clip.mp4');
    expect(got.name).toMatch(/\.mov$/);
    await card(page, 'clip.mp4').locator('summary').click();
    await card(page, 'clip.mp4').getByRole('button', { name: 'with the result' }).click();
    await page.getByRole('button', { name: /^clip.*\.mov/ }).waitFor();
  });
});

/** Lets go of a file above the page, as from a file manager. */
async function drop(page: Page, name: string) {
  const bytes = readFileSync(file(name)).toString('base64');
  await page.evaluate(
    ([name, bytes]) => {
      const data = new DataTransfer();
      const content = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
      data.items.add(new File([content], name, { type: 'video/mp4' }));
      for (const type of ['dragover', 'drop']) {
        document.body.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
      }
    },
    [name, bytes] as const,
  );
}
