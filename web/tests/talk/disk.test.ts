/** What the talk keeps in a browser: sealed, all or nothing, and by one tab. */
import 'fake-indexeddb/auto';
import { expect, test } from 'vitest';
import { BrowserDisk } from '../../src/talk/disk';
import { text, utf8 } from '../../src/talk/layout';

const all = async (disk: BrowserDisk, prefix: string) => (await disk.read(prefix)).map(([name, bytes]) => [name, text(bytes)]);

/** What lies in the database, as somebody finds it who copied the files. */
function raw(name: string): Promise<{ records: [string, Uint8Array][]; key: CryptoKey }> {
  return new Promise((resolve) => {
    const opening = indexedDB.open(name);
    opening.onsuccess = () => {
      const change = opening.result.transaction(['records', 'head']);
      const [names, values, key] = [change.objectStore('records').getAllKeys(), change.objectStore('records').getAll(), change.objectStore('head').get('key')];
      change.oncomplete = () => {
        opening.result.close();
        resolve({ records: names.result.map((each, at) => [each as string, values.result[at] as Uint8Array]), key: key.result as CryptoKey });
      };
    };
  });
}

/** Puts a record where another one lies. */
function swap(name: string, from: string, to: string): Promise<void> {
  return new Promise((resolve) => {
    const opening = indexedDB.open(name);
    opening.onsuccess = () => {
      const change = opening.result.transaction('records', 'readwrite');
      const records = change.objectStore('records');
      const asked = records.get(from);
      asked.onsuccess = () => records.put(asked.result, to);
      change.oncomplete = () => {
        opening.result.close();
        resolve();
      };
    };
  });
}

test('records are there after the tab is closed, in order, and sealed', async () => {
  const disk = await BrowserDisk.open('one');
  await disk.write([['line/2', utf8('second')], ['line/1', utf8('first')], ['group/a', utf8('a secret')]]);
  await disk.write([['line/2', null], ['line/3', utf8('third')]]);
  disk.close();
  const again = await BrowserDisk.open('one');
  expect(await all(again, 'line/')).toEqual([['line/1', 'first'], ['line/3', 'third']]);
  const { records, key } = await raw('one');
  expect(records.map(([name]) => name)).toEqual(['group/a', 'line/1', 'line/3']);
  for (const [, bytes] of records) expect(text(bytes) ?? '').not.toMatch(/secret|first|third/);
  await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow();
  again.close();
});

test('a record cannot stand in for another', async () => {
  const disk = await BrowserDisk.open('two');
  await disk.write([['group/a', utf8('old')], ['group/b', utf8('new')]]);
  await swap('two', 'group/a', 'group/b');
  await expect(disk.read('group/b')).rejects.toThrow('state_damaged');
  disk.close();
});

test('who lost the right to write changes nothing, not even a part', async () => {
  const first = await BrowserDisk.open('three');
  await first.write([['head', utf8('1')]]);
  const second = await BrowserDisk.open('three');
  await expect(first.write([['head', utf8('2')], ['more', utf8('x')]])).rejects.toThrow('not_writer');
  expect(await all(second, '')).toEqual([['head', '1']]);
  await second.write([['head', utf8('3')]]);
  expect(await all(second, '')).toEqual([['head', '3']]);
  first.close();
  second.close();
});
