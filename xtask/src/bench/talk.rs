//! What people's talk takes of the server: durable messages beside a store that syncs as often, sockets that wait,
//! everybody coming back after a restart, and a message's way while FFmpeg works.

mod person;
mod crowd;
mod disk;

use super::Bench;
use super::child::{self, Running, free_address};
use super::clip;
use super::place::Place;
use super::process;
use super::report::{Aim, Section};
use super::series::Series;
use super::server::Server;
use super::task;
use anyhow::{Context, Result, ensure};
use crowd::{Crowd, Told};
use person::{ENVELOPE, said_at};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Who talk with each other: pairs, of which one writes.
const PAIRS: usize = 1_000;
/// Messages of one writer that are on their way, while as many as possible are wanted.
const WINDOW: usize = 4;
/// Messages in a second: what the server should take, and half of it.
const WANTED: f64 = 10_000.0;
/// Sockets that wait.
const WAITING: usize = 10_000;
/// Descriptors beside those of sockets.
const OTHERS: u64 = 1_000;
/// Pairs that talk while FFmpeg works, and their messages in a second.
const TALKING: (usize, f64) = (100, 100.0);
/// Everybody is here within this, or something is wrong.
const GATHER: Duration = Duration::from_secs(180);
/// The last messages arrive within this.
const DRAIN: Duration = Duration::from_secs(30);

/// All parts.
pub(crate) fn run(bench: &Bench) -> Result<Vec<Section>> {
    Ok(vec![durable(bench)?, waiting(bench)?, beside_media(bench)?])
}

/// How long messages took, seconds.
#[derive(Default)]
struct Times {
    taken: Vec<f64>,
    heard: Vec<f64>,
}

fn durable(bench: &Bench) -> Result<Section> {
    let mut section = Section::new("Messages on the disk before the writer hears of it");
    let window = Duration::from_secs(if bench.quick { 2 } else { 10 });
    let [mut ours, mut peer, mut share] = [const { Series::new() }; 3];
    let [mut sent, mut heard] = [const { Series::new() }; 2];
    let pairs = if bench.quick { PAIRS / 10 } else { PAIRS };
    for _ in 0..if bench.quick { 1 } else { 3 } {
        let server = start(bench, &bench.disk)?;
        let mut crowd = company(&server, pairs)?;
        let apart = Apart::new(server.id())?;
        let (rate, seconds, cpu) = server.measure(|| flood(&mut crowd, pairs, window))?;
        ours.push(rate);
        share.push(cpu / seconds * 100.0);
        let times = pace(&mut crowd, pairs, WANTED / 2.0, window)?;
        sent.push(percentile(times.taken, 0.99) * 1000.0);
        heard.push(percentile(times.heard, 0.99) * 1000.0);
        drop(apart);
        drop(crowd);
        drop(server);
        if let Some(rate) = redis(bench, pairs)? {
            peer.push(rate);
        }
    }
    section.aimed("messages in a second", &ours, "", Aim::AtLeast(WANTED));
    section.row("the server's processor meanwhile", &share, "% of a core");
    section.row("Redis, entries of a stream, synced as often", &peer, "");
    if !peer.is_empty() {
        section.row("ours over Redis", &ours.over(&peer), "");
    }
    let half = WANTED / 2.0;
    section.aimed(
        format!("at {half} in a second, until it is sent, p99"),
        &sent,
        "ms",
        Aim::AtMost(20.0),
    );
    section.row("the same, until the other one has it, p99", &heard, "ms");
    section.note(format!(
        "{pairs} pairs, envelopes of {ENVELOPE} bytes as a short text has them; the server on one core, who talks on another. \
         Each message is synced to the disk, counted, queued for its reader, pushed, acknowledged and deleted. At the fixed \
         rate a message's time begins when it was to be said, also when the one before was late. Redis takes the same bytes \
         (`XADD` by as many connections, `appendfsync always`), and nobody reads them: the lesser work."
    ));
    Ok(section)
}

