//! Who has to speak TLS, and what is refused at the start because tokens could be read on their way.

use crate::access::Access;
use kinora_store::contract::Problem;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// The settings of TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TlsConfig {
    /// Who has to speak it.
    pub mode: Mode,
    /// PEM file of the certificate and those between it and its root; empty: one is generated.
    pub certificate: PathBuf,
    /// PEM file of its key; empty exactly when `certificate` is.
    pub key: PathBuf,
}

/// Who has to speak TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Everybody may, and whoever is beyond this machine must: trusted proxies and the networks of `mmp.trust` aside.
    #[default]
    Auto,
    /// Everybody must but the trusted proxies, who speak it with their clients.
    On,
    /// Nobody can.
    Off,
}

/// What is known of a peer before it has said anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// A proxy that the operator has named.
    Proxy,
    /// In a network that the operator has named.
    Trusted,
    /// Somebody.
    Anybody,
}

/// Decides of one peer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demand {
    mode: Mode,
    access: Access,
}

impl Demand {
    /// From the settings.
    pub(crate) fn of(config: &TlsConfig, access: Access) -> Self {
        Self {
            mode: config.mode,
            access,
        }
    }

    /// Whether a peer that speaks plainly is heard.
    pub(crate) fn allows_plain(self, address: IpAddr, standing: Standing) -> bool {
        let is_near = address.to_canonical().is_loopback() || standing != Standing::Anybody;
        match self.mode {
            Mode::On => standing == Standing::Proxy,
            Mode::Auto => is_near,
            Mode::Off => is_near || self.access == Access::Open,
        }
    }
}

/// What this room has to know of a door.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exposed<'a> {
    /// Its section in the settings.
    pub(crate) door: &'static str,
    /// Where it listens.
    pub(crate) listen: &'a [SocketAddr],
    /// There are peers beyond this machine that may speak plainly.
    pub(crate) is_guarded: bool,
}

/// Refuses to start where a token would have to be sent for everybody to read.
///
/// # Errors
/// `tls_off`; `tls_files` for one file without the other.
pub(crate) fn check(
    config: &TlsConfig,
    access: Access,
    doors: &[Exposed<'_>],
) -> Result<(), Problem> {
    let (certificate, key) = (&config.certificate, &config.key);
    if certificate.as_os_str().is_empty() != key.as_os_str().is_empty() {
        return Err(Problem {
            code: "tls_files".into(),
            description: "tls.certificate and tls.key belong together, and one of them is missing"
                .into(),
            solution: "set both, or neither: then a certificate is generated".into(),
        });
    }
    match config.mode {
        Mode::Off => doors.iter().try_for_each(|door| check_off(door, access)),
        Mode::Auto | Mode::On => Ok(()),
    }
}

fn check_off(exposed: &Exposed<'_>, access: Access) -> Result<(), Problem> {
    let far = |at: &&SocketAddr| !at.ip().to_canonical().is_loopback();
    let Some(far) = exposed.listen.iter().find(far) else {
        return Ok(());
    };
    if access == Access::Tokens && !exposed.is_guarded {
        return Err(Problem {
            code: "tls_off".into(),
            description: format!(
                "tls.mode is \"off\", and {far} can be reached from other machines: tokens could be read on their way"
            ),
            solution: format!(
                "leave tls.mode = \"auto\"; or, where proxies speak TLS in front of this server, name them in \
                 {}.proxies: then only these are heard; or listen on 127.0.0.1",
                exposed.door
            ),
        });
    }
    if access == Access::Open {
        tracing::warn!(address = %far, "TLS is off: whatever is sent to and from this address can be read on its way");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_speech_stays_at_home() {
        let check = |mode, access, address: &str, standing, fine: bool| {
            let demand = Demand { mode, access };
            let allowed = demand.allows_plain(address.parse().unwrap(), standing);
            assert_eq!(allowed, fine, "{mode:?} {access:?} {address} {standing:?}");
        };
        let (far, near) = ("192.0.2.1", "::ffff:127.0.0.1");
        for access in [Access::Tokens, Access::Open] {
            check(Mode::Auto, access, near, Standing::Anybody, true);
            check(Mode::Auto, access, far, Standing::Anybody, false);
            check(Mode::Auto, access, far, Standing::Proxy, true);
            check(Mode::Auto, access, far, Standing::Trusted, true);
            check(Mode::On, access, near, Standing::Anybody, false);
            check(Mode::On, access, far, Standing::Trusted, false);
            check(Mode::On, access, far, Standing::Proxy, true);
            check(Mode::Off, access, near, Standing::Anybody, true);
            check(Mode::Off, access, far, Standing::Proxy, true);
        }
        check(Mode::Off, Access::Tokens, far, Standing::Anybody, false);
        check(Mode::Off, Access::Open, far, Standing::Anybody, true);
    }

    fn checked(mode: Mode, access: Access, listen: &str, is_guarded: bool, key: &str) -> String {
        let config = TlsConfig {
            mode,
            key: key.into(),
            ..TlsConfig::default()
        };
        let doors = [Exposed {
            door: "http",
            listen: &[listen.parse().unwrap()],
            is_guarded,
        }];
        let done = check(&config, access, &doors);
        done.map_or_else(|problem| problem.code, |()| "fine".into())
    }

    #[test]
    fn off_needs_somebody_else_who_encrypts() {
        use {Access::*, Mode::*};
        let far = "0.0.0.0:80";
        assert_eq!(checked(Off, Tokens, far, false, ""), "tls_off");
        assert_eq!(checked(Off, Tokens, "[fd00::1]:80", false, ""), "tls_off");
        assert_eq!(checked(Off, Tokens, far, true, ""), "fine");
        assert_eq!(checked(Off, Open, far, false, ""), "fine");
        assert_eq!(checked(Off, Tokens, "127.0.0.1:80", false, ""), "fine");
        assert_eq!(checked(Auto, Tokens, far, false, ""), "fine");
        assert_eq!(checked(On, Tokens, far, false, ""), "fine");
        assert_eq!(checked(Auto, Tokens, far, false, "k"), "tls_files");
    }
}
