/** A device with its keys: it gives out key packages, opens groups and joins them. */
import { createGroup } from 'ts-mls/clientState.js';
import type { CiphersuiteImpl } from 'ts-mls/crypto/ciphersuite.js';
import { decodeKeyPackage, encodeKeyPackage, generateKeyPackageWithKey, makeKeyPackageRef } from 'ts-mls/keyPackage.js';
import type { KeyPackage, PrivateKeyPackage } from 'ts-mls/keyPackage.js';
import { encodeMlsMessage } from 'ts-mls/message.js';
import type { Welcome } from 'ts-mls/welcome.js';
import { certificateBytes, readCertificate, sameDevice, signingKey, type Certificate, type Device } from '../certificate';
import { Fault, or } from '../fault';
import { joined, Reader, same, u32, type Bytes } from '../layout';
import { PACKAGES_MAX } from '../limits';
import type { DirectoryView } from '../member';
import { enter } from './enter';
import { Group, type Pending } from './group';
import { capabilities, ciphers, config, LAST_RESORT, lifetime, nameOf, suiteOfTag, TAGS, type Suite } from './suite';
import * as vet from './vet';

/** Raised when what is stored changes its shape. */
const VERSION = 1;

/** The key with which a device signs all that it says in MLS. */
interface Keys {
  secret: Bytes;
  key: Bytes;
}

/** A package that was given out, with the secrets that open what is sent to it. */
interface Package {
  reference: Bytes;
  public: KeyPackage;
  init: Bytes;
  leaf: Bytes;
}

/** A device that has keys, and no certificate yet. */
export class Newcomer {
  private constructor(
    private readonly suite: Suite,
    private readonly keys: Keys,
  ) {}

  static async create(suite: Suite): Promise<Newcomer> {
    const secret = crypto.getRandomValues(new Uint8Array(32));
    const { key } = await signingKey(secret);
    return new Newcomer(suite, { secret, key });
  }

  /** What the identity has to certify. */
  get leafKey(): Bytes {
    return this.keys.key;
  }

  /** The device, once it is certified. */
  async certified(certificate: Certificate): Promise<Client> {
    if (!same(certificate.device.leafKey, this.leafKey)) throw new Fault('leaf_mismatch', certificate.device.name);
    return new Client(this.suite, await ciphers(this.suite), this.keys, certificate, []);
  }
}

