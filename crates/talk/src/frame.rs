//! The frames of `chat.v1`: one CBOR map (RFC 8949) in each binary message of the WebSocket.
//!
//! Key 0 is the kind of the frame, and comes first; the other keys are numbered from 1. A map has a definite length.
//! Keys that are not known are passed over, so that a frame may get more of them; kinds that are not known are a
//! [`Fault::FrameUnknown`]. Nothing that is signed is written in CBOR; see [`crate::proof`].

use crate::certificate::{DeviceId, IdentityKey};
use crate::fault::Fault;
use crate::field::{Bytes, Few, GroupId, Nonce, Pass, Reference, Signature, Text};
use crate::limits::{
    CERTIFICATE_BYTES_MAX, CODE_BYTES_MAX, DEVICES_EVER_MAX, DEVICES_MAX, ENVELOPE_BYTES_MAX,
    FRAME_BYTES_MAX, HOST_BYTES_MAX, NAMES_MAX, PACKAGE_BYTES_MAX, PACKAGES_MAX, PEOPLE_MAX,
    REMOVAL_BYTES_MAX, SENTENCE_BYTES_MAX, SIGNAL_BYTES_MAX, WELCOMED_MAX,
};
use crate::name::Name;
use minicbor::{Decode, Decoder, Encode};

/// The name of this protocol where a WebSocket is opened.
pub const PROTOCOL: &str = "chat.v1";

/// A certificate as it is carried.
pub type CertificateBytes = Bytes<CERTIFICATE_BYTES_MAX>;
/// A removal as it is carried.
pub type RemovalBytes = Bytes<REMOVAL_BYTES_MAX>;
/// A key package as it is carried.
pub type PackageBytes = Bytes<PACKAGE_BYTES_MAX>;
/// Something that only the devices of a conversation can open.
pub type Envelope = Bytes<ENVELOPE_BYTES_MAX>;

/// Binds a name to an identity, or adds a device to it; and logs that device in.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Register {
    /// The key that the name is, or becomes, bound to.
    #[n(1)]
    pub identity: IdentityKey,
    /// The device, certified by it.
    #[n(2)]
    pub certificate: CertificateBytes,
    /// By the identity, over [`crate::proof::registration`].
    #[n(3)]
    pub proof: Signature,
}

/// Logs a device in.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Login {
    /// Which device.
    #[n(1)]
    pub device: DeviceId,
    /// By its own key, over [`crate::proof::login`].
    #[n(2)]
    pub proof: Signature,
}

/// Leaves key packages with which others can add this device.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Publish {
    /// For one use each.
    #[n(1)]
    pub packages: Few<PackageBytes, PACKAGES_MAX>,
    /// Takes the place of the one that is given out when no other is left.
    #[n(2)]
    pub last_resort: Option<PackageBytes>,
}

/// Asks for one key package of each device of a person; of one's own name, of all one's other devices.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Claim {
    /// Names this request in its answer.
    #[n(1)]
    pub reference: Reference,
    /// Whose.
    #[n(2)]
    pub name: Name,
}

/// Opens a conversation: the pair's slot must be empty, or hold the group that is replaced.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Open {
    /// The same in each repetition.
    #[n(1)]
    pub reference: Reference,
    /// With whom.
    #[n(2)]
    pub peer: Name,
    /// The new group, which is in epoch 1 then.
    #[n(3)]
    pub group: GroupId,
    /// For all other devices of both.
    #[n(4)]
    pub welcome: Envelope,
    /// The group that is given up, if there was one.
    #[n(5)]
    pub replaces: Option<GroupId>,
    /// The device's step counter.
    #[n(6)]
    pub step: u64,
}

/// Takes a conversation to its next epoch; taken only if `epoch` is the current one.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Commit {
    /// The same in each repetition.
    #[n(1)]
    pub reference: Reference,
    /// With whom the conversation is.
    #[n(2)]
    pub peer: Name,
    /// Its group.
    #[n(3)]
    pub group: GroupId,
    /// The epoch that ends.
    #[n(4)]
    pub epoch: u64,
    /// For all other devices of both, but those that are welcomed.
    #[n(5)]
    pub commit: Envelope,
    /// For the devices that come in.
    #[n(6)]
    pub welcome: Option<Envelope>,
    /// Which those are.
    #[n(7)]
    pub welcomed: Few<DeviceId, WELCOMED_MAX>,
    /// The device's step counter.
    #[n(8)]
    pub step: u64,
}

/// Sends a message to all other devices of a conversation.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Send {
    /// The same in each repetition.
    #[n(1)]
    pub reference: Reference,
    /// With whom the conversation is.
    #[n(2)]
    pub peer: Name,
    /// Its group.
    #[n(3)]
    pub group: GroupId,
    /// The epoch of the message: the current one, or one of the two before.
    #[n(4)]
    pub epoch: u64,
    /// The message.
    #[n(5)]
    pub message: Envelope,
    /// The device's step counter.
    #[n(6)]
    pub step: u64,
    /// The message in front of it that is on its way, too: this one is taken only behind that one.
    #[n(7)]
    pub follows: Option<Reference>,
}

