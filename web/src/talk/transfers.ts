/** Files that are on their way, in either direction: how far each is, and what went wrong. They end with the tab. */
import { harmlessName, type Attachment } from './attachment';
import { Fault } from './fault';
import { MEDIA_TYPE_MAX } from './limits';
import { utf8, type Bytes } from './layout';
import { Parcels, Refusal } from './parcels';
import { mayBePicture } from './picture';
import type { TransferShown } from './shapes';

/** What a browser is asked to hold of a file that it cannot write to a disk by itself. */
export const HELD_MAX = 1024 ** 3;
/** Parts of a file are handed over to the browser in so many bytes, which may lie on a disk from then on. */
const PART = 8 * 1024 * 1024;
/** How often it is shown how far a file is. */
const SHOW_MS = 200;

export class Transfers {
  private readonly all = new Map<number, TransferShown & { peer: string; control: AbortController }>();
  private next = 1;
  private shownAt = 0;

  constructor(
    private readonly parcels: Parcels,
    private readonly show: () => void,
  ) {}

  of(peer: string): TransferShown[] {
    const found = Array.from(this.all.values()).filter((each) => each.peer === peer);
    return found.map(({ peer: _, control: __, ...shown }) => shown);
  }

  /** Brings a file to the server. Gives what its message says; nothing when it came to nothing, which is shown. */
  send(peer: string, file: File): Promise<Attachment | undefined> {
    const described = { name: harmlessName(file.name), mediaType: utf8(file.type).length > MEDIA_TYPE_MAX ? '' : file.type };
    return this.run({ peer, name: described.name, size: file.size }, (watch) => this.parcels.send(peer, file, described, watch));
  }

  /** Fetches a file of a line and writes it to where the user said. */
  save(peer: string, line: number, file: Attachment, to: FileSystemFileHandle): Promise<true | undefined> {
    return this.run({ peer, name: harmlessName(file.name), size: file.size, line }, async (watch) => {
      const out = await to.createWritable();
      try {
        await this.parcels.receive(file, (content) => out.write(content), watch);
        await out.close();
        // It is kept. A picture is drawn from the server's bytes as long as they are there.
        if (!mayBePicture(file)) void this.parcels.part(file.parcel);
      } catch (error) {
        await out.abort().catch(() => undefined);
        throw error;
      }
      return true as const;
    });
  }

  /** Fetches a file of a line whole. */
  fetch(peer: string, line: number, file: Attachment): Promise<Blob | undefined> {
    return this.run({ peer, name: harmlessName(file.name), size: file.size, line }, async (watch) => {
      if (file.size > HELD_MAX) throw new Refusal('file_too_large_here', 0, HELD_MAX);
      let [whole, parts, held]: [Blob, Bytes[], number] = [new Blob(), [], 0];
      const take = async (content: Bytes) => {
        parts.push(content);
        held += content.length;
        if (held < PART) return;
        whole = new Blob([whole, new Blob(parts)]);
        [parts, held] = [[], 0];
      };
      await this.parcels.receive(file, take, watch);
      return new Blob([whole, ...parts]);
    });
  }

  /** Ends one, or takes its failure off the screen. */
  stop(key: number) {
    this.all.get(key)?.control.abort();
    this.all.delete(key);
    this.show();
  }

  stopAll() {
    for (const each of this.all.values()) each.control.abort();
    this.all.clear();
  }

  private async run<T>(what: { peer: string; name: string; size: number; line?: number }, act: (watch: { progress(done: number): void; signal: AbortSignal }) => Promise<T>): Promise<T | undefined> {
    const key = this.next++;
    const control = new AbortController();
    const entry: TransferShown & { peer: string; control: AbortController } = { key, ...what, done: 0, control };
    this.all.set(key, entry);
    this.show();
    const progress = (done: number) => {
      entry.done = done;
      if (Date.now() - this.shownAt < SHOW_MS) return;
      this.shownAt = Date.now();
      this.show();
    };
    try {
      const made = await act({ progress, signal: control.signal });
      this.all.delete(key);
      return made;
    } catch (error) {
      if (!control.signal.aborted) entry.problem = problemOf(error);
      return undefined;
    } finally {
      this.show();
    }
  }
}

function problemOf(error: unknown): { code: string; most?: number } {
  if (error instanceof Refusal) return error.most === undefined ? { code: error.code } : { code: error.code, most: error.most };
  return { code: error instanceof Fault ? error.code : 'failed' };
}
