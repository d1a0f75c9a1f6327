//! The certificate in force, and how it is taken up anew when its files change.

use super::demand::TlsConfig;
use super::files::{self, Version};
use super::{generated, pin};
use kinora_store::contract::Problem;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedProtocolVersion};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

/// Between two looks at the files of one's own: a renewal is in force long before the old one ends.
pub(crate) const PACE: Duration = Duration::from_secs(10);

/// How the certificate in force is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// SHA-256 of its public key, which clients of ours keep: `sha256//` and base64.
    pub key: String,
    /// SHA-256 of the whole, as browsers show it.
    pub certificate: String,
    /// Its file.
    pub path: PathBuf,
}

/// Holds the certificate and hands it to each handshake.
#[derive(Debug)]
pub(crate) struct Keeper {
    certificate: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
    current: RwLock<Arc<CertifiedKey>>,
    seen: Mutex<[Version; 2]>,
}

impl Keeper {
    /// Reads the files of the settings, or those that are generated for a server of these names.
    ///
    /// # Errors
    /// `tls_files`.
    pub(crate) fn open(
        config: &TlsConfig,
        data: &Path,
        names: &[String],
    ) -> Result<Arc<Self>, Problem> {
        let provider = Arc::new(ring::default_provider());
        let given = given(config);
        let (certificate, key) = given.clone().unwrap_or_else(|| generated::paths(data));
        let versions = || [files::version(&certificate), files::version(&key)];
        // Before they are read: what changes meanwhile is seen at the next look. What is generated only we change.
        let before = versions();
        let (loaded, seen) = match given {
            Some(_) => (files::load(&certificate, &key, &provider)?, before),
            None => {
                let made = generated::open(data, names, SystemTime::now(), &provider)?;
                (made, versions())
            }
        };
        let keeper = Self {
            certificate,
            key,
            provider,
            current: RwLock::new(Arc::new(loaded)),
            seen: Mutex::new(seen),
        };
        let shown = keeper.shown();
        tracing::info!(key = shown.key, certificate = shown.certificate, file = %shown.path.display(), "tls");
        Ok(Arc::new(keeper))
    }

    /// Reads the files again if they have changed, and says whether another certificate is in force then: a new mode or
    /// owner is no news to anybody. What cannot be used changes nothing, and is said in the log: once for each change.
    /// Blocks on the disk.
    pub(crate) fn refresh(&self) -> bool {
        let now = [files::version(&self.certificate), files::version(&self.key)];
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == now {
            return false;
        }
        *seen = now;
        let loaded = match files::load(&self.certificate, &self.key, &self.provider) {
            Ok(loaded) => loaded,
            Err(problem) => {
                tracing::error!(
                    reason = problem.description,
                    "the changed certificate cannot be used: the one before stays in force"
                );
                return false;
            }
        };
        let before = self.shown();
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(loaded);
        let shown = self.shown();
        let is_another = shown != before;
        if is_another {
            tracing::info!(
                key = shown.key,
                certificate = shown.certificate,
                "the certificate has changed"
            );
        }
        is_another
    }

    /// The certificate in force.
    pub(crate) fn shown(&self) -> Shown {
        let current = self.current();
        let certificate = current.cert.first();
        Shown {
            key: certificate
                .and_then(|each| pin::of_key(each).ok())
                .unwrap_or_default(),
            certificate: certificate.map(pin::of_certificate).unwrap_or_default(),
            path: self.certificate.clone(),
        }
    }

    fn current(&self) -> Arc<CertifiedKey> {
        let current = self.current.read();
        Arc::clone(&current.unwrap_or_else(PoisonError::into_inner))
    }
}

impl ResolvesServerCert for Keeper {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

/// What a door says in its handshakes. `protocol` is its name there (ALPN, RFC 7301), so that nobody can turn a
/// connection that was meant for one door to another.
pub(crate) fn setup(keeper: Arc<Keeper>, protocol: &str, with_old: bool) -> Arc<ServerConfig> {
    const BOTH: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];
    let versions = if with_old { BOTH } else { &BOTH[..1] };
    let builder = ServerConfig::builder_with_provider(Arc::clone(&keeper.provider));
    let mut config = builder
        .with_protocol_versions(versions)
        .expect("the provider knows both versions")
        .with_no_client_auth()
        .with_cert_resolver(keeper);
    config.alpn_protocols = vec![protocol.into()];
    Arc::new(config)
}

/// The certificate that a server with these settings would answer with; none where there is none yet.
///
/// # Errors
/// `tls_files`: it is there, and cannot be used.
pub fn look(config: &TlsConfig, data: &Path) -> Result<Option<Shown>, Problem> {
    let given = given(config);
    let is_given = given.is_some();
    let (path, key) = given.unwrap_or_else(|| generated::paths(data));
    if !is_given && !key.exists() {
        return Ok(None);
    }
    let loaded = files::load(&path, &key, &ring::default_provider())?;
    let certificate = &loaded.cert[0];
    let key = pin::of_key(certificate).map_err(|error| files::wrong(&path, &error.to_string()))?;
    Ok(Some(Shown {
        key,
        certificate: pin::of_certificate(certificate),
        path,
    }))
}

fn given(config: &TlsConfig) -> Option<(PathBuf, PathBuf)> {
    let is_set = !config.certificate.as_os_str().is_empty();
    is_set.then(|| (config.certificate.clone(), config.key.clone()))
}

#[cfg(test)]
mod tests;
