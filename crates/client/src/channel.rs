//! The bytes of one connection, encrypted or not, on a blocking socket whose reads and writes end after a tick.

use crate::verifier::{Found, Verifier};
use crate::{Address, Cancel, Fault, trust::Pin};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::version::TLS13;
use rustls::{ClientConfig, ClientConnection};
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A connection's two directions.
pub(crate) struct Channel {
    stream: TcpStream,
    tls: Option<Box<ClientConnection>>,
}

impl Channel {
    /// Without encryption.
    pub(crate) fn plain(stream: TcpStream) -> Self {
        Self { stream, tls: None }
    }

    /// Shakes hands with a server for this protocol (its name in ALPN, RFC 7301), and tells who it turned out to be.
    ///
    /// # Errors
    /// [`Fault::Untrusted`] when it has another key than before; [`Fault::NoTls`] when it does not speak TLS.
    pub(crate) fn encrypted(
        stream: TcpStream,
        server: &Address,
        protocol: &[u8],
        known: Option<Pin>,
        limit: Duration,
        cancel: &Cancel,
    ) -> Result<(Self, Found), Fault> {
        let provider = Arc::new(ring::default_provider());
        let verifier = Arc::new(Verifier::new(Arc::clone(&provider), known.clone()));
        let no_tls = |reason: String| Fault::NoTls {
            server: server.to_string(),
            reason,
        };
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .expect("the provider knows TLS 1.3")
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&verifier) as _)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        let name = ServerName::try_from(server.host().to_owned());
        let name = name.map_err(|_| no_tls("its name cannot stand in a certificate".into()))?;
        let connection = ClientConnection::new(Arc::new(config), name);
        let connection = connection.map_err(|error| no_tls(error.to_string()))?;
        let mut channel = Self {
            stream,
            tls: Some(Box::new(connection)),
        };
        let done = channel.shake(Instant::now() + limit, cancel);
        match (verifier.found(), done) {
            (Some(Found::Changed(shown)), _) => Err(Fault::Untrusted {
                server: server.to_string(),
                known: known.map(|pin| pin.to_string()).unwrap_or_default(),
                shown: shown.to_string(),
            }),
            (_, Err(_)) if cancel.is_set() => Err(Fault::Interrupted {
                task_id: None,
                cancelled: false,
            }),
            (Some(found), Ok(())) => Ok((channel, found)),
            (_, Err(error)) => Err(no_tls(error.to_string())),
            (None, Ok(())) => Err(no_tls("it has shown no certificate".into())),
        }
    }

    fn shake(&mut self, end: Instant, cancel: &Cancel) -> io::Result<()> {
        let Some(tls) = &mut self.tls else {
            return Ok(());
        };
        while tls.is_handshaking() {
            match tls.complete_io(&mut self.stream) {
                Ok(_) => {}
                Err(error) if !is_tick(&error) => return Err(error),
                Err(_) if cancel.is_set() => return Err(ErrorKind::Interrupted.into()),
                Err(_) if Instant::now() < end => {}
                Err(_) => {
                    return Err(io::Error::new(
                        ErrorKind::TimedOut,
                        "it did not answer in time",
                    ));
                }
            }
        }
        Ok(())
    }

    /// Reads what is there; 0 when the server has closed.
    ///
    /// # Errors
    /// A tick that is over ([`is_tick`]), or what broke the connection.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else {
            return self.stream.read(buffer);
        };
        loop {
            match tls.reader().read(buffer) {
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(0),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                done => return done,
            }
            // The server may wait for the rest of what it is to answer; it may as well not take it any more.
            drop(push(tls, &mut self.stream));
            tls.read_tls(&mut self.stream)?;
            tls.process_new_packets().map_err(io::Error::other)?;
        }
    }

    /// Writes some of the bytes.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else {
            return self.stream.write(bytes);
        };
        let taken = tls.writer().write(bytes)?;
        match push(tls, &mut self.stream) {
            // What has been taken goes with the next write or read.
            Err(error) if taken > 0 && is_tick(&error) => Ok(taken),
            done => done.map(|()| taken),
        }
    }

    /// Sends what has been taken and is not out.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        match &mut self.tls {
            Some(tls) => push(tls, &mut self.stream),
            None => Ok(()),
        }
    }

    /// From now on nothing waits, not even for a tick.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn unblock(&self) -> io::Result<()> {
        self.stream.set_nonblocking(true)
    }

    /// Something was taken and is not out.
    pub(crate) fn wants_write(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.wants_write())
    }

    /// For who waits for it.
    pub(crate) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Bytes wait to be read, or the connection's end does.
    pub(crate) fn has_answer(&mut self) -> bool {
        let quick = self.stream.set_nonblocking(true);
        let answer = match &mut self.tls {
            Some(tls) => has_decrypted(tls, &mut self.stream),
            None => {
                let peeked = self.stream.peek(&mut [0]);
                !matches!(peeked, Err(error) if is_tick(&error))
            }
        };
        let slow = self.stream.set_nonblocking(false);
        quick.is_ok() && slow.is_ok() && answer
    }
}

fn push(tls: &mut ClientConnection, stream: &mut TcpStream) -> io::Result<()> {
    while tls.wants_write() {
        tls.write_tls(stream)?;
    }
    Ok(())
}

/// Takes what has come: not all of it is for us, such as the tickets that a server sends after the handshake.
fn has_decrypted(tls: &mut ClientConnection, stream: &mut TcpStream) -> bool {
    loop {
        match tls.reader().into_first_chunk() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            _ => return true,
        }
        match tls.read_tls(stream) {
            Err(error) if is_tick(&error) => return false,
            Err(_) => return true,
            Ok(_) if tls.process_new_packets().is_err() => return true,
            Ok(_) => {}
        }
    }
}

/// The tick is over (`EAGAIN`), or a signal came; `ETIMEDOUT` is none, it is the kernel's word that the peer is dead.
pub(crate) fn is_tick(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
