//! What a backend promises that keeps parcels: sealed files that people send each other. It knows who keeps one and whose
//! devices may fetch it, how long it is and how much of it is here; not what it is called, and nothing that opens it.
//!
//! Two faces, as for jobs: records, and the bytes. Every method that changes something has made it durable when it
//! returns `Ok`.

use crate::Fault;
use crate::post::Seat;
use std::fmt;
use std::fs::File;

/// Names one parcel: random, made by whoever takes it. To know it is not enough to fetch it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParcelId(pub [u8; 16]);

impl ParcelId {
    /// A new random id.
    ///
    /// # Panics
    /// When the operating system has no randomness to give; nothing safe can be done then.
    #[must_use]
    pub fn random() -> Self {
        let mut id = [0; 16];
        getrandom::fill(&mut id).expect("the operating system gives random bytes");
        Self(id)
    }

    /// Reads an id that came from outside: 32 lower-case digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != 32 || !text.bytes().all(is_hex) {
            return None;
        }
        u128::from_str_radix(text, 16)
            .ok()
            .map(|id| Self(id.to_be_bytes()))
    }
}

impl fmt::Display for ParcelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// Logs show too little to find it by.
impl fmt::Debug for ParcelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}{:02x}…", self.0[0], self.0[1])
    }
}

/// The records of parcels.
pub trait Parcels: Send + Sync {
    /// Sets room aside for a parcel of the seat's person to somebody else.
    fn reserve(&self, new: &NewParcel, room: &Room) -> Result<Reserved, Fault>;
    /// A parcel, if this seat's person keeps it or may fetch it, and its time is not over.
    fn parcel(&self, id: &ParcelId, seat: Seat, now_s: u64) -> Result<Option<Parcel>, Fault>;
    /// So many bytes are here now, and it stays until then. False, and nothing changed, when it was not `from` that were
    /// here before.
    fn grown(&self, id: &ParcelId, from: u64, to: u64, expires_s: u64) -> Result<bool, Fault>;
    /// A device needs it no more. It is gone when that device is of whom keeps it, or was the last one that could fetch
    /// it. To anybody else it is unknown.
    fn part(&self, id: &ParcelId, seat: Seat) -> Result<Parted, Fault>;
    /// Forgets those whose time is over; which they were.
    fn expire(&self, now_s: u64) -> Result<Vec<ParcelId>, Fault>;
    /// All that are kept.
    fn all(&self) -> Result<Vec<ParcelId>, Fault>;
    /// Bytes that are set aside for all of them.
    fn held(&self) -> Result<u64, Fault>;
}

/// The bytes of parcels.
pub trait Depot: Send + Sync {
    /// Bytes that may still be written on this disk while `margin` bytes stay free.
    fn room(&self, margin: u64) -> Result<u64, Fault>;
    /// A new file of so many bytes, its space reserved on the disk and its name durable. [`Fault::Full`] when the disk
    /// does not give it; nothing is left then.
    fn create(&self, id: &ParcelId, size: u64) -> Result<File, Fault>;
    /// The file, to read and write with offsets. [`Fault::Missing`] when there is none.
    fn open(&self, id: &ParcelId) -> Result<File, Fault>;
    /// Removes it. No error when there is none.
    fn remove(&self, id: &ParcelId) -> Result<(), Fault>;
    /// Removes what belongs to none of these; how many that were.
    fn sweep(&self, kept: &[ParcelId]) -> Result<u64, Fault>;
}

/// What somebody wants to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewParcel {
    /// By what it will be known.
    pub id: ParcelId,
    /// The device that sends it.
    pub seat: Seat,
    /// For whom: a name, folded.
    pub to: String,
    /// All of its bytes.
    pub size: u64,
    /// When it goes unless more of it comes.
    pub expires_s: u64,
}

/// What may be set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// For all people together.
    pub all: u64,
    /// For one who sends.
    pub person: u64,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reserved {
    /// There is room.
    New,
    /// Nobody has the name.
    UnknownPeer,
    /// It is for somebody else, or for nobody.
    Yourself,
    /// So many bytes are left for this person.
    PersonFull(u64),
    /// So many bytes are left for all.
    Full(u64),
}

/// A parcel as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// All of its bytes.
    pub size: u64,
    /// Those that are here: from the first one on, without gaps.
    pub received: u64,
    /// The asking seat's person sends it.
    pub is_own: bool,
    /// When it goes.
    pub expires_s: u64,
}

/// What came of a device's word that it needs a parcel no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parted {
    /// It is gone.
    Gone,
    /// Others may still want it.
    Stays,
    /// It is not known to this device.
    Unknown,
}
