//! Who is let in at this door: this machine and the trusted networks, holders of tokens, and, for a task that nobody
//! owns, whoever knows its id.

use crate::access::{Access, Entry, Network, Scope, contains};
use crate::asker::Asker;
use crate::config::MmpConfig;
use crate::fault::Fault;
use crate::services::{Services, blocking};
use crate::tls::Standing;
use kinora_mmp::request::{Confirmed, Request};
use kinora_store::TaskId;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Whose word is taken, by address.
pub(crate) struct Networks {
    /// Clients that need no token.
    trust: Vec<Network>,
    /// Proxies that say for whom they speak.
    pub(super) proxies: Vec<Network>,
}

impl Networks {
    /// From the settings.
    pub(crate) fn of(config: &MmpConfig) -> Self {
        Self {
            trust: config.trust.clone(),
            proxies: config.proxies.clone(),
        }
    }

    /// A client at this address.
    pub(super) fn caller(&self, address: SocketAddr) -> Caller {
        let ip = address.ip();
        Caller {
            address,
            is_trusted: ip.to_canonical().is_loopback() || contains(&self.trust, ip),
            must_encrypt: false,
        }
    }

    /// What is known of the other end of a connection.
    pub(super) fn standing(&self, address: IpAddr) -> Standing {
        if contains(&self.proxies, address) {
            return Standing::Proxy;
        }
        match contains(&self.trust, address) {
            true => Standing::Trusted,
            false => Standing::Anybody,
        }
    }
}

/// Who has connected.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller {
    /// From where, as far as is known.
    pub(super) address: SocketAddr,
    /// It needs no token.
    pub(super) is_trusted: bool,
    /// It speaks plainly where it may not.
    pub(super) must_encrypt: bool,
}

/// What a connection has shown so far.
pub(super) struct Admission {
    is_trusted: bool,
    must_encrypt: bool,
    /// The id of the token that was sent last: it holds for the rest of the connection, as long as it is good.
    token: Option<String>,
}

impl Admission {
    /// For a connection that has not said anything.
    pub(super) fn new(is_trusted: bool, must_encrypt: bool) -> Self {
        Self {
            is_trusted,
            must_encrypt,
            token: None,
        }
    }

    /// As whom a request asks.
    ///
    /// # Errors
    /// `tls_required`, `invalid_token`, `wrong_scope`, `token_required`.
    pub(super) async fn check(
        &mut self,
        services: &Arc<Services>,
        request: &Request,
        sent: Option<&str>,
    ) -> Result<Asker, Fault> {
        if self.must_encrypt && *request != Request::Goodbye {
            return Err(tls_required());
        }
        if let Some(entry) = self.entry(services, sent)? {
            let is_harmless = matches!(request, Request::Ping(_) | Request::Goodbye);
            let scope = match request {
                Request::Library { .. } => Scope::Watch,
                _ => Scope::Process,
            };
            if !is_harmless && !entry.scopes.contains(&scope) {
                return Err(wrong_scope(scope));
            }
            return Ok(Asker::named(&entry.name, true));
        }
        if self.is_trusted || services.access != Access::Tokens {
            return Ok(Asker::Anyone);
        }
        match named_task(request) {
            Some(id) => check_id(services, id).await,
            None if *request == Request::Goodbye => Ok(Asker::Anyone),
            None => Err(token_required()),
        }
    }

    fn entry(&mut self, services: &Services, sent: Option<&str>) -> Result<Option<Entry>, Fault> {
        let found = match (sent, &self.token) {
            (Some(sent), _) => services.tokens.find(sent),
            (None, Some(id)) => services.tokens.with_id(id),
            (None, None) => return Ok(None),
        };
        let entry = found.ok_or_else(invalid_token)?;
        self.token = Some(entry.id().to_owned());
        Ok(Some(entry))
    }
}

/// The task that a request is about.
fn named_task(request: &Request) -> Option<&str> {
    match request {
        Request::Status { task_id, .. }
        | Request::Download { task_id, .. }
        | Request::Cancel { task_id, .. }
        | Request::Keep { task_id, .. }
        | Request::Confirm {
            what: Confirmed::Task(task_id),
            ..
        } => Some(task_id),
        _ => None,
    }
}

/// An id that cannot be guessed is enough for a task that nobody owns. All others are as unknown as those that never
/// were, to somebody of whom nothing is known.
async fn check_id(services: &Arc<Services>, id: &str) -> Result<Asker, Fault> {
    let id = TaskId::parse(id).ok_or_else(token_required)?;
    let seen = blocking(services, move |s| s.tasks.view(&Asker::Anyone, &id)).await;
    match seen {
        Ok(_) => Ok(Asker::Anyone),
        Err(fault) if fault.problem.code == "unknown_task" => Err(token_required()),
        Err(fault) => Err(fault),
    }
}

fn tls_required() -> Fault {
    Fault::new(
        "tls_required",
        "this server speaks only TLS with clients beyond its own machine, and the connection is plain",
        "connect with TLS (Kinora's own client does); for clients that cannot, the server's operator names their network \
         in mmp.trust",
    )
}

fn token_required() -> Fault {
    Fault::new(
        "token_required",
        "this server serves only who has a token, and the request carries none",
        TOKEN_HELP,
    )
}

fn invalid_token() -> Fault {
    Fault::new(
        "invalid_token",
        "the token is none of this server's, was taken back, or its time is over",
        TOKEN_HELP,
    )
}

fn wrong_scope(scope: Scope) -> Fault {
    Fault::new(
        "wrong_scope",
        format!("the token does not allow this: it lacks the scope \"{scope}\""),
        TOKEN_HELP,
    )
}

/// For the operator and for the user of our own client; others find the member in docs/protocol.md.
const TOKEN_HELP: &str = "ask the server's operator for one (kinora token create NAME), and give it with --token, \
                          KINORA_TOKEN, or the member \"token\"";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Secret;

    #[test]
    fn the_wire_knows_our_tokens() {
        let secret = Secret::random().unwrap();
        let sent = serde_json::json!({"token": secret.reveal()});
        let sent = sent.as_object().unwrap();
        assert_eq!(kinora_mmp::request::token(sent), Some(secret.reveal()));
    }

    #[test]
    fn this_machine_and_the_named_networks_are_trusted() {
        let networks = Networks::of(&MmpConfig {
            trust: vec!["192.168.0.0/16".parse().unwrap()],
            ..MmpConfig::default()
        });
        let check = |address: &str, trusted: bool| {
            let caller = networks.caller(SocketAddr::new(address.parse().unwrap(), 1));
            assert_eq!(caller.is_trusted, trusted, "{address}");
        };
        check("127.0.0.1", true);
        check("::1", true);
        check("::ffff:192.168.7.7", true);
        check("192.169.0.1", false);
        check("fe80::1", false);
    }
}
