//! One connection: requests one after another, each answered before the next is read.

mod held;

use super::admission::{Admission, Caller};
use super::answer::{self, DoorNote};
use super::link::{Gone, Link};
use super::upload::{self, Arrival};
use crate::asker::Asker;
use crate::fault::Fault;
use crate::library::Wanted;
use crate::listen::{gate::Channel, stopped};
use crate::quota::Quota;
use crate::services::{Services, blocking};
use crate::uploads::{Begin, Finished};
use kinora_jobs::policy;
use kinora_mmp::Mirror;
use kinora_mmp::answer as wire;
use kinora_mmp::frame::Head;
use kinora_mmp::request::{self, Confirmed, ReplyMode, Request, Submit};
use kinora_store::TaskId;
use kinora_store::contract::{Begun, Job};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// What a connection's task owns.
pub(super) struct Session {
    pub(super) link: Link,
    pub(super) services: Arc<Services>,
    pub(super) stopping: watch::Receiver<bool>,
    /// As whom the request in hand asks.
    pub(super) asker: Asker,
    client: String,
    address: IpAddr,
    quota: Arc<Quota>,
    admission: Admission,
}

/// Whether the connection goes on after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Request,
    Close,
}

/// Serves one connection to its end.
pub(super) async fn serve(
    channel: Channel,
    caller: Caller,
    services: Arc<Services>,
    quota: Arc<Quota>,
    patience: Option<Duration>,
    stopping: watch::Receiver<bool>,
) {
    let mut session = Session {
        link: Link::new(channel, patience),
        services,
        stopping,
        quota,
        address: caller.address.ip(),
        asker: Asker::Anyone,
        client: policy::client_key(caller.address.ip()),
        admission: Admission::new(caller.is_trusted, caller.must_encrypt),
    };
    let peer = caller.address;
    tracing::debug!(target: "client", %peer, "connected");
    match session.run().await {
        Ok(()) | Err(Gone::Closed { midway: false }) => {
            tracing::debug!(target: "client", %peer, "done");
        }
        Err(gone) => {
            tracing::info!(target: "client", %peer, reason = %gone, "connection ended early");
            session.explain(&gone).await;
        }
    }
    session.link.end();
}

impl Session {
    async fn run(&mut self) -> Result<(), Gone> {
        loop {
            let head = tokio::select! {
                head = self.link.head() => head?,
                () = stopped(&mut self.stopping) => return Ok(()),
            };
            let request = head.and_then(|head| {
                let token = request::token(&head.json).map(str::to_owned);
                Ok((Request::parse(&head)?, token))
            });
            let next = match request {
                Ok((request, token)) => self.admit(request, token.as_deref()).await?,
                Err(fault) => self.refuse(answer::refused(&fault)).await?,
            };
            if next == Next::Close {
                return Ok(());
            }
        }
    }

    /// A last word to a peer that may still listen.
    async fn explain(&mut self, gone: &Gone) {
        if let Gone::Slow(fault) | Gone::Lost(fault) = gone {
            let _ = self.link.write(&answer::refused(fault)).await;
        }
    }

    /// Looks who asks before anything is done.
    async fn admit(&mut self, request: Request, token: Option<&str>) -> Result<Next, Gone> {
        if let Err(fault) = self.quota.admit(self.address, Instant::now()) {
            return self.refuse(answer::fault(request.mirror(), &fault)).await;
        }
        match self.admission.check(&self.services, &request, token).await {
            Ok(asker) => {
                self.asker = asker;
                self.answer(request).await
            }
            Err(fault) => self.refuse(answer::fault(request.mirror(), &fault)).await,
        }
    }

    async fn answer(&mut self, request: Request) -> Result<Next, Gone> {
        let (services, submit) = match request {
            Request::Submit(submit) => (Arc::clone(&self.services), submit),
            Request::Goodbye => {
                self.link.pass_over().await?;
                return Ok(Next::Close);
            }
            other => {
                if !self.link.pass_over().await? {
                    return Ok(Next::Close);
                }
                return self.answer_small(other).await;
            }
        };
        match upload::offer(&submit, &self.client, &self.asker) {
            Ok(offer) => match upload::begin(&services, &offer).await {
                Ok(begin) => self.submit(&submit, begin).await,
                Err(fault) => {
                    self.refuse(answer::fault(Some(&submit.mirror), &fault))
                        .await
                }
            },
            Err(fault) => {
                self.refuse(answer::fault(Some(&submit.mirror), &fault))
                    .await
            }
        }
    }

