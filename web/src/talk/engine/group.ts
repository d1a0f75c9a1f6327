/**
 * One conversation between two people, as one device has it: messages in and out, and commits that count only when the
 * server took them. A failed step leaves the group as it was.
 *
 * ts-mls gives a new state for each step and keeps none. So a commit of our own is a second state that waits, and two
 * steps at once would use one key twice: each waits for the one before it.
 */
import { addHistoricalReceiverData, decodeGroupState, encodeGroupState, type ClientState } from 'ts-mls/clientState.js';
import type { CiphersuiteImpl } from 'ts-mls/crypto/ciphersuite.js';
import { createCommit } from 'ts-mls/createCommit.js';
import { createApplicationMessage } from 'ts-mls/createMessage.js';
import { mlsExporter } from 'ts-mls/keySchedule.js';
import { emptyPskIndex } from 'ts-mls/pskIndex.js';
import { encodeMlsMessage, type MLSMessage } from 'ts-mls/message.js';
import { decryptSenderData, type PrivateMessage } from 'ts-mls/privateMessage.js';
import { processPrivateMessage } from 'ts-mls/processMessages.js';
import type { Proposal } from 'ts-mls/proposal.js';
import type { GenerationSecret, SecretTree } from 'ts-mls/secretTree.js';
import { zeroOutUint8Array } from 'ts-mls/util/byteArray.js';
import { sameDevice, type Device } from '../certificate';
import { Fault, or } from '../fault';
import { joined, Reader, same, u32, type Bytes } from '../layout';
import { FORWARD_MAX, PADDED_MAX, PAST_EPOCHS, REORDER_MAX } from '../limits';
import type { DirectoryView } from '../member';
import * as signal from '../signal';
import { ciphers, config, suiteOfTag, TAGS, type Suite } from './suite';
import * as vet from './vet';

/** Raised when what is stored changes its shape. */
const VERSION = 1;
/** Bytes of the key that signals of an epoch are sealed with. */
const SIGNAL_KEY = 32;
const NOBODY: DirectoryView = new Map();

/** A commit that was made here and waits for the server. */
export interface Pending {
  /** The epoch that it was made in: the server takes it only while that is the current one. */
  epoch: bigint;
  /** For the members. */
  commit: Bytes;
  /** For the devices that it adds. */
  welcome: Bytes | undefined;
}

/** What a message from the server was. */
export type Event =
  /** Somebody wrote: a payload, still to be read. */
  | { kind: 'message'; from: Device; payload: Bytes }
  /** The group went on to its next epoch. A commit of our own that was pending is gone. `isOut`: without this device. */
  | { kind: 'commit'; by: Device; added: Device[]; removed: Device[]; isOut: boolean }
  /** Something that this device sent itself. */
  | { kind: 'own' };

