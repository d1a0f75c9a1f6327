/**
 * Where the talk lives: a worker of its own, so that no key is ever in the page, and nothing of it keeps a video waiting.
 *
 * One tab of a browser does it, by a lock that passes on when that tab is closed, or is taken. The others are told by it
 * who is there and who wrote (`tabs.ts`), and take it over as soon as somebody wants to read or write in them.
 */
import { aside } from './backup/aside';
import { Connection, type Dial } from './connection';
import { Desk, type Listener } from './desk';
import { BrowserDisk } from './disk';
import { Fault } from './fault';
import { NOTHING, type Command, type Handed, type Phase, type Told } from './shapes';
import { Tabs } from './tabs';

const LOCK = 'kinora talk';
const DATABASE = 'kinora-talk';

let desk: Desk | undefined;
/** What this tab said before its desk was open: how it is looked at, and with whom it wants to talk. */
let look: Extract<Command, { do: 'look' }> | undefined;
let open: Extract<Command, { do: 'open' }> | undefined;
/** Ends the waiting for the lock. */
let waiting: AbortController | undefined;

const tell = (told: Told) => postMessage(told);
const hand = (handed: Handed) => postMessage(handed);
const tabs = new Tabs(new BroadcastChannel(LOCK), tell);

function stand(phase: Phase) {
  tabs.stand(phase === 'elsewhere');
  if (phase !== 'elsewhere') tell({ tell: 'snapshot', snapshot: { ...NOTHING, phase } });
}

/** Works until the lock is taken by another tab. */
async function work() {
  const disk = await BrowserDisk.open(DATABASE);
  const url = new URL('/chat', location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  try {
    await new Promise<void>((over, fail) => {
      const listener: Listener = {
        emit: (snapshot) => tabs.say({ tell: 'snapshot', snapshot }),
        arrive: (arrival) => tabs.say({ tell: 'arrival', arrival }),
        hand,
        broken: (error) => (error instanceof Fault && error.code === 'not_writer' ? over() : fail(error)),
      };
      const dial: Dial = (heard) => new Connection(url.href, heard);
      Desk.open(disk, location.host.toLowerCase(), dial, listener, aside).then(begun, fail);
    });
  } finally {
    disk.close();
  }
}

function begun(opened: Desk) {
  desk = opened;
  for (const command of [open, look]) if (command) void desk.command(command);
  open = undefined;
}

async function begin(isTaken: boolean): Promise<void> {
  if (!isSecureContext) return stand('insecure');
  waiting?.abort();
  const { signal } = (waiting = new AbortController());
  const { held } = await navigator.locks.query();
  stand(!isTaken && held?.some((lock) => lock.name === LOCK) ? 'elsewhere' : 'loading');
  try {
    await navigator.locks.request(LOCK, isTaken ? { steal: true } : { signal }, () => (stand('loading'), work()));
    stand('elsewhere');
  } catch (error) {
    desk?.stop();
    desk = undefined;
    if (signal.aborted) return;
    // Another tab took the lock; this one waits for its turn.
    if (error instanceof DOMException && error.name === 'AbortError') return begin(false);
    stand('broken');
  }
}

onmessage = ({ data }: MessageEvent<Command>) => {
  if (data.do === 'look') {
    look = data;
    tabs.tab = data.tab;
  }
  if (data.do === 'take') return void begin(true);
  if (desk) return void desk.command(data);
  if (data.do !== 'open') return;
  open = data;
  // Somebody wants to talk in this tab.
  if (data.peer && tabs.isElsewhere) void begin(true);
};

void begin(false);
