//! The service that all connections share.

use super::hub::{Changes, Hub, Pass, frame};
use super::limits::{
    ANNOUNCE, CLAIMS, CLAIMS_A_DAY, NAMES, PAGE_PEOPLE, RATED, SENDS, SIGNALLED, SWEEP,
};
use super::parcels::{Parcels, Parts};
use super::rates::Rate;
use super::writer::Writer;
use crate::fault::Fault;
use crate::listen::stopped;
use bytes::Bytes;
use kinora_jobs::{clock, problem};
use kinora_store::contract::Problem;
use kinora_store::post::{self, Post, Seat};
use kinora_talk::certificate::IdentityKey;
use kinora_talk::field::{Bytes as Bounded, Few};
use kinora_talk::frame::{People, Person, Presence};
use kinora_talk::limits::NAMES_MAX;
use kinora_talk::name::Name;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

/// People's talk at one server.
pub(crate) struct Talk {
    pub(super) post: Arc<dyn Post>,
    pub(super) writer: Writer,
    pub(super) hub: Arc<Hub>,
    pub(super) sends: Rate<Seat>,
    pub(super) signalled: Rate<Seat>,
    pub(super) claims: Rate<(String, String)>,
    pub(super) claims_a_day: Rate<(String, String)>,
    pub(super) names: Rate<String>,
    parcels: Parcels,
}

impl Talk {
    /// Over what keeps it.
    ///
    /// # Errors
    /// When the system gives no thread to write with, or the store fails.
    pub(crate) fn start(post: Arc<dyn Post>, parcels: Parts) -> Result<Arc<Self>, Problem> {
        let parcels = Parcels::open(parcels).map_err(|fault| problem::of_store(&fault))?;
        let hub = Hub::new();
        let writer = Writer::start(Arc::clone(&post), Arc::clone(&hub));
        let writer = writer.map_err(|error| problem::of_machine("the talk's writer", &error))?;
        Ok(Arc::new(Self {
            post,
            writer,
            hub,
            sends: Rate::new(SENDS, RATED),
            signalled: Rate::new(SIGNALLED, RATED),
            claims: Rate::new(CLAIMS, RATED),
            claims_a_day: Rate::new(CLAIMS_A_DAY, RATED),
            names: Rate::new(NAMES, RATED),
            parcels,
        }))
    }

    /// Tells everybody who came and who went, and deletes what has expired, until the server stops.
    pub(crate) async fn attend(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut sweep_at = Instant::now();
        loop {
            tokio::select! {
                changed = timeout_at(sweep_at, self.hub.changed.notified()) => match changed {
                    Ok(()) => {
                        // What else changes within this time is told together.
                        sleep(ANNOUNCE).await;
                        self.announce().await;
                    }
                    Err(_) => {
                        self.sweep().await;
                        sweep_at = Instant::now() + SWEEP;
                    }
                },
                () = stopped(&mut stop) => return,
            }
        }
    }

    async fn announce(self: &Arc<Self>) {
        let Changes {
            joined,
            left,
            renewed,
        } = self.hub.changes();
        let people = self.blocking(move |talk| {
            let each = renewed.iter().map(|name| talk.post.person(name));
            let found: Result<Vec<_>, _> = each.collect();
            Ok(found
                .map_err(Fault::from)?
                .into_iter()
                .flatten()
                .collect::<Vec<_>>())
        });
        let people = people.await.unwrap_or_default();
        for some in people.chunks(PAGE_PEOPLE) {
            let some = some.iter().cloned();
            self.hub.announce(self.page(some.collect(), false));
        }
        for some in joined.chunks(NAMES_MAX) {
            self.hub.announce(presence(some, &[]));
        }
        for some in left.chunks(NAMES_MAX) {
            self.hub.announce(presence(&[], some));
        }
    }

    async fn sweep(self: &Arc<Self>) {
        let done = self.blocking(|talk| {
            talk.post.sweep(now_s())?;
            talk.parcels.sweep(now_s())
        });
        if let Err(fault) = done.await {
            tracing::warn!(
                code = fault.problem.code,
                "what has expired of the talk stays for now"
            );
        }
    }

    /// Whose pass it is.
    pub(crate) fn holder(&self, pass: &Pass) -> Option<Seat> {
        self.hub.holder(pass)
    }

    /// Does something with parcels, away from the sockets; told the time in seconds.
    ///
    /// # Errors
    /// Those of the deed.
    pub(crate) async fn with_parcels<T: Send + 'static>(
        self: &Arc<Self>,
        act: impl FnOnce(&Parcels, u64) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        self.blocking(move |talk| act(&talk.parcels, now_s())).await
    }

    /// Some of the directory, as a frame.
    pub(super) fn page(&self, people: Vec<post::Person>, has_more: bool) -> Bytes {
        let people = people.into_iter().filter_map(|person| self.person(person));
        let people = Few::new(people.collect()).unwrap_or_default();
        frame(People { people, has_more })
    }

    fn person(&self, person: post::Person) -> Option<Person> {
        let certificates = person.certificates.into_iter().map(Bounded::new);
        let removals = person.removals.into_iter().map(Bounded::new);
        Some(Person {
            is_here: self.hub.is_here(&person.name),
            name: Name::folded(&person.name).ok()?,
            identity: IdentityKey(person.identity),
            certificates: Few::new(certificates.collect::<Result<_, _>>().ok()?).ok()?,
            removals: Few::new(removals.collect::<Result<_, _>>().ok()?).ok()?,
        })
    }

    /// Runs what blocks on the database away from the sockets.
    pub(super) async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        act: impl FnOnce(&Self) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let talk = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || act(&talk)).await;
        done.unwrap_or_else(|error| {
            tracing::error!(%error, "the talk panicked");
            Err(Fault::new(
                "internal",
                "the server failed",
                "try again; the operator finds more in the log",
            ))
        })
    }
}

/// Seconds since 1970.
pub(super) fn now_s() -> u64 {
    u64::try_from(clock::now() / 1000).unwrap_or(0)
}

fn presence(joined: &[String], left: &[String]) -> Bytes {
    let list = |names: &[String]| {
        let names = names.iter().filter_map(|name| Name::folded(name).ok());
        Few::new(names.collect()).unwrap_or_default()
    };
    frame(Presence {
        joined: list(joined),
        left: list(left),
    })
}
