//! Listening sockets of all doors: accepts connections, as many as are allowed, until the server stops.

pub(crate) mod proxy;
pub(crate) mod gate;

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
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

/// What every accepted connection gets.
pub(crate) fn prepare(stream: &TcpStream) {
    let socket = SockRef::from(stream);
    // Answers are small and wanted at once.
    let _ = socket.set_tcp_nodelay(true);
    // A peer whose machine is gone is noticed within some two minutes, also while it waits for a job.
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(30))
        .with_interval(Duration::from_secs(15))
        .with_retries(6);
    let _ = socket.set_tcp_keepalive(&keepalive);
}

/// What a door does with one connection.
pub(crate) trait Serve: Clone + Send + 'static {
    /// Serves it to its end.
    fn serve(self, stream: TcpStream, peer: SocketAddr) -> impl Future<Output = ()> + Send;
}

/// Serves all listeners until `stopping` says so, then waits for the connections to end.
pub(crate) async fn run(
    listeners: Vec<TcpListener>,
    max_connections: usize,
    door: impl Serve,
    stopping: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(max_connections.clamp(1, 1 << 20)));
    let mut accepting = JoinSet::new();
    for listener in listeners {
        let (places, door) = (Arc::clone(&places), door.clone());
        accepting.spawn(accept(listener, places, door, stopping.clone()));
    }
    while accepting.join_next().await.is_some() {}
}

async fn accept(
    listener: TcpListener,
    places: Arc<Semaphore>,
    door: impl Serve,
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
                // Within the task it would stand twice, as what was moved in and as what is waited for: up to 12 kB.
                let served = Box::pin(door.clone().serve(stream, peer));
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

/// Waits until the server stops; a server that is gone has stopped.
pub(crate) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // The guard on the value must not live across the caller's other waits.
    drop(stopping.wait_for(|stop| *stop).await);
}
