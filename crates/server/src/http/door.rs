//! What all requests of this door share, and what a request tells of its sender.

use super::cors::Origins;
use super::digest::Digests;
use super::guard::Hosts;
use super::mapped::Maps;
use super::problem::Refusal;
use super::requests::Requests;
use super::session::{Name, Session, Sessions, cookie, cookie_name};
use super::source::{Buffers, Means};
use super::streams::Streams;
use crate::access::{Access, Entry, Network};
use crate::asker::Asker;
use crate::config::Config;
use crate::quota::Quota;
use crate::services::Services;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, COOKIE as COOKIES, HeaderValue, SET_COOKIE};
use kinora_jobs::{clock, policy};
use kinora_store::contract::Problem;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// What all requests share.
pub(super) struct Shared {
    pub(super) services: Arc<Services>,
    pub(super) sessions: Sessions,
    pub(super) hosts: Hosts,
    pub(super) origins: Origins,
    pub(super) proxies: Vec<Network>,
    buffers: Arc<Buffers>,
    maps: Arc<Maps>,
    pub(super) streams: Arc<Streams>,
    pub(super) digests: Digests,
    pub(super) requests: Requests,
    pub(super) quota: Arc<Quota>,
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
            origins: Origins::new(&config.library.cors_origins),
            proxies: config.http.proxies.clone(),
            buffers: Arc::default(),
            maps: Arc::default(),
            streams: Arc::default(),
            digests: Digests::default(),
            requests: Requests::default(),
            quota: Quota::new(config.http.client_connections, config.http.client_rate),
            patience: config.http.patience,
            stopping,
        })
    }
}

/// The other end of a request's connection; put beside it by the connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Socket {
    pub(super) peer: SocketAddr,
    pub(super) is_encrypted: bool,
    /// It speaks plainly where it may not.
    pub(super) must_encrypt: bool,
}

/// Where a request comes from, proxies seen through; put beside it before anything is done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    pub(super) address: IpAddr,
    /// From this machine, and from nowhere behind it.
    pub(super) is_local: bool,
    /// The sender itself speaks TLS: with us, or with a proxy that is believed.
    pub(super) is_secure: bool,
}

/// Who sent a request.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    /// What counts as one client, as at every door.
    pub(super) client: String,
    /// As far as it has shown.
    pub(super) identity: Identity,
    /// The session that it has shown, and whether as a cookie.
    session: Option<(Session, bool)>,
    /// See [`Peer::is_secure`].
    is_secure: bool,
}

/// Who somebody is.
#[derive(Clone, Debug)]
pub(super) enum Identity {
    /// Nothing is known.
    Nobody,
    /// The same as before: the name of a session.
    Session(String),
    /// The holder of this token.
    Holder(Entry),
}

/// A session that began with this request, or goes on longer: what its sender has to be told.
#[derive(Clone, Debug)]
pub(super) struct Welcome {
    /// The token.
    pub(super) token: String,
    is_secure: bool,
}

impl Welcome {
    /// The same for browsers.
    pub(super) fn cookie(&self) -> HeaderValue {
        HeaderValue::try_from(cookie(&self.token, self.is_secure))
            .expect("a token has letters and digits only")
    }
}

impl Visitor {
    /// As whom it asks. Without a session nothing is theirs.
    pub(super) fn asker(&self) -> Asker {
        self.known().unwrap_or_else(|| Asker::Owner(String::new()))
    }

    /// The session that it must have.
    ///
    /// # Errors
    /// `no_session`.
    pub(super) fn owner(&self) -> Result<Asker, Refusal> {
        self.known().ok_or_else(|| {
            Refusal::new(
                "no_session",
                "this needs a session, and the request names none",
                "POST /api/sessions, and send its token as \"Authorization: Bearer …\" with every request",
            )
        })
    }

    /// As whom it asks, with a new session if it had none.
    pub(super) fn owner_or_new(&self, shared: &Shared) -> (Asker, Option<Welcome>) {
        if let Some(asker) = self.known() {
            return (asker, None);
        }
        let session = Session::random(now());
        let asker = of_session(&session);
        (asker, Some(shared.welcome(&session, self.is_secure)))
    }

    /// A new session: of the token where one was shown, else one that nobody had before.
    ///
    /// # Errors
    /// `token_required` where only who has a token is served.
    pub(super) fn begin(&self, shared: &Shared) -> Result<Welcome, Refusal> {
        let session = self.new_session(shared).ok_or_else(token_required)?;
        Ok(shared.welcome(&session, self.is_secure))
    }

    /// For the page: a cookie where there is none, and a new one where it gets old.
    pub(super) fn cookie(&self, shared: &Shared) -> Option<HeaderValue> {
        let session = match &self.session {
            Some((session, true)) => session.renewed(now())?,
            _ => self.new_session(shared)?,
        };
        Some(shared.welcome(&session, self.is_secure).cookie())
    }

    fn new_session(&self, shared: &Shared) -> Option<Session> {
        match &self.identity {
            Identity::Holder(entry) => Some(Session::of_token(entry.id(), now())),
            _ if shared.services.access == Access::Tokens => None,
            Identity::Nobody | Identity::Session(_) => Some(Session::random(now())),
        }
    }

