//! How soon a title is seen in Chromium, beside the same bytes out of nginx.

use super::{get, hls};
use crate::bench::Bench;
use crate::bench::child;
use crate::bench::http::{Nginx, connect, text};
use crate::bench::report::{Aim, Section};
use crate::bench::series::Series;
use crate::bench::server::Server;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

/// Lines of the rendition, which was made.
const HEIGHT: &str = "360";
/// What hls.js is to need on a machine that does nothing else, in milliseconds: first frames and jumps.
const FIRST: [f64; 2] = [250.0, 500.0];
const SEEK: f64 = 400.0;

/// First frames and jumps of one rendition with its sound.
pub(super) fn seen(
    bench: &Bench,
    server: &Server,
    title: &Value,
    site: SocketAddr,
) -> Result<Section> {
    let mut section = Section::new("First frames and jumps in Chromium");
    let is_there = ["chromium", "chromium-browser", "google-chrome"].map(child::is_installed);
    if !is_there.contains(&true) || !child::is_installed("nginx") {
        section.note("Skipped: Chromium or nginx is not installed.");
        return Ok(section);
    }
    let http = server.http.context("no HTTP door")?;
    let main = hls(title)?.replace("main.m3u8", &format!("{HEIGHT}.m3u8"));
    let files = mirrored(http, &main)?;
    let nginx = Nginx::with(&server.directory.path().join("seen"), &files)?;
    let rounds = if bench.quick { 3 } else { 25 };
    let output = Command::new(bench.tree.join("scripts/web.sh"))
        .args(["watch", &site.port().to_string(), &rounds.to_string()])
        .arg(format!("kinora=http://{http}{main}"))
        .arg(format!("nginx=http://{}/{HEIGHT}.m3u8", nginx.address()))
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "the browser could not be measured");
    if output.stdout.is_empty() {
        section.note("Skipped: what drives the browser is not there.");
        return Ok(section);
    }
    let found: Value = serde_json::from_slice(&output.stdout)?;
    for (what, key, aims) in [
        ("first frame", "first", [Some(FIRST[0]), Some(FIRST[1])]),
        ("frame after a jump", "seek", [None, Some(SEEK)]),
    ] {
        let [ours, theirs] = ["kinora", "nginx"].map(|who| numbers(&found[who][key]));
        for ((share, name), aim) in [(0.5, "half"), (0.95, "95 of 100")].into_iter().zip(aims) {
            let [ours, theirs] = [&ours, &theirs].map(|all| at(all, share));
            let row = |who: &str| format!("{who}: {what}, {name} within");
            match aim {
                Some(most) => section.aimed(row("kinora"), &ours, "ms", Aim::AtMost(most)),
                None => section.row(row("kinora"), &ours, "ms"),
            }
            section.row(row("nginx"), &theirs, "ms");
            section.row(
                format!("{what}, {name}: kinora over nginx"),
                &ours.over(&theirs),
                "",
            );
        }
    }
    section.note(format!(
        "hls.js in a new page each time, {rounds} rounds in turn, four jumps in each to places that are not there yet; the \
         same playlists and segments of {HEIGHT} lines. From asking for the playlist, or the place, to when the frame is \
         shown (requestVideoFrameCallback). At 60 pictures a second a screen alone takes up to 17 ms."
    ));
    Ok(section)
}

/// Everything that a playlist leads to, by names relative to it.
fn mirrored(http: SocketAddr, main: &str) -> Result<Vec<(String, Vec<u8>)>> {
    let (directory, name) = main
        .rsplit_once('/')
        .context("an address without a slash")?;
    let top = get(http, main)?;
    let mut files = vec![(name.to_owned(), top.clone().into_bytes())];
    let mut media = BTreeSet::new();
    media.extend(
        named(&top)
            .into_iter()
            .filter(|name| name.ends_with("/media.m3u8")),
    );
    for list in media {
        let text = get(http, &format!("{directory}/{list}"))?;
        let (rendition, _) = list.split_once('/').context("a playlist without a place")?;
        for name in named(&text) {
            let name = format!("{rendition}/{name}");
            let bytes = body(http, &format!("{directory}/{name}"))?;
            files.push((name, bytes));
        }
        files.push((list, text.into_bytes()));
    }
    Ok(files)
}

/// Addresses of a playlist, those in its tags among them.
fn named(playlist: &str) -> Vec<String> {
    let named = playlist
        .lines()
        .filter_map(|line| match line.split_once("URI=\"") {
            Some((_, rest)) => rest.split('"').next(),
            None => (!line.starts_with('#') && !line.is_empty()).then_some(line),
        });
    named.map(str::to_owned).collect()
}

fn body(http: SocketAddr, path: &str) -> Result<Vec<u8>> {
    let mut stream = connect(http)?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {http}\r\n\r\n")?;
    text(&mut stream)
}

fn numbers(list: &Value) -> Vec<f64> {
    let all = list.as_array().into_iter().flatten();
    let mut all: Vec<f64> = all.filter_map(Value::as_f64).collect();
    all.sort_by(f64::total_cmp);
    all
}

/// The number that this share of all is at most.
fn at(sorted: &[f64], share: f64) -> Series {
    let place = (sorted.len() as f64 * share).ceil() as usize;
    let found = sorted.get(place.saturating_sub(1)).copied();
    found.into_iter().collect()
}
