//! Which request is served for whom. The only place that knows what each route asks of a token.

use super::door::{Identity, Peer, Shared, Socket, Visitor, token_required};
use super::forwarded;
use super::problem::Refusal;
use crate::access::{Access, Scope};
use axum::extract::{MatchedPath, Request};
use hyper::Method;
use hyper::header::{HeaderValue, WWW_AUTHENTICATE};
use std::time::Instant;

/// What a route asks of whoever calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// Nothing: it is how one signs in, or tells nothing.
    Nothing,
    /// Any token, where tokens are asked for.
    Someone,
    /// A token with this scope, where tokens are asked for.
    Scope(Scope),
    /// A token with one of these.
    Either(Scope, Scope),
    /// To be on this machine, or a token with the scope `administer`.
    Operator,
}

/// Looks who asks, and puts it beside the request.
///
/// # Errors
/// `too_many_requests`, `token_required`, `invalid_token`, `wrong_scope`; `no_page` for what only the operator may know of.
pub(super) fn check(shared: &Shared, request: &mut Request) -> Result<(), Refusal> {
    let socket = request.extensions().get::<Socket>().copied();
    let peer = socket.map(|socket| forwarded::peer(&socket, request.headers(), &shared.proxies));
    let peer = peer.transpose()?;
    if let Some(peer) = peer {
        shared.quota.admit(peer.address, Instant::now())?;
        request.extensions_mut().insert(peer);
    }
    let route = request.extensions().get::<MatchedPath>();
    let path = request.uri().path();
    let need = need(route.map(MatchedPath::as_str), request.method(), path);
    if need == Need::Nothing {
        return Ok(());
    }
    let visitor = Visitor::of(shared, peer.as_ref(), request.headers())?;
    decide(
        need,
        &visitor.identity,
        peer.as_ref(),
        shared.services.access,
    )
}

fn need(route: Option<&str>, method: &Method, path: &str) -> Need {
    match route {
        Some("/healthz") => Need::Nothing,
        Some("/api/sessions") if method == Method::POST => Need::Nothing,
        Some("/api/status" | "/metrics" | "/api/links" | "/api/links/{id}") => Need::Operator,
        // The address itself says who may.
        Some(route) if route.starts_with("/watch/") => Need::Nothing,
        Some("/api/library" | "/api/library/{id}") => Need::Scope(Scope::Watch),
        // Whoever may use the server for anything may talk with the others who do.
        Some("/chat") => Need::Either(Scope::Watch, Scope::Process),
        Some(route) if route.starts_with("/api/talk/") => {
            Need::Either(Scope::Watch, Scope::Process)
        }
        Some("/readyz" | "/api/operations" | "/api/operations/{name}") => Need::Someone,
        Some("/api/openapi.json" | "/api/docs" | "/api/docs.css") => Need::Someone,
        // Whatever else there is works on jobs, and so does what is added without a line here.
        Some(_) => Need::Scope(Scope::Process),
        None if path.starts_with("/api/") || path.starts_with("/files/") => Need::Someone,
        // The page itself is the same for everybody; what it shows it has to ask for.
        None => Need::Nothing,
    }
}

fn decide(
    need: Need,
    identity: &Identity,
    peer: Option<&Peer>,
    access: Access,
) -> Result<(), Refusal> {
    let scopes = match need {
        Need::Nothing | Need::Someone => Vec::new(),
        Need::Scope(scope) => vec![scope],
        Need::Either(first, second) => vec![first, second],
        Need::Operator if peer.is_some_and(|peer| peer.is_local) => return Ok(()),
        Need::Operator => vec![Scope::Administer],
    };
    match (identity, scopes.first()) {
        (Identity::Holder(entry), Some(scope))
            if !scopes.iter().any(|scope| entry.scopes.contains(scope)) =>
        {
            Err(wrong_scope(*scope))
        }
        (Identity::Holder(_), _) => Ok(()),
        _ if access == Access::Tokens => Err(token_required()),
        _ if need == Need::Operator => Err(Refusal::no_page()),
        _ => Ok(()),
    }
}

fn wrong_scope(scope: Scope) -> Refusal {
    // RFC 6750 §3.1.
    let field = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
    let refusal = Refusal::new(
        "wrong_scope",
        format!("the token does not allow this: it lacks the scope \"{scope}\""),
        "ask the server's operator for one that does (kinora token create NAME --scope …)",
    );
    let field = HeaderValue::try_from(field).expect("our own words");
    refusal.with(WWW_AUTHENTICATE, field)
}
