//! Every bound of this room in one table, with its reason. `docs/talk.md` repeats those of the wire.

/// Bytes of a name as it was typed. Normalization may lengthen a text eighteenfold, so it is bounded before.
pub const NAME_TYPED_MAX: usize = 256;
/// Characters of a name, folded. One letter alone is too easily mistaken for another.
pub const NAME_CHARS: std::ops::RangeInclusive<usize> = 2..=32;
/// Bytes of a folded name: four for each character.
pub const NAME_BYTES_MAX: usize = 128;

/// Bytes of the label of a device ("laptop"), which stands in one line of a list.
pub const LABEL_BYTES_MAX: usize = 64;
/// Bytes of a certificate: all fields at their longest come to 307.
pub const CERTIFICATE_BYTES_MAX: usize = 512;

/// Bytes of a removal: all fields at their longest come to 283.
pub const REMOVAL_BYTES_MAX: usize = 512;

/// Bytes of a frame: two of the longest envelopes (a commit and its Welcome), and what stands around them.
pub const FRAME_BYTES_MAX: usize = 768 * 1024;
/// Bytes of an envelope: the longest payload, or a Welcome for a conversation with all the devices it may have.
pub const ENVELOPE_BYTES_MAX: usize = 256 * 1024;
/// Bytes of something that is passed on and never stored.
pub const SIGNAL_BYTES_MAX: usize = 1024;
/// Bytes of a key package: with the hybrid suite and the longest certificate it has about 3,000.
pub const PACKAGE_BYTES_MAX: usize = 8 * 1024;
/// Key packages that come in one frame; a device keeps twenty with the server.
pub const PACKAGES_MAX: usize = 32;
/// Devices of one person.
pub const DEVICES_MAX: usize = 16;
/// Devices that one person ever had: removals are shown for good, and everybody reads them.
pub const DEVICES_EVER_MAX: usize = 64;
/// Devices that a Welcome is for: all of two people.
pub const WELCOMED_MAX: usize = 2 * DEVICES_MAX;
/// People in one frame; a longer list comes in several.
pub const PEOPLE_MAX: usize = 64;
/// Names in a list of who came or went.
pub const NAMES_MAX: usize = 256;
/// Bytes of the name under which a server is called: a host name has 253, and a port follows.
pub const HOST_BYTES_MAX: usize = 272;
/// Bytes of a code of an error.
pub const CODE_BYTES_MAX: usize = 64;
/// Bytes of a sentence to people.
pub const SENTENCE_BYTES_MAX: usize = 512;

/// Bytes that wait at the server for one device.
pub const QUEUE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Envelopes that wait at the server for one device.
pub const QUEUE_MAX: u64 = 2_000;
/// Envelopes that the server sends ahead of what a device has acknowledged.
pub const AHEAD_MAX: u64 = 256;
/// Epochs behind the current one of which messages are still taken: those on their way while somebody committed.
pub const GRACE_EPOCHS: u64 = 2;
/// Bytes of a parcel: what is sealed is filled up to a chunk, so a smaller one is none.
pub const PARCEL_BYTES_MIN: u64 = 64 * 1024;
/// Seconds that an envelope waits for its device.
pub const ENVELOPE_KEEP_S: u64 = 30 * 24 * 3_600;
/// Seconds that a key package is given out after it was published.
pub const PACKAGE_KEEP_S: u64 = 30 * 24 * 3_600;
/// Seconds for which a repeated request is known again.
pub const REPEAT_KEEP_S: u64 = 7 * 24 * 3_600;
