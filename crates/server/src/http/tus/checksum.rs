//! `Upload-Checksum`: what the body of one request must hash to.

use super::CHECKSUM;
use crate::http::problem::Refusal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use sha1::Digest as _;

/// What is understood.
pub(super) const NAMES: &str = "sha1,sha256";

/// A digest that grows, and what it has to be in the end.
#[derive(Clone, Debug)]
pub(super) struct Checksum {
    state: State,
    wanted: Vec<u8>,
}

#[derive(Clone, Debug)]
enum State {
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
}

impl Checksum {
    /// Reads the field, which may be missing.
    pub(super) fn of(headers: &HeaderMap) -> Result<Option<Self>, Refusal> {
        let Some(field) = headers.get(CHECKSUM) else {
            return Ok(None);
        };
        let read = field.to_str().ok().and_then(read);
        read.map(Some).ok_or_else(|| {
            Refusal::bad_request(format!(
                "Upload-Checksum is not one of {NAMES} with a digest in Base64"
            ))
        })
    }

    /// More of the body.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Sha1(state) => state.update(bytes),
            State::Sha256(state) => state.update(bytes),
        }
    }

    /// Whether the body is what it should be.
    pub(super) fn fits(self) -> bool {
        match self.state {
            State::Sha1(state) => state.finalize().as_slice() == self.wanted,
            State::Sha256(state) => state.finalize().as_slice() == self.wanted,
        }
    }
}

fn read(field: &str) -> Option<Checksum> {
    let (name, digest) = field.trim().split_once(' ')?;
    let wanted = STANDARD.decode(digest.trim()).ok()?;
    let (state, length) = match name {
        "sha1" => (State::Sha1(sha1::Sha1::new()), 20),
        "sha256" => (State::Sha256(sha2::Sha256::new()), 32),
        _ => return None,
    };
    (wanted.len() == length).then_some(Checksum { state, wanted })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(field: &str, body: &[u8], expected: Option<bool>) {
        let right = read(field).map(|mut checksum| {
            body.iter().for_each(|byte| checksum.update(&[*byte]));
            checksum.fits()
        });
        assert_eq!(right, expected, "{field}");
    }

    #[test]
    fn digests_are_compared() {
        // The test vectors of FIPS 180: "abc".
        check("sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", b"abc", Some(true));
        check("sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", b"abd", Some(false));
        check(
            "sha256 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
            b"abc",
            Some(true),
        );
        check("md5 kAFQmDzST7DWlj99KOF/cg==", b"abc", None);
        check("sha1 AAAA", b"", None);
        check("sha1", b"", None);
    }
}
