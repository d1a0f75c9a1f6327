/**
 * What the talk keeps in this browser: records by name, each sealed, and changed together or not at all.
 *
 * Records are sealed with AES-256-GCM under a key that the browser holds and gives to nobody, not even to this page: who
 * copies the files has nothing. The name of a record is sealed with it, so that none can stand in for another. Sealing
 * takes its time and a transaction of IndexedDB waits for nobody, so all is sealed before one begins.
 *
 * One tab writes. Which one it is stands beside the records and is looked at in each transaction, so that a tab that
 * lost the right while it slept changes nothing.
 */
import { Fault } from './fault';
import { joined, utf8, type Bytes } from './layout';

/** A record's name and what it holds from now on; nothing, when it goes. */
export type Change = [name: string, value: Bytes | null];

export interface Disk {
  /** Records whose names begin so, in the order of their names. */
  read(prefix: string): Promise<[string, Bytes][]>;
  /** All of these changes or none; on the disk when it is done. */
  write(changes: Change[]): Promise<void>;
}

const VERSION = 1;
const NONCE = 12;
const RECORDS = 'records';
const HEAD = 'head';
const KEY = 'key';
const WRITER = 'writer';

export class BrowserDisk implements Disk {
  private constructor(
    private readonly database: IDBDatabase,
    private readonly key: CryptoKey,
    private readonly writer: string,
  ) {}

  /** Opens the database of this name, and takes the right to write in it. */
  static async open(name: string): Promise<BrowserDisk> {
    const opening = indexedDB.open(name, VERSION);
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore(RECORDS);
      opening.result.createObjectStore(HEAD);
    };
    const database = await done(opening);
    // Another tab with a newer page has to be able to change the shape of it.
    database.onversionchange = () => database.close();
    const made = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
    const writer = crypto.randomUUID();
    const change = database.transaction(HEAD, 'readwrite', { durability: 'strict' });
    const head = change.objectStore(HEAD);
    const known = (await done(head.get(KEY))) as CryptoKey | undefined;
    if (!known) head.put(made, KEY);
    head.put(writer, WRITER);
    await over(change);
    return new BrowserDisk(database, known ?? made, writer);
  }

  async read(prefix: string): Promise<[string, Bytes][]> {
    const records = this.database.transaction(RECORDS).objectStore(RECORDS);
    const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
    const [names, sealed] = await Promise.all([done(records.getAllKeys(range)), done(records.getAll(range))]);
    const opened = (sealed as Bytes[]).map(async (each, at): Promise<[string, Bytes]> => {
      const name = names[at] as string;
      return [name, await this.opened(name, each)];
    });
    return Promise.all(opened);
  }

  async write(changes: Change[]) {
    const sealed = await Promise.all(changes.map(async ([name, value]) => [name, value && (await this.sealed(name, value))] as const));
    const change = this.database.transaction([RECORDS, HEAD], 'readwrite', { durability: 'strict' });
    const end = over(change);
    const asked = change.objectStore(HEAD).get(WRITER);
    asked.onsuccess = () => {
      if (asked.result !== this.writer) return change.abort();
      const records = change.objectStore(RECORDS);
      for (const [name, value] of sealed) {
        if (value) records.put(value, name);
        else records.delete(name);
      }
    };
    await end;
  }

  close() {
    this.database.close();
  }

  private async sealed(name: string, value: Bytes): Promise<Bytes> {
    const iv = crypto.getRandomValues(new Uint8Array(NONCE));
    const cipher = { name: 'AES-GCM', iv, additionalData: utf8(name) };
    return joined(iv, new Uint8Array(await crypto.subtle.encrypt(cipher, this.key, value)));
  }

  private async opened(name: string, value: Bytes): Promise<Bytes> {
    const cipher = { name: 'AES-GCM', iv: value.slice(0, NONCE), additionalData: utf8(name) };
    try {
      return new Uint8Array(await crypto.subtle.decrypt(cipher, this.key, value.slice(NONCE)));
    } catch {
      throw new Fault('state_damaged', name);
    }
  }
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Resolves when it is on the disk. */
function over(change: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    change.oncomplete = () => resolve();
    change.onabort = () => reject(change.error ?? new Fault('not_writer'));
  });
}
