//! What a running device tells.

use super::people::Standing;
use super::store::Said;
use kinora_chat::Name;
use kinora_chat::payload::{Content, Progress};
use kinora_mmp::Problem;
use std::path::PathBuf;
use std::time::Duration;

/// Something that a user may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The device is logged in under this name.
    Here(Name),
    /// The whole directory: it has come, or was asked for.
    Directory {
        /// In the order of names.
        people: Vec<Standing>,
        /// The user wants to see it.
        is_asked: bool,
    },
    /// Somebody wrote. It counts as shown when the observer returns.
    Message(Arrival),
    /// A message that was shown says something else now.
    Edited(Arrival),
    /// What was said before, in the order in which it was.
    Past {
        /// With whom.
        with: Name,
        /// The newest of it.
        said: Vec<Said>,
    },
    /// Somebody came.
    Joined(Name),
    /// Somebody went.
    Left(Name),
    /// Somebody is writing.
    Writing {
        /// Who.
        from: Name,
        /// Not longer than until this time, in milliseconds since 1970.
        until_ms: u64,
    },
    /// A message is on the server's disk.
    Sent {
        /// As [`super::Hand`] named it.
        reference: [u8; 16],
        /// To whom.
        to: Name,
        /// Which message.
        message: Own,
        /// All that it says, where that is more than a text: a title is called now what the library calls it.
        content: Option<Content>,
    },
    /// Messages of this user came to somebody, or were read.
    Came {
        /// To whom.
        to: Name,
        /// How far.
        progress: Progress,
        /// Those that had not come so far before.
        messages: Vec<Own>,
    },
    /// A file is on its way to the server.
    Sending {
        /// As [`super::Hand::file`] named it.
        reference: [u8; 16],
        /// To whom.
        to: Name,
        /// What it is called.
        name: String,
        /// Bytes that are there.
        done: u64,
        /// All of them.
        size: u64,
    },
    /// A file that somebody sent is whole, and has its name.
    Saved {
        /// The message that brought it.
        id: i64,
        /// As [`super::Hand::save`] named it.
        reference: [u8; 16],
        /// Where.
        path: PathBuf,
    },
    /// The devices of this user, the oldest first.
    Devices(Vec<OwnDevice>),
    /// A device of this user is none any more.
    Removed {
        /// As [`super::Hand::remove`] named it.
        reference: [u8; 16],
        /// Which.
        id: String,
        /// What it was called.
        label: String,
    },
    /// Something that the conversation has to say by itself.
    Note {
        /// Which conversation.
        with: Name,
        /// A sentence.
        text: String,
    },
    /// Something was refused.
    Refused {
        /// The message that was, and is not sent any more; one that is tried again is not named.
        reference: Option<[u8; 16]>,
        /// What, and what to do.
        problem: Problem,
    },
    /// What two people compare.
    Safety {
        /// With whom.
        with: Name,
        /// Twelve groups of five digits.
        number: String,
        /// new, pinned, verified, changed.
        word: &'static str,
        /// A picture of it is wished, too.
        is_drawn: bool,
    },
    /// What this device answers to the code of a new one, for nobody else.
    Answer {
        /// Lines to be pasted there.
        text: String,
        /// Whose device the new one will be.
        name: Name,
        /// See [`super::Owner::number`].
        number: String,
    },
    /// The connection is gone; it is tried again after the pause.
    Lost {
        /// How.
        reason: String,
        /// For so long nothing is tried.
        pause: Duration,
    },
}

impl Event {
    /// It tells of this message.
    pub(super) fn is_about(&self, id: i64) -> bool {
        matches!(self, Self::Message(arrival) | Self::Edited(arrival) if arrival.id == id)
    }
}

/// A device of this user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnDevice {
    /// In 32 hexadecimal digits.
    pub id: String,
    /// What it is called.
    pub label: String,
    /// When it was made, in seconds since 1970.
    pub since_s: u64,
    /// It is the one that says so.
    pub is_this: bool,
}

/// A message, as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// By which it is known here.
    pub id: i64,
    /// Who wrote it: this user too, on another device.
    pub from: Name,
    /// The other one of the conversation.
    pub with: Name,
    /// The device that wrote it.
    pub device: String,
    /// The how-manieth of that device: with it, the same wherever it is shown.
    pub counter: u64,
    /// What there is to be read of it.
    pub text: String,
    /// All that it says, where that is more than a text.
    pub content: Option<Content>,
    /// It said something else before.
    pub is_edited: bool,
    /// When it was written, by the writer's clock, in milliseconds since 1970.
    pub written_ms: u64,
    /// When the server took it.
    pub at_ms: u64,
}

/// A message of this user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// By which it is known here; none of what is no message of its own, as a change is.
    pub id: Option<i64>,
    /// See [`Arrival::device`].
    pub device: String,
    /// See [`Arrival::counter`].
    pub counter: u64,
}
