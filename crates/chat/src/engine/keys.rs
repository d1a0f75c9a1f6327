//! The key with which a device signs all that it says in MLS.

use crate::fault::Fault;
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::OpenMlsProvider;
use openmls_traits::signatures::Signer;
use openmls_traits::types::SignatureScheme;

/// An Ed25519 key of one device. Its secret half never leaves it, but within the state of its client.
#[derive(Debug)]
pub struct Keys(pub(super) SignatureKeyPair);

impl Keys {
    /// Makes a new one.
    pub(super) fn new() -> Result<Self, Fault> {
        let pair = SignatureKeyPair::new(SignatureScheme::ED25519);
        pair.map(Self).map_err(|_| Fault::Engine)
    }

    /// The half that others know.
    pub fn public(&self) -> [u8; 32] {
        self.0
            .public()
            .try_into()
            .expect("an Ed25519 key has 32 bytes")
    }

    /// Signs what the server asks for when this device logs in; see `kinora_talk::proof`.
    ///
    /// # Errors
    /// [`Fault::Engine`] when the key is broken.
    pub fn sign(&self, bytes: &[u8]) -> Result<[u8; 64], Fault> {
        let signature = self.0.sign(bytes).map_err(|_| Fault::Engine)?;
        signature.try_into().map_err(|_| Fault::Engine)
    }

    pub(super) fn store(&self, provider: &OpenMlsRustCrypto) -> Result<(), Fault> {
        self.0.store(provider.storage()).map_err(|_| Fault::Engine)
    }

    pub(super) fn read(provider: &OpenMlsRustCrypto, public: &[u8]) -> Option<Self> {
        SignatureKeyPair::read(provider.storage(), public, SignatureScheme::ED25519).map(Self)
    }
}
