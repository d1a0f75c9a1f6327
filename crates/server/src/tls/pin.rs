//! How a key is called among people and programs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::Error;
use rustls::pki_types::CertificateDer;
use rustls::server::ParsedCertificate;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// SHA-256 of a certificate's public key, as `curl --pinnedpubkey` takes it: `sha256//` and base64 (RFC 7469 §2.4).
///
/// # Errors
/// When this is no certificate.
pub(super) fn of_key(certificate: &CertificateDer<'_>) -> Result<String, Error> {
    let key = ParsedCertificate::try_from(certificate)?.subject_public_key_info();
    Ok(format!("sha256//{}", STANDARD.encode(Sha256::digest(&key))))
}

/// SHA-256 of a whole certificate in hex, as browsers show it.
pub(super) fn of_certificate(certificate: &CertificateDer<'_>) -> String {
    let mut text = String::new();
    for (at, byte) in Sha256::digest(certificate).iter().enumerate() {
        let colon = if at == 0 { "" } else { ":" };
        // Writing into a string does not fail.
        let _ = write!(text, "{colon}{byte:02X}");
    }
    text
}
