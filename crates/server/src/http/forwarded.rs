//! Where a request comes from, when proxies stand between: `Forwarded` (RFC 7239) and `X-Forwarded-For`.
//!
//! Anybody can write these fields. So they are read from their end, where the nearest proxy has written, and only as
//! far as known proxies have.

use super::door::{Peer, Socket};
use super::problem::Refusal;
use crate::access::{Network, contains};
use hyper::HeaderMap;
use hyper::header::{FORWARDED, HeaderName};
use std::net::{IpAddr, SocketAddr};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// Fields that nobody sends who is not a proxy, known or not.
const OF_PROXIES: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/// Where a request comes from.
///
/// # Errors
/// `bad_request`: a known proxy says what cannot be understood.
pub(super) fn peer(
    socket: &Socket,
    headers: &HeaderMap,
    proxies: &[Network],
) -> Result<Peer, Refusal> {
    let address = socket.peer.ip().to_canonical();
    if contains(proxies, address) {
        let origin = origin(headers, proxies).map_err(Refusal::bad_request)?;
        let address = origin.unwrap_or(address);
        return Ok(Peer {
            address,
            is_local: address.is_loopback(),
            is_secure: socket.is_encrypted || says_https(headers),
        });
    }
    let has_passed = OF_PROXIES.iter().any(|name| headers.contains_key(*name));
    Ok(Peer {
        address,
        is_local: address.is_loopback() && !has_passed,
        is_secure: socket.is_encrypted,
    })
}

/// Whether the nearest proxy says that it was spoken to in TLS.
fn says_https(headers: &HeaderMap) -> bool {
    let is_https = |text: &[u8]| text.trim_ascii().eq_ignore_ascii_case(b"https");
    let usual = elements(headers, &X_FORWARDED_PROTO).next();
    let standard = elements(headers, &FORWARDED).next().and_then(|element| {
        let mut pairs = element.split(|b| *b == b';');
        pairs.find_map(|pair| {
            let at = pair.iter().position(|b| *b == b'=')?;
            let name = pair[..at].trim_ascii();
            name.eq_ignore_ascii_case(b"proto").then(|| &pair[at + 1..])
        })
    });
    usual.or(standard).is_some_and(is_https)
}

/// The last hop that no known proxy stands at, or the first of all; none where nothing is said.
///
/// # Errors
/// What makes no sense.
fn origin(headers: &HeaderMap, proxies: &[Network]) -> Result<Option<IpAddr>, &'static str> {
    let standard = resolve(elements(headers, &FORWARDED).map(named), proxies)?;
    let usual = resolve(elements(headers, &X_FORWARDED_FOR).map(address), proxies)?;
    match (standard, usual) {
        // A proxy that writes the one passes on what a client writes into the other.
        (Some(one), Some(other)) if one != other => {
            Err("Forwarded and X-Forwarded-For contradict each other")
        }
        (one, other) => Ok(one.or(other)),
    }
}

fn resolve(
    hops: impl Iterator<Item = Option<IpAddr>>,
    proxies: &[Network],
) -> Result<Option<IpAddr>, &'static str> {
    let mut origin = None;
    for hop in hops {
        let hop = hop.ok_or("a proxy says of its client what is no address")?;
        origin = Some(hop);
        if !contains(proxies, hop) {
            break;
        }
    }
    Ok(origin)
}

/// The elements of a field, the nearest hop first. Commas inside of quotes divide, too: no proxy writes such, and what
/// others write must not hide where a proxy's own begins.
fn elements<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
    let fields = headers.get_all(name).iter().rev();
    fields.flat_map(|field| field.as_bytes().rsplit(|b| *b == b','))
}

/// The address in `for=`.
fn named(element: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(element).ok()?;
    let node = text.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for").then_some(value)
    })?;
    let unquoted = node
        .strip_prefix('"')
        .and_then(|node| node.strip_suffix('"'));
    address(unquoted.unwrap_or(node).as_bytes())
}

/// An address, with a port or without.
fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let bracketed = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let bare = bracketed.unwrap_or(text).parse::<IpAddr>().ok();
    let found = bare.or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()));
    found.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests;
