//! What silent and hostile clients cost: a thousand connections that say nothing, and five hundred that push, dawdle and
//! talk nonsense while a few honest ones want to get on.

use super::Bench;
use super::load::{Connection, Pattern, order};
use super::place::Place;
use super::process;
use super::report::{Aim, Section};
use super::series::Series;
use super::server::Server;
use anyhow::{Result, ensure};
use kinora_mmp::frame::Head;
use serde_json::json;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Connections that say nothing.
const SILENT: usize = 1000;
/// Clients that mean harm.
const BAD: usize = 500;
/// Clients that do not.
const HONEST: usize = 4;
/// One honest upload.
const LENGTH: u64 = 8 << 20;
/// And what the others say theirs will be.
const ANNOUNCED: u64 = 16 << 20;
/// How often a dawdler sends a byte.
const DAWDLE: Duration = Duration::from_millis(100);
/// A pusher opens a new connection so often.
const AGAIN: Duration = Duration::from_millis(200);

/// Both parts.
pub(crate) fn run(bench: &Bench) -> Result<Vec<Section>> {
    Ok(vec![silence(bench)?, siege(bench)?])
}

fn silence(bench: &Bench) -> Result<Section> {
    let mut section = Section::new(&format!("{SILENT} connections that say nothing"));
    let window = Duration::from_secs(if bench.quick { 3 } else { 10 });
    let [mut share, mut each] = [const { Series::new() }; 2];
    for _ in 0..if bench.quick { 1 } else { 3 } {
        let server = Server::start(&bench.program, &Place::memory(), "auto")?;
        server.settle()?;
        let before = server.memory()?.own;
        let idle: Vec<Connection> = (0..SILENT)
            .map(|_| server.connect())
            .collect::<Result<_>>()?;
        server.settle()?;
        let (_, seconds, cpu) = server.measure(|| {
            std::thread::sleep(window);
            Ok(())
        })?;
        let grown = server.memory()?.own.saturating_sub(before);
        share.push(cpu / seconds * 100.0);
        each.push(grown as f64 / 1024.0 / idle.len() as f64);
    }
    section.always(
        "processor of the server",
        &share,
        "% of a core",
        Aim::AtMost(1.0),
    );
    section.always("memory of its own, each", &each, "KiB", Aim::AtMost(32.0));
    Ok(section)
}

fn siege(bench: &Bench) -> Result<Section> {
    let mut section = Section::new(&format!("Honest uploads while {BAD} others push"));
    let server = Server::start_with_http(&bench.program, &Place::memory(), "auto")?;
    let window = Duration::from_secs(if bench.quick { 3 } else { 8 });
    let [mut quiet, mut besieged, mut costs, mut pushing] = [const { Series::new() }; 4];
    for _ in 0..if bench.quick { 1 } else { 5 } {
        quiet.push(goodput(&server, window)?);
        besieged.push(beset(&server, || goodput(&server, window))?);
        let own = process::cpu(std::process::id())?;
        let (_, seconds, cpu) = beset(&server, || {
            server.measure(|| {
                std::thread::sleep(window);
                Ok(())
            })
        })?;
        costs.push(cpu / seconds * 100.0);
        pushing.push((process::cpu(std::process::id())? - own) / seconds * 100.0);
    }
    section.row("alone", &quiet, "GB/s");
    section.row("besieged", &besieged, "GB/s");
    let ratio = besieged.over(&quiet);
    section.row("besieged over alone", &ratio, "");
    let cores = process::cores() as f64 * 100.0;
    let left = pushing.map(|own| 1.0 - own / cores);
    section.aimed(
        "the same, of what the besiegers leave of the processor",
        &ratio.over(&left),
        "",
        Aim::AtLeast(0.8),
    );
    section.row("what the siege costs the server", &costs, "% of a core");
    section.row("and the besiegers", &pushing, "% of a core");
    section.note(format!(
        "{HONEST} clients upload {} MiB again and again; of the others, half at each door where there are two, a fifth each \
         stop within a head, send a byte each {} ms, open connections anew, talk nonsense, and send without ever reading. \
         They run on the same cores here, and what they need themselves is no work of the server's: it is measured while \
         they have nobody beside them, and counted off.",
        LENGTH >> 20,
        DAWDLE.as_millis()
    ));
    Ok(section)
}

