/**
 * How well a person is known: new, pinned, verified, changed; and what each state allows. A changed key is a note for
 * somebody whose number was never compared, and a wall for somebody whose was.
 */
import { same, type Bytes } from './layout';

/** What this client remembers of one person. Of a changed one: the key that was known, the one that is shown now, and whether the former had been compared. */
export type Contact =
  | { word: 'new' }
  | { word: 'pinned'; key: Bytes }
  | { word: 'verified'; key: Bytes }
  | { word: 'changed'; known: Bytes; shown: Bytes; wasVerified: boolean };

/** Whether a message may go out: freely, with a line that says that the key changed, or not until the new key is compared or accepted. */
export type Sending = 'free' | 'advised' | 'blocked';

/** The key that members are checked against: never one that only the server vouches for once another was known and compared. */
export function identityOf(contact: Contact): Bytes | undefined {
  switch (contact.word) {
    case 'new':
      return undefined;
    case 'changed':
      return contact.wasVerified ? contact.known : contact.shown;
    default:
      return contact.key;
  }
}

/** The keys that have been this person's as far as is known: of those, removals are kept. */
export function keysOf(contact: Contact): Bytes[] {
  if (contact.word === 'new') return [];
  return contact.word === 'changed' ? [contact.known, contact.shown] : [contact.key];
}

/** What another device of the same user is told of somebody: of a changed key the one before, for it sees by itself that it has changed. */
export function handed(contact: Contact): { key: Bytes; isVerified: boolean } | undefined {
  switch (contact.word) {
    case 'new':
      return undefined;
    case 'changed':
      return { key: contact.known, isVerified: contact.wasVerified };
    default:
      return { key: contact.key, isVerified: contact.word === 'verified' };
  }
}

/** Somebody of whom this was told by another device. */
export const told = (key: Bytes, isVerified: boolean): Contact => ({ word: isVerified ? 'verified' : 'pinned', key });

export function sending(contact: Contact): Sending {
  if (contact.word !== 'changed') return 'free';
  return contact.wasVerified ? 'blocked' : 'advised';
}

/** The directory shows this key. */
export function seen(contact: Contact, shown: Bytes): Contact {
  switch (contact.word) {
    case 'new':
      return { word: 'pinned', key: shown };
    case 'pinned':
    case 'verified': {
      const { key, word } = contact;
      return same(key, shown) ? contact : { word: 'changed', known: key, shown, wasVerified: word === 'verified' };
    }
    case 'changed': {
      const { known, wasVerified } = contact;
      // The old key is back: what was known of it still holds.
      return same(known, shown) ? { word: wasVerified ? 'verified' : 'pinned', key: known } : { ...contact, shown };
    }
  }
}

/** The safety number made with this key was compared, and is right. */
export function compared(contact: Contact, key: Bytes): Contact {
  const now = contact.word === 'changed' ? contact.shown : contact.word === 'new' ? undefined : contact.key;
  return now && same(now, key) ? { word: 'verified', key } : contact;
}

/** The user says in words that this new key is to be taken, without comparing. What was verified is verified no more. */
export function accepted(contact: Contact, key: Bytes): Contact {
  return contact.word === 'changed' && same(contact.shown, key) ? { word: 'pinned', key } : contact;
}