    /// Requests whose payload, if any, means nothing.
    async fn answer_small(&mut self, request: Request) -> Result<Next, Gone> {
        match request {
            Request::Ping(mirror) => self.say(&self.pong(&mirror)).await,
            Request::Status {
                task_id,
                watch,
                mirror,
            } => self.status(&task_id, watch, &mirror).await,
            Request::Download {
                task_id,
                offset,
                mirror,
            } => self.download(&task_id, offset, &mirror).await,
            Request::Cancel { task_id, mirror } => {
                let done = self.cancel(&task_id, &mirror).await;
                self.say_or(&mirror, done).await
            }
            Request::Confirm { what, mirror } => {
                let done = self.confirm(what, &mirror).await;
                self.say_or(&mirror, done).await
            }
            Request::Resume {
                idempotency_key,
                mirror,
            } => {
                let done = self.resume(idempotency_key, &mirror).await;
                self.say_or(&mirror, done).await
            }
            Request::Library {
                search,
                title,
                expires,
                mirror,
            } => {
                let done = match title {
                    Some(id) => self.title(&mirror, id, expires).await,
                    None => self.library(&mirror, search, expires).await,
                };
                self.say_or(&mirror, done).await
            }
            Request::Keep {
                task_id,
                name,
                mirror,
            } => {
                let done = self.keep(&task_id, name, &mirror).await;
                self.say_or(&mirror, done).await
            }
            Request::Submit(_) | Request::Goodbye => Ok(Next::Close),
        }
    }

    async fn submit(&mut self, submit: &Submit, begin: Begin) -> Result<Next, Gone> {
        let receiving = match begin {
            Begin::Receive(receiving) => receiving,
            Begin::Received(received) => {
                let head = wire::received(&submit.mirror, &received.digest, received.size);
                return self.refuse(head).await;
            }
            Begin::Job(job) => {
                if !self.link.pass_over().await? {
                    return Ok(Next::Close);
                }
                return self.reply(submit, &job).await;
            }
        };
        let began = Instant::now();
        let bytes = receiving.missing();
        let arrival = upload::receive(
            &mut self.link,
            &self.services,
            receiving,
            &mut self.stopping,
        )
        .await?;
        let receiving = match arrival {
            Arrival::Whole(receiving) => receiving,
            Arrival::Refused(fault) => {
                return self
                    .refuse(answer::fault(Some(&submit.mirror), &fault))
                    .await;
            }
        };
        let finished = upload::finish(&self.services, receiving, submit.confirm).await;
        let seconds = began.elapsed().as_secs_f64();
        tracing::info!(target: "performance", bytes, seconds, "upload");
        match finished {
            Err(fault) => self.say(&answer::fault(Some(&submit.mirror), &fault)).await,
            Ok(Finished::Received(received)) => {
                let head = wire::received(&submit.mirror, &received.digest, received.size);
                self.say(&head).await
            }
            Ok(Finished::Job(job)) => self.reply(submit, &job).await,
        }
    }

    /// The order is a job: told at once, or when it has ended.
    async fn reply(&mut self, submit: &Submit, job: &Job) -> Result<Next, Gone> {
        match submit.reply {
            ReplyMode::Accepted => self.say(&answer::accepted(&submit.mirror, job)).await,
            ReplyMode::Held => self.hold(submit, &job.id).await,
        }
    }

    async fn cancel(&self, task: &str, mirror: &Mirror) -> Result<Head, Fault> {
        let id = task_id(task)?;
        let (asker, asked) = (self.asker.clone(), id.clone());
        blocking(&self.services, move |s| s.tasks.cancel(&asker, &asked)).await?;
        self.services.tasks.ended(&id).await;
        let asker = self.asker.clone();
        let view = blocking(&self.services, move |s| s.tasks.view(&asker, &id)).await?;
        Ok(answer::state(mirror, &view))
    }

    async fn confirm(&self, what: Confirmed, mirror: &Mirror) -> Result<Head, Fault> {
        let asker = self.asker.clone();
        match what {
            Confirmed::Task(task) => {
                let id = task_id(&task)?;
                blocking(&self.services, move |s| s.results.confirm(&asker, &id)).await?;
                Ok(wire::confirmed(mirror, &task))
            }
            Confirmed::Upload {
                idempotency_key,
                digest,
            } => {
                let digest = digest.map(|digest| match digest {
                    kinora_mmp::Digest::Blake3(hex) => crate::uploads::Digest::Blake3(hex),
                    kinora_mmp::Digest::Sha256(hex) => crate::uploads::Digest::Sha256(hex),
                });
                let job = blocking(&self.services, move |s| {
                    s.uploads.confirm(&asker, &idempotency_key, digest.as_ref())
                })
                .await?;
                Ok(answer::accepted(mirror, &job))
            }
        }
    }

