//! `Repr-Digest` (RFC 9530): the SHA-256 of a whole result, for whoever wants it.
//!
//! The store knows a result's BLAKE3, which is no registered algorithm, and stands in the `ETag`. SHA-256 takes a
//! reading of the whole file, so it is made when it is asked for, and remembered.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use sha2::Digest as _;
use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, PoisonError};

/// The field of the answer.
pub(super) const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");
const WANT: HeaderName = HeaderName::from_static("want-repr-digest");
/// Digests that are remembered; each has about 100 bytes.
const MOST: usize = 1024;
/// What is read at once.
const PIECE: usize = 1 << 20;

/// Digests by the BLAKE3 of what they are of, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Digests(Mutex<VecDeque<(String, HeaderValue)>>);

/// Whether the request wants a digest that can be given: `Want-Repr-Digest: sha-256=5, sha-512=3`.
pub(super) fn wanted(headers: &HeaderMap) -> bool {
    let fields = headers.get_all(WANT).iter();
    let mut pairs = fields
        .filter_map(|field| field.to_str().ok())
        .flat_map(|field| field.split(','));
    pairs.any(|pair| {
        let (name, weight) = pair.split_once('=').unwrap_or((pair, "1"));
        name.trim() == "sha-256" && weight.trim() != "0"
    })
}

/// The field's value for this file. Reads all of it.
///
/// # Errors
/// What the disk says.
pub(super) fn sha256(file: &File) -> io::Result<HeaderValue> {
    let size = file.metadata()?.len();
    let mut state = sha2::Sha256::new();
    let mut piece = vec![0u8; PIECE];
    let mut at = 0;
    while at < size {
        // With offsets, because the place within the file is shared with whoever sends it.
        let n = file.read_at(&mut piece, at)?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        state.update(&piece[..n]);
        at += n as u64;
    }
    let text = format!("sha-256=:{}:", STANDARD.encode(state.finalize()));
    HeaderValue::try_from(text).map_err(io::Error::other)
}

impl Digests {
    /// What is known of this content.
    pub(super) fn find(&self, name: &str) -> Option<HeaderValue> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = all.iter().find(|(each, _)| each == name);
        found.map(|(_, value)| value.clone())
    }

    /// Remembers it.
    pub(super) fn put(&self, name: String, value: HeaderValue) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.pop_front();
        }
        all.push_back((name, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_given_is_wanted() {
        let check = |field: &str, expected: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(WANT, field.parse().unwrap());
            assert_eq!(wanted(&headers), expected, "{field}");
        };
        check("sha-256=1", true);
        check("sha-512=10, sha-256=3", true);
        check("sha-256=0", false);
        check("sha-512=10", false);
        assert!(!wanted(&HeaderMap::new()));
    }
}
