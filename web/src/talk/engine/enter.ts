/**
 * How a Welcome becomes a group, step by step as RFC 9420 §12.4.3.1 has it.
 *
 * ts-mls has a step of its own for this, but asks too much of the tree: that all nodes above a newcomer list the same
 * newcomers, where the standard asks it of the nodes between. So it refuses good groups of five devices and more. What is
 * computed here is computed by ts-mls; what is compared, and in which order, stands here.
 */
import type { ClientConfig } from 'ts-mls/clientConfig.js';
import type { ClientState } from 'ts-mls/clientState.js';
import type { CiphersuiteImpl } from 'ts-mls/crypto/ciphersuite.js';
import { extensionsSupportedByCapabilities } from 'ts-mls/extension.js';
import { ratchetTreeFromExtension, verifyGroupInfoConfirmationTag, verifyGroupInfoSignature, type GroupInfo } from 'ts-mls/groupInfo.js';
import type { GroupSecrets } from 'ts-mls/groupSecrets.js';
import type { KeyPackage, PrivateKeyPackage } from 'ts-mls/keyPackage.js';
import { deriveKeySchedule } from 'ts-mls/keySchedule.js';
import { verifyLeafNodeSignature, verifyLeafNodeSignatureKeyPackage, type LeafNode } from 'ts-mls/leafNode.js';
import { verifyParentHashes } from 'ts-mls/parentHash.js';
import { pathToRoot } from 'ts-mls/pathSecrets.js';
import { mergePrivateKeyPaths, toPrivateKeyPath, type PrivateKeyPath } from 'ts-mls/privateKeyPath.js';
import { findLeafIndex, type RatchetTree } from 'ts-mls/ratchetTree.js';
import { createSecretTree } from 'ts-mls/secretTree.js';
import { treeHashRoot } from 'ts-mls/treeHash.js';
import { directPath, leafToNodeIndex, leafWidth, toLeafIndex, toNodeIndex, type LeafIndex } from 'ts-mls/treemath.js';
import { firstCommonAncestor } from 'ts-mls/updatePath.js';
import { zeroOutUint8Array } from 'ts-mls/util/byteArray.js';
import { decryptGroupInfo, decryptGroupSecrets, type Welcome } from 'ts-mls/welcome.js';
import { Fault } from '../fault';
import { same } from '../layout';
import * as vet from './vet';

/** A key package with its secrets. */
export interface Own {
  package: KeyPackage;
  reference: Uint8Array;
  secrets: PrivateKeyPackage;
}

const refuse = (why: string): never => {
  throw new Fault('welcome_unusable', why);
};

/** The group that a Welcome invites this package to, with all that it says of itself compared. */
export async function enter(welcome: Welcome, own: Own, ciphers: CiphersuiteImpl, clientConfig: ClientConfig): Promise<ClientState> {
  const init = await ciphers.hpke.importPrivateKey(own.secrets.initPrivateKey);
  const secrets = (await decryptGroupSecrets(init, own.reference, welcome, ciphers.hpke)) ?? refuse('its secrets cannot be read');
  if (secrets.psks.length > 0) refuse('it asks for a shared secret');
  const noSecret = new Uint8Array(ciphers.kdf.size);
  const info = (await decryptGroupInfo(welcome, secrets.joinerSecret, noSecret, ciphers)) ?? refuse('its group cannot be read');
  const { groupContext, confirmationTag } = info;
  if (groupContext.version !== 'mls10' || groupContext.cipherSuite !== own.package.cipherSuite) refuse('it is for another suite');
  if (groupContext.extensions.length > 0) refuse('its group has extensions');
  const ratchetTree = ratchetTreeFromExtension(info) ?? refuse('it has no tree');
  await checkSigner(info, ratchetTree, ciphers);
  await checkTree(ratchetTree, info, ciphers, clientConfig);
  const leaf = findLeafIndex(ratchetTree, own.package.leafNode) ?? refuse('this device is not in it');
  const privatePath = await pathOf(ratchetTree, leaf, info, secrets, own.secrets, ciphers);
  const [keySchedule, encryptionSecret] = await deriveKeySchedule(secrets.joinerSecret, noSecret, groupContext, ciphers.kdf);
  if (!(await verifyGroupInfoConfirmationTag(info, secrets.joinerSecret, noSecret, ciphers))) refuse('it is not confirmed');
  const secretTree = await createSecretTree(leafWidth(ratchetTree.length), encryptionSecret, ciphers.kdf);
  zeroOutUint8Array(encryptionSecret);
  zeroOutUint8Array(secrets.joinerSecret);
  return {
    groupContext,
    ratchetTree,
    privatePath,
    signaturePrivateKey: own.secrets.signaturePrivateKey,
    confirmationTag,
    unappliedProposals: {},
    keySchedule,
    secretTree,
    historicalReceiverData: new Map(),
    groupActiveState: { kind: 'active' },
    clientConfig,
  };
}