export class Group {
  private next: ClientState | undefined;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly suite: Suite,
    private readonly ciphers: CiphersuiteImpl,
    private state: ClientState,
  ) {}

  /** The random name of the group. */
  get id(): Bytes {
    return this.state.groupContext.groupId as Bytes;
  }

  /** How often it was committed in; 0 is a group that was not yet confirmed. */
  get epoch(): bigint {
    return this.state.groupContext.epoch;
  }

  /** Equal on two devices exactly when they agree on all that ever happened in the group. */
  get authenticator(): Bytes {
    return this.state.keySchedule.epochAuthenticator as Bytes;
  }

  /** Whether a commit of our own waits for the server. */
  get hasPending(): boolean {
    return this.next !== undefined;
  }

  /** Whether this device is still in it. */
  get isActive(): boolean {
    return this.state.groupActiveState.kind === 'active';
  }

  /** The devices in it. */
  get members(): Device[] {
    return vet.leaves(this.state.ratchetTree).map((leaf) => leaf.device);
  }

  /** Encrypts a padded payload. The caller stores the new state *with* these bytes, and sends the same again if it has to. */
  seal(payload: Uint8Array): Promise<Bytes> {
    return this.alone(async () => {
      this.ready();
      if (payload.length > PADDED_MAX) throw new Fault('text_too_long');
      const sealed = await or('engine_failed', () => createApplicationMessage(this.state, payload, this.ciphers));
      this.state = sealed.newState;
      sealed.consumed.forEach(zeroOutUint8Array);
      return encoded({ version: 'mls10', wireformat: 'mls_private_message', privateMessage: sealed.privateMessage });
    });
  }

  /** Makes a commit that renews this device's keys: what somebody stole before is worth nothing after. */
  update(): Promise<Pending> {
    return this.change([], [], 0, NOBODY);
  }

  /**
   * Makes a commit that removes and adds devices. A device that lost its state is removed and added in one. `now`, in
   * seconds since 1970, is asked for packages that have expired.
   */
  change(remove: Device[], packages: Uint8Array[], now: number, view: DirectoryView): Promise<Pending> {
    return this.alone(async () => {
      this.ready();
      const all = vet.leaves(this.state.ratchetTree);
      const isGone = (leaf: vet.Leaf) => remove.some((device) => sameDevice(device, leaf.device));
      const gone = all.filter(isGone);
      if (gone.some((leaf) => leaf.index === this.own)) throw new Fault('not_allowed', 'a device does not remove itself');
      const adds = await Promise.all(packages.map((bytes) => vet.readPackage(bytes, this.ciphers, now, view)));
      const stay = all.filter((leaf) => !isGone(leaf)).map((leaf) => leaf.device);
      if (adds.length > 0) vet.pair([...stay, ...adds.map((add) => vet.deviceOf(add.leafNode))]);
      const removals = gone.map((leaf): Proposal => ({ proposalType: 'remove', remove: { removed: leaf.index } }));
      return this.stage([...removals, ...adds.map((keyPackage): Proposal => ({ proposalType: 'add', add: { keyPackage } }))], view);
    });
  }

  private async stage(extraProposals: Proposal[], view: DirectoryView): Promise<Pending> {
    const state = { ...this.state, clientConfig: config(view) };
    const context = { state, cipherSuite: this.ciphers, pskIndex: emptyPskIndex };
    const made = await or('engine_failed', () => createCommit(context, { extraProposals, ratchetTreeExtension: true }));
    vet.distinct(made.newState.ratchetTree);
    this.next = made.newState;
    const { welcome } = made;
    // What was used up is not wiped: the commit may never count.
    return {
      epoch: this.epoch,
      commit: encoded(made.commit),
      welcome: welcome && encoded({ version: 'mls10', wireformat: 'mls_welcome', welcome }),
    };
  }

  /**
   * The server took the pending commit: it counts. All that the server took before it must have been opened by now, or
   * messages that were on their way find the keys of their epoch gone.
   */
  confirm(): Promise<void> {
    return this.alone(async () => {
      if (!this.next) throw new Fault('not_allowed', 'no commit is pending');
      // The old epoch's ratchets as they are now, not as they were when the commit was made: what was opened since would
      // open once more.
      const [historicalReceiverData] = addHistoricalReceiverData(this.state);
      this.state = { ...this.next, historicalReceiverData };
      this.next = undefined;
    });
  }

  /** Our pending commit is given up. Another one that won comes by `open`, which withdraws by itself. */
  withdraw(): Promise<void> {
    return this.alone(async () => {
      this.next = undefined;
    });
  }

  /** Opens what the server brought. After an error the group is as it was, so that it can be tried again. */
  open(bytes: Uint8Array, view: DirectoryView): Promise<Event> {
    return this.alone(async () => {
      if (!this.isActive) throw new Fault('group_over');
      const parsed = vet.parse(bytes);
      if (parsed.wireformat !== 'mls_private_message') throw new Fault('message_damaged', 'it is something else');
      const message = parsed.privateMessage;
      this.place(message);
      const epoch = this.epochOf(message);
      const sender = await or('message_damaged', () => decryptSenderData(message, epoch.senderDataSecret, this.ciphers));
      if (sender?.leafIndex === this.own) return { kind: 'own' };
      const leaf = sender && vet.leafAt(epoch.ratchetTree, sender.leafIndex);
      if (!leaf) throw new Fault('message_damaged', 'its sender is not in the group');
      reach(epoch.secretTree, sender.leafIndex, message, sender.generation);
      return this.take(message, { index: sender.leafIndex, device: vet.deviceOf(leaf) }, view);
    });
  }

  /** Whether a message belongs here and now. */
  private place(message: PrivateMessage) {
    if (!same(message.groupId, this.id)) throw new Fault('message_damaged', 'it is of another group');
    const [have, got] = [this.epoch, message.epoch];
    const back = message.contentType === 'application' ? BigInt(PAST_EPOCHS) : 0n;
    if (got > have) throw new Fault('epoch_ahead', `${got} after ${have}`);
    if (got + back < have) throw new Fault('epoch_past', `${got} before ${have}`);
  }

  private epochOf({ epoch }: PrivateMessage) {
    const { secretTree, ratchetTree, keySchedule } = this.state;
    if (epoch === this.epoch) return { secretTree, ratchetTree, senderDataSecret: keySchedule.senderDataSecret };
    const past = this.state.historicalReceiverData.get(epoch);
    if (!past) throw new Fault('message_damaged', 'its epoch is closed');
    return past;
  }

  private async take(message: PrivateMessage, from: vet.Leaf, view: DirectoryView): Promise<Event> {
    const before = { ...this.state, clientConfig: config(view) };
    const result = await or('message_damaged', () =>
      processPrivateMessage(before, message, emptyPskIndex, this.ciphers, (incoming) => {
        if (incoming.kind === 'proposal') throw new Fault('not_allowed', 'changes are committed, never proposed');
        vet.proposals(incoming.proposals, from.index);
        return 'accept';
      }),
    );
    const after = pruned(result.newState, message.epoch);
    if (result.kind === 'applicationMessage') {
      this.state = after;
      result.consumed.forEach(zeroOutUint8Array);
      return { kind: 'message', from: from.device, payload: result.message.slice() as Bytes };
    }
    const { added, removed } = vet.changes(before, after, from.index);
    [this.state, this.next] = [after, undefined];
    return { kind: 'commit', by: from.device, added, removed, isOut: !this.isActive };
  }

  /** Seals that this user is writing, beside the ratchet: it may be lost. `number` is this device's clock, the nonce random. */
  async sealSignal(number: bigint, nonce: Bytes): Promise<Bytes> {
    const own = vet.leafAt(this.state.ratchetTree, this.own);
    if (!own) throw new Fault('group_over');
    return signal.sealSignal(await this.signalKey(), this.epoch, { device: vet.deviceOf(own).id, number }, nonce);
  }

  /** Opens another member's signal of this very epoch; one of another has come too late to be worth anything. */
  async openSignal(sealed: Uint8Array): Promise<{ from: Device; signal: signal.Signal }> {
    const [have, got] = [this.epoch, signal.epochOf(sealed)];
    if (got !== have) throw new Fault(got > have ? 'epoch_ahead' : 'epoch_past');
    const opened = await signal.openSignal(await this.signalKey(), sealed);
    const from = this.members.find((device) => device.id === opened.device);
    if (!from) throw new Fault('message_damaged');
    return { from, signal: opened };
  }

  private async signalKey(): Promise<Bytes> {
    if (!this.isActive) throw new Fault('group_over');
    const { exporterSecret } = this.state.keySchedule;
    const key = await or('engine_failed', () => mlsExporter(exporterSecret, signal.LABEL, new Uint8Array(), SIGNAL_KEY, this.ciphers));
    return key.slice() as Bytes;
  }

  /** Throws the keys of past epochs away: ten minutes after a commit nothing of them is still on its way. */
  forgetPast(): Promise<void> {
    return this.alone(async () => {
      this.state = { ...this.state, historicalReceiverData: new Map() };
    });
  }

  private get own(): number {
    return this.state.privatePath.leafIndex;
  }

  private ready() {
    if (!this.isActive) throw new Fault('group_over');
    if (this.next) throw new Fault('commit_pending');
  }

  private alone<T>(step: () => Promise<T>): Promise<T> {
    const done = this.last.then(step);
    this.last = done.catch(() => undefined);
    return done;
  }

  /** All of it as bytes, secrets included: to be stored sealed, in one transaction with what the step brought. */
  export(): Bytes {
    const states = [this.state, ...(this.next ? [this.next] : [])].map((state) => encodeGroupState(state));
    return joined(Uint8Array.of(VERSION, TAGS[this.suite]), ...states.flatMap((state) => [u32(state.length), state]));
  }

  /** Takes up what `export` gave. An older state than the last must never be taken up. */
  static async import(bytes: Uint8Array): Promise<Group> {
    const reader = new Reader(bytes);
    const [version, tag] = reader.fixed(2) ?? [];
    const suite = suiteOfTag(tag);
    if (version !== VERSION || !suite) throw new Fault('state_damaged');
    const state = await or('state_damaged', () => decoded(reader));
    const group = new Group(suite, await ciphers(suite), state);
    if (!reader.isEmpty) group.next = await or('state_damaged', () => decoded(reader));
    if (!reader.isEmpty) throw new Fault('state_damaged');
    return group;
  }
}

