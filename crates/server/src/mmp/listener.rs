//! What this door does with each connection that is accepted for it.

use super::session;
use crate::listen::Serve;
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
    /// See `MmpConfig::patience`.
    pub(crate) patience: Option<Duration>,
    /// Says when the server stops.
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Serve for Door {
    async fn serve(self, stream: TcpStream, peer: SocketAddr) {
        let services = Arc::clone(&self.services);
        services.counters.mmp.accepted.add(1);
        session::serve(stream, peer, self.services, self.patience, self.stopping).await;
        services.counters.mmp.ended.add(1);
    }
}
