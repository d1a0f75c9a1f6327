//! What a backend promises that keeps people's talk: names bound to keys, key packages, the order of conversations, and
//! a queue for each device. It moves bytes that it cannot read.
//!
//! Every method that changes something has made it durable when it returns `Ok`. Names come folded, and with what they
//! look like; a backend compares both and knows no rule of names.

use crate::Fault;

/// One device of one person, as this backend numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seat(pub i64);

/// What the store keeps of people's talk.
pub trait Post: Send + Sync {
    /// Binds a name to an identity, or adds a device to a name that is bound to it. The same again is answered as
    /// before. At most `devices_max` at once, and `ever_max` with those that were removed.
    fn register(
        &self,
        new: &NewDevice,
        devices_max: usize,
        ever_max: usize,
    ) -> Result<Registered, Fault>;
    /// Removes a device of a person with all that waits for it, and keeps the removal for good: neither its id nor its
    /// seat is given to another one, and what is still asked for by it is refused.
    fn remove(&self, removal: &DeviceRemoval) -> Result<Removed, Fault>;
    /// Whether a device of this id was removed.
    fn is_removed(&self, id: &[u8; 16]) -> Result<bool, Fault>;
    /// A device by its own id.
    fn device(&self, id: &[u8; 16]) -> Result<Option<Device>, Fault>;
    /// People whose names come after this one, in the order of names.
    fn people(&self, after: &str, limit: usize) -> Result<Vec<Person>, Fault>;
    /// One of them.
    fn person(&self, name: &str) -> Result<Option<Person>, Fault>;
    /// Keeps packages, of which the newest `most` stay, and the one of last resort in the place of the one before. How
    /// many are left is returned, that one aside.
    fn publish(
        &self,
        seat: Seat,
        packages: &[Vec<u8>],
        last_resort: Option<&[u8]>,
        expires_s: u64,
        most: usize,
    ) -> Result<u32, Fault>;
    /// One package of each device of a person, but of the one that asks: each is given out once, and the one of last
    /// resort when no other is left. `None` when nobody has the name.
    fn claim(&self, name: &str, asker: Seat, now_s: u64) -> Result<Option<Vec<Package>>, Fault>;
    /// Changes in their order, in one transaction: all of them are durable when this returns, those aside that were
    /// refused. A repeated one is answered as before, and does nothing.
    fn write(
        &self,
        changes: &[Change],
        now_ms: u64,
        bounds: &Bounds,
    ) -> Result<Vec<Outcome>, Fault>;
    /// What waits for a device behind this number, in order: at most so many, and so many bytes unless it is one.
    fn waiting(
        &self,
        seat: Seat,
        after: u64,
        most: usize,
        most_bytes: usize,
    ) -> Result<Vec<Waiting>, Fault>;
    /// Deletes what has expired; how much it was.
    fn sweep(&self, now_s: u64) -> Result<u64, Fault>;
}

/// A device that wants to be known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDevice {
    /// The name, folded.
    pub name: String,
    /// What it looks like.
    pub skeleton: String,
    /// The key that it is to be bound to.
    pub identity: [u8; 32],
    /// The device's id.
    pub id: [u8; 16],
    /// Its certificate.
    pub certificate: Vec<u8>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registered {
    /// It is known now.
    New(Device),
    /// It was known before.
    Known(Device),
    /// The name, or one that looks like it, is bound to another key.
    NameTaken,
    /// The id is another device's.
    DeviceTaken,
    /// The device was removed.
    DeviceRemoved,
    /// The person has as many as may be.
    TooManyDevices,
}

/// A device that is to be known no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRemoval {
    /// Whose device it is.
    pub name: String,
    /// Its id.
    pub id: [u8; 16],
    /// What everybody is shown for it.
    pub bytes: Vec<u8>,
}

/// What came of a removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// This seat is nobody's any more.
    Now(Seat),
    /// It was done before; the removal of then stays.
    Before,
    /// The person has no such device.
    Unknown,
}

