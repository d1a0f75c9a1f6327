/**
 * How a user's next device gets the identity: from an older one, sealed for it alone, as the terminal has it
 * (crates/chat/src/handover.rs; crates/chat/vectors/handovers.json).
 *
 * The new device makes an X25519 key that lives for as long as it waits, and shows it: its code. The older one seals the
 * identity and whom it knows to it (HPKE, RFC 9180, base mode). The answer may go any way; the code is what has to be right.
 *
 * code: `KINORA-LINK-`, then in base32 `version 1 · key 32 · first 4 bytes of SHA-256(CONTEXT · version · key)`
 * answer: between two lines, in base32 `version 1 · encapsulated key 32 · AES-256-GCM of the CBOR, filled with zeros`
 */
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { sha256 } from '@noble/hashes/sha2.js';
import { base32nopad } from '@scure/base';
import { array, bool, bytes, CborReader, map, string } from './cbor';
import { Fault } from './fault';
import { joined, same, utf8, type Bytes } from './layout';
import { ANSWER_CHARS_MAX, HANDED_CONTACTS_MAX, HANDED_MIN } from './limits';
import { folded } from './name';

const VERSION = 1;
const KEY = 32;
/** As both engines derive it: a key package's HPKE would be another one. */
const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
const CONTEXT = utf8('kinora chat device\0');
const PREFIX = 'KINORA-LINK-';
const PREFIX_BARE = 'KINORALINK';
const FIRST = '-----BEGIN KINORA DEVICE-----';
const LAST = '-----END KINORA DEVICE-----';
/** Characters between two strokes of a code, and in a line of an answer. */
const GROUP = /.{1,4}/g;
const LINE = /.{1,64}/g;
/** What counts as a blank there, which \s is not quite. */
const BLANK = /\p{White_Space}/gu;
const FILLER = /[-\p{White_Space}]/gu;

/** Somebody whom the older device knows, and whether their number was compared. */
export interface Acquaintance {
  name: string;
  key: Bytes;
  isVerified: boolean;
}

/** What goes from one device to the other. */
export interface Handover {
  name: string;
  /** The secret of the identity. */
  secret: Bytes;
  contacts: Acquaintance[];
}

/** A new device that waits for the answer. */
export class Newcomer {
  private constructor(
    private readonly keys: CryptoKeyPair,
    private readonly key: Bytes,
  ) {}

  /** Makes the key of these 32 random bytes. */
  static async of(random: Bytes): Promise<Newcomer> {
    const keys = await suite.kem.deriveKeyPair(random.buffer);
    return new Newcomer(keys, new Uint8Array(await suite.kem.serializePublicKey(keys.publicKey)));
  }

  /** What the older device has to be given. */
  get code(): string {
    return PREFIX + inPieces(base32nopad.encode(joined(versioned(this.key), check(this.key))), GROUP, '-');
  }

  /** Opens an answer; refuses all that was not sealed for this device. */
  async open(answer: string): Promise<Handover> {
    try {
      const sealed = unarmored(answer);
      if (sealed[0] !== VERSION) throw new Error('its version is not known here');
      const enc = sealed.slice(1, 1 + KEY).buffer;
      const plain = await suite.open({ recipientKey: this.keys, enc, info: CONTEXT }, sealed.slice(1 + KEY).buffer, versioned(this.key).buffer);
      return read(new Uint8Array(plain));
    } catch (error) {
      throw new Fault('answer_unusable', String(error));
    }
  }
}

/** Seals it for the device that shows this code, as somebody typed it: an answer, in lines. */
export async function sealed(handover: Handover, code: string): Promise<string> {
  const key = keyOf(code);
  try {
    const recipientPublicKey = await suite.kem.deserializePublicKey(key.buffer);
    const { enc, ct } = await suite.seal({ recipientPublicKey, info: CONTEXT }, plainBytes(handover).buffer, versioned(key).buffer);
    return armored(joined(Uint8Array.of(VERSION), new Uint8Array(enc), new Uint8Array(ct)));
  } catch (error) {
    throw new Fault('code_unusable', String(error));
  }
}

