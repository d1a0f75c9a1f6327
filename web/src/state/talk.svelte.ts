/** The talk as the page shows it. The worker that does it is loaded when it is first wanted, and from then on with the page. */
import { NOTHING, type Arrival, type Command, type Handed, type Snapshot, type Told } from '../talk/shapes';
import { keep, kept } from './keep';

const KEY = 'talk';
/** How long an arrival is shown. */
const SHOWN_MS = 6_000;

/** Files up to this go through the browser's own list of downloads. */
const HELD_LITTLE = 64 * 1024 * 1024;
/** Until a browser has begun to write it down. */
const SAVED_MS = 60_000;

/** Hands a file to the browser, which keeps it where it keeps all others. */
function save(name: string, content: Blob) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), SAVED_MS);
}

class Talk {
  snapshot = $state.raw<Snapshot>(NOTHING);
  isShown = $state(false);
  /** What came while nobody looked, until it has been shown. */
  arrival = $state.raw<Arrival | null>(null);
  /** Whether anything ever came so: what shows it stays, so that the next is read out. */
  hasArrived = $state(false);
  private pictures = $state<Record<string, string>>({});
  /** What was begun and not sent, for each person. */
  readonly drafts = new Map<string, string>();
  unread = $derived(this.snapshot.people.reduce((sum, person) => sum + person.unread, 0));
  private worker: Worker | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** Who has talked here before is there again as soon as the page is. */
  resume() {
    if (kept(KEY)) this.start();
  }

  show() {
    this.isShown = true;
    this.start();
    this.look();
  }

  hide() {
    this.isShown = false;
    this.look();
  }

  /** Fetches the file of a line. What is large goes straight to where the user says, where browsers can. */
  async fetch(peer: string, key: number, name: string, size: number) {
    let to: FileSystemFileHandle | undefined;
    if (size > HELD_LITTLE && 'showSaveFilePicker' in window) {
      const pick = window.showSaveFilePicker as (options: { suggestedName: string }) => Promise<FileSystemFileHandle>;
      try {
        to = await pick({ suggestedName: name });
      } catch {
        // Thought better of.
        return;
      }
    }
    this.do({ do: 'fetch', peer, key, to });
  }

  /** The address of a small picture of a line; empty when it turned out to be none. */
  picture(peer: string, key: number): string | undefined {
    return this.pictures[`${peer} ${key}`];
  }

  private look() {
    this.do({ do: 'look', isSeen: this.isShown && !document.hidden, tab: document.title });
  }

  open(peer: string | null) {
    this.dismiss();
    this.do({ do: 'open', peer });
    if (peer && !this.isShown) this.show();
  }

  dismiss() {
    clearTimeout(this.timer);
    this.arrival = null;
  }

  do(command: Command) {
    this.worker?.postMessage(command);
  }

  private start() {
    if (this.worker) return;
    this.worker = new Worker(new URL('../talk/worker.ts', import.meta.url), { type: 'module' });
    this.worker.onmessage = ({ data }: MessageEvent<Told | Handed>) => this.hear(data);
    this.worker.onerror = () => (this.snapshot = { ...NOTHING, phase: 'broken' });
    document.addEventListener('visibilitychange', () => this.look());
    this.look();
  }

  private hear(told: Told | Handed) {
    if (told.tell === 'picture') {
      this.pictures[`${told.peer} ${told.key}`] = told.content ? URL.createObjectURL(told.content) : '';
      return;
    }
    if (told.tell === 'file') return save(told.name, told.content);
    if (told.tell === 'snapshot') {
      this.snapshot = told.snapshot;
      if (told.snapshot.phase === 'here') keep(KEY, 'yes');
      return;
    }
    clearTimeout(this.timer);
    this.arrival = told.arrival;
    this.hasArrived = true;
    this.timer = setTimeout(() => (this.arrival = null), SHOWN_MS);
  }
}

export const talk = new Talk();