    fn known(&self) -> Option<Asker> {
        match &self.identity {
            Identity::Nobody => None,
            Identity::Session(name) => Some(Asker::Owner(format!("session:{name}"))),
            Identity::Holder(entry) => Some(Asker::named(&entry.name, false)),
        }
    }

    /// Who sent a request with this head.
    ///
    /// # Errors
    /// `invalid_token`: a credential that is worth nothing. A cookie that is, is none: the page gets another one.
    pub(super) fn of(
        shared: &Shared,
        peer: Option<&Peer>,
        headers: &HeaderMap,
    ) -> Result<Self, Refusal> {
        let client = peer.map_or_else(String::new, |peer| policy::client_key(peer.address));
        let is_secure = peer.is_some_and(|peer| peer.is_secure);
        let (identity, session) = match headers.get(AUTHORIZATION) {
            Some(field) => {
                let token = field.to_str().ok().and_then(bearer);
                let shown = token.and_then(|token| shared.known(token));
                let (identity, session) = shown.ok_or_else(invalid_token)?;
                (identity, session.map(|session| (session, false)))
            }
            None => {
                let shown = cookies(headers, is_secure).find_map(|each| {
                    // A token itself is no cookie: it would outlive its session there.
                    let (identity, session) = shared.known(each)?;
                    Some((identity, Some((session?, true))))
                });
                shown.unwrap_or((Identity::Nobody, None))
            }
        };
        Ok(Self {
            client,
            identity,
            session,
            is_secure,
        })
    }

    /// Whether what it has shown is still worth something, long after its request began.
    pub(super) fn is_still_known(&self, shared: &Shared) -> bool {
        match &self.identity {
            Identity::Holder(entry) => shared.services.tokens.with_id(entry.id()).is_some(),
            Identity::Nobody | Identity::Session(_) => true,
        }
    }

    /// The same visitor with a token that it has shown beside the head.
    ///
    /// # Errors
    /// `invalid_token`.
    pub(super) fn with_token(self, shared: &Shared, token: &str) -> Result<Self, Refusal> {
        let entry = shared
            .services
            .tokens
            .find(token)
            .ok_or_else(invalid_token)?;
        Ok(Self {
            identity: Identity::Holder(entry),
            ..self
        })
    }
}

impl Shared {
    fn welcome(&self, session: &Session, is_secure: bool) -> Welcome {
        let token = self.sessions.token(session);
        Welcome { token, is_secure }
    }

    /// Whom a token belongs to, and the session if it is one's.
    fn known(&self, token: &str) -> Option<(Identity, Option<Session>)> {
        if let Some(entry) = self.services.tokens.find(token) {
            return Some((Identity::Holder(entry), None));
        }
        let session = self.sessions.read(token, now())?;
        let identity = match &session.name {
            // Who has a token is asked for it; nobody else is known by a session.
            Name::Random(_) if self.services.access == Access::Tokens => return None,
            Name::Random(name) => Identity::Session(name.clone()),
            Name::Token(id) => Identity::Holder(self.services.tokens.with_id(id)?),
        };
        Some((identity, Some(session)))
    }
}

impl FromRequestParts<Arc<Shared>> for Visitor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Refusal> {
        Self::of(shared, parts.extensions.get::<Peer>(), &parts.headers)
    }
}

impl FromRequestParts<Arc<Shared>> for Means {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        shared: &Arc<Shared>,
    ) -> Result<Self, Infallible> {
        let socket = parts.extensions.get::<Socket>();
        let is_plain = socket.is_some_and(|socket| !socket.is_encrypted);
        Ok(Self {
            buffers: Arc::clone(&shared.buffers),
            counters: Arc::clone(&shared.services.counters),
            maps: is_plain.then(|| Arc::clone(&shared.maps)),
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

/// The values of our cookie. The one of encrypted connections has another name, and only there it counts: what somebody
/// on the way has put into a plain answer is nothing to it.
pub(super) fn cookies(headers: &HeaderMap, is_secure: bool) -> impl Iterator<Item = &str> {
    let fields = headers.get_all(COOKIES).iter();
    let pairs = fields
        .filter_map(|field| field.to_str().ok())
        .flat_map(|field| field.split(';'));
    let wanted = cookie_name(is_secure);
    pairs.filter_map(move |pair| {
        let (name, value) = pair.split_once('=')?;
        (name.trim() == wanted).then(|| value.trim())
    })
}

fn of_session(session: &Session) -> Asker {
    let (Name::Random(name) | Name::Token(name)) = &session.name;
    Asker::Owner(format!("session:{name}"))
}

fn invalid_token() -> Refusal {
    Refusal::new(
        "invalid_token",
        "the token is none of this server's, was taken back, or its time is over",
        "POST /api/sessions for a new session, or ask the server's operator for a token (kinora token create NAME)",
    )
}

/// For who has shown nothing.
pub(super) fn token_required() -> Refusal {
    Refusal::new(
        "token_required",
        "this server serves only who has a token, and the request shows none",
        "ask its operator for one (kinora token create NAME), and send it as \"Authorization: Bearer …\", or once to \
         POST /api/sessions",
    )
}

fn now() -> u32 {
    u32::try_from(clock::now() / 1000).unwrap_or(u32::MAX)
}
