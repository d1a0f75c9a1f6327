//! The beginning of a connection: whether the peer speaks TLS, which its first bytes tell, and the handshake if so.
//!
//! One port is for both. Nothing that was looked at is taken away, so that the door reads a plain connection from its
//! first byte.

use crate::tls::{Demand, Keeper, Standing, setup};
use rustix::net::RecvFlags;
use rustls::ServerConfig;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// From the first byte to the end of the handshake: two round trips, over any line that can carry a video.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// As many bytes decide in any case; see [`looks`].
const ENOUGH: usize = 10;
/// Between the first two looks at a beginning that is too short to tell, and then twice as long each time. Only somebody
/// who writes byte by byte sees it.
const PAUSE: Duration = Duration::from_millis(20);

/// How a connection goes on.
pub(crate) enum Channel {
    /// As it came.
    Plain(TcpStream),
    /// Encrypted.
    Tls(Box<TlsStream<TcpStream>>),
}

/// What a door does before it serves.
#[derive(Clone)]
pub(crate) struct Gate {
    setup: Option<Arc<ServerConfig>>,
    demand: Demand,
    patience: Option<Duration>,
}

impl Gate {
    /// For a door whose protocol is called so in handshakes. `with_old`: TLS 1.2 will do, as old browsers speak it.
    pub(crate) fn new(
        keeper: Option<&Arc<Keeper>>,
        demand: Demand,
        protocol: &str,
        with_old: bool,
    ) -> Self {
        Self {
            setup: keeper.map(|keeper| setup(Arc::clone(keeper), protocol, with_old)),
            demand,
            patience: None,
        }
    }

    /// With another time for the handshake, for tests that cannot wait.
    pub(crate) fn with_patience(self, patience: Option<Duration>) -> Self {
        Self { patience, ..self }
    }

    /// Whether a peer that speaks plainly is heard.
    pub(crate) fn allows_plain(&self, address: IpAddr, standing: Standing) -> bool {
        self.demand.allows_plain(address, standing)
    }

    /// Waits for the first bytes, for at most `silence`, and shakes hands where they ask for it.
    ///
    /// # Errors
    /// `TimedOut`, or what went wrong with the handshake.
    pub(crate) async fn open(&self, stream: TcpStream, silence: Duration) -> io::Result<Channel> {
        let Some(setup) = &self.setup else {
            return Ok(Channel::Plain(stream));
        };
        let first = timeout(silence, stream.peek(&mut [0])).await;
        first.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        let acceptor = TlsAcceptor::from(Arc::clone(setup));
        let rest = async {
            if !asks_for_tls(&stream).await? {
                return Ok(Channel::Plain(stream));
            }
            let stream = acceptor.accept(stream).await?;
            Ok(Channel::Tls(Box::new(stream)))
        };
        let rest = timeout(self.patience.unwrap_or(HANDSHAKE), rest).await;
        rest.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

async fn asks_for_tls(stream: &TcpStream) -> io::Result<bool> {
    let mut pause = PAUSE;
    loop {
        let mut start = [0u8; ENOUGH];
        let n = stream.try_io(Interest::READABLE, || {
            let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
            Ok(rustix::net::recv(stream, &mut start, flags)?.0)
        });
        match n {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
            Err(_) => stream.readable().await?,
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => match looks(&start[..n]) {
                Some(decided) => return Ok(decided),
                // What has been seen stays readable, so readiness says nothing about more of it.
                None => {
                    sleep(pause).await;
                    pause *= 2;
                }
            },
        }
    }
}

/// Whether a connection that begins so begins with the ClientHello of TLS; `None` while both are possible.
///
/// A record of TLS (RFC 8446 §5.1) has its type (22), a version (3, up to 4) and two bytes of length; in it stands the
/// type of the message (1), three bytes of length, and a version (3, 3). No request of HTTP begins with a 22. A frame of
/// MMP can, when 5,635 bytes of JSON are announced; but then the tenth byte stands within the JSON, where a control
/// character such as 3 cannot be (RFC 8259 §2, §7).
pub(crate) fn looks(start: &[u8]) -> Option<bool> {
    let expected = |at: usize, byte: u8| match at {
        0 => byte == 22,
        1 | 9 => byte == 3,
        2 => byte <= 4,
        5 => byte == 1,
        _ => true,
    };
    let fits = start
        .iter()
        .enumerate()
        .all(|(at, byte)| expected(at, *byte));
    match fits {
        false => Some(false),
        true if start.len() >= ENOUGH => Some(true),
        true => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    const HELLO: [u8; 11] = [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3];

    #[test]
    fn the_first_bytes_tell() {
        for n in 0..ENOUGH {
            assert_eq!(looks(&HELLO[..n]), None, "{n}");
        }
        assert_eq!(looks(&HELLO), Some(true));
        for text in [
            "GET / HTTP/1.1\r\n",
            "PRI * HTTP/2.0",
            "\r\n\r\n\0\r\nQUIT\n",
            "\0",
        ] {
            assert_eq!(looks(text.as_bytes()), Some(false), "{text:?}");
        }
    }

    #[tokio::test]
    async fn who_is_gone_is_not_waited_for() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(TcpStream::connect(address).await.unwrap());
        let (stream, _) = listener.accept().await.unwrap();
        let asked = timeout(HANDSHAKE, asks_for_tls(&stream)).await;
        let error = asked.expect("no end of looking").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn no_head_of_mmp_is_taken_for_tls() {
        // All that could look like it: 5,635 bytes of JSON, any type of media, any payload.
        for kind in 0..=u8::MAX {
            for json in [&b"{\"a\":1}"[..], b" {\"a\":1}", b"\t\n{\"a\":1}"] {
                let mut head = vec![22, 3, kind, 0, 0, 1, 0, 0];
                head.extend_from_slice(json);
                assert_eq!(looks(&head), Some(false), "{kind} {json:?}");
            }
        }
    }
}
