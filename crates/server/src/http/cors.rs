//! Which pages of other sites may play what this server has (Fetch, 3.2). Only addresses below `/watch/` are ever theirs:
//! these carry their permission in themselves, and no cookie means anything there.

use axum::response::{IntoResponse, Response};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, StatusCode};

/// Where all of it lies.
const PLACE: &str = "/watch/";
/// What a page may read of an answer beside the usual.
const EXPOSED: &str = "accept-ranges, content-length, content-range, etag";
/// What a page may send along.
const ALLOWED: &str = "if-none-match, if-range, range";
/// Seconds for which a browser need not ask again.
const KEPT: &str = "7200";

/// The origins that the operator has named.
#[derive(Clone, Debug, Default)]
pub(super) struct Origins {
    names: Vec<String>,
    is_any: bool,
}

/// A page of another site that may.
#[derive(Clone, Debug)]
pub(super) struct Guest(HeaderValue);

impl Origins {
    /// From the setting; `*` is any.
    pub(super) fn new(names: &[String]) -> Self {
        Self {
            names: names.iter().map(|name| name.to_ascii_lowercase()).collect(),
            is_any: names.iter().any(|name| name == "*"),
        }
    }

    /// The page that asks, if it is another site's and may.
    pub(super) fn guest(&self, path: &str, headers: &HeaderMap) -> Option<Guest> {
        let origin = headers.get(header::ORIGIN)?;
        let text = origin.to_str().ok()?.to_ascii_lowercase();
        let is_named = || self.names.contains(&text);
        let may = path.starts_with(PLACE) && (self.is_any || is_named());
        // The answer to one page may be kept for another.
        may.then(|| match self.is_any {
            true => Guest(HeaderValue::from_static("*")),
            false => Guest(origin.clone()),
        })
    }

    /// Whether answers differ by who asks.
    pub(super) fn vary(&self, path: &str) -> bool {
        !self.is_any && !self.names.is_empty() && path.starts_with(PLACE)
    }
}

impl Guest {
    /// The answer to a question before the request (Fetch, 3.2.2), if it is one.
    pub(super) fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<Response> {
        let is_question = method == Method::OPTIONS
            && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        let fields = [
            (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD"),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED),
            (header::ACCESS_CONTROL_MAX_AGE, KEPT),
        ];
        is_question.then(|| (StatusCode::NO_CONTENT, fields).into_response())
    }

    /// Lets the page read the answer.
    pub(super) fn welcome(&self, fields: &mut HeaderMap) {
        let mut set = |name: HeaderName, value: HeaderValue| fields.insert(name, value);
        set(header::ACCESS_CONTROL_ALLOW_ORIGIN, self.0.clone());
        set(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(EXPOSED),
        );
        set(
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("cross-origin"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(named: &[&str], path: &str, origin: &str, expected: Option<&str>) {
        let named: Vec<String> = named.iter().map(|&name| name.to_owned()).collect();
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, origin.parse().unwrap());
        let guest = Origins::new(&named).guest(path, &headers);
        let found = guest.map(|guest| guest.0);
        assert_eq!(
            found.as_ref().map(|value| value.to_str().unwrap()),
            expected,
            "{named:?} {path} {origin}"
        );
    }

    #[test]
    fn only_named_pages_and_only_what_is_watched() {
        let site = "https://films.example";
        check(&[], "/watch/x", site, None);
        check(&[site], "/watch/x", site, Some(site));
        check(&[site], "/api/library", site, None);
        check(&[site], "/watch", site, None);
        check(
            &[site],
            "/watch/x",
            "https://films.example.evil.example",
            None,
        );
        check(&[site], "/watch/x", "http://films.example", None);
        check(&[site], "/watch/x", "null", None);
        check(&["*"], "/watch/x", site, Some("*"));
        check(&["*"], "/api/jobs", site, None);
    }
}
