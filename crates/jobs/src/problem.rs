//! Faults of the rooms below, in the words that every door uses.

use kinora_store::contract::Problem;
use std::error::Error as _;

/// The input or the order is at fault.
#[must_use]
pub fn of_media(fault: &kinora_media::Fault) -> Problem {
    Problem {
        code: fault.code().into(),
        description: fault.to_string(),
        solution: fault.solution(),
    }
}

/// This machine is at fault.
#[must_use]
pub fn of_machine(what: &str, error: &std::io::Error) -> Problem {
    let full = error.raw_os_error() == Some(rustix::io::Errno::NOSPC.raw_os_error());
    Problem {
        code: if full { "disk_full" } else { "machine_fault" }.into(),
        description: format!("{what}: {error}"),
        solution: "try again later; the operator finds more in the server's log".into(),
    }
}

/// The store is at fault, or says no.
#[must_use]
pub fn of_store(fault: &kinora_store::Fault) -> Problem {
    use kinora_store::Fault;
    let (code, solution) = match fault {
        Fault::Missing { .. } => (
            "unknown_task",
            "check the id; results are deleted after delivery or when their time is over",
        ),
        Fault::Conflict { .. } => ("conflict", "ask for the state of the task first"),
        Fault::Offset { .. } => (
            "offset_mismatch",
            "go on at the offset that the answer names",
        ),
        Fault::Full { .. } => (
            "storage_full",
            "try again when results have been fetched, or ask the operator for more room",
        ),
        Fault::ClientFull { .. } => (
            "client_storage_full",
            "try again when your jobs have ended and their results have been fetched, or ask the operator for a larger \
             share (storage.client_percent)",
        ),
        Fault::Busy { .. } => ("client_busy", "wait until one of your jobs has ended"),
        Fault::Corrupt(_) => (
            "store_damaged",
            "the operator has to look at the data directory",
        ),
        Fault::Io { source, .. } if source.raw_os_error() == Some(28) => (
            "disk_full",
            "try again later; the operator has to make room on the disk",
        ),
        Fault::Io { .. } | Fault::Database(_) => (
            "store_failed",
            "try again later; the operator finds more in the server's log",
        ),
    };
    let description = match fault {
        // Paths and statements of the server are nobody else's business.
        Fault::Io { doing, source, .. } => format!("the server could not {doing} a file: {source}"),
        Fault::Database(_) => "the server's database refused".to_owned(),
        other => other.to_string(),
    };
    if fault.source().is_some() || matches!(fault, Fault::Database(_) | Fault::Corrupt(_)) {
        tracing::error!(%fault, "the store failed");
    }
    Problem {
        code: code.into(),
        description,
        solution: solution.into(),
    }
}
