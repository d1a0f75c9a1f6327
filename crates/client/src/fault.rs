//! What can go wrong between an order and its result, by whose fault it is.
//!
//! Every variant has three faces: [`Fault::kind`] for the caller's table of exit codes, [`Fault::code`] for programs,
//! and the description (`Display`) with [`Fault::solution`] for people.

use kinora_mmp::Problem;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// A step that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The text is no address of a server.
    #[error("{text:?} is no server address: {reason}")]
    BadAddress {
        /// As it was given.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The server was never met.
    #[error("cannot reach {server}: {reason}")]
    Unreachable {
        /// Its address.
        server: String,
        /// What the system said.
        reason: String,
    },
    /// The server was met, and then the connection broke.
    #[error("the connection to {server} was lost: {reason}")]
    Lost {
        /// Its address.
        server: String,
        /// How that was noticed.
        reason: String,
    },
    /// The server has another key than the one that it is known by.
    #[error(
        "{server} is not known by the key that it shows: it was {known}, and now it is {shown}"
    )]
    Untrusted {
        /// Its address.
        server: String,
        /// The key that is kept.
        known: String,
        /// The key that it has shown.
        shown: String,
    },
    /// The server cannot be spoken to in TLS.
    #[error("no TLS connection to {server}: {reason}")]
    NoTls {
        /// Its address.
        server: String,
        /// What went wrong.
        reason: String,
    },
    /// A token would be sent for everybody to read.
    #[error("a token is not sent to {server} without TLS")]
    PlainToken {
        /// Its address.
        server: String,
    },
    /// What the server is known by cannot be read or kept.
    #[error("it cannot be told whether {server} is the right one: {reason}")]
    Unkept {
        /// Its address.
        server: String,
        /// What is wrong.
        reason: String,
    },
    /// The file that is to be sent cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    Input {
        /// Which file.
        path: PathBuf,
        /// What the system said, or what is wrong with it.
        reason: String,
    },
    /// The file that is being sent is not the file that it was.
    #[error("{} changed while it was being sent", path.display())]
    InputChanged {
        /// Which file.
        path: PathBuf,
    },
    /// The result cannot be written.
    #[error("cannot write the result: {0}")]
    Output(#[source] io::Error),
    /// What arrived is not what was sent, twice.
    #[error("{what} arrived damaged")]
    Damaged {
        /// `the upload` or `the result`.
        what: &'static str,
    },
    /// The server does not do what was asked for.
    #[error("{}", .0.description)]
    Refused(Problem),
    /// The job ended without a result.
    #[error("{}", .0.description)]
    Failed(Problem),
    /// The result did not come in the time that the caller allows; the job goes on.
    #[error("job {task_id} was not done after {} s", waited.as_secs())]
    TimedOut {
        /// Where it can be asked for.
        task_id: String,
        /// How long.
        waited: Duration,
    },
    /// The caller's [`crate::Cancel`] was set.
    #[error("interrupted")]
    Interrupted {
        /// The job that had been accepted by then.
        task_id: Option<String>,
        /// The server has confirmed that it is cancelled.
        cancelled: bool,
    },
    /// What answers there does not speak the protocol as this client knows it.
    #[error("{server} gave an answer that makes no sense here: {detail}")]
    Strange {
        /// Its address.
        server: String,
        /// What came.
        detail: String,
    },
    /// The server does not listen for HTTP.
    #[error("{server} does not listen for HTTP, by which people talk")]
    NoHttp {
        /// Its address.
        server: String,
    },
    /// Nobody has said yet under which name to talk.
    #[error("you have no name at this server yet")]
    TalkNameless,
    /// There is another name already.
    #[error("you are known as {have} at this server, not as {wanted}")]
    TalkNamed {
        /// The name.
        have: String,
        /// The one that was given.
        wanted: String,
    },
    /// A further device was to be made where there is one.
    #[error("this place has the keys of {have} already")]
    TalkLinked {
        /// The name.
        have: String,
    },
    /// Another process of this user talks at this server.
    #[error("another program of yours talks at this server already: {}", path.display())]
    TalkInUse {
        /// The directory that it holds.
        path: PathBuf,
    },
    /// What is kept of the talk cannot be read or written.
    #[error("cannot use {}: {reason}", path.display())]
    TalkFile {
        /// Which directory or file.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
    /// Names, messages or their encryption.
    #[error(transparent)]
    Chat(#[from] kinora_chat::Fault),
    /// The system gave no random bytes.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
}

/// Whose fault it is; the caller's exit codes follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The caller asked for something that cannot be.
    Usage,
    /// A file on this side.
    File,
    /// The server refused the request.
    Refused,
    /// The server has no room, or no time, for the moment.
    Busy,
    /// The work itself failed.
    Failed,
    /// The way to the server.
    Connection,
    /// The server is not the one that it was, or cannot be told to be.
    Untrusted,
    /// Time is over.
    TimedOut,
    /// The user.
    Interrupted,
    /// This program, or the server's.
    Internal,
}

/// Codes with which a server says "not now".
const BUSY: &[&str] = &[
    "client_busy",
    "client_storage_full",
    "disk_full",
    "storage_full",
    "too_many_requests",
    "queue_full",
    "too_fast",
    "too_many_names",
];

impl Fault {
    /// Whose fault it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::BadAddress { .. } => Kind::Usage,
            Self::NoHttp { .. } => Kind::Usage,
            Self::TalkNameless
            | Self::TalkNamed { .. }
            | Self::TalkLinked { .. }
            | Self::TalkInUse { .. } => Kind::Usage,
            Self::TalkFile { .. } => Kind::File,
            Self::Chat(
                kinora_chat::Fault::Talk(_)
                | kinora_chat::Fault::TextTooLong
                | kinora_chat::Fault::CodeUnusable
                | kinora_chat::Fault::AnswerUnusable
                | kinora_chat::Fault::PassphraseShort
                | kinora_chat::Fault::PassphraseWrong,
            ) => Kind::Usage,
            Self::Chat(kinora_chat::Fault::BackupDamaged(_) | kinora_chat::Fault::BackupNewer) => {
                Kind::File
            }
            Self::Chat(_) => Kind::Failed,
            Self::Unreachable { .. } | Self::Lost { .. } | Self::Damaged { .. } => Kind::Connection,
            Self::NoTls { .. } => Kind::Connection,
            Self::Untrusted { .. } | Self::Unkept { .. } => Kind::Untrusted,
            Self::PlainToken { .. } => Kind::Usage,
            Self::Input { .. } | Self::InputChanged { .. } | Self::Output(_) => Kind::File,
            Self::Refused(problem) | Self::Failed(problem) if is_busy(&problem.code) => Kind::Busy,
            Self::Refused(_) => Kind::Refused,
            Self::Failed(_) => Kind::Failed,
            Self::TimedOut { .. } => Kind::TimedOut,
            Self::Interrupted { .. } => Kind::Interrupted,
            Self::Strange { .. } | Self::Random(_) => Kind::Internal,
        }
    }

    /// Stable, for programs.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::BadAddress { .. } => "bad_address",
            Self::Unreachable { .. } => "unreachable",
            Self::Lost { .. } => "connection_lost",
            Self::Untrusted { .. } => "server_changed",
            Self::NoTls { .. } => "no_tls",
            Self::PlainToken { .. } => "plain_token",
            Self::Unkept { .. } => "server_not_kept",
            Self::Input { .. } => "unreadable_input",
            Self::InputChanged { .. } => "input_changed",
            Self::Output(_) => "unwritable_output",
            Self::Damaged { .. } => "digest_mismatch",
            Self::Refused(problem) | Self::Failed(problem) => &problem.code,
            Self::TimedOut { .. } => "timed_out",
            Self::Interrupted { .. } => "interrupted",
            Self::Strange { .. } => "strange_answer",
            Self::Random(_) => "no_randomness",
            Self::NoHttp { .. } => "no_http",
            Self::TalkNameless => "no_name",
            Self::TalkNamed { .. } => "other_name",
            Self::TalkLinked { .. } => "has_name",
            Self::TalkInUse { .. } => "talk_in_use",
            Self::TalkFile { .. } => "talk_file",
            Self::Chat(fault) => fault.code(),
        }
    }

    /// What the user can do about it.
    #[must_use]
    pub fn solution(&self) -> String {
        match self {
            Self::BadAddress { .. } => "give it as HOST:PORT, for example 192.168.1.20:9001".into(),
            Self::Unreachable { .. } => {
                "check the address, and that `kinora serve` runs there".into()
            }
            Self::Lost { .. } => "check the network and try again".into(),
            Self::Untrusted { server, .. } => format!(
                "somebody may stand between you and the server, or it was set up anew: ask its operator which key `kinora \
                 doctor` shows there, and if it is the new one: kinora trust {server}"
            ),
            Self::NoTls { server, .. } => format!(
                "check that a Kinora server listens there; on a network that you trust, --plain or `kinora trust {server} \
                 --plain` does without TLS"
            ),
            Self::PlainToken { .. } => "leave --plain out, or the token".into(),
            Self::Unkept { .. } => {
                "make the file of known servers readable and writable for you alone: kinora/known-servers in your \
                 configuration directory"
                    .into()
            }
            Self::Input { .. } => "give the path of a readable file".into(),
            Self::InputChanged { .. } => {
                "wait until nothing writes to it, then send it again".into()
            }
            Self::Output(_) => {
                "check the space and the permissions of the output's directory".into()
            }
            Self::Damaged { .. } => {
                "try again; if it stays, check memory and disks on both sides".into()
            }
            Self::Refused(problem) | Self::Failed(problem) => problem.solution.clone(),
            Self::TimedOut { task_id, .. } => {
                format!(
                    "it goes on at the server: `kinora fetch {task_id}` waits for it and takes it"
                )
            }
            Self::Interrupted { task_id, cancelled } => {
                interrupted_solution(task_id.as_deref(), *cancelled)
            }
            Self::Strange { .. } => {
                "check that a Kinora server of this version listens there".into()
            }
            Self::Random(_) => "check that the system offers getrandom(2)".into(),
            Self::NoHttp { .. } => "its operator sets http.listen".into(),
            Self::TalkNameless => "pick one: kinora chat --name NAME".into(),
            Self::TalkNamed { .. } => "leave --name out; a name stays with its keys".into(),
            Self::TalkLinked { .. } => {
                "`kinora chat` talks with them; a further name needs another user of this machine".into()
            }
            Self::TalkInUse { .. } => "end the other one, or talk there".into(),
            Self::TalkFile { .. } => {
                "check the space and the permissions there; it is for you alone".into()
            }
            Self::Chat(fault) => fault.solution().into(),
        }
    }

    /// Another attempt may succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Lost { .. } => true,
            // It says so before it goes, and keeps what it has.
            Self::Refused(problem) => problem.code == "server_stopping",
            _ => false,
        }
    }
}

fn is_busy(code: &str) -> bool {
    BUSY.contains(&code)
}

fn interrupted_solution(task_id: Option<&str>, cancelled: bool) -> String {
    match (task_id, cancelled) {
        (Some(id), true) => format!("job {id} was cancelled at the server"),
        (Some(id), false) => {
            format!(
                "job {id} may still run at the server: `kinora cancel {id}` or `kinora fetch {id}`"
            )
        }
        (None, _) => "nothing is left to run at the server".into(),
    }
}
