/**
 * Where a backup is sealed and opened: in a worker that is there for one file and ends with it, and all that it knew. A
 * passphrase takes a second of a processor, in which nothing else of the talk would be done.
 */
import { Fault, type Code } from '../fault';
import type { Bytes } from '../layout';

/** Seals and opens backups, however long it takes. */
export interface Sealer {
  seal(content: Bytes, passphrase: string): Promise<Bytes>;
  open(file: Bytes, passphrase: string): Promise<Bytes>;
}

export interface Job {
  do: 'seal' | 'open';
  bytes: Bytes;
  passphrase: string;
}

export type Outcome = { bytes: Bytes } | { code: Code; detail: string };

export const aside: Sealer = {
  seal: (bytes, passphrase) => done({ do: 'seal', bytes, passphrase }),
  open: (bytes, passphrase) => done({ do: 'open', bytes, passphrase }),
};

async function done(job: Job): Promise<Bytes> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  try {
    return await new Promise<Bytes>((give, refuse) => {
      worker.onmessage = ({ data }: MessageEvent<Outcome>) => ('bytes' in data ? give(data.bytes) : refuse(new Fault(data.code, data.detail)));
      // Its file did not come, or the browser has not the memory for it.
      worker.onerror = () => refuse(new Fault('backup_unavailable'));
      worker.postMessage(job, [job.bytes.buffer]);
    });
  } finally {
    worker.terminate();
  }
}
