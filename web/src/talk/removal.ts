/**
 * That a device is none of its user's any more: a statement signed by the identity key, like the certificate before it.
 *
 * `version 1 · name · device id 16 · label · removed at, u64 seconds · signature 64`, where name and label stand behind their
 * lengths (u16). The signature covers a fixed label and all that stands before it. Nothing takes a removal back.
 */
import { isLabel, isSignature, nameOf, type Device, type Identity } from './certificate';
import { Fault } from './fault';
import { hex, joined, Reader, text, u64, unhex, utf8, variable, type Bytes } from './layout';
import { LABEL_BYTES_MAX, NAME_BYTES_MAX, REMOVAL_BYTES_MAX } from './limits';

const VERSION = 1;
/** Goes before what is signed, so that no signature made for something else fits. */
const CONTEXT = utf8('kinora chat device removal\0');
const SIGNATURE = 64;

/** A removal, by an identity that is not yet known. */
export interface Removal {
  /** Whose device it was. */
  name: string;
  /** Which of them, as 32 hexadecimal digits. */
  id: string;
  /** What its user called it. */
  label: string;
  /** When it was removed, in seconds since 1970. */
  removedAt: bigint;
  signature: Bytes;
}

type Said = Omit<Removal, 'signature'>;

function saidBytes({ name, id, label, removedAt }: Said): Bytes {
  return joined(Uint8Array.of(VERSION), variable(utf8(name)), unhex(id), variable(utf8(label)), u64(removedAt));
}

/** Removes a device of this identity. */
export async function remove(identity: Identity, { name, id, label }: Device, removedAt: bigint): Promise<Removal> {
  const said = { name, id, label, removedAt };
  return { ...said, signature: await identity.sign(joined(CONTEXT, saidBytes(said))) };
}

export const removalBytes = (removal: Removal): Bytes => joined(saidBytes(removal), removal.signature);

/** Whether this identity made it. */
export const isRemovedBy = (removal: Removal, identity: Bytes): Promise<boolean> =>
  isSignature(removal.signature, joined(CONTEXT, saidBytes(removal)), identity);

/** Reads a removal from a stranger. Its signature is not looked at. */
export function readRemoval(bytes: Uint8Array): Removal {
  if (bytes.length > REMOVAL_BYTES_MAX) throw new Fault('removal_damaged', 'it is too long');
  const reader = new Reader(bytes);
  if (reader.fixed(1)?.[0] !== VERSION) throw new Fault('removal_damaged', 'its version is not known here');
  const removal = fields(reader);
  if (!removal) throw new Fault('removal_damaged', 'a field is missing or not text');
  if (!reader.isEmpty) throw new Fault('removal_damaged', 'something follows its signature');
  if (!isLabel(removal.label)) throw new Fault('removal_damaged', 'its label is too long, or not one line of text');
  return removal;
}

function fields(reader: Reader): Removal | undefined {
  const name = nameOf(reader.variable(NAME_BYTES_MAX));
  const id = reader.fixed(16);
  const labelBytes = reader.variable(LABEL_BYTES_MAX);
  const label = labelBytes && text(labelBytes);
  const removedAt = reader.u64();
  const signature = reader.fixed(SIGNATURE);
  if (name === undefined || !id || label === undefined || removedAt === undefined || !signature) return undefined;
  return { name, id: hex(id), label, removedAt, signature };
}
