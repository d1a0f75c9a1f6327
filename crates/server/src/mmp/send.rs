//! Sends a result's bytes: by `sendfile`, or in the careful way that fragile clients need.

use super::link::{Gone, Link};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::SendFlags;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use tokio::io::Interest;

/// One system call's worth: long enough to be cheap, short enough that other connections get their turn.
const CHUNK: u64 = 1 << 20;
/// What is encrypted at once: as much as the other side of the encryption holds.
const PIECE: usize = 64 * 1024;
/// A client was seen that takes each read of this size for full (MMP §3, client A).
const READ_OF_FRAGILE: usize = 1024;
/// At most this much in one segment of a loopback connection.
const SEGMENT: usize = 60 * 1024;

impl Link {
    /// Sends `file` from `offset` to `size` without copying it through this process.
    pub(super) async fn send_file(
        &mut self,
        file: &File,
        offset: u64,
        size: u64,
    ) -> Result<(), Gone> {
        if self.is_encrypted() {
            return self.send_encrypted(file, offset, size).await;
        }
        let mut at = offset;
        while at < size {
            self.wait_writable().await?;
            let count = usize::try_from((size - at).min(CHUNK)).unwrap_or(usize::MAX);
            let sent = self.stream.try_io(Interest::WRITABLE, || {
                let mut from = at;
                Ok(rustix::fs::sendfile(
                    &self.stream,
                    file,
                    Some(&mut from),
                    count,
                )?)
            });
            match sent {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                Ok(n) => at += n as u64,
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(error.into()),
            }
            tokio::task::coop::consume_budget().await;
        }
        Ok(())
    }

    /// The same through the buffers of this process, where the bytes are encrypted.
    async fn send_encrypted(&mut self, file: &File, offset: u64, size: u64) -> Result<(), Gone> {
        let mut piece = vec![0u8; PIECE];
        let mut at = offset;
        while at < size {
            let n = usize::try_from(size - at).unwrap_or(usize::MAX).min(PIECE);
            file.read_exact_at(&mut piece[..n], at)?;
            self.write_encrypted(&piece[..n]).await?;
            at += n as u64;
            tokio::task::coop::consume_budget().await;
        }
        Ok(())
    }

    /// Sends `file` so that whatever the peer reads is a multiple of [`READ_OF_FRAGILE`], the last read excepted:
    /// each piece is a segment of its own (`MSG_EOR` keeps the kernel from joining them), and none is begun while the
    /// send buffer might take only a part of it.
    pub(super) async fn send_file_in_records(
        &mut self,
        file: &File,
        size: u64,
    ) -> Result<(), Gone> {
        // Records of TLS have their own bounds, and none of those clients speaks it.
        if self.is_encrypted() {
            return self.send_encrypted(file, 0, size).await;
        }
        let mss = socket2::SockRef::from(&self.stream)
            .tcp_mss()
            .unwrap_or(1448) as usize;
        let whole = (mss.min(SEGMENT) / READ_OF_FRAGILE).max(1) * READ_OF_FRAGILE;
        let mut piece = vec![0u8; whole];
        let mut at = 0;
        while at < size {
            let n = usize::try_from(size - at).unwrap_or(usize::MAX).min(whole);
            file.read_exact_at(&mut piece[..n], at)?;
            self.send_record(&piece[..n]).await?;
            at += n as u64;
        }
        Ok(())
    }

    async fn send_record(&mut self, mut record: &[u8]) -> Result<(), Gone> {
        while !record.is_empty() {
            self.wait_writable().await?;
            let sent = self.stream.try_io(Interest::WRITABLE, || {
                // The runtime remembers an old readiness; the kernel says "writable" only with a third of the buffer
                // free, which is more than a record.
                let mut ready = [PollFd::new(&self.stream, PollFlags::OUT)];
                let now = Timespec {
                    tv_sec: 0,
                    tv_nsec: 0,
                };
                if poll(&mut ready, Some(&now))? == 0 {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                let flags = SendFlags::EOR | SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
                Ok(rustix::net::send(&self.stream, record, flags)?)
            });
            match sent {
                Ok(n) => record = &record[n..],
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    async fn wait_writable(&self) -> Result<(), Gone> {
        let ready = tokio::time::timeout(self.write_patience, self.stream.writable()).await;
        ready
            .map_err(|_| Gone::Io(io::ErrorKind::TimedOut.into()))?
            .map_err(Gone::Io)
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}
