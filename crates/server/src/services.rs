//! What both doors offer, in one place.

use crate::access::{Access, Tokens};
use crate::asker::Asker;
use crate::counters::Counters;
use crate::fault::Fault;
use crate::library::{Keepsake, Library, Link, Title};
use crate::results::Results;
use crate::talk::Talk;
use crate::tasks::Tasks;
use crate::uploads::{Receiving, Uploads};
use kinora_jobs::sandbox::Share;
use kinora_jobs::{Engine, Order};
use kinora_store::TaskId;
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
    /// What people say to each other.
    pub(crate) talk: Arc<Talk>,
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

/// A result that is in the library now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// What its file is called.
    pub(crate) name: String,
    /// The title that it is.
    pub(crate) title: String,
}

impl Services {
    /// What stands in links that this one is given: with their token they end.
    pub(crate) fn holder(&self, asker: &Asker) -> u64 {
        let name = asker.token().and_then(|name| self.tokens.mark(name));
        name.unwrap_or(0)
    }

    /// Links to titles, good for so many seconds, or for an evening. One whose time was wished for can be taken back by
    /// itself, so it is written down first.
    ///
    /// # Errors
    /// `too_many_links`, or what the disk says.
    pub(crate) fn links(
        &self,
        titles: &[Arc<Title>],
        lasts_s: Option<u64>,
        asker: &Asker,
    ) -> Result<Vec<Link>, Fault> {
        let holder = self.holder(asker);
        let links = titles.iter();
        let links = links.map(|title| self.library.link(title, lasts_s, holder));
        let links: Vec<Link> = links.collect();
        if lasts_s.is_some() {
            self.library
                .note(&links, asker.token().unwrap_or_default())?;
        }
        Ok(links)
    }

    /// The title that an address with this permission is for.
    ///
    /// # Errors
    /// `invalid_link`, `link_expired`, `unknown_title`.
    pub(crate) fn permitted(&self, id: &str, permission: &str) -> Result<Arc<Title>, Fault> {
        let holder = self.library.check(id, permission)?;
        if holder != 0 && !self.tokens.has_mark(holder) {
            return Err(Fault::new(
                "link_expired",
                "the link has ended with the token that it was given to",
                "ask for another one",
            ));
        }
        self.library.title(id)
    }

    /// Puts the result of a job into the library, under this name or the original's.
    ///
    /// # Errors
    /// As for opening a result, and for putting one into the library.
    pub(crate) fn keep(
        &self,
        asker: &Asker,
        id: &TaskId,
        name: Option<&str>,
    ) -> Result<Kept, Fault> {
        let ready = self.results.open(asker, id)?;
        // Both doors note what the original is called under this word.
        let order = Order::from_json(&ready.job.order).ok();
        let original =
            order.and_then(|order| Some(order.door.get("file_name")?.as_str()?.to_owned()));
        let (name, title) = self.library.keep(Keepsake {
            file: ready.file,
            size: ready.outcome.size,
            digest: &ready.outcome.digest,
            name: name.or(original.as_deref()).unwrap_or_default(),
            ending: &ready.outcome.extension,
        })?;
        tracing::info!(task = id.as_str(), name, "a result is kept in the library");
        Ok(Kept { name, title })
    }
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