    async fn resume(&self, key: String, mirror: &Mirror) -> Result<Head, Fault> {
        let asker = self.asker.clone();
        match blocking(&self.services, move |s| s.uploads.find(&asker, &key)).await? {
            Begun::Job(job) => Ok(answer::accepted(mirror, &job)),
            Begun::Known(upload) => Ok(match upload.digest {
                Some(digest) => wire::received(mirror, &digest, upload.length),
                None => wire::resumed(mirror, upload.durable, upload.length),
            }),
            Begun::New => Err(Fault::unknown_task()),
        }
    }

    async fn library(
        &self,
        mirror: &Mirror,
        search: String,
        expires: Option<u64>,
    ) -> Result<Head, Fault> {
        let wanted = Wanted {
            search,
            limit: kinora_mmp::limits::MAX_TITLES,
            ..Wanted::default()
        };
        let asker = self.asker.clone();
        let found = blocking(&self.services, move |services| {
            let page = services.library.list(&wanted);
            let links = services.links(&page.titles, expires, &asker)?;
            Ok((links, page.total))
        });
        let (links, total) = found.await?;
        let titles = links.iter().map(answer::title).collect();
        let door = self.services.http.get().map(|door| (door.port, door.tls));
        Ok(wire::library(mirror, titles, total, door))
    }

    /// One title, with what there would be no room for in a list.
    async fn title(
        &self,
        mirror: &Mirror,
        id: String,
        expires: Option<u64>,
    ) -> Result<Head, Fault> {
        let asker = self.asker.clone();
        let found = blocking(&self.services, move |services| {
            let title = services.library.title(&id)?;
            services.links(&[title], expires, &asker)
        });
        let links = found.await?;
        let titles: Vec<_> = links.iter().map(answer::whole_title).collect();
        let door = self.services.http.get().map(|door| (door.port, door.tls));
        let total = titles.len();
        Ok(wire::library(mirror, titles, total, door))
    }

    async fn keep(&self, task: &str, name: Option<String>, mirror: &Mirror) -> Result<Head, Fault> {
        let (asker, id) = (self.asker.clone(), task_id(task)?);
        let kept = blocking(&self.services, move |s| {
            s.keep(&asker, &id, name.as_deref())
        })
        .await?;
        Ok(wire::kept(mirror, task, &kept.name))
    }

    fn pong(&self, mirror: &Mirror) -> Head {
        let limits = serde_json::json!({
            "max_payload": kinora_mmp::limits::MAX_PAYLOAD,
            "storage": self.services.ceiling,
        });
        let limits = limits.as_object().cloned().unwrap_or_default();
        let door = self.services.http.get().map(|door| (door.port, door.tls));
        wire::pong(mirror, env!("CARGO_PKG_VERSION"), limits, door)
    }

    pub(super) async fn say(&mut self, head: &Head) -> Result<Next, Gone> {
        self.link.write(head).await?;
        Ok(Next::Request)
    }

    pub(super) async fn say_or(
        &mut self,
        mirror: &Mirror,
        head: Result<Head, Fault>,
    ) -> Result<Next, Gone> {
        let head = head.unwrap_or_else(|fault| answer::fault(Some(mirror), &fault));
        self.say(&head).await
    }

    /// Answers before the payload has been read, then reads it away.
    async fn refuse(&mut self, head: Head) -> Result<Next, Gone> {
        let code = head.json.get("code").and_then(|code| code.as_str());
        tracing::info!(target: "client", client = self.client, code, "the payload is not wanted");
        self.link.write(&head).await?;
        let whole = self.link.pass_over().await?;
        Ok(if whole { Next::Request } else { Next::Close })
    }
}

/// How the client speaks that sent the order, asked by the one that speaks now.
pub(super) fn mirror_for(job: &Job, asking: &Mirror) -> (Mirror, Option<String>) {
    let note = DoorNote::of(job);
    (note.mirror.asked_by(asking), note.file_name)
}

pub(super) fn task_id(text: &str) -> Result<TaskId, Fault> {
    TaskId::parse(text).ok_or_else(Fault::unknown_task)
}
