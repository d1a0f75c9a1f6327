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

/** What happened to the encryption of a conversation, told in it; of a device, with its label as the text. */
export type Note = 'restarted' | 'put_back' | 'unreadable' | 'missing' | 'expired' | 'left' | 'added' | 'own_added' | 'removed' | 'vanished' | 'withheld';

export interface LineShown {
  key: number;
  who: 'me' | 'them' | 'note';
  text: string;
  note?: Note | undefined;
  /** A title of the library, and from when to watch it. */
  card?: { title: string; atMs: number } | undefined;
  /** A file, whose name is the text. */
  file?: { size: number; isPicture: boolean } | undefined;
  at: number;
  mark?: Mark | undefined;
  isEdited?: boolean | undefined;
}

/** A file on its way to the server, or from it for a line. */
export interface TransferShown {
  key: number;
  name: string;
  size: number;
  /** Bytes that are there. */
  done: number;
  line?: number | undefined;
  /** Why it came to nothing; `most` are the bytes that there may be. */
  problem?: { code: string; most?: number } | undefined;
}

export interface OpenShown {
  peer: string;
  lines: LineShown[];
  word: Word;
  isBlocked: boolean;
  transfers: TransferShown[];
  /** Twelve groups of five digits; of a changed key, of the new one. */
  number: string[];
}

/** A device of one's own. */
export interface DeviceShown {
  id: string;
  label: string;
  /** When it was made, in milliseconds since 1970. */
  since: number;
  isThis: boolean;
  /** It is to be removed, and the server has not taken that yet. */
  isGoing: boolean;
}

/**
 * Of a further device: the code that this one shows while it waits, the answer that it gave to another one's, or nothing but
 * the number that all devices of a name share: it has come to one. `problem` is why it came to nothing.
 */
export interface LinkShown {
  code?: string | undefined;
  answer?: string | undefined;
  number?: string[] | undefined;
  problem?: string | undefined;
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
  /** This person's devices, the oldest first; and labels of those whose removal the server keeps back. */
  devices: DeviceShown[];
  withheld: string[];
  /** The device that was removed last from here; or why it is still one, with the server's words for it. */
  removed?: { label: string; code?: string; text?: string } | undefined;
  /** A backup is being made; or was, of so many messages; or why not. */
  backup?: 'making' | { messages: number } | { code: string } | undefined;
  link?: LinkShown | undefined;
  /** The title of the tab that talks, when it is another one. */
  tab?: string | undefined;
}

export const NOTHING: Snapshot = { phase: 'loading', me: null, problem: null, people: [], open: null, hasReceipts: true, devices: [], withheld: [] };

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
  /** These are the digits that were seen: the key behind them may be another one by now. */
  | { do: 'compared'; peer: string; number: string }
  | { do: 'accept'; peer: string; number: string }
  /** Seals a file and sends it. */
  | { do: 'file'; peer: string; file: File }
  /** Fetches the file of a line: to where the user said, or whole and then handed over. */
  | { do: 'fetch'; peer: string; key: number; to?: FileSystemFileHandle | undefined }
  /** Fetches it to be looked at. */
  | { do: 'picture'; peer: string; key: number }
  /** Ends a transfer, or forgets that it failed. */
  | { do: 'stop'; key: number }
  /** Something is being written to this person. */
  | { do: 'writing'; peer: string }
  /** Whether the page is looked at, and what it is called now. */
  | { do: 'look'; isSeen: boolean; tab: string }
  | { do: 'receipts'; isOn: boolean }
  /** Removes a device of one's own, for good. */
  | { do: 'remove'; device: string }
  /** All but the ratchets, into a file that this opens. */
  | { do: 'backup'; passphrase: string }
  /** A new device of whom such a file is of. */
  | { do: 'restore'; file: File; passphrase: string; label: string }
  /** Shows a code, by which an older device lets this one in. */
  | { do: 'link' }
  /** A new device of whoever gave this answer to its code. */
  | { do: 'adopt'; answer: string; label: string }
  /** Gives the answer to the code of a new device. */
  | { do: 'answer'; code: string }
  /** What was shown of it has been seen. */
  | { do: 'linked' }
  | { do: 'take' }
  | { do: 'quit' }
  | { do: 'come' };

/** What was fetched; `picture` is a small one of it, nothing when it is none. */
export type Handed = { tell: 'file'; name: string; content: Blob } | { tell: 'picture'; peer: string; key: number; content: Blob | undefined };

export type Told = { tell: 'snapshot'; snapshot: Snapshot } | { tell: 'arrival'; arrival: Arrival };