async function checkSigner(info: GroupInfo, tree: RatchetTree, ciphers: CiphersuiteImpl) {
  const signer = vet.leafAt(tree, info.signer) ?? refuse('who made it is not in it');
  if (!(await verifyGroupInfoSignature(info, signer.signaturePublicKey, ciphers.signature))) refuse('its signature is wrong');
}

async function checkTree(tree: RatchetTree, info: GroupInfo, ciphers: CiphersuiteImpl, clientConfig: ClientConfig) {
  const { groupContext } = info;
  checkShape(tree);
  vet.distinct(tree);
  if (!same(await treeHashRoot(tree, ciphers.hash), groupContext.treeHash)) refuse('its tree is another one');
  if (!(await verifyParentHashes(tree, ciphers.hash))) refuse('its tree does not hang together');
  for (let index = 0; index < leafWidth(tree.length); index += 1) {
    const leaf = vet.leafAt(tree, index);
    if (leaf) await checkLeaf(leaf, index, info, ciphers, clientConfig);
  }
}

/** Leaves and parents stand in their places, and newcomers in all nodes between them and the one that lists them. */
function checkShape(tree: RatchetTree) {
  const width = leafWidth(tree.length);
  tree.forEach((node, at) => {
    if (node && (node.nodeType === 'leaf') !== (at % 2 === 0)) refuse('a node stands in the wrong place');
    if (node?.nodeType !== 'parent') return;
    for (const index of node.parent.unmergedLeaves) {
      const above = directPath(leafToNodeIndex(toLeafIndex(index)), width);
      const place = above.indexOf(toNodeIndex(at));
      if (!vet.leafAt(tree, index) || place < 0) refuse('a newcomer stands in the wrong place');
      const misses = (between: number) => {
        const other = tree[between];
        return other?.nodeType === 'parent' && !other.parent.unmergedLeaves.includes(index);
      };
      if (above.slice(0, place).some(misses)) refuse('a newcomer is missing between two nodes');
    }
  });
}

async function checkLeaf(leaf: LeafNode, index: number, { groupContext }: GroupInfo, ciphers: CiphersuiteImpl, { authService }: ClientConfig) {
  const { versions, ciphersuites, credentials } = leaf.capabilities;
  const isAble = versions.includes('mls10') && ciphersuites.includes(groupContext.cipherSuite) && credentials.includes('basic');
  if (!isAble || !extensionsSupportedByCapabilities(leaf.extensions, leaf.capabilities)) refuse('a member cannot take part');
  const isSigned = await (leaf.leafNodeSource === 'key_package'
    ? verifyLeafNodeSignatureKeyPackage(leaf, ciphers.signature)
    : verifyLeafNodeSignature(leaf, groupContext.groupId, index, ciphers.signature));
  if (!isSigned) refuse("a member's signature is wrong");
  if (!(await authService.validateCredential(leaf.credential, leaf.signaturePublicKey))) refuse('a member is not known');
}

/** The secrets of this leaf, and of the nodes above it that the Welcome brought. */
async function pathOf(
  tree: RatchetTree,
  leaf: LeafIndex,
  { signer }: GroupInfo,
  { pathSecret }: GroupSecrets,
  { hpkePrivateKey }: PrivateKeyPackage,
  ciphers: CiphersuiteImpl,
): Promise<PrivateKeyPath> {
  const own: PrivateKeyPath = { leafIndex: leaf, privateKeys: { [leafToNodeIndex(leaf)]: hpkePrivateKey } };
  if (!pathSecret) return own;
  const shared = firstCommonAncestor(tree, leaf, toLeafIndex(signer));
  const above = await toPrivateKeyPath(await pathToRoot(tree, shared, pathSecret, ciphers.kdf), leaf, ciphers);
  return mergePrivateKeyPaths(above, own);
}
