/**
 * Where the talk lives: a worker of its own, so that no key is ever in the page, and nothing of it keeps a video waiting.
 * One tab of a browser does it, by a lock that passes on when that tab is closed, or is taken.
 */
import { Connection, type Dial } from './connection';
import { Desk, type Listener } from './desk';
import { BrowserDisk } from './disk';
import { Fault } from './fault';
import type { Command, Phase, Told } from './shapes';

const LOCK = 'kinora talk';
const DATABASE = 'kinora-talk';

let desk: Desk | undefined;
const tell = (told: Told) => postMessage(told);

function stand(phase: Phase) {
  tell({ tell: 'snapshot', snapshot: { phase, me: null, problem: null, people: [], open: null } });
}

/** Works until the lock is taken by another tab. */
async function work() {
  const disk = await BrowserDisk.open(DATABASE);
  const url = new URL('/chat', location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  try {
    await new Promise<void>((over, fail) => {
      const listener: Listener = {
        emit: (snapshot) => tell({ tell: 'snapshot', snapshot }),
        arrive: (arrival) => tell({ tell: 'arrival', arrival }),
        broken: (error) => (error instanceof Fault && error.code === 'not_writer' ? over() : fail(error)),
      };
      const dial: Dial = (heard) => new Connection(url.href, heard);
      Desk.open(disk, location.host.toLowerCase(), dial, listener).then((opened) => (desk = opened), fail);
    });
  } finally {
    disk.close();
  }
}

async function begin(isTaken: boolean): Promise<void> {
  if (!isSecureContext) return stand('insecure');
  const { held } = await navigator.locks.query();
  stand(!isTaken && held?.some((lock) => lock.name === LOCK) ? 'elsewhere' : 'loading');
  try {
    await navigator.locks.request(LOCK, isTaken ? { steal: true } : {}, work);
    stand('elsewhere');
  } catch (error) {
    desk?.stop();
    desk = undefined;
    // Another tab took the lock; this one waits for its turn.
    if (error instanceof DOMException && error.name === 'AbortError') return begin(false);
    stand('broken');
  }
}

onmessage = ({ data }: MessageEvent<Command>) => {
  if (data.do === 'take') void begin(true);
  else void desk?.command(data);
};

void begin(false);
