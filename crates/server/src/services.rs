//! What both doors offer, in one place.

use crate::access::{Access, Tokens};
use crate::counters::Counters;
use crate::fault::Fault;
use crate::library::Library;
use crate::results::Results;
use crate::tasks::Tasks;
use crate::uploads::{Receiving, Uploads};
use kinora_jobs::Engine;
use kinora_jobs::sandbox::Share;
use std::sync::{Arc, OnceLock};

/// The services of one server.
pub(crate) struct Services {
    /// Who may use them.
    pub(crate) access: Access,
    /// Who has a token.
    pub(crate) tokens: Tokens,
    /// Files that come in.
    pub(crate) uploads: Uploads,
    /// Files that go out.
    pub(crate) results: Results,
    /// Jobs.
    pub(crate) tasks: Tasks,
    /// Videos to be watched.
    pub(crate) library: Arc<Library>,
    /// Where HTTP is listened for, once it is.
    pub(crate) http: OnceLock<HttpDoor>,
    /// The work between.
    pub(crate) engine: Arc<Engine>,
    /// What has been done so far.
    pub(crate) counters: Arc<Counters>,
    /// How the processor is divided.
    pub(crate) share: Arc<Share>,
    /// Bytes that everything kept may take together, for `ping`.
    pub(crate) ceiling: u64,
}

/// Where browsers and players find this server, beside its name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HttpDoor {
    pub(crate) port: u16,
    /// From beyond this machine it is reached in TLS.
    pub(crate) tls: bool,
}

/// Runs what blocks on disk or database away from the sockets.
pub(crate) async fn blocking<T: Send + 'static>(
    services: &Arc<Services>,
    act: impl FnOnce(&Services) -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let services = Arc::clone(services);
    let done = tokio::task::spawn_blocking(move || act(&services)).await;
    done.unwrap_or_else(|error| {
        tracing::error!(%error, "a service panicked");
        Err(Fault::new(
            "internal",
            "the server failed",
            "try again; the operator finds more in the log",
        ))
    })
}

/// What has arrived so far becomes durable. On a failure the upload is still there, to be broken off.
pub(crate) async fn checkpoint(
    services: &Arc<Services>,
    mut receiving: Box<Receiving>,
) -> (Box<Receiving>, Result<(), Fault>) {
    let services = Arc::clone(services);
    let done = tokio::task::spawn_blocking(move || {
        let done = services.uploads.checkpoint(&mut receiving);
        (receiving, done)
    });
    done.await
        .expect("a checkpoint does not panic: every failure in it is an error value")
}
