//! The library: segments beside nginx on the same bytes, the first playlist of a long film, first frames and jumps in
//! Chromium, what a ladder costs beside FFmpeg alone, and many viewers while an encode runs.

mod film;
mod crowd;
mod browser;

use super::Bench;
use super::child;
use super::http::{Nginx, Peer, Turn, connect, cpu, fetch, text};
use super::place::Place;
use super::report::{Aim, Section};
use super::series::Series;
use super::server::Server;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

/// Connections at the same time.
const WIDTHS: [usize; 2] = [16, 64];
/// Lines of what is made beside a film of 720.
const HEIGHTS: &str = "360,720";
/// How long everything of a film may take to be made.
const PATIENCE: Duration = Duration::from_secs(900);
const LOOK: Duration = Duration::from_millis(20);
const GIB: f64 = (1u64 << 30) as f64;

/// All of it.
pub(crate) fn run(bench: &Bench) -> Result<Vec<Section>> {
    let place = bench.disk.directory()?;
    let films = place.path().join("films");
    std::fs::create_dir(&films)?;
    // FFmpeg runs as a user of its own.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(place.path(), open)?;
    let seconds = if bench.quick { 10 } else { 60 };
    film::made(&films.join("film.mp4"), seconds)?;
    let site = child::free_address()?;
    let server = library(&bench.program, &bench.disk, &films, (HEIGHTS, site))?;
    let http = server.http.context("no HTTP door")?;
    let title = complete(http)?;
    let sections = vec![
        segments(bench, &server, &title)?,
        browser::seen(bench, &server, &title, site)?,
        ladder(&server, &films.join("film.mp4"), seconds)?,
        crowd::viewers(bench, &server, &title, &films)?,
        opening(bench, place.path())?,
    ];
    Ok(sections)
}

/// A server on a folder, whose titles a site may play.
fn library(
    program: &Path,
    place: &Place,
    films: &Path,
    (heights, site): (&str, SocketAddr),
) -> Result<Server> {
    let site = format!("http://{site}");
    let films = films.to_str().context("a path that is no text")?;
    let settings = [
        ("KINORA_LIBRARY_DIRECTORIES", films),
        ("KINORA_LIBRARY_HEIGHTS", heights),
        ("KINORA_LIBRARY_CORS_ORIGINS", &site),
        ("KINORA_STORAGE_MARGIN", "0"),
    ];
    Server::start_with(program, place, "auto", "127.0.0.1:0", &settings)
}

/// A body that is small.
fn get(http: SocketAddr, path: &str) -> Result<String> {
    let mut stream = connect(http)?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {http}\r\n\r\n")?;
    Ok(String::from_utf8(text(&mut stream)?)?)
}

/// The first title that is like this.
fn title(http: SocketAddr, is_so: impl Fn(&Value) -> bool) -> Result<Value> {
    let until = Instant::now() + PATIENCE;
    loop {
        let list: Value = serde_json::from_str(&get(http, "/api/library")?)?;
        if let Some(title) = list["titles"].as_array().and_then(|all| all.first())
            && is_so(title)
        {
            return Ok(title.clone());
        }
        ensure!(
            Instant::now() < until,
            "the library does not get there: {list}"
        );
        std::thread::sleep(LOOK);
    }
}

/// The title of which all has been made.
fn complete(http: SocketAddr) -> Result<Value> {
    title(http, |title| {
        title["staged_url"].is_string() && title["progress"].is_null()
    })
}

fn hls(title: &Value) -> Result<&str> {
    title["hls_url"].as_str().context("it cannot be played")
}

/// Addresses of the segments of a rendition, whose name begins so.
fn addresses(http: SocketAddr, title: &Value, name: &str) -> Result<Vec<String>> {
    let main = hls(title)?;
    let (directory, _) = main
        .rsplit_once('/')
        .context("an address without a slash")?;
    let playlist = get(http, main)?;
    let mut lines = playlist.lines().filter(|line| !line.starts_with('#'));
    let media = lines.find(|line| line.starts_with(name));
    let (rendition, _) = media
        .and_then(|line| line.split_once('/'))
        .with_context(|| format!("no rendition {name}"))?;
    let list = get(http, &format!("{directory}/{rendition}/media.m3u8"))?;
    let segments = list.lines().filter(|line| !line.starts_with('#'));
    Ok(segments
        .map(|line| format!("{directory}/{rendition}/{line}"))
        .collect())
}

/// A peer that has these files, with its sum of their lengths.
struct Lane {
    peer: Peer,
    paths: Vec<String>,
    bytes: u64,
}

