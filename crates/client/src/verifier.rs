//! Whether a server is the one that is meant: by a certificate that the system trusts, else by a key that was met before.

use crate::trust::Pin;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// What a certificate turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Somebody whom the system trusts vouches for it under this name.
    Vouched(Pin),
    /// It has the key that was met before.
    Known(Pin),
    /// Nobody knows it.
    New(Pin),
    /// It has another key than the one that was met before.
    Changed(Pin),
}

/// Looks at one server's certificate.
#[derive(Debug)]
pub(crate) struct Verifier {
    provider: Arc<CryptoProvider>,
    known: Option<Pin>,
    found: Mutex<Option<Found>>,
}

impl Verifier {
    pub(crate) fn new(provider: Arc<CryptoProvider>, known: Option<Pin>) -> Self {
        Self {
            provider,
            known,
            found: Mutex::new(None),
        }
    }

    /// What came of it; none before a certificate has come.
    pub(crate) fn found(&self) -> Option<Found> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.clone()
    }

    fn judge(&self, pin: Pin, is_vouched: bool) -> Found {
        match &self.known {
            _ if is_vouched => Found::Vouched(pin),
            Some(known) if *known == pin => Found::Known(pin),
            Some(_) => Found::Changed(pin),
            None => Found::New(pin),
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let key = ParsedCertificate::try_from(certificate)?.subject_public_key_info();
        let is_vouched = roots(&self.provider).is_some_and(|roots| {
            let done = roots.verify_server_cert(certificate, intermediates, name, ocsp, now);
            done.is_ok()
        });
        let found = self.judge(Pin::of(&key), is_vouched);
        let is_changed = matches!(found, Found::Changed(_));
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
        match is_changed {
            true => Err(Error::General("another key than before".into())),
            // A key that is known by itself needs neither name nor time.
            false => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// The system's own list, read once: what its owner has added counts, and what was taken from it does not, without a
/// new version of this program.
fn roots(provider: &Arc<CryptoProvider>) -> Option<&'static Arc<WebPkiServerVerifier>> {
    static ROOTS: OnceLock<Option<Arc<WebPkiServerVerifier>>> = OnceLock::new();
    let read = || {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let builder =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
        // None at all: then servers are known by their keys alone.
        builder.build().ok()
    };
    ROOTS.get_or_init(read).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_key_is_a_known_server() {
        let pin = |text: &str| Pin::of(text.as_bytes());
        let check = |known: Option<&str>, is_vouched, expected: Found| {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let verifier = Verifier::new(provider, known.map(pin));
            assert_eq!(verifier.judge(pin("a"), is_vouched), expected, "{known:?}");
        };
        check(None, false, Found::New(pin("a")));
        check(Some("a"), false, Found::Known(pin("a")));
        check(Some("b"), false, Found::Changed(pin("a")));
        check(None, true, Found::Vouched(pin("a")));
        check(Some("b"), true, Found::Vouched(pin("a")));
    }
}
