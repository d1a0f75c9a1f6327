//! Every bound of this room in one table, with its reason; those of names and frames are `kinora_talk`'s. The browser's engine is set to the same numbers.

/// SHA-512 rounds of a safety number. Each guess at a key that looks alike has to pay for them.
pub const SAFETY_ROUNDS: u32 = 5_200;

/// Bytes of a text: a long letter. Larger things are files.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;
/// Messages that one receipt names. Receipts are collected for seconds, not for days.
pub const RECEIPTS_MAX: usize = 256;
/// Bytes of the id of a library title.
pub const TITLE_ID_MAX: usize = 64;
/// Bytes of a title's name on a card.
pub const CARD_TITLE_MAX: usize = 512;
/// The smallest payload: most of what people write fits, so that most messages look alike.
pub const PADDED_MIN: usize = 256;
/// The largest payload: the first class that holds the longest text.
pub const PADDED_MAX: usize = 128 * 1024;

/// Contacts that go over to a new device: more than anybody has at one server.
pub const HANDED_CONTACTS_MAX: usize = 4_096;
/// Bytes that a hand-over is filled up to at least: that of somebody who knows a handful of people.
pub const HANDED_MIN: usize = 1_024;
/// Characters of an answer with as many contacts as there may be, names of the longest kind.
pub const ANSWER_CHARS_MAX: usize = 2 * 1024 * 1024;

/// Bytes of a chunk of a file. Each is held in memory once, and costs a tag.
pub const CHUNK_BYTES: usize = 64 * 1024;
/// Bytes of a file: 16 million chunks, far from where the counter of a nonce ends. Servers take less.
pub const FILE_BYTES_MAX: u64 = 1 << 40;
/// Bytes of a file's name: file systems take 255, and something may have to be put behind it.
pub const FILE_NAME_MAX: usize = 200;
/// Bytes of a media type: two names of 127 (RFC 6838 §4.2) and the stroke.
pub const MEDIA_TYPE_MAX: usize = 255;

/// Characters of a new passphrase: whoever has the file guesses for as long as they like.
pub const PASSPHRASE_CHARS_MIN: usize = 10;
/// Steps of a passphrase as a power of two: a second and 256 MiB, as other programs of age take.
pub const PASSPHRASE_WORK: u8 = 18;
/// Steps that are done for a file which somebody else may have made: 1 GiB.
pub const PASSPHRASE_WORK_MAX: u8 = 20;
/// Bytes of a record of a backup: the longest text, and a good deal beside it.
pub const RECORD_BYTES_MAX: usize = 512 * 1024;

/// Bytes of an MLS message: the longest payload, or a Welcome for a full group.
pub const MLS_BYTES_MAX: usize = 1024 * 1024;
/// Devices in a conversation: sixteen for each of two people.
pub const GROUP_MEMBERS_MAX: usize = 32;
/// Key packages that are made at once. A device keeps twenty with the server.
pub const PACKAGES_MAX: usize = 100;
/// Seconds that a key package is good for: a month away, and others can still write.
pub const PACKAGE_LIFETIME_S: u64 = 30 * 24 * 3_600;
/// Seconds before it was made that a package is already good, for clocks that are slow.
pub const PACKAGE_EARLY_S: u64 = 3_600;
/// Epochs whose messages still open, for what was on its way while somebody committed.
pub const PAST_EPOCHS: usize = 2;
/// Messages of one sender that may arrive late, each with a key that is kept so long.
pub const REORDER_MAX: u32 = 64;
/// Messages of one sender that may be missing in front of one that arrives. Each costs a hash to pass over.
pub const FORWARD_MAX: u32 = 2_000;

/// Envelopes that may wait for one in front of them: what the server sends ahead on one socket.
pub const EARLY_MAX: u64 = 256;
/// Seconds after which a device renews its keys when it is its turn.
pub const UPDATE_EVERY_S: u64 = 600;
/// Messages after which it does.
pub const UPDATE_EVERY_MESSAGES: u32 = 64;
/// Seconds of silence after which whoever writes next renews first.
pub const IDLE_S: u64 = 7 * 24 * 3_600;
/// Gaps that are remembered of one device. More of them are a liar's.
pub const GAPS_MAX: usize = 64;

/// Milliseconds between two receipts of one conversation. What is collected meanwhile goes with the next.
pub const RECEIPTS_EVERY_MS: u64 = 2_000;
/// A receipt waits for up to so many milliseconds more, by chance: when a device hears of a message and when its user
/// reads it are not to be seen from outside.
pub const RECEIPTS_DELAY_MS: u64 = 3_000;
/// Milliseconds between two signals of one device; the server passes no more on.
pub const SIGNALS_EVERY_MS: u64 = 3_000;
/// Milliseconds for which somebody is said to be writing after their last signal: twice the time to the next one.
pub const SIGNAL_SHOWN_MS: u64 = 6_000;
