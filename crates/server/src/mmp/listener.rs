//! Accepts connections, as many as are allowed, until the server stops.

use super::link::stopped;
use super::session;
use crate::config::MmpConfig;
use crate::services::Services;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// Connections that wait in the kernel while none can be accepted.
const BACKLOG: i32 = 1024;
/// After `EMFILE` and the like, which must not end the loop: connections end all the time, so another try may do.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long connections may take to end when the server stops.
const DRAIN: Duration = Duration::from_secs(10);

/// Opens one listening socket. Needs a runtime.
///
/// # Errors
/// When the address is taken or not ours.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Serves all listeners until `stopping` says so, then waits for the connections to end.
pub(crate) async fn run(
    listeners: Vec<TcpListener>,
    config: MmpConfig,
    services: Arc<Services>,
    stopping: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(config.max_connections.clamp(1, 1 << 20)));
    let mut accepting = JoinSet::new();
    for listener in listeners {
        let (places, services) = (Arc::clone(&places), Arc::clone(&services));
        accepting.spawn(accept(
            listener,
            places,
            services,
            config.patience,
            stopping.clone(),
        ));
    }
    while accepting.join_next().await.is_some() {}
}

async fn accept(
    listener: TcpListener,
    places: Arc<Semaphore>,
    services: Arc<Services>,
    patience: Option<Duration>,
    mut stopping: watch::Receiver<bool>,
) {
    let mut sessions = JoinSet::new();
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            Some(_) = sessions.join_next() => continue,
            () = stopped(&mut stopping) => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let served = session::serve(
                    stream,
                    peer,
                    Arc::clone(&services),
                    patience,
                    stopping.clone(),
                );
                sessions.spawn(async move {
                    served.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    let ended = async { while sessions.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN, ended).await.is_err() {
        tracing::warn!("connections were cut off");
    }
}
