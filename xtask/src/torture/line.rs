//! A bad line between a client and the server: bytes come in crumbs and late, and some lines go dead.
//!
//! What a network does to packets reaches a program as this, for TCP repeats what is lost. It needs no rights and no
//! module of the kernel, as netem would.

use super::tally::Tally;
use anyhow::Result;
use fastrand::Rng;
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// Bytes that arrive together, at most.
const CRUMB: usize = 32 * 1024;
/// A packet that comes late, and the first times after which TCP repeats one, ms.
const LATE: std::ops::Range<u64> = 1..30;
const REPEATED: [u64; 3] = [200, 400, 800];

/// Lays a line for one connection, from the client's own address; it lasts as long as both ends do.
pub(crate) fn lay(number: u8, to: SocketAddr, seed: u64, tally: &Tally) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let near_end = listener.local_addr()?;
    let mut dice = Rng::with_seed(seed);
    let dies = dice.u8(..6) == 0;
    tally.count(if dies {
        "faults: line goes dead"
    } else {
        "faults: line delays and repeats"
    });
    // One of the two directions, after so many bytes.
    let ends = dies.then(|| (dice.bool(), dice.usize(..512 * 1024)));
    let seeds = [dice.u64(..), dice.u64(..)];
    std::thread::spawn(move || -> Result<()> {
        let (near, _) = listener.accept()?;
        let far = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
        far.bind(&SocketAddr::from((Ipv4Addr::new(127, 0, 1, number), 0)).into())?;
        far.connect(&to.into())?;
        let far = TcpStream::from(far);
        let end = |is_up: bool| ends.filter(|end| end.0 == is_up).map(|end| end.1);
        let (up_end, down_end) = (end(true), end(false));
        let up = (near.try_clone()?, far.try_clone()?);
        std::thread::spawn(move || carry(up, up_end, Rng::with_seed(seeds[0])));
        carry((far, near), down_end, Rng::with_seed(seeds[1]));
        Ok(())
    });
    Ok(near_end)
}

/// One direction.
fn carry((mut from, mut to): (TcpStream, TcpStream), end: Option<usize>, mut dice: Rng) {
    let mut bytes = vec![0; CRUMB];
    let mut left = end.unwrap_or(usize::MAX);
    loop {
        let room = dice.usize(1..=CRUMB);
        let Ok(n @ 1..) = from.read(&mut bytes[..room]) else {
            break;
        };
        match dice.u8(..32) {
            0 => pause(REPEATED[dice.usize(..REPEATED.len())]),
            1..=8 => pause(dice.u64(LATE)),
            _ => {}
        }
        // A dead line takes what is written to it, as a socket's buffers do, and nobody hears of it.
        if left < n {
            left = 0;
            continue;
        }
        left -= n;
        if to.write_all(&bytes[..n]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

fn pause(ms: u64) {
    std::thread::sleep(Duration::from_millis(ms));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_whole_or_ends() {
        let tally = Tally::default();
        let sent: Vec<u8> = (0..100_000u32).map(|n| n as u8).collect();
        for seed in 0..12 {
            let server = TcpListener::bind("127.0.0.1:0").unwrap();
            let line = lay(1, server.local_addr().unwrap(), seed, &tally).unwrap();
            let mut client = TcpStream::connect(line).unwrap();
            client.write_all(&sent).unwrap();
            client.shutdown(Shutdown::Write).unwrap();
            let mut got = Vec::new();
            server.accept().unwrap().0.read_to_end(&mut got).unwrap();
            assert!(sent.starts_with(&got), "seed {seed}");
        }
        let dead = tally.of("faults: line goes dead");
        assert!(dead > 0 && dead < 12, "{dead}");
    }
}