/// All envelopes up to this one are on the device's own disk.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Ack {
    /// The highest number without a gap in front of it.
    #[n(1)]
    pub number: u64,
    /// The device's step counter.
    #[n(2)]
    pub step: u64,
}

/// Something that is passed on to those who are there, and never stored.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Signal {
    /// To whom; in the answer from whom.
    #[n(1)]
    pub peer: Name,
    /// Encrypted.
    #[n(2)]
    pub bytes: Bytes<SIGNAL_BYTES_MAX>,
}

/// Asks for the whole directory.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Look {}

/// Leaves; the server closes the connection.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Bye {}

/// Removes a device of one's own, for good.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Remove {
    /// Names this request in its answer.
    #[n(1)]
    pub reference: Reference,
    /// By the identity.
    #[n(2)]
    pub removal: RemovalBytes,
}

/// The first frame of each connection.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Challenge {
    /// To be signed.
    #[n(1)]
    pub nonce: Nonce,
    /// The name under which the server was called, as far as it knows. A client signs the one that it used; where the
    /// two differ, something between has changed it.
    #[n(2)]
    pub host: Text<HOST_BYTES_MAX>,
    /// The server's time in seconds since 1970.
    #[n(3)]
    pub now_s: u64,
}

/// The device is logged in.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Ready {
    /// Whose device it is.
    #[n(1)]
    pub name: Name,
    /// Key packages of this device that are left.
    #[n(2)]
    pub packages: u32,
    /// Whether there is one of last resort.
    #[n(3)]
    pub has_last_resort: bool,
    /// The number of the first envelope that still waits; one more than `last` when none does.
    #[n(4)]
    pub first: u64,
    /// The number of the last envelope that ever came for this device; 0 before the first.
    #[n(5)]
    pub last: u64,
    /// The highest step counter that this device has told.
    #[n(6)]
    pub step: u64,
    /// By which this device is known where parcels are, as long as this connection lasts. An old server gives none.
    #[n(7)]
    pub pass: Option<Pass>,
}

/// One person of the directory.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Person {
    /// The name.
    #[n(1)]
    pub name: Name,
    /// The key that it is bound to.
    #[n(2)]
    pub identity: IdentityKey,
    /// The devices.
    #[n(3)]
    pub certificates: Few<CertificateBytes, DEVICES_MAX>,
    /// Whether one of them is connected.
    #[n(4)]
    pub is_here: bool,
    /// The devices that were removed; of an old server none.
    #[n(5)]
    #[cbor(default)]
    pub removals: Few<RemovalBytes, DEVICES_EVER_MAX>,
}

/// People of the directory: all of them in pieces, or those of whom something is new.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct People {
    /// Some.
    #[n(1)]
    pub people: Few<Person, PEOPLE_MAX>,
    /// Whether more of the same answer follow.
    #[n(2)]
    pub has_more: bool,
}

/// Who came and who went.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Presence {
    /// Are connected now.
    #[n(1)]
    pub joined: Few<Name, NAMES_MAX>,
    /// Are not any more.
    #[n(2)]
    pub left: Few<Name, NAMES_MAX>,
}

/// Key packages were stored.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Published {
    /// How many of this device are left.
    #[n(1)]
    pub packages: u32,
}

/// A key package of one device.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Package {
    /// Which device.
    #[n(1)]
    pub device: DeviceId,
    /// The package.
    #[n(2)]
    pub bytes: PackageBytes,
}

/// The answer to [`Claim`]. A device that has no package left is missing.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Claimed {
    /// Of the request.
    #[n(1)]
    pub reference: Reference,
    /// One of each device.
    #[n(2)]
    pub packages: Few<Package, DEVICES_MAX>,
}

/// An [`Open`], [`Commit`] or [`Send`] is on the server's disk.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Taken {
    /// Of the request.
    #[n(1)]
    pub reference: Reference,
    /// It lies behind this number of the device's own queue: what comes up to it was taken before.
    #[n(2)]
    pub behind: u64,
    /// When it was taken, in milliseconds since 1970.
    #[n(3)]
    pub at_ms: u64,
}

/// What an envelope is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(index_only)]
pub enum Kind {
    /// A message of a conversation.
    #[n(0)]
    Message,
    /// A commit of it.
    #[n(1)]
    Commit,
    /// An invitation to it.
    #[n(2)]
    Welcome,
}

