//! Many small packets: a camera or a phone writes 1,400 bytes at a time, on one connection or on a thousand.
//!
//! One thread feeds all connections in turn, so that the generator leaves a core to the server.

use super::Bench;
use super::load::{Connection, new_key, order};
use super::place::Place;
use super::report::{Aim, Section};
use super::series::Series;
use super::server::Server;
use anyhow::{Context, Result};
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// What fits into an Ethernet frame with its headers.
const PACKET: usize = 1400;
/// What is announced over all connections together: more than any window takes.
const ANNOUNCED: u64 = 6 << 30;
/// Packets per second that the specification's clients send together.
const PACE: f64 = 5000.0;
const TICK: Duration = Duration::from_millis(1);

/// What came out of one window.
#[derive(Clone, Copy, Debug)]
struct Window {
    /// Packets per second.
    rate: f64,
    /// The server's part of one core, per cent.
    share: f64,
}

/// All counts of connections, paced and at full speed.
pub(crate) fn run(bench: &Bench) -> Result<Vec<Section>> {
    let _ = raise_file_limit();
    let mut section = Section::new("Packets of 1,400 bytes");
    let (window, rounds) = if bench.quick { (3.0, 1) } else { (8.0, 3) };
    for count in [1, 100, 1000] {
        let [mut share, mut rate, mut cost, mut taken] = [const { Series::new() }; 4];
        for _ in 0..rounds {
            let server = Server::start(&bench.program, &Place::memory(), "auto")?;
            let paced = Feed::open(&server, count)?.run(&server, Some(PACE), window)?;
            share.push(paced.share);
            let full = Feed::open(&server, count)?.run(&server, None, window)?;
            rate.push(full.rate);
            taken.push(full.share);
            cost.push(full.share * 1e4 / full.rate);
        }
        let name = format!("{count} connection{}", if count == 1 { "" } else { "s" });
        let aim = Aim::AtMost(5.0);
        section.aimed(
            format!("{name}, 5,000 packets/s: processor"),
            &share,
            "% of a core",
            aim,
        );
        let aim = Aim::AtLeast(100_000.0);
        section.aimed(
            format!("{name}, as fast as it goes"),
            &rate,
            "packets/s",
            aim,
        );
        section.row(
            format!("{name}, as fast as it goes: processor"),
            &taken,
            "% of a core",
        );
        section.row(format!("{name}, as fast as it goes: a packet"), &cost, "µs");
    }
    section.note(format!(
        "{rounds} windows of {window} s each, after a second of warming up; data in memory. One generator thread \
         writes to all connections in turn (no delay), which takes a core of its own at full speed.",
    ));
    Ok(vec![section])
}

/// Uploads that have begun.
struct Feed {
    connections: Vec<Upload>,
    next: usize,
}

struct Upload {
    connection: Connection,
    /// Bytes of the packet that the socket has taken already.
    sent: usize,
    left: u64,
}

impl Feed {
    fn open(server: &Server, count: u64) -> Result<Self> {
        let left = ANNOUNCED / count;
        let open = |_| {
            let mut connection = server.connect()?;
            connection.send(&order(&new_key(), None), "mp4", left)?;
            connection.stream.set_nonblocking(true)?;
            Ok(Upload {
                connection,
                sent: 0,
                left,
            })
        };
        let connections = (0..count).map(open).collect::<Result<_>>()?;
        server.settle()?;
        Ok(Self {
            connections,
            next: 0,
        })
    }

    /// Warms up, then measures for `seconds`.
    fn run(mut self, server: &Server, pace: Option<f64>, seconds: f64) -> Result<Window> {
        self.feed(pace, 1.0)?;
        let before = server.cpu()?;
        let began = Instant::now();
        let packets = self.feed(pace, seconds)?;
        let seconds = began.elapsed().as_secs_f64();
        Ok(Window {
            rate: packets as f64 / seconds,
            share: (server.cpu()? - before) / seconds * 100.0,
        })
    }

    /// Sends for so long; returns the number of packets.
    fn feed(&mut self, pace: Option<f64>, seconds: f64) -> Result<u64> {
        let began = Instant::now();
        let mut packets = 0;
        loop {
            let now = began.elapsed().as_secs_f64();
            if now >= seconds {
                return Ok(packets);
            }
            let due = pace.map_or(u64::MAX, |pace| (now * pace) as u64);
            let mut refused = 0;
            while packets < due && refused < self.connections.len() {
                match self.send_next()? {
                    true => (packets, refused) = (packets + 1, 0),
                    false => refused += 1,
                }
                // A look at the clock for each packet would cost as much as the packet.
                if packets % 256 == 0 && began.elapsed().as_secs_f64() >= seconds {
                    break;
                }
            }
            // Paced: nothing is due. Otherwise: every socket is full.
            std::thread::sleep(if pace.is_some() { TICK } else { TICK / 10 });
        }
    }

    /// One packet on the next connection; false when its socket is full.
    fn send_next(&mut self) -> Result<bool> {
        const BYTES: [u8; PACKET] = [0x5a; PACKET];
        self.next = (self.next + 1) % self.connections.len();
        let upload = &mut self.connections[self.next];
        let end = usize::try_from(upload.left)?.min(PACKET);
        if end <= upload.sent {
            return Ok(false);
        }
        match upload.connection.stream.write(&BYTES[upload.sent..end]) {
            Ok(n) if upload.sent + n == end => {
                upload.left -= end as u64;
                upload.sent = 0;
                Ok(true)
            }
            Ok(n) => {
                upload.sent += n;
                Ok(false)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error).context("the server refused an upload"),
        }
    }
}

/// A thousand connections are more than the usual limit of a process.
fn raise_file_limit() -> rustix::io::Result<()> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit)
}
