//! What is said to who asks plainly where TLS has to be spoken: a browser that wants the page is sent there, everybody
//! else is told.

use super::guard;
use super::problem::Refusal;
use axum::extract::{MatchedPath, Request};
use hyper::header::{HeaderValue, LOCATION};
use hyper::{Method, StatusCode};

/// The refusal of a request whose name for this server has been found good. For the page it is a redirection.
pub(super) fn refuse(request: &Request) -> Refusal {
    let refusal = Refusal::new(
        "tls_required",
        "this server speaks only TLS with clients beyond its own machine, and the connection is plain",
        "call the same address with https://",
    );
    match location(request) {
        Some(place) => refusal
            .with_status(StatusCode::PERMANENT_REDIRECT)
            .with(LOCATION, place),
        None => refusal,
    }
}

/// Where the page is to be had; none for what is no page.
fn location(request: &Request) -> Option<HeaderValue> {
    let path = request.uri().path();
    let is_routed = request.extensions().get::<MatchedPath>().is_some();
    let is_page = !is_routed && !path.starts_with("/api/") && !path.starts_with("/files/");
    if !is_page || !matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let host = guard::host(request.uri(), request.headers())?;
    let rest = request.uri().path_and_query()?;
    HeaderValue::try_from(format!("https://{host}{rest}")).ok()
}
