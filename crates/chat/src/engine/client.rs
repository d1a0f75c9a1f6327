//! A device with its keys: it gives out key packages, opens groups and joins them.

use super::group::{Group, Pending};
use super::keys::Keys;
use super::store;
use super::suite::{Suite, join_config, lifetime};
use super::vet;
use crate::certificate::{Certificate, Device};
use crate::fault::Fault;
use crate::limits::PACKAGES_MAX;
use crate::member::{DirectoryView, check_member};
use openmls::prelude::{
    BasicCredential, CredentialWithKey, ExtensionType, GroupId, KeyPackage, MlsGroup,
    MlsMessageBodyIn, MlsMessageOut, StagedWelcome, Welcome,
};
use openmls_rust_crypto::OpenMlsRustCrypto;
use std::fmt;

/// A device that has keys, and no certificate yet.
pub struct Newcomer {
    suite: Suite,
    keys: Keys,
}

impl Newcomer {
    /// Makes the signature key of a device.
    ///
    /// # Errors
    /// [`Fault::Engine`] when the system gives no randomness.
    pub fn new(suite: Suite) -> Result<Self, Fault> {
        Ok(Self {
            suite,
            keys: Keys::new()?,
        })
    }

    /// What the identity has to certify.
    pub fn leaf_key(&self) -> [u8; 32] {
        self.keys.public()
    }

    /// The device, once it is certified.
    ///
    /// # Errors
    /// [`Fault::LeafMismatch`] when the certificate is for another key.
    pub fn certified(self, certificate: Certificate) -> Result<Client, Fault> {
        if certificate.device.leaf_key != self.leaf_key() {
            return Err(Fault::LeafMismatch {
                name: certificate.device.name.to_string(),
            });
        }
        let provider = OpenMlsRustCrypto::default();
        self.keys.store(&provider)?;
        Ok(Client {
            suite: self.suite,
            keys: self.keys,
            certificate,
            provider,
        })
    }
}

impl fmt::Debug for Newcomer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Newcomer").field(&self.suite).finish()
    }
}

/// A certified device: its signature key, and the private halves of its key packages.
pub struct Client {
    suite: Suite,
    keys: Keys,
    certificate: Certificate,
    provider: OpenMlsRustCrypto,
}

impl Client {
    /// Which device this is.
    pub fn device(&self) -> &Device {
        &self.certificate.device
    }

    /// What a group signs with.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Makes packages with which others can add this device while it is away. Each is good for one group. `now` is in
    /// seconds since 1970.
    ///
    /// # Errors
    /// [`Fault::NotAllowed`] for too many at once.
    pub fn key_packages(&mut self, count: usize, now: u64) -> Result<Vec<Vec<u8>>, Fault> {
        if count > PACKAGES_MAX {
            return Err(Fault::NotAllowed(
                "so many key packages are never needed at once",
            ));
        }
        (0..count).map(|_| self.package(now, false)).collect()
    }

    /// Makes the package that the server may give out again and again when no other is left.
    ///
    /// # Errors
    /// [`Fault::Engine`] when the system gives no randomness.
    pub fn last_resort(&mut self, now: u64) -> Result<Vec<u8>, Fault> {
        self.package(now, true)
    }

    fn package(&self, now: u64, is_last_resort: bool) -> Result<Vec<u8>, Fault> {
        let marks = is_last_resort.then_some(ExtensionType::LastResort);
        let mut builder = KeyPackage::builder()
            .key_package_lifetime(lifetime(now))
            .leaf_node_capabilities(self.suite.capabilities(marks.into_iter().collect()));
        if is_last_resort {
            builder = builder.mark_as_last_resort();
        }
        let (suite, credential) = (self.suite.ciphersuite(), self.credential());
        let bundle = builder.build(suite, &self.provider, &self.keys.0, credential);
        let package = bundle.map_err(|_| Fault::Engine)?.into_key_package();
        MlsMessageOut::from(package)
            .to_bytes()
            .map_err(|_| Fault::Engine)
    }

