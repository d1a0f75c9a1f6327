//! What this door does with each connection that is accepted for it.

use super::admission::{Caller, Networks};
use super::session;
use crate::access::contains;
use crate::listen::gate::{Channel, Gate};
use crate::listen::{Serve, proxy, stopped};
use crate::quota::Quota;
use crate::services::Services;
use kinora_mmp::limits::IDLE_MS;
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
    /// Whether a connection is encrypted.
    pub(crate) gate: Gate,
    /// What one client may take of it.
    pub(crate) quota: Arc<Quota>,
    /// See `MmpConfig::patience`.
    pub(crate) patience: Option<Duration>,
    /// Says when the server stops.
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Serve for Door {
    async fn serve(self, mut stream: TcpStream, peer: SocketAddr) {
        let services = Arc::clone(&self.services);
        services.counters.mmp.accepted.add(1);
        if let Some(caller) = self.caller(&mut stream, peer).await
            && let Some(_guest) = self.quota.enter(caller.address.ip())
            && let Some((channel, caller)) = self.open(stream, peer, caller).await
        {
            let Self {
                services,
                quota,
                patience,
                stopping,
                ..
            } = self;
            session::serve(channel, caller, services, quota, patience, stopping).await;
        }
        services.counters.mmp.ended.add(1);
    }
}

impl Door {
    /// Shakes hands with who wants to; `None` when that came to nothing, or nothing came.
    async fn open(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        caller: Caller,
    ) -> Option<(Channel, Caller)> {
        let silence = self.patience.unwrap_or(Duration::from_millis(IDLE_MS));
        let mut stopping = self.stopping.clone();
        let opened = tokio::select! {
            opened = self.gate.open(stream, silence) => opened,
            () = stopped(&mut stopping) => return None,
        };
        match opened {
            Ok(channel) => {
                let allowed = self
                    .gate
                    .allows_plain(peer.ip(), self.networks.standing(peer.ip()));
                let must_encrypt = matches!(channel, Channel::Plain(_)) && !allowed;
                Some((
                    channel,
                    Caller {
                        must_encrypt,
                        ..caller
                    },
                ))
            }
            Err(error) => {
                tracing::debug!(target: "client", peer = %caller.address, %error, "no connection was made");
                None
            }
        }
    }

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
                must_encrypt: false,
            }),
            Err(error) => {
                tracing::warn!(target: "client", %peer, %error, "a proxy does not speak the PROXY protocol");
                None
            }
        }
    }
}