fn segments(bench: &Bench, server: &Server, title: &Value) -> Result<Section> {
    let mut section = Section::new("Segments of a film of 720 lines");
    if !child::is_installed("nginx") {
        section.note("Skipped: nginx is not installed.");
        return Ok(section);
    }
    let http = server.http.context("no HTTP door")?;
    let lane = |name: &str| -> Result<Lane> {
        let paths = addresses(http, title, name)?;
        let peer = Peer::of(http, vec![server.id()]);
        let mut bytes = 0;
        for path in &paths {
            bytes += fetch(&mut connect(http)?, path, "")?;
        }
        Ok(Lane { peer, paths, bytes })
    };
    let (source, stored) = (lane("v/")?, lane("v720-")?);
    let mut files = Vec::new();
    for (number, path) in stored.paths.iter().enumerate() {
        let mut stream = connect(http)?;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {http}\r\n\r\n")?;
        files.push((format!("{number}.m4s"), text(&mut stream)?));
    }
    let nginx = Nginx::with(&server.directory.path().join("segments"), &files)?;
    let theirs = Lane {
        paths: files.iter().map(|(name, _)| format!("/{name}")).collect(),
        bytes: stored.bytes,
        peer: Peer::of(nginx.address(), nginx.pids()),
    };
    let (rounds, bytes) = if bench.quick {
        (2, 1 << 27)
    } else {
        (7, 2 << 30)
    };
    for width in WIDTHS {
        let [mut kept, mut cut, mut other, mut rate] = [const { Series::new() }; 4];
        for _ in 0..rounds {
            let (a, b, c) = (
                turn(&theirs, width, bytes)?,
                turn(&stored, width, bytes)?,
                turn(&source, width, bytes)?,
            );
            other.push(a.cpu);
            kept.push(b.cpu);
            cut.push(c.cpu);
            rate.push(b.seconds.recip());
        }
        let who = |what: &str| format!("{width} connections: {what}");
        section.row(who("nginx, stored"), &other, "CPU-s/GiB");
        section.row(who("kinora, a rendition that was made"), &kept, "CPU-s/GiB");
        section.row(who("kinora, out of the film as it lies"), &cut, "CPU-s/GiB");
        section.row(who("kinora, a rendition that was made"), &rate, "GiB/s");
        section.aimed(
            who("a rendition over nginx"),
            &kept.over(&other),
            "",
            Aim::AtMost(0.75),
        );
        section.aimed(
            who("the film as it lies over a rendition"),
            &cut.over(&kept),
            "",
            Aim::AtMost(1.15),
        );
    }
    section.note(format!(
        "{rounds} rounds in turn, the same bytes from the disk's cache; processor of server and client together, for the \
         kernel charges receiving to either by chance. nginx has sendfile on and one worker a core. Both kinds of ours are \
         cut out of an MP4 by its index; no segment lies on the disk as such."
    ));
    Ok(section)
}

/// So many bytes over so many connections: processor seconds and seconds for each GiB.
fn turn(lane: &Lane, width: usize, bytes: u64) -> Result<Turn> {
    let laps = (bytes / lane.bytes.max(1)).max(width as u64) / width as u64;
    let before = cpu(&lane.peer)?;
    let began = Instant::now();
    std::thread::scope(|threads| {
        let all: Vec<_> = (0..width)
            .map(|first| {
                threads.spawn(move || -> Result<()> {
                    let mut stream = connect(lane.peer.address())?;
                    let places = lane.paths.iter().cycle().skip(first % lane.paths.len());
                    for path in places.take(lane.paths.len() * laps as usize) {
                        fetch(&mut stream, path, "")?;
                    }
                    Ok(())
                })
            })
            .collect();
        all.into_iter().try_for_each(|each| match each.join() {
            Ok(done) => done,
            Err(_) => bail!("a client has panicked"),
        })
    })?;
    let gib = (laps * width as u64 * lane.bytes) as f64 / GIB;
    Ok(Turn {
        cpu: (cpu(&lane.peer)? - before) / gib,
        seconds: began.elapsed().as_secs_f64() / gib,
    })
}

/// What the server said that its renditions took, beside one run of FFmpeg that makes the same.
fn ladder(server: &Server, film: &Path, seconds: u32) -> Result<Section> {
    let mut section = Section::new(&format!("Two renditions of {seconds} s of 720 lines"));
    let said = server
        .said("renditions title=")
        .context("nothing was made")?;
    let ours = said
        .split_whitespace()
        .find_map(|word| word.strip_prefix("seconds=")?.parse::<f64>().ok());
    let ours = ours.with_context(|| format!("no time in: {said}"))?;
    let theirs = film::ladder(film)?;
    let series = |number: f64| {
        let mut series = Series::new();
        series.push(number);
        series
    };
    let (ours, theirs) = (series(ours), series(theirs));
    section.row("kinora", &ours, "s");
    section.row("FFmpeg alone", &theirs, "s");
    section.row("kinora over FFmpeg", &ours.over(&theirs), "");
    section.note(
        "The same filters, presets and caps in one run; ours at a lower priority and in its cage, and cut and compared \
         afterwards.",
    );
    Ok(section)
}

/// The first playlist of a long film, when nothing of it is in memory.
fn opening(bench: &Bench, place: &Path) -> Result<Section> {
    let minutes = if bench.quick { 6 } else { 60 };
    let films = place.join("long");
    std::fs::create_dir(&films)?;
    film::long(&films.join("long.mp4"), minutes)?;
    let mut section = Section::new(&format!("The first playlist of {minutes} minutes"));
    let [mut cold, mut warm] = [const { Series::new() }; 2];
    for _ in 0..if bench.quick { 2 } else { 7 } {
        // Each server is new, so that it has read nothing.
        let server = library(
            &bench.program,
            &bench.disk,
            &films,
            ("", child::free_address()?),
        )?;
        let http = server.http.context("no HTTP door")?;
        let title = title(http, |title| title["hls_url"].is_string())?;
        for series in [&mut cold, &mut warm] {
            let began = Instant::now();
            get(http, hls(&title)?)?;
            series.push(began.elapsed().as_secs_f64() * 1000.0);
        }
    }
    section.aimed("cold", &cold, "ms", Aim::AtMost(10.0));
    section.row("again", &warm, "ms");
    section.note("main.m3u8 of HLS with a new connection; the file itself is in the disk's cache.");
    Ok(section)
}
