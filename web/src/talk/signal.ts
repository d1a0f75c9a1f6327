/**
 * That somebody is writing: sealed beside the ratchet of messages, under a key of the epoch, always of one size, kept
 * nowhere (docs/talk.md, "Signals").
 */
import { Fault } from './fault';
import { hex, joined, Reader, u64, unhex, type Bytes } from './layout';

/** Of the exporter, which gives the key. */
export const LABEL = 'kinora chat signal';
const VERSION = 1;
const WRITING = 1;
/** Version and epoch, which are authenticated. */
const HEAD = 9;
export const NONCE = 12;
const PADDED = 64;
const TAG = 16;
const SEALED = HEAD + NONCE + PADDED + TAG;

export interface Signal {
  device: string;
  /** The device's clock, in milliseconds: an equal or lower one than before is a repetition. */
  number: bigint;
}

const keyOf = (key: Bytes, use: 'encrypt' | 'decrypt') => crypto.subtle.importKey('raw', key, 'AES-GCM', false, [use]);

export async function sealSignal(key: Bytes, epoch: bigint, { device, number }: Signal, nonce: Bytes): Promise<Bytes> {
  const head = joined(Uint8Array.of(VERSION), u64(epoch));
  const said = joined(Uint8Array.of(WRITING), unhex(device), u64(number));
  const cipher = { name: 'AES-GCM', iv: nonce, additionalData: head };
  const plain = joined(said, new Uint8Array(PADDED - said.length));
  return joined(head, nonce, new Uint8Array(await crypto.subtle.encrypt(cipher, await keyOf(key, 'encrypt'), plain)));
}

/** The epoch that a sealed signal says it is of. */
export function epochOf(sealed: Uint8Array): bigint {
  const [version] = sealed;
  if (version !== undefined && version > VERSION) throw new Fault('payload_newer');
  const reader = new Reader(sealed.subarray(1));
  const epoch = reader.u64();
  if (version !== VERSION || sealed.length !== SEALED || epoch === undefined) throw new Fault('message_damaged');
  return epoch;
}

export async function openSignal(key: Bytes, sealed: Uint8Array): Promise<Signal> {
  epochOf(sealed);
  const [head, iv, body] = [sealed.slice(0, HEAD), sealed.slice(HEAD, HEAD + NONCE), sealed.slice(HEAD + NONCE)];
  const cipher = { name: 'AES-GCM', iv, additionalData: head };
  const plain = await crypto.subtle.decrypt(cipher, await keyOf(key, 'decrypt'), body).catch(() => {
    throw new Fault('message_damaged');
  });
  return read(new Uint8Array(plain));
}

function read(plain: Bytes): Signal {
  if (plain.length > 0 && plain[0] !== WRITING) throw new Fault('payload_newer');
  const reader = new Reader(plain.subarray(1));
  const [device, number] = [reader.fixed(16), reader.u64()];
  const zeros = plain.subarray(1 + 16 + 8);
  if (!device || number === undefined || plain.length !== PADDED || zeros.some((byte) => byte !== 0)) throw new Fault('message_damaged');
  return { device: hex(device), number };
}

