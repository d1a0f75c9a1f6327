//! What this door does with each connection that is accepted for it.

use super::admission::{Caller, Networks};
use super::session;
use crate::access::contains;
use crate::listen::{Serve, proxy};
use crate::services::Services;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::watch;

/// What all connections of this door share.
#[derive(Clone)]
pub(crate) struct Door {
    /// What it offers.
    pub(crate) services: Arc<Services>,
    /// Whose word is taken.
    pub(crate) networks: Arc<Networks>,
    /// See `MmpConfig::patience`.
    pub(crate) patience: Option<Duration>,
    /// Says when the server stops.
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Serve for Door {
    async fn serve(self, mut stream: TcpStream, peer: SocketAddr) {
        let services = Arc::clone(&self.services);
        services.counters.mmp.accepted.add(1);
        if let Some(caller) = self.caller(&mut stream, peer).await {
            session::serve(stream, caller, self.services, self.patience, self.stopping).await;
        }
        services.counters.mmp.ended.add(1);
    }
}

impl Door {
    /// Who has connected, by what a proxy says where it stands between; `None` when it says nothing that makes sense.
    async fn caller(&self, stream: &mut TcpStream, peer: SocketAddr) -> Option<Caller> {
        if !contains(&self.networks.proxies, peer.ip()) {
            return Some(self.networks.caller(peer));
        }
        match proxy::read(stream).await {
            Ok(Some(source)) => Some(self.networks.caller(source)),
            // A proxy that does not say for whom it speaks is not trusted as if it spoke for itself.
            Ok(None) => Some(Caller {
                address: peer,
                is_trusted: false,
            }),
            Err(error) => {
                tracing::warn!(target: "client", %peer, %error, "a proxy does not speak the PROXY protocol");
                None
            }
        }
    }
}