/// Does this while the server is beset at all of its doors.
fn beset<T>(server: &Server, act: impl FnOnce() -> Result<T>) -> Result<T> {
    let targets = [Some(server.address()), server.http];
    let targets: Vec<SocketAddr> = targets.into_iter().flatten().collect();
    let pushed = AtomicU64::new(0);
    let over = AtomicBool::new(false);
    let done = std::thread::scope(|threads| {
        for number in 0..BAD {
            let (over, pushed, target) = (&over, &pushed, targets[number % targets.len()]);
            let push = move || bad(number / 2, target, over, pushed);
            std::thread::Builder::new()
                .stack_size(1 << 17)
                .spawn_scoped(threads, push)?;
        }
        let done = act();
        over.store(true, Ordering::Relaxed);
        done
    })?;
    ensure!(pushed.load(Ordering::Relaxed) > 0, "nobody pushed");
    Ok(done)
}

/// GB/s that honest clients get through together.
fn goodput(server: &Server, window: Duration) -> Result<f64> {
    let pattern = Pattern::new();
    let digest = pattern.digest(LENGTH);
    let began = Instant::now();
    let done = AtomicU64::new(0);
    std::thread::scope(|threads| -> Result<()> {
        let client = || -> Result<()> {
            let mut connection = server.connect()?;
            while began.elapsed() < window {
                let key = connection.upload(&pattern, LENGTH, &digest)?;
                connection.discard(&key)?;
                done.fetch_add(LENGTH, Ordering::Relaxed);
            }
            Ok(())
        };
        let all: Vec<_> = (0..HONEST).map(|_| threads.spawn(client)).collect();
        all.into_iter().try_for_each(|one| {
            one.join()
                .unwrap_or_else(|_| anyhow::bail!("a client has panicked"))
        })
    })?;
    Ok(done.load(Ordering::Relaxed) as f64 / 1e9 / began.elapsed().as_secs_f64())
}

/// One client that means harm, until it is over. That the server ends its connection is what should happen.
fn bad(number: usize, target: SocketAddr, over: &AtomicBool, pushed: &AtomicU64) {
    while !over.load(Ordering::Relaxed) {
        let own = Ipv4Addr::new(127, 0, 3, (number % 250) as u8 + 1);
        if let Ok(connection) = Connection::open_from(own, target, AGAIN) {
            pushed.fetch_add(1, Ordering::Relaxed);
            // An error is the server's good right.
            let _ = annoy(number, connection.stream, over);
        }
        std::thread::sleep(AGAIN);
    }
}

fn annoy(number: usize, mut stream: TcpStream, over: &AtomicBool) -> Result<()> {
    stream.set_read_timeout(Some(DAWDLE))?;
    let request = order(&format!("siege-{number:026}"), None);
    let head = Head::new(request.as_object().cloned().unwrap_or_default());
    let head = head.with_payload("mp4", ANNOUNCED).encode()?;
    match number % 5 {
        0 => {
            stream.write_all(&head[..head.len() / 2])?;
            wait(over);
        }
        1 => {
            stream.write_all(&head)?;
            while !over.load(Ordering::Relaxed) {
                stream.write_all(&[0])?;
                std::thread::sleep(DAWDLE);
            }
        }
        2 => {}
        3 => stream.write_all(&[0xa5; 4096])?,
        _ => {
            let ping = Head::new(
                json!({"action": "ping"})
                    .as_object()
                    .cloned()
                    .unwrap_or_default(),
            );
            let ping = ping.encode()?;
            // Never reads: answers pile up until the server stops making them.
            while !over.load(Ordering::Relaxed) {
                stream.write_all(&ping)?;
                std::thread::sleep(DAWDLE / 10);
            }
        }
    }
    let _ = stream.read(&mut [0; 64]);
    Ok(())
}

fn wait(over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        std::thread::sleep(DAWDLE);
    }
}
