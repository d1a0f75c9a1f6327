//! One conversation: messages in and out, and commits that count only when the server took them.

use super::keys::Keys;
use super::store;
use super::suite::Suite;
use super::vet;
use crate::certificate::Device;
use crate::fault::Fault;
use crate::limits::{PADDED_MAX, PAST_EPOCHS};
use crate::member::DirectoryView;
use crate::signal::{self, Signal};
use openmls::framing::errors::{MessageDecryptionError, SecretTreeError};
use openmls::prelude::{
    ContentType, GroupId, LeafNodeIndex, MlsGroup, MlsMessageBodyIn, MlsMessageOut,
    PastEpochDeletion, ProcessMessageError, ProcessedMessage, ProcessedMessageContent,
    ProtocolMessage, ValidationError,
};
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::OpenMlsProvider;
use std::fmt;

/// A commit that was made here and waits for the server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pending {
    /// The epoch that it was made in: the server takes it only while that is the current one.
    pub epoch: u64,
    /// For the members.
    pub commit: Vec<u8>,
    /// For the devices that it adds.
    pub welcome: Option<Vec<u8>>,
}

/// What a message from the server was.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// Somebody wrote: a payload, still to be read.
    Message {
        /// Who wrote it.
        from: Device,
        /// The padded payload.
        payload: Vec<u8>,
    },
    /// The group went on to its next epoch. A commit of our own that was pending is gone.
    Commit {
        /// Who made it.
        by: Device,
        /// Devices that came in.
        added: Vec<Device>,
        /// Devices that went.
        removed: Vec<Device>,
        /// Whether this device is one of them. The group is over for it then.
        is_out: bool,
    },
    /// Something that this device sent itself.
    Own,
}

/// One conversation between two people, as one device has it.
pub struct Group {
    suite: Suite,
    provider: OpenMlsRustCrypto,
    group: MlsGroup,
}

impl Group {
    pub(super) fn new(suite: Suite, provider: OpenMlsRustCrypto, group: MlsGroup) -> Self {
        Self {
            suite,
            provider,
            group,
        }
    }

    /// The random name of the group.
    pub fn id(&self) -> &[u8] {
        self.group.group_id().as_slice()
    }

    /// How often it was committed in; 0 is a group that was not yet confirmed.
    pub fn epoch(&self) -> u64 {
        self.group.epoch().as_u64()
    }

    /// Equal on two devices exactly when they agree on all that ever happened in the group.
    pub fn authenticator(&self) -> Vec<u8> {
        self.group.epoch_authenticator().as_slice().to_vec()
    }

    /// Whether a commit of our own waits for the server.
    pub fn has_pending(&self) -> bool {
        self.group.pending_commit().is_some()
    }

    /// The devices in it.
    pub fn members(&self) -> Vec<Device> {
        self.leaves()
            .into_iter()
            .map(|(_, device)| device)
            .collect()
    }

    fn leaves(&self) -> Vec<(u32, Device)> {
        let members = self.group.members();
        members
            .filter_map(|member| Some((member.index.u32(), vet::device(&member.credential).ok()?)))
            .collect()
    }

    /// Encrypts a padded payload. The caller stores the new state *with* these bytes, and sends the same again if it has
    /// to: nothing is ever encrypted twice.
    ///
    /// # Errors
    /// [`Fault::CommitPending`] until that is settled, [`Fault::GroupOver`] after this device was removed.
    pub fn seal(&mut self, keys: &Keys, payload: &[u8]) -> Result<Vec<u8>, Fault> {
        self.ready()?;
        if payload.len() > PADDED_MAX {
            return Err(Fault::TextTooLong);
        }
        let message = self.group.create_message(&self.provider, &keys.0, payload);
        message
            .map_err(|_| Fault::Engine)?
            .to_bytes()
            .map_err(|_| Fault::Engine)
    }

    /// Makes a commit that renews this device's keys: what somebody stole before is worth nothing after.
    ///
    /// # Errors
    /// As [`Group::seal`].
    pub fn update(&mut self, keys: &Keys) -> Result<Pending, Fault> {
        self.change(keys, &[], &[], &DirectoryView::default())
    }

    /// Makes a commit that removes and adds devices, and renews this device's keys. A device that lost its state is
    /// removed and added in one.
    ///
    /// # Errors
    /// As [`Group::seal`], and those of [`check_member`](crate::member::check_member) for who is added.
    pub fn change(
        &mut self,
        keys: &Keys,
        remove: &[Device],
        packages: &[Vec<u8>],
        view: &DirectoryView,
    ) -> Result<Pending, Fault> {
        self.ready()?;
        let is_gone = |device: &Device| remove.contains(device);
        let (gone, stay): (Vec<_>, Vec<_>) = self
            .leaves()
            .into_iter()
            .partition(|(_, device)| is_gone(device));
        if gone
            .iter()
            .any(|(index, _)| *index == self.group.own_leaf_index().u32())
        {
            return Err(Fault::NotAllowed("a device does not remove itself"));
        }
        let vet = |bytes: &Vec<u8>| vet::package(bytes, self.suite, &self.provider, view);
        let adds = packages.iter().map(vet).collect::<Result<Vec<_>, _>>()?;
        if !adds.is_empty() {
            let new = adds
                .iter()
                .map(|package| vet::device(package.leaf_node().credential()));
            let stay = stay.into_iter().map(|(_, device)| Ok(device));
            vet::pair(&stay.chain(new).collect::<Result<Vec<_>, _>>()?)?;
        }
        let gone = gone
            .into_iter()
            .map(|(index, _)| LeafNodeIndex::new(index))
            .collect::<Vec<_>>();
        self.atomically(|this| this.stage(keys, gone, adds))
    }