function decoded(reader: Reader): ClientState {
  const bytes = reader.fixed(reader.u32() ?? Number.POSITIVE_INFINITY);
  const [state, length] = (bytes && decodeGroupState(bytes, 0)) ?? [];
  if (!state || length !== bytes?.length) throw new Fault('state_damaged');
  return { ...state, clientConfig: config(NOBODY) };
}

const encoded = (message: MLSMessage): Bytes => encodeMlsMessage(message).slice() as Bytes;

function ratchetOf(tree: SecretTree, leaf: number, { contentType }: PrivateMessage): GenerationSecret | undefined {
  const node = tree[leaf * 2];
  return contentType === 'application' ? node?.application : node?.handshake;
}

/** Whether there is a key for a message, or can be: why not, is told apart here. */
function reach(tree: SecretTree, leaf: number, message: PrivateMessage, generation: number) {
  const ratchet = ratchetOf(tree, leaf, message);
  if (!ratchet) throw new Fault('message_damaged', 'its sender is not in the group');
  if (generation - ratchet.generation > FORWARD_MAX) throw new Fault('message_too_far');
  if (generation < ratchet.generation && !ratchet.unusedGenerations[generation]) throw new Fault('message_replayed');
}

/** Drops keys of messages that are later than the window allows. ts-mls keeps as many, however old they are. */
function pruned(state: ClientState, epoch: bigint): ClientState {
  if (epoch === state.groupContext.epoch) return { ...state, secretTree: state.secretTree.map(prunedNode) };
  const past = state.historicalReceiverData.get(epoch);
  if (!past) return state;
  const historicalReceiverData = new Map(state.historicalReceiverData);
  historicalReceiverData.set(epoch, { ...past, secretTree: past.secretTree.map(prunedNode) });
  return { ...state, historicalReceiverData };
}

const prunedNode = ({ handshake, application }: SecretTree[number]) => ({ handshake: prunedRatchet(handshake), application: prunedRatchet(application) });

function prunedRatchet(ratchet: GenerationSecret): GenerationSecret {
  const entries = Object.entries(ratchet.unusedGenerations);
  const kept = entries.filter(([generation]) => Number(generation) >= ratchet.generation - REORDER_MAX);
  return kept.length === entries.length ? ratchet : { ...ratchet, unusedGenerations: Object.fromEntries(kept) };
}
