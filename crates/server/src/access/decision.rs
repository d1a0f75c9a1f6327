//! What the server demands before it can be reached from beyond this machine: somebody's word who may use it.

use kinora_store::contract::Problem;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// Who may use the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// This machine: other addresses are refused when the server starts.
    #[default]
    Local,
    /// Everybody who reaches the addresses it listens on.
    Open,
    /// Who has a token; over MMP also this machine, and the networks of `mmp.trust`.
    Tokens,
}

/// Refuses to be reached from elsewhere unless it was decided who may.
///
/// # Errors
/// `access_local`: an address that is not this machine's own.
pub(crate) fn check<'a>(
    access: Access,
    listen: impl Iterator<Item = &'a SocketAddr>,
) -> Result<(), Problem> {
    let mut far = listen.filter(|each| !each.ip().to_canonical().is_loopback());
    let Some(far) = far.next() else {
        return Ok(());
    };
    match access {
        Access::Tokens => Ok(()),
        Access::Open => {
            tracing::warn!(address = %far, "access is open: whoever reaches this address can send jobs, without password");
            Ok(())
        }
        Access::Local => Err(Problem {
            code: "access_local".into(),
            description: format!(
                "{far} can be reached from other machines, and it is not said who may use this server"
            ),
            solution: "set access = \"tokens\" and give each user one (kinora token create NAME), or access = \"open\" \
                       if everybody who reaches this address may use it; or listen on 127.0.0.1"
                .into(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_unless_it_was_decided() {
        let test = |listen: &str, access, fine: bool| {
            let listen = [listen.parse().unwrap()];
            let checked = check(access, listen.iter());
            assert_eq!(checked.is_ok(), fine, "{listen:?} {access:?}");
        };
        test("127.0.0.1:80", Access::Local, true);
        test("[::1]:80", Access::Local, true);
        for far in ["0.0.0.0:80", "192.168.1.2:80", "[::]:80", "[fd00::1]:80"] {
            test(far, Access::Local, false);
            test(far, Access::Open, true);
            test(far, Access::Tokens, true);
        }
        let listen = [
            "127.0.0.1:80".parse().unwrap(),
            "10.0.0.1:80".parse().unwrap(),
        ];
        let problem = check(Access::Local, listen.iter()).unwrap_err();
        assert!(problem.description.contains("10.0.0.1:80"), "{problem:?}");
    }
}