    fn stage(
        &mut self,
        keys: &Keys,
        gone: Vec<LeafNodeIndex>,
        adds: Vec<openmls::prelude::KeyPackage>,
    ) -> Result<Pending, Fault> {
        let (epoch, provider) = (self.epoch(), &self.provider);
        let builder = self.group.commit_builder().force_self_update(true);
        let bundle = builder
            .propose_removals(gone)
            .propose_adds(adds)
            .load_psks(provider.storage())
            .map_err(|_| Fault::Engine)?
            .build(provider.rand(), provider.crypto(), &keys.0, |_| true)
            .map_err(|_| Fault::Engine)?
            .stage_commit(provider)
            .map_err(|_| Fault::Engine)?;
        let bytes = |message: &MlsMessageOut| message.to_bytes().map_err(|_| Fault::Engine);
        let welcome = bundle.to_welcome_msg().as_ref().map(bytes).transpose()?;
        Ok(Pending {
            epoch,
            commit: bytes(bundle.commit())?,
            welcome,
        })
    }

    /// The server took the pending commit: it counts. All that the server took before it must have been opened by now,
    /// or messages that were on their way find the keys of their epoch gone.
    ///
    /// # Errors
    /// [`Fault::NotAllowed`] when none is pending.
    pub fn confirm(&mut self) -> Result<(), Fault> {
        if !self.has_pending() {
            return Err(Fault::NotAllowed("no commit is pending"));
        }
        self.atomically(|this| {
            this.group
                .merge_pending_commit(&this.provider)
                .map_err(|_| Fault::Engine)
        })
    }

    /// The server took another commit first: ours never was. That other one comes by [`Group::open_message`], which
    /// withdraws by itself; this is for when ours is given up.
    ///
    /// # Errors
    /// [`Fault::Engine`] when the state is broken.
    pub fn withdraw(&mut self) -> Result<(), Fault> {
        self.atomically(|this| {
            let storage = this.provider.storage();
            this.group
                .clear_pending_commit(storage)
                .map_err(|_| Fault::Engine)
        })
    }

    /// Opens what the server brought. After an error the group is as it was, so that it can be tried again.
    ///
    /// # Errors
    /// [`Fault::EpochAhead`] before something was missed, [`Fault::EpochPast`] and [`Fault::MessageReplayed`] after,
    /// [`Fault::MessageTooFar`] past the forward limit, [`Fault::MessageDamaged`] for what no member wrote; and those of
    /// [`check_member`](crate::member::check_member) for a commit.
    pub fn open_message(&mut self, bytes: &[u8], view: &DirectoryView) -> Result<Event, Fault> {
        if !self.group.is_active() {
            return Err(Fault::GroupOver);
        }
        let MlsMessageBodyIn::PrivateMessage(message) = vet::parse(bytes)? else {
            return Err(Fault::MessageDamaged);
        };
        let message = ProtocolMessage::from(message);
        self.place(&message)?;
        self.atomically(|this| {
            let opened = this
                .group
                .process_message(&this.provider, message)
                .map_err(refusal)?;
            this.take(opened, view)
        })
    }

    /// Whether a message belongs here and now.
    fn place(&self, message: &ProtocolMessage) -> Result<(), Fault> {
        if message.group_id() != self.group.group_id() {
            return Err(Fault::MessageDamaged);
        }
        let (have, got) = (self.epoch(), message.epoch().as_u64());
        let is_text = message.content_type() == ContentType::Application;
        let oldest = if is_text {
            have.saturating_sub(PAST_EPOCHS as u64)
        } else {
            have
        };
        match got {
            _ if got > have => Err(Fault::EpochAhead { have, got }),
            _ if got < oldest => Err(Fault::EpochPast { have, got }),
            _ => Ok(()),
        }
    }

    fn take(&mut self, opened: ProcessedMessage, view: &DirectoryView) -> Result<Event, Fault> {
        let from = vet::device(opened.credential())?;
        match opened.into_content() {
            ProcessedMessageContent::ApplicationMessage(text) => Ok(Event::Message {
                from,
                payload: text.into_bytes(),
            }),
            ProcessedMessageContent::StagedCommitMessage(staged) => {
                let changes = vet::commit(&staged, &from, &self.leaves(), view)?;
                let is_out = staged.self_removed();
                self.group
                    .merge_staged_commit(&self.provider, *staged)
                    .map_err(|_| Fault::Engine)?;
                let (added, removed) = (changes.added, changes.removed);
                Ok(Event::Commit {
                    by: from,
                    added,
                    removed,
                    is_out,
                })
            }
            ProcessedMessageContent::OwnPrivateMessage => Ok(Event::Own),
            _ => Err(Fault::NotAllowed("changes are committed, never proposed")),
        }
    }

