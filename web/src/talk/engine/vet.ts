/** Who and what may come into a group: packages, the members of a Welcome, the contents of a commit. */
import type { ClientState } from 'ts-mls/clientState.js';
import type { CiphersuiteImpl } from 'ts-mls/crypto/ciphersuite.js';
import { verifyKeyPackage, type KeyPackage } from 'ts-mls/keyPackage.js';
import { verifyLeafNodeSignatureKeyPackage, type LeafNode } from 'ts-mls/leafNode.js';
import { decodeMlsMessage, type MLSMessage } from 'ts-mls/message.js';
import type { RatchetTree } from 'ts-mls/ratchetTree.js';
import type { ProposalWithSender } from 'ts-mls/unappliedProposals.js';
import { readCertificate, sameDevice, type Device } from '../certificate';
import { Fault, or } from '../fault';
import { hex, same } from '../layout';
import { GROUP_MEMBERS_MAX, MLS_BYTES_MAX } from '../limits';
import { checkMember, type DirectoryView } from '../member';

/** Reads an MLS message from the server, wholly. */
export function parse(bytes: Uint8Array): MLSMessage {
  if (bytes.length > MLS_BYTES_MAX) throw new Fault('message_damaged', 'it is too long');
  try {
    const [message, length] = decodeMlsMessage(bytes, 0) ?? [];
    if (message && length === bytes.length) return message;
  } catch {
    // Refused below, with what is merely cut off.
  }
  throw new Fault('message_damaged');
}

/** A member with its place in the tree. */
export interface Leaf {
  index: number;
  device: Device;
}

/** The device that a leaf names. It was checked when it came into the group. */
export function deviceOf(leaf: LeafNode): Device {
  if (leaf.credential.credentialType !== 'basic') throw new Fault('certificate_damaged', 'it is of another kind');
  return readCertificate(leaf.credential.identity).device;
}

export function leafAt(tree: RatchetTree, index: number): LeafNode | undefined {
  const node = tree[index * 2];
  return node?.nodeType === 'leaf' ? node.leaf : undefined;
}

export function leaves(tree: RatchetTree): Leaf[] {
  const at = (index: number): Leaf[] => {
    const leaf = leafAt(tree, index);
    return leaf ? [{ index, device: deviceOf(leaf) }] : [];
  };
  return Array.from({ length: (tree.length + 1) / 2 }, (_, index) => at(index)).flat();
}

/** A key package of somebody who may come in. `now` is in seconds since 1970. */
export async function readPackage(bytes: Uint8Array, ciphers: CiphersuiteImpl, now: number, view: DirectoryView): Promise<KeyPackage> {
  const message = parse(bytes);
  if (message.wireformat !== 'mls_key_package') throw new Fault('package_unusable', 'it is something else');
  const { keyPackage } = message;
  const { leafNode } = keyPackage;
  const { notBefore, notAfter } = leafNode.lifetime;
  const isNow = notBefore <= BigInt(now) && BigInt(now) <= notAfter;
  const isOurs = keyPackage.version === 'mls10' && keyPackage.cipherSuite === ciphers.name && isNow;
  const isSigned = await or('package_unusable', async () => {
    const leaf = await verifyLeafNodeSignatureKeyPackage(leafNode, ciphers.signature);
    return leaf && (await verifyKeyPackage(keyPackage, ciphers.signature));
  });
  if (!isOurs || !isSigned || same(keyPackage.initKey, leafNode.hpkePublicKey)) throw new Fault('package_unusable');
  if (leafNode.credential.credentialType !== 'basic') throw new Fault('certificate_damaged', 'it is of another kind');
  await checkMember(leafNode.credential.identity, leafNode.signaturePublicKey, view);
  return keyPackage;
}

/** A conversation has two people, no device twice, and few devices. */
export function pair(devices: Device[]) {
  const [people, ids] = [new Set(devices.map((device) => device.name)), new Set(devices.map((device) => device.id))];
  if (people.size !== 2) throw new Fault('not_allowed', 'a conversation is between two people');
  if (ids.size !== devices.length || devices.length > GROUP_MEMBERS_MAX) {
    throw new Fault('not_allowed', 'a device stands in it twice, or there are too many');
  }
}

/** No key stands twice in a tree. ts-mls looks for that only among those who are there already, not at who comes in. */
export function distinct(tree: RatchetTree) {
  const keys = tree.flatMap((node) => {
    if (!node) return [];
    if (node.nodeType === 'parent') return [hex(node.parent.hpkePublicKey)];
    return [hex(node.leaf.hpkePublicKey), `signs ${hex(node.leaf.signaturePublicKey)}`];
  });
  if (new Set(keys).size !== keys.length) throw new Fault('message_damaged', 'a key stands twice');
}

/** What a commit proposes may only add and remove, and only a member may propose it. Their devices are checked by the group's config. */
export function proposals(given: ProposalWithSender[], by: number | undefined) {
  for (const { proposal, senderLeafIndex } of given) {
    if (by === undefined || senderLeafIndex !== by) throw new Fault('not_allowed', 'somebody else proposed a change');
    if (proposal.proposalType !== 'add' && proposal.proposalType !== 'remove') {
      throw new Fault('not_allowed', 'a commit may add, remove and update only');
    }
  }
}

/** What a commit changed. */
export interface Changes {
  added: Device[];
  removed: Device[];
}

/** Compares a group before and after a commit, before that counts. */
export function changes(before: ClientState, after: ClientState, by: number): Changes {
  distinct(after.ratchetTree);
  const [old, now] = [leaves(before.ratchetTree), leaves(after.ratchetTree)];
  const [was, is] = [old, now].map((list) => list.find((leaf) => leaf.index === by)?.device);
  if (!was || !is || was.name !== is.name || was.id !== is.id) throw new Fault('not_allowed', 'a device took the place of another');
  // A device that was removed and added in one stands in both lists, wherever it stands now.
  const isIn = (list: Leaf[], { index, device }: Leaf) =>
    index === by || list.some((each) => each.index === index && sameDevice(each.device, device) && isSameLeaf(before, after, index));
  const added = now.filter((leaf) => !isIn(old, leaf)).map((leaf) => leaf.device);
  const removed = old.filter((leaf) => !isIn(now, leaf)).map((leaf) => leaf.device);
  // A removed person leaves one behind; what is sent then reaches nobody, and nobody new may come in their place.
  if (added.length > 0) pair(now.map((leaf) => leaf.device));
  return { added, removed };
}

function isSameLeaf(before: ClientState, after: ClientState, index: number): boolean {
  const [old, now] = [before, after].map((state) => leafAt(state.ratchetTree, index)?.hpkePublicKey);
  return old !== undefined && now !== undefined && same(old, now);
}
