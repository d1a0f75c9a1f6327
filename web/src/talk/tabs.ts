/**
 * Tabs of one browser, of which one talks: it tells the others who is there and who wrote, and what it is called. They
 * show that, and nothing of it is stored. What is said in conversations stays in the tab that talks.
 */
import { NOTHING, type Snapshot, type Told } from './shapes';

/** What tabs say to each other. `ask`: whoever talks, say how it stands. */
type Word = { is: 'ask' } | { is: 'view'; snapshot: Snapshot } | { is: 'arrival'; told: Told };

/** A channel between tabs, as browsers have it. */
export interface Channel {
  postMessage(word: unknown): void;
  onmessage: ((event: MessageEvent) => void) | null;
}

export class Tabs {
  /** What this tab is called. */
  tab = '';
  /** Whether another tab talks, and this one only shows it. */
  isElsewhere = false;
  private last: Snapshot | undefined;

  constructor(
    private readonly channel: Channel,
    private readonly tell: (told: Told) => void,
  ) {
    channel.onmessage = ({ data }: MessageEvent<Word>) => this.hear(data);
  }

  /** This tab shows what another one does, or does it itself. */
  stand(isElsewhere: boolean) {
    this.isElsewhere = isElsewhere;
    this.last = undefined;
    if (!isElsewhere) return;
    this.tell({ tell: 'snapshot', snapshot: { ...NOTHING, phase: 'elsewhere' } });
    this.post({ is: 'ask' });
  }

  /** Says something of this tab's own talk to its page, and to the others. */
  say(told: Told) {
    this.tell(told);
    if (told.tell === 'arrival') return this.post({ is: 'arrival', told });
    this.last = told.snapshot;
    this.view();
  }

  private view() {
    const { last, tab } = this;
    if (last) this.post({ is: 'view', snapshot: { ...last, open: null, problem: null, link: undefined, removed: undefined, phase: 'elsewhere', tab } });
  }

  private hear(word: Word) {
    if (word.is === 'ask') return this.view();
    if (!this.isElsewhere) return;
    this.tell(word.is === 'view' ? { tell: 'snapshot', snapshot: word.snapshot } : word.told);
  }

  private post(word: Word) {
    this.channel.postMessage(word);
  }
}
