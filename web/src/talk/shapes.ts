/** What the worker tells the page, and what the page asks of it. Nothing of it is secret. */

/** Where the talk stands: not begun, open in another tab, on its way, there, left, or refused for good. */
export type Phase = 'loading' | 'nobody' | 'elsewhere' | 'insecure' | 'connecting' | 'here' | 'gone' | 'refused' | 'broken';

/** How well somebody is known. */
export type Word = 'new' | 'pinned' | 'verified' | 'changed';

export interface PersonShown {
  name: string;
  isHere: boolean;
  word: Word;
  unread: number;
  isWriting: boolean;
  /** The beginning of what was said last, and when. */
  last: string;
  lastAt: number;
}

export type Mark = 'waiting' | 'sent' | 'delivered' | 'read' | 'failed';

/** What happened to the encryption of a conversation, told in it. */
export type Note = 'restarted' | 'put_back' | 'unreadable' | 'missing' | 'expired' | 'left';

export interface LineShown {
  key: number;
  who: 'me' | 'them' | 'note';
  text: string;
  note?: Note | undefined;
  /** A title of the library, and from when to watch it. */
  card?: { title: string; atMs: number } | undefined;
  at: number;
  mark?: Mark | undefined;
  isEdited?: boolean | undefined;
}

export interface OpenShown {
  peer: string;
  lines: LineShown[];
  word: Word;
  isBlocked: boolean;
  /** Twelve groups of five digits; of a changed key, of the new one. */
  number: string[];
}

export interface Snapshot {
  phase: Phase;
  me: string | null;
  /** The code of what was refused, with the server's words for it. */
  problem: { code: string; text: string } | null;
  people: PersonShown[];
  open: OpenShown | null;
  /** Whether others are told how far their messages came; who does not tell is not told either. */
  hasReceipts: boolean;
  /** The title of the tab that talks, when it is another one. */
  tab?: string | undefined;
}

export const NOTHING: Snapshot = { phase: 'loading', me: null, problem: null, people: [], open: null, hasReceipts: true };

/** Somebody wrote, and is not being read. */
export interface Arrival {
  peer: string;
  text: string;
}

export type Command =
  | { do: 'register'; name: string; label: string }
  | { do: 'open'; peer: string | null }
  | { do: 'send'; peer: string; text: string }
  /** A title of the library, and the time to watch from. */
  | { do: 'card'; peer: string; title: string; name: string; atMs: number }
  /** Another text for a line of one's own, named by its key. */
  | { do: 'edit'; peer: string; key: number; text: string }
  | { do: 'compared'; peer: string }
  | { do: 'accept'; peer: string }
  /** Something is being written to this person. */
  | { do: 'writing'; peer: string }
  /** Whether the page is looked at, and what it is called now. */
  | { do: 'look'; isSeen: boolean; tab: string }
  | { do: 'receipts'; isOn: boolean }
  | { do: 'take' }
  | { do: 'quit' }
  | { do: 'come' };

export type Told = { tell: 'snapshot'; snapshot: Snapshot } | { tell: 'arrival'; arrival: Arrival };