/** A certified device: its signature key, and the private halves of its key packages. */
export class Client {
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly suite: Suite,
    private readonly ciphers: CiphersuiteImpl,
    private readonly keys: Keys,
    private readonly certificate: Certificate,
    private packages: Package[],
  ) {}

  /** Which device this is. */
  get device(): Device {
    return this.certificate.device;
  }

  /** Signs with the device's own key, as a login asks for. */
  async sign(bytes: Bytes): Promise<Bytes> {
    const { signing } = await signingKey(this.keys.secret);
    return new Uint8Array(await crypto.subtle.sign('Ed25519', signing, bytes));
  }

  /** As the directory shows it. */
  get certificateBytes(): Bytes {
    return certificateBytes(this.certificate);
  }

  /** Makes packages with which others can add this device while it is away, each good for one group. `now` is in seconds since 1970. */
  async keyPackages(count: number, now: number): Promise<Bytes[]> {
    if (count > PACKAGES_MAX) throw new Fault('not_allowed', 'so many key packages are never needed at once');
    const made: Bytes[] = [];
    for (let n = 0; n < count; n += 1) made.push(await this.package(now, false));
    return made;
  }

  /** Makes the package that the server may give out again and again when no other is left. */
  lastResort(now: number): Promise<Bytes> {
    return this.package(now, true);
  }

  private async package(now: number, isLastResort: boolean): Promise<Bytes> {
    const made = await this.generate(now, isLastResort);
    this.packages = [...this.packages, made];
    return encodeMlsMessage({ version: 'mls10', wireformat: 'mls_key_package', keyPackage: made.public }).slice() as Bytes;
  }

  private generate(now: number, isLastResort: boolean): Promise<Package> {
    return or('engine_failed', async () => {
      const { publicPackage, privatePackage } = await generateKeyPackageWithKey(
        { credentialType: 'basic', identity: certificateBytes(this.certificate) },
        capabilities(this.suite, isLastResort),
        lifetime(now),
        isLastResort ? [{ extensionType: LAST_RESORT, extensionData: new Uint8Array() }] : [],
        { signKey: this.keys.secret, publicKey: this.keys.key },
        this.ciphers,
      );
      const reference = (await makeKeyPackageRef(publicPackage, this.ciphers.hash)) as Bytes;
      const [init, leaf] = [privatePackage.initPrivateKey as Bytes, privatePackage.hpkePrivateKey as Bytes];
      return { reference, public: publicPackage, init, leaf };
    });
  }

  private secrets({ init, leaf }: Package): PrivateKeyPackage {
    return { initPrivateKey: init, hpkePrivateKey: leaf, signaturePrivateKey: this.keys.secret };
  }

  /**
   * Opens a group with all other devices of both people. It is pending: nothing may be sent in it until the server took
   * the Welcome and the group was confirmed; if somebody else's came first, it is dropped.
   */
  async open(id: Bytes, packages: Uint8Array[], now: number, view: DirectoryView): Promise<{ group: Group; pending: Pending }> {
    if (packages.length === 0) throw new Fault('not_allowed', 'a conversation is between two people');
    const own = await this.generate(now, false);
    const state = await or('engine_failed', () =>
      createGroup(id, own.public, this.secrets(own), [], this.ciphers, config(view)),
    );
    const group = new Group(this.suite, this.ciphers, state);
    return { group, pending: await group.change([], packages, now, view) };
  }

  /** Those of the packages with which their devices can be added now: what others left with the server may be anything. */
  async usable(packages: Uint8Array[], now: number, view: DirectoryView): Promise<Uint8Array[]> {
    const isGood = (bytes: Uint8Array) => vet.readPackage(bytes, this.ciphers, now, view).then(() => true, () => false);
    const good = await Promise.all(packages.map(isGood));
    return packages.filter((_, at) => good[at]);
  }

  /**
   * Joins a group by its Welcome. The package that it was made for is used up, unless it is the last resort. After an
   * error it is kept, so that the Welcome can be tried again when the directory knows more.
   */
  join(bytes: Uint8Array, view: DirectoryView): Promise<Group> {
    const step = async () => {
      const message = vet.parse(bytes);
      if (message.wireformat !== 'mls_welcome') throw new Fault('welcome_unusable', 'it is something else');
      const used = this.packages.find((each) => message.welcome.secrets.some(({ newMember }) => same(newMember, each.reference)));
      if (!used || message.welcome.cipherSuite !== nameOf(this.suite)) throw new Fault('welcome_unusable');
      const group = await this.entered(message.welcome, used, view);
      const isLastResort = used.public.extensions.some((each) => each.extensionType === LAST_RESORT);
      if (!isLastResort) this.packages = this.packages.filter((each) => each !== used);
      return group;
    };
    // Two at once could both take the one package.
    const done = this.last.then(step);
    this.last = done.catch(() => undefined);
    return done;
  }

  private async entered(welcome: Welcome, used: Package, view: DirectoryView): Promise<Group> {
    const own = { package: used.public, reference: used.reference, secrets: this.secrets(used) };
    const state = await or('welcome_unusable', () => enter(welcome, own, this.ciphers, config(view)));
    const devices = vet.leaves(state.ratchetTree).map((leaf) => leaf.device);
    vet.pair(devices);
    if (!devices.some((device) => sameDevice(device, this.device))) throw new Fault('welcome_unusable');
    return new Group(this.suite, this.ciphers, state);
  }

  /** All of it as bytes, secrets included: to be stored sealed. */
  export(): Bytes {
    const fields = this.packages.flatMap((each) => [encodeKeyPackage(each.public), each.reference, each.init, each.leaf]);
    const all = [certificateBytes(this.certificate), this.keys.secret, ...fields];
    return joined(Uint8Array.of(VERSION, TAGS[this.suite]), ...all.flatMap((field) => [u32(field.length), field]));
  }

  /** Takes up what `export` gave. */
  static import(bytes: Uint8Array): Promise<Client> {
    return or('state_damaged', async () => {
      const reader = new Reader(bytes);
      const [version, tag] = reader.fixed(2) ?? [];
      const suite = suiteOfTag(tag);
      if (version !== VERSION || !suite) throw new Fault('state_damaged');
      const certificate = readCertificate(field(reader));
      const secret = field(reader);
      const { key } = await signingKey(secret);
      if (!same(key, certificate.device.leafKey)) throw new Fault('state_damaged');
      const packages: Package[] = [];
      while (!reader.isEmpty) packages.push(readPackage(reader));
      return new Client(suite, await ciphers(suite), { secret, key }, certificate, packages);
    });
  }
}

function field(reader: Reader): Bytes {
  const bytes = reader.fixed(reader.u32() ?? Number.POSITIVE_INFINITY);
  if (!bytes) throw new Fault('state_damaged');
  return bytes;
}

function readPackage(reader: Reader): Package {
  const encoded = field(reader);
  const [found, length] = decodeKeyPackage(encoded, 0) ?? [];
  if (!found || length !== encoded.length) throw new Fault('state_damaged');
  return { public: found, reference: field(reader), init: field(reader), leaf: field(reader) };
}
