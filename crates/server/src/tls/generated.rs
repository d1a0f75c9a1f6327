//! The certificate of a server that was given none: signed by itself, for ten years, with a key that stays.
//!
//! Before the certificate in its file stands a line with the names that it is for and its end. When these are not what
//! is wanted any more, another one is made of the same key.

use super::files::{self, wrong};
use kinora_store::contract::Problem;
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, SerialNumber,
};
use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY: u64 = 24 * 3600;
/// How long a certificate is good. Clients of ours look at its key, browsers have to be told to trust it.
const LIFE: Duration = Duration::from_secs(3650 * DAY);
/// It is made anew so long before its end.
const REST: Duration = Duration::from_secs(90 * DAY);
/// Clocks of clients may be behind.
const BEFORE: Duration = Duration::from_secs(DAY);

/// What a server may be called: this machine, its name, where it listens, and what it was given.
pub(crate) fn names(listen: impl Iterator<Item = IpAddr>, given: &[String]) -> Vec<String> {
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    let machine = rustix::system::uname();
    let machine = machine.nodename().to_str().ok().map(str::to_owned);
    let addresses = listen
        .map(|ip| ip.to_canonical())
        .filter(|ip| !ip.is_unspecified());
    let found = machine
        .into_iter()
        .chain(addresses.map(|ip| ip.to_string()));
    for name in found.chain(given.iter().cloned()) {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"-.:".contains(&b);
        if !name.is_empty() && name.bytes().all(fits) && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Where the two are kept.
pub(super) fn paths(data: &Path) -> (PathBuf, PathBuf) {
    (data.join("tls.pem"), data.join("tls.key"))
}

/// Reads both, and makes what is missing or does not fit.
///
/// # Errors
/// `tls_files`: they are there and cannot be used, or cannot be written.
pub(super) fn open(
    data: &Path,
    names: &[String],
    now: SystemTime,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, Problem> {
    let (certificate, key) = paths(data);
    let fail = |path: &Path| {
        let path = path.to_owned();
        move |error: io::Error| wrong(&path, &error.to_string())
    };
    if !key.exists() {
        make_key(&key).map_err(fail(&key))?;
    }
    let text = fs::read_to_string(&certificate).unwrap_or_default();
    if !fits(&text, names, now) {
        let pair = read_key(&key).map_err(fail(&key))?;
        let pem = issue(&pair, names, now).map_err(fail(&certificate))?;
        appear(&certificate, pem.as_bytes()).map_err(fail(&certificate))?;
        tracing::info!(names = names.join(" "), "a certificate was generated");
    }
    files::load(&certificate, &key, provider)
}

fn make_key(path: &Path) -> io::Result<()> {
    let pair = KeyPair::generate().map_err(io::Error::other)?;
    appear(path, pair.serialize_pem().as_bytes())
}

fn read_key(path: &Path) -> io::Result<KeyPair> {
    let pem = fs::read_to_string(path)?;
    // The library's words might repeat what is in it.
    KeyPair::from_pem(&pem).map_err(|_| io::Error::other("this is no key that was generated here"))
}

fn issue(pair: &KeyPair, names: &[String], now: SystemTime) -> io::Result<String> {
    let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
    params
        .distinguished_name
        .push(DnType::CommonName, "Kinora, signed by itself");
    params.not_before = (now - BEFORE).into();
    params.not_after = (now + LIFE).into();
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // A second certificate with the serial number of the first would be refused by browsers (RFC 5280 §4.1.2.2).
    let mut serial = [0u8; 16];
    getrandom::fill(&mut serial).map_err(io::Error::other)?;
    serial[0] &= 0x7f;
    params.serial_number = Some(SerialNumber::from(serial.to_vec()));
    let certificate = params.self_signed(pair).map_err(io::Error::other)?;
    Ok(format!(
        "{}\n{}",
        note(names, now + LIFE),
        certificate.pem()
    ))
}

/// The line before the certificate.
fn note(names: &[String], end: SystemTime) -> String {
    let seconds = end.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    format!("kinora {seconds} {}", names.join(" "))
}

fn fits(text: &str, names: &[String], now: SystemTime) -> bool {
    let line = text.lines().next().unwrap_or_default();
    let mut words = line.split(' ');
    let (mark, end) = (words.next(), words.next());
    let end = end
        .and_then(|end| end.parse().ok())
        .map(Duration::from_secs);
    let enough = now.duration_since(UNIX_EPOCH).unwrap_or_default() + REST;
    mark == Some("kinora") && end.is_some_and(|end| end > enough) && words.eq(names)
}

/// Appears whole or not at all, for its owner alone.
fn appear(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let half = path.with_extension("new");
    let _ = fs::remove_file(&half);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&half)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&half, path)?;
    File::open(path.parent().unwrap_or(path))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::pin;
    use std::os::unix::fs::PermissionsExt;

    fn names(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn the_key_stays_and_the_certificate_follows_the_names() {
        let place = tempfile::tempdir().unwrap();
        let provider = rustls::crypto::ring::default_provider();
        let now = SystemTime::now();
        let made = |list: &str, now| {
            let made = open(place.path(), &names(list), now, &provider).unwrap();
            let certificate = &made.cert[0];
            (
                pin::of_key(certificate).unwrap(),
                pin::of_certificate(certificate),
            )
        };
        let first = made("localhost 192.0.2.1", now);
        assert_eq!(made("localhost 192.0.2.1", now), first);
        let other = made("localhost studio.lan", now);
        assert_eq!(other.0, first.0);
        assert_ne!(other.1, first.1);
        let later = made("localhost studio.lan", now + LIFE - REST);
        assert_eq!(later.0, first.0);
        assert_ne!(later.1, other.1);
        assert!(
            first.0.starts_with("sha256//") && first.0.len() == 8 + 44,
            "{first:?}"
        );
        assert_eq!(first.1.len(), 32 * 3 - 1);
        let mode = fs::metadata(place.path().join("tls.key"))
            .unwrap()
            .permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
    }

    #[test]
    fn a_key_that_is_none_is_not_replaced() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("tls.key"), "hunter2").unwrap();
        let provider = rustls::crypto::ring::default_provider();
        let done = open(
            place.path(),
            &names("localhost"),
            SystemTime::now(),
            &provider,
        );
        let problem = done.err().unwrap();
        assert_eq!(problem.code, "tls_files");
        assert!(!problem.description.contains("hunter2"), "{problem:?}");
        let kept = fs::read_to_string(place.path().join("tls.key")).unwrap();
        assert_eq!(kept, "hunter2");
    }
}
