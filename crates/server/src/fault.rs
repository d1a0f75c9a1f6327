//! The only failure that the doors see: words for everyone, and nothing that is nobody else's business.

use kinora_store::contract::Problem;
use serde_json::{Map, Value};

/// A refusal or failure, ready to be told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fault {
    /// Code, description, solution.
    pub(crate) problem: Problem,
    /// Members beside them, such as `have` with `offset_mismatch`.
    pub(crate) extra: Map<String, Value>,
}

impl Fault {
    /// A refusal in our own words.
    pub(crate) fn new(code: &str, description: impl Into<String>, solution: &str) -> Self {
        Problem {
            code: code.into(),
            description: description.into(),
            solution: solution.into(),
        }
        .into()
    }

    /// No such upload is kept.
    pub(crate) fn unknown_upload() -> Self {
        Self::new(
            "unknown_upload",
            "no such upload is kept",
            "send the file from its beginning",
        )
    }

    /// The id is unknown, or was forgotten.
    pub(crate) fn unknown_task() -> Self {
        let missing = kinora_store::Fault::Missing { what: "task" };
        kinora_jobs::problem::of_store(&missing).into()
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Self {
            problem,
            extra: Map::new(),
        }
    }
}

impl From<kinora_store::Fault> for Fault {
    fn from(fault: kinora_store::Fault) -> Self {
        let mut extra = Map::new();
        if let kinora_store::Fault::Offset { have, .. } = &fault {
            extra.insert("have".into(), (*have).into());
        }
        Self {
            problem: kinora_jobs::problem::of_store(&fault),
            extra,
        }
    }
}

impl From<kinora_media::Fault> for Fault {
    fn from(fault: kinora_media::Fault) -> Self {
        kinora_jobs::problem::of_media(&fault).into()
    }
}