fn waiting(bench: &Bench) -> Result<Section> {
    let people = sockets(if bench.quick { 500 } else { WAITING })?;
    let mut section = Section::new(&format!("{people} people who are here and say nothing"));
    let [mut each, mut idle, mut first, mut last] = [const { Series::new() }; 4];
    for _ in 0..if bench.quick { 1 } else { 2 } {
        let mut server = start(bench, &Place::memory())?;
        let door = server.http.context("no HTTP door")?;
        server.settle()?;
        let before = server.memory()?.own;
        let mut crowd = Crowd::new(door, people)?;
        crowd.gather(GATHER)?;
        server.settle()?;
        each.push(server.memory()?.own.saturating_sub(before) as f64 / 1000.0 / people as f64);
        let calm = Duration::from_secs(if bench.quick { 3 } else { 30 });
        let (_, seconds, cpu) = server.measure(|| listen(&mut crowd, calm))?;
        idle.push(cpu / seconds * 100.0);
        let (half, all) = restart(&mut server, &mut crowd, people)?;
        first.push(half);
        last.push(all);
    }
    section.always("memory of the server, each", &each, "kB", Aim::AtMost(12.0));
    section.row(
        "processor of the server, pings and all",
        &idle,
        "% of a core",
    );
    section.row(
        "killed and started again: half of them are back after",
        &first,
        "s",
    );
    section.row("and the last one", &last, "s");
    section.note(
        "Without TLS. Everybody is logged in and has a queue of their own. After the kill each comes back with the pauses of \
         the protocol (a quarter of a second, doubled each time, half of it random); counted from the moment when the new \
         server listens. A message that was sent to somebody who was away is there when they are back.",
    );
    Ok(section)
}

fn beside_media(bench: &Bench) -> Result<Section> {
    let mut section = Section::new("A message's way while FFmpeg works");
    let (pairs, rate) = TALKING;
    let window = Duration::from_secs(if bench.quick { 3 } else { 15 });
    let [mut calm, mut sent, mut heard] = [const { Series::new() }; 3];
    let [mut disk, mut busy] = [const { Series::new() }; 2];
    for _ in 0..if bench.quick { 1 } else { 3 } {
        let server = start(bench, &bench.disk)?;
        let mut crowd = company(&server, pairs)?;
        calm.push(percentile(pace(&mut crowd, pairs, rate, window)?.heard, 0.99) * 1000.0);
        let clip = clip::video(server.directory.path(), if bench.quick { 20 } else { 120 })?;
        let mut connection = server.connect()?;
        let job = task::submit(&mut connection, &clip, "compress", &json!({}))?;
        task::ffmpeg_of(&server)?;
        let (worked, began) = (process::machine_busy(), Instant::now());
        let times = pace(&mut crowd, pairs, rate, window)?;
        let cores = process::cores() as f64 * began.elapsed().as_secs_f64();
        busy.push((process::machine_busy() - worked) / cores * 100.0);
        let synced = disk::synced(server.directory.path(), rate, window)?;
        task::cancel(&mut server.connect()?, &job)?;
        disk.push(percentile(synced, 0.99) * 1000.0);
        sent.push(percentile(times.taken, 0.99) * 1000.0);
        heard.push(percentile(times.heard, 0.99) * 1000.0);
    }
    section.row("alone, until the other one has it, p99", &calm, "ms");
    section.row("beside a job, until it is sent, p99", &sent, "ms");
    section.aimed(
        "beside a job, until the other one has it, p99",
        &heard,
        "ms",
        Aim::AtMost(50.0),
    );
    section.row("beside the job, the disk alone, p99", &disk, "ms");
    section.row("ours over the disk alone", &heard.over(&disk), "");
    section.row("of the machine's processor in use", &busy, "%");
    section.note(format!(
        "{pairs} pairs and {rate} messages in a second, while a job of the same server is being encoded; those who talk are on \
         the same cores. The disk alone: as often, a page of a file is written over and synced, beside the same job."
    ));
    Ok(section)
}

fn start(bench: &Bench, place: &Place) -> Result<Server> {
    let most = (WAITING + 500).to_string();
    let settings = [("KINORA_HTTP_MAX_CONNECTIONS", most.as_str())];
    Server::start_with(&bench.program, place, "auto", "127.0.0.1:0", &settings)
}

