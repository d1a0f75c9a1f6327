//! What strangers write into requests, as plain functions from bytes: for the fuzzer, and for tests that repeat what it
//! has found. Each says by an assertion what must hold whatever comes.

use super::door::{Socket, cookies};
use super::forwarded;
use super::limits::PART_HEAD_BYTES;
use super::multipart::{Event, Splitter};
use super::parcels;
use super::send::{Range, range};
use super::session::Sessions;
use super::tus;
use crate::access::contains;
use hyper::HeaderMap;
use hyper::header::{COOKIE, HeaderName, HeaderValue, RANGE};
use std::net::{Ipv4Addr, SocketAddr};

/// A form, in pieces whose length is the first byte's: every byte of its parts' content was in it, and no head of a part
/// waits without a bound.
pub(crate) fn form(data: &[u8]) {
    let Some((step, body)) = data.split_first() else {
        return;
    };
    let Ok(mut splitter) = Splitter::new("multipart/form-data; boundary=xx") else {
        return;
    };
    let mut content = 0;
    for piece in body.chunks(usize::from(*step).max(1)) {
        splitter.feed(piece);
        loop {
            match splitter.next() {
                Ok(Some(Event::Content(bytes))) => content += bytes.len(),
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => return,
            }
        }
        let most = PART_HEAD_BYTES + piece.len() + 64;
        assert!(splitter.waiting() <= most as u64);
    }
    assert!(content <= body.len());
}

/// Fields of a head, a line each.
fn fields(data: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in data.split(|b| *b == b'\n').take(64) {
        let Some(at) = line.iter().position(|b| *b == b':') else {
            continue;
        };
        let name = HeaderName::from_bytes(&line[..at]);
        let value = HeaderValue::from_bytes(line[at + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    headers
}

/// What proxies say: a stranger's word is nothing, and a known proxy's word never makes anybody local who is not.
pub(crate) fn proxies(data: &[u8]) {
    let headers = fields(data);
    let ask = |address: [u8; 4]| {
        let socket = Socket {
            peer: SocketAddr::from((address, 1)),
            is_encrypted: false,
            must_encrypt: false,
        };
        let known = ["10.0.0.0/8".parse().expect("this is a network")];
        let peer = forwarded::peer(&socket, &headers, &known);
        (peer, known)
    };
    let (stranger, _) = ask([192, 0, 2, 1]);
    let stranger = stranger.expect("a stranger's fields are not read");
    assert_eq!(stranger.address, Ipv4Addr::new(192, 0, 2, 1));
    assert!(!stranger.is_local && !stranger.is_secure);
    if let (Ok(peer), known) = ask([10, 0, 0, 1]) {
        assert_eq!(peer.is_local, peer.address.is_loopback());
        assert!(!peer.is_local || !contains(&known, peer.address));
    }
}

/// Fields of an upload in tus.
pub(crate) fn uploads(data: &[u8]) {
    let headers = fields(data);
    tus::outside(&headers);
    parcels::outside(&headers);
}

/// A range of a file, whose size is the first eight bytes: never beyond its end.
pub(crate) fn ranges(data: &[u8]) {
    let Some((size, rest)) = data.split_first_chunk::<8>() else {
        return;
    };
    let size = u64::from_be_bytes(*size);
    let headers = fields(rest);
    let field = headers.get(RANGE).and_then(|field| field.to_str().ok());
    if let Range::Part(from, count) = range(field, size) {
        assert!(count > 0 && from.checked_add(count).is_some_and(|end| end <= size));
    }
}

/// Cookies and sessions: none is good that this server has not signed.
pub(crate) fn sessions(data: &[u8]) {
    let sessions = Sessions::with_key([7; 32]);
    let mut headers = fields(data);
    if let Ok(value) = HeaderValue::from_bytes(data) {
        headers.append(COOKIE, value);
    }
    for is_secure in [false, true] {
        for each in cookies(&headers, is_secure) {
            assert!(sessions.read(each, 0).is_none());
        }
    }
    if let Ok(text) = std::str::from_utf8(data) {
        assert!(sessions.read(text, 0).is_none());
    }
}
