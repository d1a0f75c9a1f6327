//! One connection: HTTP/1.1 over a socket whose peer has to keep up.

use super::door::{Shared, Socket};
use super::limits::{HEAD_BYTES, HEAD_FIELDS, HEAD_TIME, NEAR_SEND_BYTES, READ_BYTES, WRITE_STALL};
use super::routes;
use super::talk::Hold;
use crate::access::contains;
use crate::config::Config;
use crate::listen::gate::{Channel, Gate};
use crate::listen::{Serve, prepare, stopped};
use crate::services::Services;
use crate::tls::Standing;
use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use kinora_store::contract::Problem;
use socket2::SockRef;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, Sleep, sleep};

/// What all connections of this door share.
#[derive(Clone)]
pub(crate) struct Door {
    shared: Arc<Shared>,
    router: Router,
    gate: Gate,
}

impl Door {
    /// From the settings.
    ///
    /// # Errors
    /// When the key of the sessions can be neither read nor made.
    pub(crate) fn new(
        services: Arc<Services>,
        config: &Config,
        gate: Gate,
        stopping: watch::Receiver<bool>,
    ) -> Result<Self, Problem> {
        let shared = Arc::new(Shared::new(services, config, stopping)?);
        let router = routes::router(&shared);
        Ok(Self {
            shared,
            router,
            gate,
        })
    }
}

impl Serve for Door {
    async fn serve(self, stream: TcpStream, peer: SocketAddr) {
        prepare(&stream);
        if peer.ip().to_canonical().is_loopback() {
            let _ = SockRef::from(&stream).set_send_buffer_size(NEAR_SEND_BYTES);
        }
        let shared = Arc::clone(&self.shared);
        shared.services.counters.http.accepted.add(1);
        let mut stopping = shared.stopping.clone();
        let standing = match contains(&shared.proxies, peer.ip()) {
            true => Standing::Proxy,
            false => Standing::Anybody,
        };
        // Behind a proxy there are many clients.
        let guest = match standing {
            Standing::Proxy => None,
            _ => match shared.quota.enter(peer.ip()) {
                None => return shared.services.counters.http.ended.add(1),
                guest => guest,
            },
        };
        let silence = shared.patience.unwrap_or(HEAD_TIME);
        // What is over gives its memory back: a WebSocket may stay for days, and needs nothing of how it came.
        let opening = Box::pin(self.gate.open(stream, silence));
        let opened = tokio::select! {
            opened = opening => Some(opened),
            () = stopped(&mut stopping) => None,
        };
        match opened {
            Some(Ok(Channel::Plain(stream))) => {
                let must_encrypt = !self.gate.allows_plain(peer.ip(), standing);
                let from = Socket {
                    peer,
                    is_encrypted: false,
                    must_encrypt,
                };
                self.speak(stream, from).await;
            }
            Some(Ok(Channel::Tls(stream))) => {
                let from = Socket {
                    peer,
                    is_encrypted: true,
                    must_encrypt: false,
                };
                self.speak(*stream, from).await;
            }
            Some(Err(error)) => {
                tracing::debug!(target: "client", %peer, %error, "no connection was made");
            }
            None => {}
        }
        drop(guest);
        shared.services.counters.http.ended.add(1);
    }
}

impl Door {
    /// Serves a connection to its end, also when it has become a WebSocket.
    async fn speak<S>(self, stream: S, from: Socket)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (hold, mut held) = mpsc::channel(1);
        Box::pin(self.requests(stream, from, Hold::new(hold))).await;
        // Nothing is ever sent: it ends when nobody holds the other end any more.
        let _ = held.recv().await;
    }

    async fn requests<S>(self, stream: S, from: Socket, hold: Hold)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (patience, peer) = (self.shared.patience, from.peer);
        let router = TowerToHyperService::new(self.router);
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(from);
            request.extensions_mut().insert(hold.clone());
            router.call(request)
        });
        let socket = Patient::new(stream, patience.unwrap_or(WRITE_STALL));
        // The timer runs from the moment a request may begin, so it is for silent connections, too.
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(patience.unwrap_or(HEAD_TIME))
            .max_headers(HEAD_FIELDS)
            .max_header_size(HEAD_BYTES)
            .max_buf_size(READ_BYTES)
            .serve_connection(TokioIo::new(socket), service)
            .with_upgrades();
        let mut connection = pin!(connection);
        let mut stopping = self.shared.stopping.clone();
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = stopped(&mut stopping) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(target: "client", %peer, %error, "connection ended early");
        }
    }
}

/// A socket that gives a peer up which takes nothing of what it is sent.
#[derive(Debug)]
struct Patient<S> {
    stream: S,
    patience: Duration,
    /// Runs while the peer takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    fn new(stream: S, patience: Duration) -> Self {
        Self {
            stream,
            patience,
            stalled: None,
        }
    }

    /// What a write came to, or the end of the patience with it.
    fn judge<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let patience = self.patience;
        let stalled = self
            .stalled
            .get_or_insert_with(|| Box::pin(sleep(patience)));
        if stalled.as_mut().poll(context).is_ready() {
            stalled.as_mut().reset(Instant::now() + patience);
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.judge(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