/// Pairs that are here, and have opened their conversations.
fn company(server: &Server, pairs: usize) -> Result<Crowd> {
    let door = server.http.context("no HTTP door")?;
    let mut crowd = Crowd::new(door, pairs * 2)?;
    crowd.gather(GATHER)?;
    for pair in 0..pairs {
        crowd.ask(pair * 2, person::Person::open)?;
    }
    // Taken, and the Welcome has reached the other one.
    let mut left = pairs * 2;
    let until = Instant::now() + GATHER;
    while left > 0 {
        left -= crowd.turn(Duration::from_millis(100))?.len();
        ensure!(Instant::now() < until, "{left} conversations did not open");
    }
    Ok(crowd)
}

/// As many messages as there can be: so many in a second were taken.
fn flood(crowd: &mut Crowd, pairs: usize, window: Duration) -> Result<f64> {
    let began = Instant::now();
    for pair in (0..pairs).flat_map(|pair| [pair; WINDOW]) {
        crowd.ask(pair * 2, |person| person.say(Duration::ZERO))?;
    }
    let (mut taken, mut heard) = (0, 0);
    while began.elapsed() < window {
        for (who, told) in crowd.turn(Duration::from_millis(10))? {
            match told {
                Told::Taken => {
                    taken += 1;
                    crowd.ask(who, |person| person.say(Duration::ZERO))?;
                }
                Told::Heard(_) => heard += 1,
                Told::Ready | Told::Lost => anyhow::bail!("somebody was cut off"),
            }
        }
    }
    let rate = f64::from(taken) / began.elapsed().as_secs_f64();
    let all = taken + i32::try_from(pairs * WINDOW)?;
    let until = Instant::now() + DRAIN;
    while taken < all || heard < all {
        for (_, told) in crowd.turn(Duration::from_millis(10))? {
            match told {
                Told::Taken => taken += 1,
                Told::Heard(_) => heard += 1,
                Told::Ready | Told::Lost => anyhow::bail!("somebody was cut off"),
            }
        }
        ensure!(Instant::now() < until, "{heard} of {all} messages arrived");
    }
    Ok(rate)
}

/// So many messages in a second, whatever becomes of them: a time for each.
fn pace(crowd: &mut Crowd, pairs: usize, rate: f64, window: Duration) -> Result<Times> {
    let mut times = Times::default();
    let began = Instant::now();
    let count = (rate * window.as_secs_f64()) as usize;
    let due = |n: usize| Duration::from_secs_f64(n as f64 / rate);
    // What a writer has said and not heard of, in its order.
    let mut open = vec![std::collections::VecDeque::new(); pairs];
    let mut said = 0;
    while times.heard.len() < count || times.taken.len() < count {
        while said < count && due(said) <= began.elapsed() {
            let (pair, at) = (said % pairs, due(said));
            crowd.ask(pair * 2, |person| person.say(at))?;
            open[pair].push_back(began + at);
            said += 1;
        }
        for (who, told) in crowd.turn(Duration::from_millis(1))? {
            match told {
                Told::Taken => {
                    let at = open[who / 2].pop_front().context("taken unsaid")?;
                    times.taken.push(at.elapsed().as_secs_f64());
                }
                Told::Heard(envelope) => {
                    times
                        .heard
                        .push(said_at(&envelope, began)?.elapsed().as_secs_f64());
                }
                Told::Ready | Told::Lost => anyhow::bail!("somebody was cut off"),
            }
        }
        let arrived = times.heard.len();
        ensure!(
            began.elapsed() < window + DRAIN,
            "{arrived} of {count} messages arrived"
        );
    }
    Ok(times)
}

/// Nobody says anything.
fn listen(crowd: &mut Crowd, window: Duration) -> Result<()> {
    let until = Instant::now() + window;
    while Instant::now() < until {
        crowd.turn(Duration::from_millis(50))?;
    }
    Ok(())
}

/// The server is killed with everybody here, and started again: seconds until half, and all of them are back.
fn restart(server: &mut Server, crowd: &mut Crowd, people: usize) -> Result<(f64, f64)> {
    crowd.comes_back = true;
    server.restart()?;
    let began = Instant::now();
    let (mut here, mut half) = (0, None);
    while here < people {
        for (_, told) in crowd.turn(Duration::from_millis(10))? {
            match told {
                Told::Ready => here += 1,
                // Refused while nobody listened, or cut off again.
                Told::Lost | Told::Taken | Told::Heard(_) => {}
            }
            if here * 2 >= people && half.is_none() {
                half = Some(began.elapsed().as_secs_f64());
            }
        }
        ensure!(began.elapsed() < GATHER, "{here} of {people} came back");
    }
    let all = began.elapsed().as_secs_f64();
    Ok((half.unwrap_or(all), all))
}

