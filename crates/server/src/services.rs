//! What both doors offer, in one place.

use crate::results::Results;
use crate::uploads::Uploads;
use kinora_jobs::Engine;
use std::sync::Arc;

/// The services of one server.
pub(crate) struct Services {
    /// Files that come in.
    pub(crate) uploads: Uploads,
    /// Files that go out.
    pub(crate) results: Results,
    /// The work between.
    pub(crate) engine: Arc<Engine>,
    /// Bytes that everything kept may take together, for `ping`.
    pub(crate) ceiling: u64,
}