/// An envelope for this device.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Deliver {
    /// Its number in the device's queue: each one more than the last.
    #[n(1)]
    pub number: u64,
    /// What it is.
    #[n(2)]
    pub kind: Kind,
    /// Who sent it, as the server says.
    #[n(3)]
    pub from: Name,
    /// The other one of the conversation; the same as `from` unless an own device sent it.
    #[n(4)]
    pub with: Name,
    /// The group.
    #[n(5)]
    pub group: GroupId,
    /// The epoch in which it was made.
    #[n(6)]
    pub epoch: u64,
    /// The envelope.
    #[n(7)]
    pub envelope: Envelope,
    /// When the server took it, in milliseconds since 1970.
    #[n(8)]
    pub at_ms: u64,
}

/// Something was refused, in the words of all doors.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Refused {
    /// Stable, for programs.
    #[n(1)]
    pub code: Text<CODE_BYTES_MAX>,
    /// What failed.
    #[n(2)]
    pub description: Text<SENTENCE_BYTES_MAX>,
    /// What to do.
    #[n(3)]
    pub solution: Text<SENTENCE_BYTES_MAX>,
    /// Of the request, if it had one.
    #[n(4)]
    pub reference: Option<Reference>,
    /// Not before so many seconds.
    #[n(5)]
    pub retry_after_s: Option<u32>,
    /// The conversation's current epoch, where that is what was wrong.
    #[n(6)]
    pub epoch: Option<u64>,
}

/// A [`Remove`] is on the server's disk.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Removed {
    /// Of the request.
    #[n(1)]
    pub reference: Reference,
}

macro_rules! frames {
    ($(#[$about:meta])* $side:ident: $($number:literal $name:ident,)+) => {
        $(#[$about])*
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub enum $side {
            $(#[doc = concat!("Kind ", $number, ".")] $name($name),)+
        }

        impl $side {
            /// As it goes over the wire.
            pub fn to_bytes(&self) -> Vec<u8> {
                match self {
                    $(Self::$name(fields) => write($number, fields),)+
                }
            }

            /// Reads what came over the wire.
            ///
            /// # Errors
            /// [`Fault::FrameUnknown`] for another kind, [`Fault::FrameDamaged`] for all else that is wrong.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, Fault> {
                match number(bytes)? {
                    $($number => read(bytes).map(Self::$name),)+
                    _ => Err(Fault::FrameUnknown),
                }
            }
        }

        $(impl From<$name> for $side {
            fn from(fields: $name) -> Self {
                Self::$name(fields)
            }
        })+
    };
}

frames! {
    /// What a client says.
    Ask:
    1 Register,
    2 Login,
    3 Publish,
    4 Claim,
    5 Open,
    6 Commit,
    7 Send,
    8 Ack,
    9 Signal,
    10 Look,
    11 Bye,
    12 Remove,
}

frames! {
    /// What the server says.
    Tell:
    32 Challenge,
    33 Ready,
    34 People,
    35 Presence,
    36 Published,
    37 Claimed,
    38 Taken,
    39 Deliver,
    40 Signal,
    41 Refused,
    42 Removed,
}

/// The head of a map with fewer than 24 entries (RFC 8949 §3.1).
const SMALL_MAP: u8 = 0xa0;

/// The fields as a map, and the kind before them.
fn write(number: u8, fields: &impl Encode<()>) -> Vec<u8> {
    let map = minicbor::to_vec(fields).expect("a vector takes all that is written to it");
    let mut bytes = Vec::with_capacity(map.len() + 3);
    bytes.extend([map[0] + 1, 0]);
    // A small number is one byte, one below 256 two (RFC 8949 §3).
    match number {
        0..24 => bytes.push(number),
        _ => bytes.extend([0x18, number]),
    }
    bytes.extend_from_slice(&map[1..]);
    bytes
}

/// The kind of a frame.
fn number(bytes: &[u8]) -> Result<u8, Fault> {
    let damaged = Fault::FrameDamaged;
    if bytes.len() > FRAME_BYTES_MAX {
        return Err(damaged("it is too long"));
    }
    if !bytes
        .first()
        .is_some_and(|head| (SMALL_MAP + 1..SMALL_MAP + 24).contains(head))
    {
        return Err(damaged("it is no map of a known length"));
    }
    let mut decoder = Decoder::new(&bytes[1..]);
    let is_first = decoder.u8().is_ok_and(|key| key == 0);
    let number = decoder.u8().ok().filter(|_| is_first);
    number.ok_or(Fault::FrameDamaged("its kind does not stand first"))
}

/// The fields: the kind is a key that they do not know.
fn read<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, Fault> {
    let mut decoder = Decoder::new(bytes);
    let fields = decoder.decode();
    let fields = fields.map_err(|_| {
        Fault::FrameDamaged("a field is missing, of another type, or longer than it may be")
    })?;
    if decoder.position() != bytes.len() {
        return Err(Fault::FrameDamaged("something follows it"));
    }
    Ok(fields)
}

#[cfg(test)]
mod tests;
