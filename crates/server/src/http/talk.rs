//! People's talk over a WebSocket: frames in and out of `crate::talk`, pings, and the end of a connection.

use super::door::{Peer, Shared, Visitor};
use super::guard;
use super::problem::Refusal;
use crate::listen::stopped;
use crate::talk::{Answer, Caller, HELLO, PING, SILENCE, Session};
use axum::extract::rejection::ExtensionRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, rejection};
use axum::extract::{Extension, Request, State};
use axum::response::Response;
use bytes::Bytes;
use futures_util::SinkExt;
use hyper::header::HeaderValue;
use kinora_talk::frame::PROTOCOL;
use kinora_talk::limits::FRAME_BYTES_MAX;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep};

/// What is read at once. Allocated for each connection, and most frames are smaller; for a longer one it grows while that
/// comes.
const READ_BYTES: usize = 1024;
/// Frames that are due together are gathered up to here, and are handed to the socket at once: a call of the system costs
/// more than all else about a short one.
const WRITE_BYTES: usize = 4 * 1024;
/// What may wait in front of the socket: what was gathered, one frame of ours, and answers to pings.
const WRITE_MOST: usize = WRITE_BYTES + FRAME_BYTES_MAX + 64 * 1024;

/// Beside each request: a connection counts as open as long as one of these is held.
#[derive(Clone, Debug)]
pub(super) struct Hold {
    _held: mpsc::Sender<()>,
}

impl Hold {
    /// Whoever has the other end hears when the last one is gone.
    pub(super) fn new(held: mpsc::Sender<()>) -> Self {
        Self { _held: held }
    }
}

/// People's talk.
///
/// A WebSocket with the subprotocol `chat.v1`; its frames are described in docs/talk.md.
#[utoipa::path(
    get,
    path = "/chat",
    tag = "talk",
    responses((status = 101, description = "the WebSocket is open"))
)]
pub(super) async fn open(
    State(shared): State<Arc<Shared>>,
    visitor: Visitor,
    Extension(peer): Extension<Peer>,
    hold: Result<Extension<Hold>, ExtensionRejection>,
    upgrade: Result<WebSocketUpgrade, rejection::WebSocketUpgradeRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let upgrade = upgrade.map_err(|_| Refusal::bad_request("this address is for WebSockets"))?;
    let upgrade = upgrade.protocols([PROTOCOL]);
    if upgrade.selected_protocol() != Some(&HeaderValue::from_static(PROTOCOL)) {
        return Err(Refusal::bad_request(
            "this WebSocket speaks the subprotocol chat.v1, and the request does not name it",
        ));
    }
    let host = guard::host(request.uri(), request.headers()).unwrap_or_default();
    let caller = Caller {
        host: host.to_ascii_lowercase(),
        client: (!peer.is_local).then(|| visitor.client.clone()),
    };
    let upgrade = upgrade
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(WRITE_BYTES)
        .max_write_buffer_size(WRITE_MOST)
        .max_message_size(FRAME_BYTES_MAX)
        .max_frame_size(FRAME_BYTES_MAX);
    Ok(upgrade.on_upgrade(async move |socket| {
        let carrier = Carrier {
            socket,
            shared,
            visitor,
            heard: Instant::now(),
        };
        carrier.carry(caller).await;
        drop(hold);
    }))
}

/// The socket of one session.
struct Carrier {
    socket: WebSocket,
    shared: Arc<Shared>,
    visitor: Visitor,
    /// When anything came last, pongs too.
    heard: Instant,
}

/// Why a connection ends: a code for the other side, or nothing when that is gone.
type Ended = Option<u16>;

impl Carrier {
    async fn carry(mut self, caller: Caller) {
        let talk = Arc::clone(&self.shared.services.talk);
        let ended = match Session::new(talk, caller) {
            Ok((session, challenge)) => self.converse(session, challenge).await,
            Err(error) => {
                tracing::error!(%error, "no challenge could be made");
                Some(1011)
            }
        };
        if let Some(code) = ended {
            let reason = "".into();
            // Who does not hear it any more need not.
            let _ = self
                .socket
                .send(Message::Close(Some(CloseFrame { code, reason })))
                .await;
            // The other side's half of it; a peer that sends none is cut off with the socket.
            let _ = tokio::time::timeout(PING, async {
                while let Some(Ok(_)) = self.socket.recv().await {}
            })
            .await;
        }
    }

    async fn converse(&mut self, mut session: Session, challenge: Bytes) -> Ended {
        if let Some(ended) = self.say([challenge]).await {
            return ended;
        }
        let mut stopping = self.shared.stopping.clone();
        let mut hello = pin!(sleep(self.shared.patience.unwrap_or(HELLO)));
        let mut ping = interval(PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ping.reset();
        // Work stands on the heap while it lasts: most connections do none at most times, and each would hold the place.
        loop {
            let answer = tokio::select! {
                heard = self.socket.recv(), if session.is_listening() => {
                    self.heard = Instant::now();
                    match heard {
                        Some(Ok(Message::Binary(bytes))) => Box::pin(session.hear(&bytes)).await,
                        Some(Ok(Message::Text(_))) => return Some(4400),
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Answer::default(),
                        Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                    }
                }
                due = session.due() => Box::pin(session.attend(due)).await,
                () = hello.as_mut(), if !session.is_here() => return Some(4401),
                _ = ping.tick() => match self.ping().await {
                    Some(ended) => return ended,
                    None => Answer::default(),
                },
                () = stopped(&mut stopping) => return Some(1012),
            };
            if let Some(ended) = self.say(answer.say).await {
                return ended;
            }
            if answer.close.is_some() {
                return answer.close;
            }
        }
    }

    /// Asks whether the other side is there, and looks whether it may be.
    async fn ping(&mut self) -> Option<Ended> {
        if self.heard.elapsed() > SILENCE {
            return Some(Some(4408));
        }
        if !self.visitor.is_still_known(&self.shared) {
            return Some(Some(4403));
        }
        let sent = self.socket.send(Message::Ping(Bytes::new())).await;
        sent.is_err().then_some(None)
    }

    async fn say(&mut self, frames: impl IntoIterator<Item = Bytes>) -> Option<Ended> {
        let mut has_any = false;
        for frame in frames {
            has_any = true;
            if self.socket.feed(Message::Binary(frame)).await.is_err() {
                return Some(None);
            }
        }
        let is_gone = has_any && self.socket.flush().await.is_err();
        is_gone.then_some(None)
    }
}
