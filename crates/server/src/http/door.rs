//! What all requests of this door share, and what a request tells of its sender.

use super::digest::Digests;
use super::guard::Hosts;
use super::problem::Refusal;
use super::requests::Requests;
use super::send::Buffers;
use super::session::{COOKIE, Session, Sessions, cookie};
use super::streams::Streams;
use crate::asker::Asker;
use crate::config::Config;
use crate::services::Services;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, COOKIE as COOKIES, HeaderValue, SET_COOKIE};
use kinora_jobs::{clock, policy};
use kinora_store::contract::Problem;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// What all requests share.
pub(super) struct Shared {
    pub(super) services: Arc<Services>,
    pub(super) sessions: Sessions,
    pub(super) hosts: Hosts,
    pub(super) buffers: Arc<Buffers>,
    pub(super) streams: Arc<Streams>,
    pub(super) digests: Digests,
    pub(super) requests: Requests,
    pub(super) patience: Option<Duration>,
    pub(super) stopping: watch::Receiver<bool>,
}

impl Shared {
    /// From the settings.
    ///
    /// # Errors
    /// When the key of the sessions can be neither read nor made.
    pub(super) fn new(
        services: Arc<Services>,
        config: &Config,
        stopping: watch::Receiver<bool>,
    ) -> Result<Self, Problem> {
        Ok(Self {
            services,
            sessions: Sessions::open(&config.data)?,
            hosts: Hosts::new(&config.http),
            buffers: Arc::default(),
            streams: Arc::default(),
            digests: Digests::default(),
            requests: Requests::default(),
            patience: config.http.patience,
            stopping,
        })
    }
}

/// Where a request comes from; put beside it by its connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) SocketAddr);

impl Peer {
    /// What is for the operator is told to this machine only: nothing at this door says who is one.
    ///
    /// # Errors
    /// `no_page`, as if there was nothing.
    pub(super) fn check_local(self) -> Result<(), Refusal> {
        if self.0.ip().to_canonical().is_loopback() {
            return Ok(());
        }
        Err(Refusal::no_page())
    }
}

/// Who sent a request.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    /// What counts as one client, as at every door.
    pub(super) client: String,
    session: Option<Session>,
    has_cookie: bool,
}

/// A session that began with this request, or goes on longer: what its sender has to be told.
#[derive(Clone, Debug)]
pub(super) struct Welcome {
    /// The token.
    pub(super) token: String,
}

impl Welcome {
    /// The same for browsers.
    pub(super) fn cookie(&self) -> HeaderValue {
        HeaderValue::try_from(cookie(&self.token)).expect("a token has letters and digits only")
    }
}

impl Visitor {
    /// As whom it asks. Without a session nothing is theirs.
    pub(super) fn asker(&self) -> Asker {
        match &self.session {
            Some(session) => session.asker(),
            None => Asker::Owner(String::new()),
        }
    }

    /// The session that it must have.
    ///
    /// # Errors
    /// `no_session`.
    pub(super) fn owner(&self) -> Result<Asker, Refusal> {
        match &self.session {
            Some(session) => Ok(session.asker()),
            None => Err(Refusal::new(
                "no_session",
                "this needs a session, and the request names none",
                "POST /api/sessions, and send its token as \"Authorization: Bearer …\" with every request",
            )),
        }
    }

    /// As whom it asks, with a new session if it had none.
    pub(super) fn owner_or_new(&self, shared: &Shared) -> (Asker, Option<Welcome>) {
        match &self.session {
            Some(session) => (session.asker(), None),
            None => {
                let (asker, welcome) = self.begin(shared);
                (asker, Some(welcome))
            }
        }
    }

    /// A new session, whatever it had.
    pub(super) fn begin(&self, shared: &Shared) -> (Asker, Welcome) {
        let session = Session::random(now());
        let token = shared.sessions.token(&session);
        (session.asker(), Welcome { token })
    }

    /// For the page: a cookie where there is none, and a new one where it gets old.
    pub(super) fn cookie(&self, shared: &Shared) -> Option<HeaderValue> {
        let session = match &self.session {
            Some(session) if self.has_cookie => session.renewed(now())?,
            _ => Session::random(now()),
        };
        let token = shared.sessions.token(&session);
        Some(Welcome { token }.cookie())
    }
}

impl FromRequestParts<Arc<Shared>> for Visitor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Refusal> {
        let peer = parts.extensions.get::<Peer>();
        let client = peer.map_or_else(String::new, |peer| policy::client_key(peer.0.ip()));
        if let Some(field) = parts.headers.get(AUTHORIZATION) {
            let token = field.to_str().ok().and_then(bearer);
            let session = token.and_then(|token| shared.sessions.read(token, now()));
            let session = session.ok_or_else(invalid_token)?;
            return Ok(Self {
                client,
                session: Some(session),
                has_cookie: false,
            });
        }
        // A cookie that means nothing any more is none: the page gets another one.
        let session = cookies(&parts.headers).find_map(|each| shared.sessions.read(each, now()));
        Ok(Self {
            client,
            has_cookie: session.is_some(),
            session,
        })
    }
}

/// Puts the cookie of a new session into an answer.
pub(super) fn welcome(headers: &mut HeaderMap, welcome: Option<&Welcome>) {
    if let Some(welcome) = welcome {
        headers.insert(SET_COOKIE, welcome.cookie());
    }
}

fn bearer(field: &str) -> Option<&str> {
    let (scheme, token) = field.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let fields = headers.get_all(COOKIES).iter();
    let pairs = fields
        .filter_map(|field| field.to_str().ok())
        .flat_map(|field| field.split(';'));
    pairs.filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        (name.trim() == COOKIE).then(|| value.trim())
    })
}

fn invalid_token() -> Refusal {
    Refusal::new(
        "invalid_token",
        "the token is none of this server's, or its time is over",
        "POST /api/sessions for a new one",
    )
}

fn now() -> u32 {
    u32::try_from(clock::now() / 1000).unwrap_or(u32::MAX)
}