/** The key in a code. Strokes, blanks and the case of letters make no difference. */
export function keyOf(code: string): Bytes {
  const text = code.replace(FILLER, '').replace(/[a-z]/g, (letter) => letter.toUpperCase());
  try {
    if (!text.startsWith(PREFIX_BARE)) throw new Error('it begins in another way');
    const found = base32nopad.decode(text.slice(PREFIX_BARE.length)) as Bytes;
    const key = found.slice(1, 1 + KEY);
    if (!same(found, joined(versioned(key), check(key)))) throw new Error('a letter of it is wrong');
    return key;
  } catch (error) {
    throw new Fault('code_unusable', String(error));
  }
}

/** What is sealed. How many people one knows is nobody's business: zeros fill it up. */
export function plainBytes({ name, secret, contacts }: Handover): Bytes {
  const known = contacts.slice(0, HANDED_CONTACTS_MAX).map((each) => array(string(each.name), bytes(each.key), bool(each.isVerified)));
  const written = map([0, string(name)], [1, bytes(secret)], [2, array(...known)]);
  let size = HANDED_MIN;
  while (size < written.length) size *= 2;
  return joined(written, new Uint8Array(size - written.length));
}

function read(plain: Bytes): Handover {
  const reader = new CborReader(plain);
  const found: Partial<Handover> = {};
  reader.map((key) => {
    if (key === 0n) found.name = folded(reader.string());
    else if (key === 1n) found.secret = exactly(reader);
    else if (key === 2n) found.contacts = acquaintances(reader);
    else reader.skip();
  });
  const { name, secret, contacts } = found;
  if (name === undefined || !secret || !contacts) throw new Error('a field is missing');
  if (reader.rest.some((byte) => byte !== 0)) throw new Error('something follows it');
  return { name, secret, contacts };
}

function acquaintances(reader: CborReader): Acquaintance[] {
  const all: Acquaintance[] = [];
  reader.array(() => all.push(acquaintance(reader)));
  if (all.length > HANDED_CONTACTS_MAX) throw new Error('there are too many people');
  return all;
}

function acquaintance(reader: CborReader): Acquaintance {
  const found: Partial<Acquaintance> = {};
  reader.array((at) => {
    if (at === 0) found.name = folded(reader.string());
    else if (at === 1) found.key = exactly(reader);
    else if (at === 2) found.isVerified = reader.bool();
    else reader.skip();
  });
  const { name, key, isVerified } = found;
  if (name === undefined || !key || isVerified === undefined) throw new Error('somebody is cut');
  return { name, key, isVerified };
}

function exactly(reader: CborReader): Bytes {
  const key = reader.bytes();
  if (key.length !== KEY) throw new Error('a key has another length');
  return key;
}

const versioned = (key: Bytes): Bytes => joined(Uint8Array.of(VERSION), key);
const check = (key: Bytes): Bytes => sha256(joined(CONTEXT, versioned(key))).slice(0, 4) as Bytes;
const inPieces = (letters: string, size: RegExp, between: string): string => (letters.match(size) ?? []).join(between);

function armored(all: Bytes): string {
  return `${FIRST}\n${inPieces(base32nopad.encode(all), LINE, '\n')}\n${LAST}\n`;
}

/** What stands between the two lines, whatever stands around them. */
function unarmored(answer: string): Bytes {
  const begin = answer.indexOf(FIRST);
  const end = begin < 0 ? -1 : answer.indexOf(LAST, begin + FIRST.length);
  if (end < 0) throw new Error('it has no beginning or no end');
  const letters = answer.slice(begin + FIRST.length, end);
  if (utf8(letters).length > ANSWER_CHARS_MAX) throw new Error('it is too long');
  return base32nopad.decode(letters.replace(BLANK, '')) as Bytes;
}