    /// Opens a group with all other devices of both people. It is pending: nothing may be sent in it until the server
    /// took the Welcome and [`Group::confirm`] was called; if somebody else's came first, it is dropped.
    ///
    /// # Errors
    /// Those of [`check_member`], and [`Fault::PackageUnusable`], [`Fault::NotAllowed`].
    pub fn open(
        &self,
        id: [u8; 32],
        packages: &[Vec<u8>],
        now: u64,
        view: &DirectoryView,
    ) -> Result<(Group, Pending), Fault> {
        if packages.is_empty() {
            return Err(Fault::NotAllowed("a conversation is between two people"));
        }
        let provider = OpenMlsRustCrypto::default();
        let config = self.suite.create_config(now);
        let (id, credential) = (GroupId::from_slice(&id), self.credential());
        let group = MlsGroup::new_with_group_id(&provider, &self.keys.0, &config, id, credential);
        let mut group = Group::new(self.suite, provider, group.map_err(|_| Fault::Engine)?);
        let pending = group.change(&self.keys, &[], packages, view)?;
        Ok((group, pending))
    }

    /// Joins a group by its Welcome. The package that it was made for is used up, unless it is the last resort.
    ///
    /// # Errors
    /// Those of [`check_member`] for any member, [`Fault::WelcomeUnusable`], [`Fault::NotAllowed`]. The package is kept
    /// then, so that the Welcome can be tried again when the directory knows more.
    pub fn join(&mut self, welcome: &[u8], view: &DirectoryView) -> Result<Group, Fault> {
        let MlsMessageBodyIn::Welcome(welcome) = vet::parse(welcome)? else {
            return Err(Fault::WelcomeUnusable);
        };
        let before = store::entries(&self.provider);
        let provider = store::provider(before.clone());
        let group = self.enter(&provider, welcome, view)?;
        // OpenMLS wrote the group beside the packages: the one goes with the group, what is left of the others stays.
        let (kept, new) = store::entries(&provider)
            .into_iter()
            .partition(|(key, _)| before.contains_key(key));
        store::replace(&self.provider, kept);
        store::replace(&provider, new);
        Ok(Group::new(self.suite, provider, group))
    }

    fn enter(
        &self,
        provider: &OpenMlsRustCrypto,
        welcome: Welcome,
        view: &DirectoryView,
    ) -> Result<MlsGroup, Fault> {
        let staged = StagedWelcome::build_from_welcome(provider, &join_config(), welcome)
            .and_then(|builder| builder.skip_lifetime_validation().build())
            .map_err(|_| Fault::WelcomeUnusable)?;
        if staged.group_context().ciphersuite() != self.suite.ciphersuite() {
            return Err(Fault::WelcomeUnusable);
        }
        let members = staged.members().map(|member| {
            check_member(
                member.credential.serialized_content(),
                &member.signature_key,
                view,
            )
        });
        let devices = members.collect::<Result<Vec<_>, _>>()?;
        vet::pair(&devices)?;
        if !devices.contains(self.device()) {
            return Err(Fault::WelcomeUnusable);
        }
        staged
            .into_group(provider)
            .map_err(|_| Fault::WelcomeUnusable)
    }

    fn credential(&self) -> CredentialWithKey {
        CredentialWithKey {
            credential: BasicCredential::new(self.certificate.to_bytes()).into(),
            signature_key: self.keys.public().as_slice().into(),
        }
    }

    /// All of it as bytes, secrets included: to be stored sealed.
    pub fn export(&self) -> Vec<u8> {
        store::write(
            self.suite,
            &self.certificate.to_bytes(),
            &store::entries(&self.provider),
        )
    }

    /// Takes up what [`Client::export`] gave.
    ///
    /// # Errors
    /// [`Fault::StateDamaged`].
    pub fn import(bytes: &[u8]) -> Result<Self, Fault> {
        let (suite, head, entries) = store::read(bytes)?;
        let certificate = Certificate::from_bytes(&head).map_err(|_| Fault::StateDamaged)?;
        let provider = store::provider(entries);
        let keys =
            Keys::read(&provider, &certificate.device.leaf_key).ok_or(Fault::StateDamaged)?;
        Ok(Self {
            suite,
            keys,
            certificate,
            provider,
        })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(self.device()).finish()
    }
}
