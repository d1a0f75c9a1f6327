/** One backup is sealed or opened here (`aside.ts`). */
import { Fault } from '../fault';
import type { Job, Outcome } from './aside';
import { opened, sealed } from './file';

const say = (outcome: Outcome, bytes: Transferable[] = []) => (postMessage as (outcome: Outcome, bytes: Transferable[]) => void)(outcome, bytes);

onmessage = async ({ data: job }: MessageEvent<Job>) => {
  try {
    const bytes = await { seal: sealed, open: opened }[job.do](job.bytes, job.passphrase);
    say({ bytes }, [bytes.buffer]);
  } catch (error) {
    say(error instanceof Fault ? { code: error.code, detail: error.detail } : { code: 'backup_unavailable', detail: String(error) });
  }
};