/// A device as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// By what it is named here.
    pub seat: Seat,
    /// Whose it is.
    pub name: String,
    /// Its certificate.
    pub certificate: Vec<u8>,
    /// Packages that are left, the one of last resort aside.
    pub packages: u32,
    /// Whether there is one of last resort.
    pub has_last_resort: bool,
    /// The number of the first envelope that waits; one more than `last` when none does.
    pub first: u64,
    /// The number of the last envelope that came.
    pub last: u64,
    /// The highest step counter that it told.
    pub step: u64,
}

/// Somebody of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name.
    pub name: String,
    /// The key that it is bound to.
    pub identity: [u8; 32],
    /// The certificates of the devices.
    pub certificates: Vec<Vec<u8>>,
    /// The removals of those that are gone.
    pub removals: Vec<Vec<u8>>,
}

/// A key package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The device's id.
    pub device: [u8; 16],
    /// The package.
    pub bytes: Vec<u8>,
}

/// What a device wants to be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which device.
    pub seat: Seat,
    /// Its step counter.
    pub step: u64,
    /// What.
    pub act: Act,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// All up to this number is on the device's disk: it is deleted here.
    Ack(u64),
    /// Something for a conversation.
    Mail {
        /// The same in each repetition.
        reference: [u8; 16],
        /// With whom.
        peer: String,
        /// In which group.
        group: [u8; 32],
        /// What.
        mail: Mail,
    },
}

/// Something for a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mail {
    /// A new group, in epoch 1.
    Open {
        /// The group that it replaces.
        replaces: Option<[u8; 32]>,
        /// For all other devices of both.
        welcome: Vec<u8>,
    },
    /// The group's next epoch.
    Commit {
        /// The one that ends.
        epoch: u64,
        /// For all other devices of both, but those that are welcomed.
        commit: Vec<u8>,
        /// For these devices.
        welcome: Option<(Vec<u8>, Vec<[u8; 16]>)>,
    },
    /// A message.
    Message {
        /// The epoch that it is of.
        epoch: u64,
        /// For all other devices of both.
        message: Vec<u8>,
        /// It is taken only if this one of the same device was.
        follows: Option<[u8; 16]>,
    },
}

/// What may wait, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Envelopes of one device.
    pub queue: u64,
    /// Their bytes.
    pub queue_bytes: u64,
    /// Messages of so many past epochs are taken.
    pub grace: u64,
    /// Seconds that an envelope waits.
    pub envelope_keep_s: u64,
    /// Seconds for which a repetition is known.
    pub repeat_keep_s: u64,
}

/// An envelope that came into a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// Whose queue.
    pub seat: Seat,
    /// Its number there.
    pub number: u64,
    /// The queue is of another device of the person who sent it.
    pub is_own: bool,
}

/// What came of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Deleted.
    Acked,
    /// Stored, now or before.
    Taken {
        /// The last number in the sender's own queue then.
        behind: u64,
        /// When, in milliseconds.
        at_ms: u64,
        /// What was put into which queue; nothing, for a repetition.
        reached: Vec<Reached>,
    },
    /// Nothing was changed.
    Refused(Refusal),
}

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The device that asks was removed.
    DeviceRemoved,
    /// Nobody has the name.
    UnknownPeer,
    /// A conversation is between two people.
    Yourself,
    /// The pair has another group.
    Superseded,
    /// The pair has not this group.
    NoConversation,
    /// The epoch is over, or has not come.
    StaleEpoch {
        /// The current one.
        current: u64,
    },
    /// Too much waits for a device of the other one.
    QueueFull,
    /// What it follows was not taken.
    OutOfTurn,
}

/// What an envelope is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A message.
    Message,
    /// A commit.
    Commit,
    /// An invitation.
    Welcome,
}

/// An envelope that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its number in the queue.
    pub number: u64,
    /// What it is.
    pub kind: Kind,
    /// Who sent it.
    pub from: String,
    /// The other one of the conversation, from where the device stands.
    pub with: String,
    /// The group.
    pub group: [u8; 32],
    /// The epoch in which it was made.
    pub epoch: u64,
    /// What only devices can open.
    pub bytes: Vec<u8>,
    /// When it was taken, in milliseconds.
    pub at_ms: u64,
}
