//! Every limit of this door, each with its reason. What holds at all doors stands with the services.

use std::time::Duration;

/// From the moment a request may begin to the end of its head: covers half heads, connections that never say a word,
/// and those that stay open between requests.
pub(super) const HEAD_TIME: Duration = Duration::from_secs(30);
/// A peer that does not take a byte of an answer for this long is given up; nginx waits as long.
pub(super) const WRITE_STALL: Duration = Duration::from_secs(60);
/// Bytes of a request's head: cookies, a token and the metadata of an upload have 4 KiB at most.
pub(super) const HEAD_BYTES: usize = 16 * 1024;
/// Fields of a request's head; browsers send about twenty.
pub(super) const HEAD_FIELDS: usize = 64;
/// What is read from a socket at once at most.
pub(super) const READ_BYTES: usize = 512 * 1024;
/// Bytes of a JSON body: an operation with all its options has less than 2 KiB.
pub(super) const JSON_BYTES: usize = 64 * 1024;

/// Bytes of all text fields of a form together, as for JSON.
pub(super) const FIELD_BYTES: usize = JSON_BYTES;
/// Fields of a form: the operation with the most options has a dozen.
pub(super) const FIELDS: usize = 64;
/// Bytes before the content of a form's part: a name, a file name and a type.
pub(super) const PART_HEAD_BYTES: usize = 8 * 1024;
/// Characters of a form's boundary (RFC 2046 §5.1.1).
pub(super) const BOUNDARY: usize = 70;

/// A refused body is read away for this long, so that a client that writes everything before it reads still gets to
/// see the refusal.
pub(super) const LINGER: Duration = Duration::from_secs(30);
/// And for so many bytes.
pub(super) const LINGER_BYTES: u64 = 2 << 30;
/// What has arrived of a slow upload is written down this often.
pub(super) const CHECKPOINT: Duration = Duration::from_secs(60);

/// What is read of a file at once: fewer are more system calls, more are more memory for each connection.
pub(super) const SEND_BYTES: usize = 256 * 1024;
/// Buffers of that size that are kept for the next answer.
pub(super) const SEND_BUFFERS: usize = 32;
/// What is sent of a mapped file at once: no memory of ours, so only few system calls count.
pub(super) const WINDOW_BYTES: u64 = 1 << 20;
/// What a socket holds of what it was given when its peer is on this machine: the reader then copies out of the
/// processor's cache what the writer copied there. Farther away the kernel chooses, for a long line has much under way.
pub(super) const NEAR_SEND_BYTES: usize = 512 * 1024;
/// Whether a mapped part is in memory is looked up for one byte of so many; the kernel reads ahead by more.
pub(super) const PROBE_BYTES: u64 = 64 * 1024;
/// Files that are smaller are read: what a map costs would be more than what it saves.
pub(super) const MAP_LEAST: u64 = 256 * 1024;
/// Files that are mapped at the same time. A map costs 2 MiB of tables for each GiB that was sent out of it.
pub(super) const MAPS: usize = 64;
/// A map that nobody uses is kept for so long: a viewer asks for the next segment within a few seconds.
pub(super) const MAP_IDLE: Duration = Duration::from_secs(5);

/// Jobs that a list has unless it is asked for fewer or more.
pub(super) const LIST: u32 = 100;
/// And at most.
pub(super) const LIST_MOST: u32 = 500;

/// Streams of events that one client may have open; a browser opens no more than six connections anyway.
pub(super) const STREAMS: usize = 16;
/// Events that wait for a client which does not take them: after that it is not looked for new ones.
pub(super) const EVENTS: usize = 4;
/// Between two looks at what has changed (docs/protocol.md: at most four states a second).
pub(super) const EVENT_PACE: Duration = Duration::from_millis(250);
/// A stream says this often that it lives, so that nobody between hangs up, and looks for changes that told nobody.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long a session can be used after its token was made: far longer than any job is kept.
pub(super) const SESSION_DAYS: u32 = 30;
/// A browser's cookie is made anew when it is older than this.
pub(super) const COOKIE_DAYS: u32 = 1;
