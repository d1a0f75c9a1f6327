/**
 * Who a device belongs to: a certificate signed by its user's identity key, which travels as the device's MLS credential.
 *
 * `version 1 · name · device id 16 · label · MLS signature key 32 · issued at, u64 seconds · signature 64`, where name and
 * label stand behind their lengths (u16). The signature covers a fixed label and all that stands before it.
 */
import { Fault } from './fault';
import { hex, joined, Reader, same, text, u64, unhex, utf8, variable, type Bytes } from './layout';
import { CERTIFICATE_BYTES_MAX, LABEL_BYTES_MAX, NAME_BYTES_MAX } from './limits';
import { folded } from './name';

const VERSION = 1;
/** Goes before what is signed, so that no signature made for something else fits. */
const CONTEXT = utf8('kinora chat device certificate\0');
const SIGNATURE = 64;

/** What a certificate says. */
export interface Device {
  /** Whose device it is. */
  name: string;
  /** Which of them, as 32 hexadecimal digits. */
  id: string;
  /** What its user calls it. */
  label: string;
  /** The Ed25519 key with which it signs in MLS. */
  leafKey: Bytes;
  /** When it was certified, in seconds since 1970. */
  issuedAt: bigint;
}

/** A device with the signature of an identity that is not yet known. */
export interface Certificate {
  device: Device;
  signature: Bytes;
}

export function sameDevice(one: Device, other: Device): boolean {
  return same(deviceBytes(one), deviceBytes(other));
}

function deviceBytes(device: Device): Bytes {
  const { name, id, label, leafKey, issuedAt } = device;
  return joined(Uint8Array.of(VERSION), variable(utf8(name)), unhex(id), variable(utf8(label)), leafKey, u64(issuedAt));
}

export const certificateBytes = (certificate: Certificate): Bytes => joined(deviceBytes(certificate.device), certificate.signature);

/** Reads a certificate from a stranger. Its signature is not looked at. */
export function readCertificate(bytes: Uint8Array): Certificate {
  if (bytes.length > CERTIFICATE_BYTES_MAX) throw new Fault('certificate_damaged', 'it is too long');
  const reader = new Reader(bytes);
  if (reader.fixed(1)?.[0] !== VERSION) throw new Fault('certificate_damaged', 'its version is not known here');
  const certificate = fields(reader);
  if (!certificate) throw new Fault('certificate_damaged', 'a field is missing or not text');
  if (!reader.isEmpty) throw new Fault('certificate_damaged', 'something follows its signature');
  checkLabel(certificate.device.label);
  return certificate;
}

function fields(reader: Reader): Certificate | undefined {
  const name = nameOf(reader.variable(NAME_BYTES_MAX));
  const id = reader.fixed(16);
  const labelBytes = reader.variable(LABEL_BYTES_MAX);
  const label = labelBytes && text(labelBytes);
  const leafKey = reader.fixed(32);
  const issuedAt = reader.u64();
  const signature = reader.fixed(SIGNATURE);
  if (name === undefined || !id || label === undefined || !leafKey || issuedAt === undefined || !signature) return undefined;
  return { device: { name, id: hex(id), label, leafKey, issuedAt }, signature };
}

/** The name that these bytes spell, folded. */
export function nameOf(bytes: Uint8Array | undefined): string | undefined {
  const name = bytes && text(bytes);
  try {
    return name === undefined ? undefined : folded(name);
  } catch {
    return undefined;
  }
}

/** Would end a line, or turn the direction of what stands after it. */
const UNPRINTABLE = /[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/u;

/** Whether it is one line that fits into a list. */
export const isLabel = (label: string): boolean => utf8(label).length <= LABEL_BYTES_MAX && !UNPRINTABLE.test(label);

function checkLabel(label: string) {
  if (!isLabel(label)) throw new Fault('certificate_damaged', 'its label is too long, or not one line of text');
}

/** Whether this identity made it. */
export const isSignedBy = (certificate: Certificate, identity: Bytes): Promise<boolean> =>
  isSignature(certificate.signature, joined(CONTEXT, deviceBytes(certificate.device)), identity);

/** Whether this identity signed these bytes. Keys of small order and second spellings of a signature do not count. */
export async function isSignature(signature: Bytes, bytes: Bytes, identity: Bytes): Promise<boolean> {
  if (isOfSmallOrder(identity) || isOfSmallOrder(signature.subarray(0, 32))) return false;
  try {
    const key = await crypto.subtle.importKey('raw', identity, 'Ed25519', false, ['verify']);
    return await crypto.subtle.verify('Ed25519', key, signature, bytes);
  } catch {
    // Not a point of the curve.
    return false;
  }
}

/** The second coordinates of the points of which eight add up to nothing, spelt in each way; a key among them accepts signatures by nobody. */
const SMALL = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
];

function isOfSmallOrder(point: Uint8Array): boolean {
  const unsigned = Uint8Array.from(point);
  unsigned[31] = (unsigned[31] ?? 0) & 0x7f;
  return SMALL.includes(hex(unsigned));
}

/** What goes before the 32 bytes of a secret key where WebCrypto takes and gives it (RFC 8410). */
const PKCS8 = unhex('302e020100300506032b657004220420');

/** A user's identity: the key that a name is bound to, and that certifies devices. */
export class Identity {
  private constructor(
    /** The 32 bytes that `Identity.of` takes, to be stored sealed. */
    readonly secret: Bytes,
    /** What others know of it. */
    readonly key: Bytes,
    private readonly signing: CryptoKey,
  ) {}

  static create(): Promise<Identity> {
    return Identity.of(crypto.getRandomValues(new Uint8Array(32)));
  }

  static async of(secret: Bytes): Promise<Identity> {
    const pair = await signingKey(secret);
    return new Identity(secret, pair.key, pair.signing);
  }

  async certify(device: Device): Promise<Certificate> {
    checkLabel(device.label);
    return { device, signature: await this.sign(joined(CONTEXT, deviceBytes(device))) };
  }

  async sign(bytes: Bytes): Promise<Bytes> {
    return new Uint8Array(await crypto.subtle.sign('Ed25519', this.signing, bytes));
  }
}

/** The key of a secret, to sign with, and the half that others know. */
export async function signingKey(secret: Bytes): Promise<{ signing: CryptoKey; key: Bytes }> {
  const signing = await crypto.subtle.importKey('pkcs8', joined(PKCS8, secret), 'Ed25519', true, ['sign']);
  // WebCrypto gives the public half of a secret one in this form only.
  const { x } = await crypto.subtle.exportKey('jwk', signing);
  const plain = atob((x ?? '').replace(/-/g, '+').replace(/_/g, '/'));
  return { signing, key: Uint8Array.from(plain, (char) => char.charCodeAt(0)) };
}
