//! The encrypted half of a link: what rustls makes of the bytes on the socket, in the same readiness style as the rest
//! of this door.

use rustls::ServerConnection;
use std::io::{self, IoSlice, Read, Write};
use tokio::net::TcpStream;

/// A connection whose handshake is over.
#[derive(Debug)]
pub(super) struct Secure(Box<ServerConnection>);

impl Secure {
    pub(super) fn new(connection: ServerConnection) -> Self {
        Self(Box::new(connection))
    }

    /// Reads as many bytes as are there and fit; 0 when the peer has ended its side. A peer that ends without saying so
    /// is no danger here: every frame says how long it is.
    ///
    /// # Errors
    /// `WouldBlock` when nothing is there; what breaks the connection.
    pub(super) fn read(&mut self, stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.0.reader().read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                Err(_) => match self.pull(stream) {
                    Err(error) if filled == 0 => return Err(error),
                    Err(_) => break,
                    Ok(()) => {}
                },
            }
        }
        Ok(filled)
    }

    /// Whether the peer has said something (true) or ended its side (false).
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(super) fn speaks(&mut self, stream: &TcpStream) -> io::Result<bool> {
        loop {
            match self.0.reader().into_first_chunk() {
                Ok(chunk) => return Ok(!chunk.is_empty()),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                Err(_) => self.pull(stream)?,
            }
        }
    }

    /// Takes bytes to be sent, as many as there is room for; [`Self::push`] sends them.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.writer().write(bytes)
    }

    /// Whether [`Self::push`] has something to send.
    pub(super) fn has_unsent(&self) -> bool {
        self.0.wants_write()
    }

    /// Sends what has been taken, as much as the socket does.
    ///
    /// # Errors
    /// `WouldBlock` when the socket takes nothing.
    pub(super) fn push(&mut self, stream: &TcpStream) -> io::Result<()> {
        self.0.write_tls(&mut Ready(stream)).map(drop)
    }

    /// The last word, if the socket takes it at once.
    pub(super) fn end(&mut self, stream: &TcpStream) {
        self.0.send_close_notify();
        while self.0.wants_write() && self.push(stream).is_ok() {}
    }

    fn pull(&mut self, stream: &TcpStream) -> io::Result<()> {
        self.0.read_tls(&mut Ready(stream))?;
        let done = self.0.process_new_packets();
        done.map(drop).map_err(|error| {
            // The alert that says so to the peer.
            let _ = self.push(stream);
            io::Error::new(io::ErrorKind::InvalidData, error)
        })
    }
}

/// The socket as blocking code sees it: `WouldBlock` where it would wait.
struct Ready<'a>(&'a TcpStream);

impl Read for Ready<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buffer)
    }
}

impl Write for Ready<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(pieces)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