/// Sockets that both processes may have.
fn sockets(wanted: usize) -> Result<usize> {
    let most = getrlimit(Resource::Nofile).maximum;
    let limit = Rlimit {
        current: most,
        maximum: most,
    };
    setrlimit(Resource::Nofile, limit)?;
    let most = most.map_or(wanted, |most| {
        usize::try_from(most.saturating_sub(OTHERS)).unwrap_or(wanted)
    });
    Ok(wanted.min(most))
}

fn percentile(mut seconds: Vec<f64>, part: f64) -> f64 {
    seconds.sort_by(f64::total_cmp);
    let at = ((seconds.len() as f64 * part).ceil() as usize).clamp(1, seconds.len().max(1));
    seconds.get(at - 1).copied().unwrap_or(f64::NAN)
}

/// The server on the first core and this process on the second, until it is dropped.
struct Apart;

impl Apart {
    fn new(server: u32) -> Result<Self> {
        if process::cores() > 1 {
            bind(server, "0")?;
            bind(std::process::id(), "1")?;
        }
        Ok(Self)
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        let last = std::fs::read_to_string("/sys/devices/system/cpu/online").unwrap_or_default();
        let all = if last.trim().is_empty() {
            "0-1"
        } else {
            last.trim()
        };
        let _ = bind(std::process::id(), all);
    }
}

/// All threads of a process on these cores.
fn bind(pid: u32, cores: &str) -> Result<()> {
    let mut command = Command::new("taskset");
    command.args([
        "--all-tasks",
        "--cpu-list",
        "--pid",
        cores,
        &pid.to_string(),
    ]);
    let done = command.stdout(Stdio::null()).status()?;
    ensure!(done.success(), "taskset cannot put {pid} on {cores}");
    Ok(())
}

/// Entries in a second that Redis syncs to the same disk, if it is here.
fn redis(bench: &Bench, connections: usize) -> Result<Option<f64>> {
    if !child::is_installed("redis-server") || !child::is_installed("redis-benchmark") {
        return Ok(None);
    }
    let directory = bench.disk.directory()?;
    let address: SocketAddr = free_address()?;
    let port = address.port().to_string();
    let mut command = Command::new("redis-server");
    command.args([
        "--port",
        &port,
        "--bind",
        "127.0.0.1",
        "--appendonly",
        "yes",
    ]);
    command.args(["--appendfsync", "always", "--save", "", "--dir"]);
    command.arg(directory.path()).stdout(Stdio::null());
    let mut running = Running::start(&mut command)?;
    running.listens(address.port())?;
    bind(running.id(), "0")?;
    let mut client = Command::new("taskset");
    client.args(["--cpu-list", "1", "redis-benchmark", "--csv", "-p", &port]);
    client.args([
        "-c",
        &connections.to_string(),
        "-n",
        if bench.quick { "10000" } else { "150000" },
    ]);
    client.args(["XADD", "queue", "*", "message", &"x".repeat(ENVELOPE)]);
    let output = client.stdin(Stdio::null()).output()?;
    running.end(Duration::from_secs(5));
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text
        .lines()
        .next_back()
        .context("redis-benchmark says nothing")?;
    Ok(Some(rate(line).context("redis-benchmark tells no rate")?))
}

/// In a line of `redis-benchmark --csv` the first number behind the test's name.
fn rate(line: &str) -> Option<f64> {
    let mut quoted = line.split('"').skip(1).step_by(2).skip(1);
    quoted.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ninety_ninth_of_a_hundred() {
        let seconds = |count: u32| (1..=count).rev().map(f64::from).collect();
        assert_eq!(percentile(seconds(100), 0.99), 99.0);
        assert_eq!(percentile(seconds(1), 0.99), 1.0);
        assert!(percentile(Vec::new(), 0.99).is_nan());
    }

    #[test]
    fn the_rate_stands_behind_the_name() {
        let line = "\"XADD queue * message x\",\"12345.67\",\"0.5\"";
        assert_eq!(rate(line), Some(12345.67));
    }
}