    /// Throws the keys of past epochs away: ten minutes after a commit nothing of them is still on its way.
    ///
    /// # Errors
    /// [`Fault::Engine`] when the state is broken.
    pub fn forget_past(&mut self) -> Result<(), Fault> {
        let all = PastEpochDeletion::delete_all();
        self.atomically(|this| {
            let done = this.group.delete_past_epoch_secrets(&this.provider, all);
            done.map_err(|_| Fault::Engine)
        })
    }

    /// Seals that this user is writing, beside the ratchet: it may be lost. `number` is this device's clock in milliseconds,
    /// the nonce is random; no state changes.
    ///
    /// # Errors
    /// [`Fault::GroupOver`] after this device was removed.
    pub fn seal_signal(&self, number: u64, nonce: [u8; 12]) -> Result<Vec<u8>, Fault> {
        let own = self.group.own_leaf_node().ok_or(Fault::GroupOver)?;
        let device = vet::device(own.credential())?.id;
        let signal = Signal { device, number };
        signal.seal(&self.signal_key()?, self.epoch(), nonce)
    }

    /// Opens another member's signal of this very epoch; one of another has come too late to be worth anything.
    ///
    /// # Errors
    /// [`Fault::EpochAhead`], [`Fault::EpochPast`]; [`Fault::MessageDamaged`] for what no member sealed; those of
    /// [`Signal::open`].
    pub fn open_signal(&self, sealed: &[u8]) -> Result<(Device, Signal), Fault> {
        let (have, got) = (self.epoch(), signal::epoch(sealed)?);
        match got {
            ahead if ahead > have => return Err(Fault::EpochAhead { have, got }),
            past if past < have => return Err(Fault::EpochPast { have, got }),
            _ => {}
        }
        let signal = Signal::open(&self.signal_key()?, sealed)?;
        let mut members = self.members().into_iter();
        let from = members.find(|device| device.id == signal.device);
        Ok((from.ok_or(Fault::MessageDamaged)?, signal))
    }

    fn signal_key(&self) -> Result<[u8; 32], Fault> {
        if !self.group.is_active() {
            return Err(Fault::GroupOver);
        }
        let crypto = self.provider.crypto();
        let key = self.group.export_secret(crypto, signal::LABEL, &[], 32);
        key.ok()
            .and_then(|key| key.try_into().ok())
            .ok_or(Fault::Engine)
    }

    fn ready(&self) -> Result<(), Fault> {
        match () {
            () if !self.group.is_active() => Err(Fault::GroupOver),
            () if self.has_pending() => Err(Fault::CommitPending),
            () => Ok(()),
        }
    }

    /// Does a step wholly or not at all: OpenMLS writes as it goes, and stops where it fails.
    fn atomically<T>(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let before = store::entries(&self.provider);
        let done = step(self);
        if done.is_err() {
            let id = self.group.group_id().clone();
            store::replace(&self.provider, before);
            self.group = load(&self.provider, &id)?;
        }
        done
    }

    /// All of it as bytes, secrets included: to be stored sealed, in one transaction with what the step brought.
    pub fn export(&self) -> Vec<u8> {
        store::write(self.suite, self.id(), &store::entries(&self.provider))
    }

    /// Takes up what [`Group::export`] gave. An older state than the last must never be taken up.
    ///
    /// # Errors
    /// [`Fault::StateDamaged`].
    pub fn import(bytes: &[u8]) -> Result<Self, Fault> {
        let (suite, id, entries) = store::read(bytes)?;
        let provider = store::provider(entries);
        let group = load(&provider, &GroupId::from_slice(&id))?;
        Ok(Self {
            suite,
            provider,
            group,
        })
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("epoch", &self.epoch())
            .finish_non_exhaustive()
    }
}

fn load(provider: &OpenMlsRustCrypto, id: &GroupId) -> Result<MlsGroup, Fault> {
    let group = MlsGroup::load(provider.storage(), id);
    group.ok().flatten().ok_or(Fault::StateDamaged)
}

/// OpenMLS's reasons in our words.
fn refusal<E>(error: ProcessMessageError<E>) -> Fault {
    let ProcessMessageError::ValidationError(ValidationError::UnableToDecrypt(why)) = error else {
        return Fault::MessageDamaged;
    };
    match why {
        MessageDecryptionError::SecretTreeError(
            SecretTreeError::SecretReuseError | SecretTreeError::TooDistantInThePast,
        ) => Fault::MessageReplayed,
        MessageDecryptionError::SecretTreeError(SecretTreeError::TooDistantInTheFuture) => {
            Fault::MessageTooFar
        }
        _ => Fault::MessageDamaged,
    }
}
