//! The one table of exit codes. Nothing else in this workspace knows numbers for the shell.

use kinora_client::Kind;

/// How this program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Exit {
    /// All of it is done.
    Success,
    /// A mistake of this program, or `doctor` found something that is needed missing.
    Internal,
    /// A wrong command line or configuration.
    Usage,
    /// A file on this side.
    File,
    /// The server refused.
    Refused,
    /// The work failed.
    Failed,
    /// No way to the server.
    Connection,
    /// `--max-wait` is over.
    TimedOut,
    /// Not now.
    Busy,
    /// The server is another one than before, or that cannot be told.
    Untrusted,
    /// Ctrl-C.
    Interrupted,
}

/// Code, name for programs, meaning: for `kinora help exit-codes`, the man pages and the README.
pub(crate) const TABLE: &[(Exit, u8, &str)] = &[
    (Exit::Success, 0, "done; of several files, all"),
    (
        Exit::Internal,
        1,
        "internal error; or `kinora doctor` misses something that is needed",
    ),
    (Exit::Usage, 2, "wrong command line or configuration"),
    (
        Exit::File,
        3,
        "input cannot be read, or output exists or cannot be written",
    ),
    (
        Exit::Refused,
        4,
        "the server refused the request or one of its options, or does not know the job",
    ),
    (
        Exit::Failed,
        5,
        "processing failed, or the job was cancelled or has expired",
    ),
    (
        Exit::Connection,
        6,
        "cannot reach the server, or the connection was lost for good",
    ),
    (
        Exit::TimedOut,
        7,
        "not done within --max-wait; the job goes on at the server",
    ),
    (
        Exit::Busy,
        8,
        "the server's storage is full, or it has too much to do; try again later",
    ),
    (
        Exit::Untrusted,
        9,
        "the server shows another key than before; see `kinora trust`",
    ),
    (Exit::Interrupted, 130, "interrupted (Ctrl-C)"),
];

impl Exit {
    /// The number for the shell.
    #[must_use]
    pub(crate) fn code(self) -> u8 {
        TABLE
            .iter()
            .find(|(exit, ..)| *exit == self)
            .map_or(1, |(_, code, _)| *code)
    }
}

impl From<Kind> for Exit {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Usage => Self::Usage,
            Kind::File => Self::File,
            Kind::Refused => Self::Refused,
            Kind::Busy => Self::Busy,
            Kind::Failed => Self::Failed,
            Kind::Connection => Self::Connection,
            Kind::Untrusted => Self::Untrusted,
            Kind::TimedOut => Self::TimedOut,
            Kind::Interrupted => Self::Interrupted,
            Kind::Internal => Self::Internal,
        }
    }
}

/// The table as text, one line each.
#[must_use]
pub(crate) fn table() -> String {
    TABLE
        .iter()
        .map(|(_, code, meaning)| format!("{code:>5}  {meaning}\n"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_a_promise() {
        insta::assert_snapshot!("exit-codes", table());
    }

    #[test]
    fn each_exit_has_one_code() {
        let mut codes: Vec<_> = TABLE
            .iter()
            .map(|(exit, code, _)| (exit.code(), *code))
            .collect();
        assert!(codes.iter().all(|(a, b)| a == b));
        codes.dedup();
        assert_eq!(codes.len(), TABLE.len());
    }
}
