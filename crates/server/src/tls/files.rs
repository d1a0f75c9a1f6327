//! A certificate and its key from PEM files (RFC 7468).

use kinora_store::contract::Problem;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Bytes of a file; a chain of certificates has some ten thousand.
const MOST: u64 = 1 << 20;

/// What changes with each writing: inode, time of change in seconds and nanoseconds, size.
pub(super) type Version = Option<(u64, i64, i64, u64)>;

/// The version of a file; none of one that is not there. Links are followed: tools that renew certificates turn them.
pub(super) fn version(path: &Path) -> Version {
    let metadata = fs::metadata(path).ok()?;
    Some((
        metadata.ino(),
        metadata.ctime(),
        metadata.ctime_nsec(),
        metadata.size(),
    ))
}

/// Reads both, and sees that they belong together.
///
/// # Errors
/// `tls_files`: which of them is wrong, and how. Never what is in them.
pub(super) fn load(
    certificate: &Path,
    key: &Path,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, Problem> {
    let chain = read(certificate).and_then(|pem| {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        match chain {
            Ok(chain) if !chain.is_empty() => Ok(chain),
            _ => Err("there is no certificate in PEM form in it".to_owned()),
        }
    });
    let chain = chain.map_err(|reason| wrong(certificate, &reason))?;
    let private = read(key).and_then(|pem| {
        PrivateKeyDer::from_pem_slice(&pem)
            .map_err(|_| "there is no key in PEM form in it, or it has a password".to_owned())
    });
    let private = private.map_err(|reason| wrong(key, &reason))?;
    CertifiedKey::from_der(chain, private, provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => wrong(
            key,
            &format!("this is not the key of {}", certificate.display()),
        ),
        other => wrong(key, &other.to_string()),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let all = || -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(path)?.take(MOST).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    all().map_err(|error| error.to_string())
}

pub(super) fn wrong(path: &Path, reason: &str) -> Problem {
    Problem {
        code: "tls_files".into(),
        description: format!("{}: {reason}", path.display()),
        solution: "set tls.certificate to the certificate with those that vouch for it, and tls.key to its key, both in \
                   PEM form and readable for the server; or neither, and one is generated"
            .into(),
    }
}
