/** Which ciphers, and the settings of MLS that both engines must share: ts-mls has others unless it is told. */
import type { ClientConfig } from 'ts-mls/clientConfig.js';
import type { Capabilities } from 'ts-mls/capabilities.js';
import type { Ciphersuite, CiphersuiteImpl, CiphersuiteName } from 'ts-mls/crypto/ciphersuite.js';
import { defaultCryptoProvider } from 'ts-mls/crypto/implementation/default/provider.js';
import { defaultKeyPackageEqualityConfig } from 'ts-mls/keyPackageEqualityConfig.js';
import type { Lifetime } from 'ts-mls/lifetime.js';
import { Fault } from '../fault';
import { FORWARD_MAX, PACKAGE_EARLY_S, PACKAGE_LIFETIME_S, PAST_EPOCHS, REORDER_MAX } from '../limits';
import { checkMember, type DirectoryView } from '../member';

/**
 * Ciphers of a conversation. Hybrid: X-Wing (X25519 and ML-KEM-768), AES-256-GCM, SHA-384, Ed25519. Classic: X25519,
 * AES-128-GCM, SHA-256, Ed25519, the one that every MLS has, for tests and as the way out.
 */
export type Suite = 'hybrid' | 'classic';

/**
 * The number 0x004E of the hybrid suite is provisional, and ts-mls 1 has given it to another one. It looks nothing up by
 * this name but the number, so the name stands here for it, and the ciphers beside it are those that OpenMLS means.
 */
const HYBRID: Ciphersuite = {
  name: 'MLS_128_MLKEM512_CHACHA20POLY1305_SHA256_Ed25519',
  hash: 'SHA-384',
  hpke: { kem: 'X-Wing', aead: 'AES256GCM', kdf: 'HKDF-SHA384' },
  signature: 'Ed25519',
};

const CLASSIC: Ciphersuite = {
  name: 'MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519',
  hash: 'SHA-256',
  hpke: { kem: 'DHKEM-X25519-HKDF-SHA256', aead: 'AES128GCM', kdf: 'HKDF-SHA256' },
  signature: 'Ed25519',
};

const SUITES: Record<Suite, Ciphersuite> = { hybrid: HYBRID, classic: CLASSIC };

export const nameOf = (suite: Suite): CiphersuiteName => SUITES[suite].name;

export const ciphers = (suite: Suite): Promise<CiphersuiteImpl> => defaultCryptoProvider.getCiphersuiteImpl(SUITES[suite]);

/** As it stands in a stored state. */
export const TAGS: Record<Suite, number> = { hybrid: 1, classic: 2 };

export const suiteOfTag = (tag: number | undefined): Suite | undefined =>
  (Object.keys(TAGS) as Suite[]).find((suite) => TAGS[suite] === tag);

/** The mark of a package that may be given out again and again. */
export const LAST_RESORT = 0x000a;

/** Only this suite and plain credentials. What every MLS has must not be listed; a package's mark of the last resort must be. */
export function capabilities(suite: Suite, isLastResort: boolean): Capabilities {
  const extensions = isLastResort ? [LAST_RESORT] : [];
  return { versions: ['mls10'], ciphersuites: [nameOf(suite)], extensions, proposals: [], credentials: ['basic'] };
}

/** Begins a little before now (seconds since 1970), for clocks that are slow. */
export function lifetime(now: number): Lifetime {
  return { notBefore: BigInt(Math.max(0, now - PACKAGE_EARLY_S)), notAfter: BigInt(now + PACKAGE_LIFETIME_S) };
}

/** How a group behaves, and whom it believes: the devices of this view, and nobody else. */
export function config(view: DirectoryView): ClientConfig {
  return {
    keyRetentionConfig: { retainKeysForGenerations: REORDER_MAX, retainKeysForEpochs: PAST_EPOCHS, maximumForwardRatchetSteps: FORWARD_MAX },
    lifetimeConfig: { maximumTotalLifetime: BigInt(PACKAGE_EARLY_S + PACKAGE_LIFETIME_S), validateLifetimeOnReceive: false },
    keyPackageEqualityConfig: defaultKeyPackageEqualityConfig,
    paddingConfig: { kind: 'alwaysPad', paddingLength: 0 },
    authService: {
      async validateCredential(credential, key) {
        if (credential.credentialType !== 'basic') throw new Fault('certificate_damaged', 'it is of another kind');
        await checkMember(credential.identity, key, view);
        return true;
      },
    },
  };
}
