//! Who may talk to this door at all: under which names it is called, and from which pages. All of it is decided from a
//! request's head.

use super::problem::Refusal;
use crate::config::HttpConfig;
use hyper::header::{HOST, ORIGIN};
use hyper::{HeaderMap, Method, Uri};
use std::net::{IpAddr, SocketAddr};

/// The names that count as this server. Others belong to somebody who has pointed a name of theirs at this address, so
/// that a page of theirs may read what is ours (DNS rebinding).
#[derive(Clone, Debug)]
pub(super) struct Hosts {
    names: Vec<String>,
    addresses: Vec<IpAddr>,
    any_address: bool,
}

impl Hosts {
    /// From the settings.
    pub(super) fn new(config: &HttpConfig) -> Self {
        let listen = || config.listen.iter().map(SocketAddr::ip);
        Self {
            names: config
                .hosts
                .iter()
                .map(|name| name.to_ascii_lowercase())
                .collect(),
            addresses: listen().collect(),
            any_address: listen().any(|address| address.is_unspecified()),
        }
    }

    fn allow(&self, host: &str) -> bool {
        let name = without_port(host).to_ascii_lowercase();
        let literal = name.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = literal.parse::<IpAddr>() {
            // An address is no name: nobody can point it anywhere else.
            return address.is_loopback() || self.any_address || self.addresses.contains(&address);
        }
        let name = name.trim_end_matches('.');
        name == "localhost" || name.ends_with(".localhost") || self.names.iter().any(|n| n == name)
    }
}

/// Refuses calls under a strange name, and those that another site's page makes that is no guest.
///
/// # Errors
/// `bad_request`, `wrong_host`, `cross_site`.
pub(super) fn check(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    hosts: &Hosts,
    (is_encrypted, is_guest): (bool, bool),
) -> Result<(), Refusal> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(host) = host(uri, headers) else {
        return Err(Refusal::bad_request("a request names one host"));
    };
    if !hosts.allow(host) {
        return Err(Refusal::new(
            "wrong_host",
            "this server does not answer under that name",
            "call it by its address, or add the name to http.hosts",
        ));
    }
    let site = headers.get("sec-fetch-site").map(|site| site.as_bytes());
    let ours = matches!(site, None | Some(b"same-origin" | b"none"));
    // Following a link to the page is no request of the other page's making.
    let is_link = method == Method::GET && text("sec-fetch-mode") == Some("navigate");
    let from_us = match headers.get(ORIGIN) {
        None => true,
        Some(origin) => origin
            .to_str()
            .is_ok_and(|origin| is_origin_of(origin, host, is_encrypted)),
    };
    if is_guest || ((ours || is_link) && from_us) {
        return Ok(());
    }
    Err(Refusal::new(
        "cross_site",
        "pages of other sites may not use this server",
        "open this server's own page, or use a program",
    ))
}

/// Under which name a request calls this server.
pub(super) fn host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let mut named = headers.get_all(HOST).iter();
    let (first, second) = (named.next(), named.next());
    let sent = first.and_then(|host| host.to_str().ok());
    let host = uri
        .authority()
        .map_or(sent, |authority| Some(authority.as_str()));
    host.filter(|_| second.is_none())
}

/// A plain page is another's where TLS is spoken: somebody on the way may have written it. The other way round a proxy
/// that we do not know may stand between.
fn is_origin_of(origin: &str, host: &str, is_encrypted: bool) -> bool {
    let plain = origin.strip_prefix("http://").filter(|_| !is_encrypted);
    let authority = plain.or_else(|| origin.strip_prefix("https://"));
    authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

fn without_port(host: &str) -> &str {
    let end = match host.strip_prefix('[') {
        Some(rest) => rest.find(']').map_or(host.len(), |at| at + 2),
        None => host.find(':').unwrap_or(host.len()),
    };
    &host[..end]
}

#[cfg(test)]
mod tests;
