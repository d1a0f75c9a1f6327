//! The library in players and parsers that were not written for it: mpv, FFmpeg, and m3u8 of Python.

use crate::harness::Server;
use crate::http::fetched;
use crate::library::film;
use serde_json::Value;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// Seconds of the film, at 25 frames each.
const SECONDS: usize = 6;

struct Cinema {
    server: Server,
    title: Value,
    _place: tempfile::TempDir,
}

impl Cinema {
    /// A server with one title of which everything has been made.
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        fs::set_permissions(place.path(), Permissions::from_mode(0o755)).unwrap();
        let folder = place.path().join("films");
        fs::create_dir(&folder).unwrap();
        film(&folder.join("Our_holiday.mp4"), SECONDS);
        let words = "1\n00:00:01,000 --> 00:00:03,000\nHello\n";
        fs::write(folder.join("Our_holiday.en.srt"), words).unwrap();
        let folder = folder.to_string_lossy().into_owned();
        let more = ["--library", &folder, "--set", "library.heights=36,64,90"];
        let server = Server::start(&place.path().join("data"), &more);
        let title = loop {
            let list = get(&format!("http://{}/api/library", server.http));
            let list: Value = serde_json::from_str(&list).unwrap();
            let title = &list["titles"][0];
            if title["staged_url"].is_string() && title["progress"].is_null() {
                break title.clone();
            }
            std::thread::yield_now();
        };
        Self {
            server,
            title,
            _place: place,
        }
    }

    fn url(&self, member: &str) -> String {
        let path = self.title[member].as_str().unwrap();
        format!("http://{}{path}", self.server.http)
    }
}

fn get(url: &str) -> String {
    let output = Command::new("curl").args(["-sf", url]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[expect(clippy::print_stderr, reason = "what is skipped is said")]
fn is_there(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    if !found {
        eprintln!("skipped: {program} is not installed");
    }
    found
}

/// FFmpeg's reader of DASH, which mpv uses, ends with the track that ends first: sound is left out there.
fn is_dash(url: &str) -> bool {
    url.ends_with(".mpd")
}

/// Frames that mpv shows by an address; it must have nothing else to say. It writes them to nowhere, all in one size: where
/// it plays, it looks at the clock, and complains of a busy machine. A filter tells of each frame, also of those after a
/// change of size.
fn watched(url: &str) -> usize {
    let output = Command::new("mpv")
        .args(["--no-config", "--o=/dev/null", "--of=null"])
        .args([
            "--ovc=rawvideo",
            "--oac=pcm_s16le",
            "--vf=lavfi=[showinfo,scale=64:36]",
        ])
        .args(is_dash(url).then_some("--no-audio"))
        .args(["--msg-level=all=warn,ffmpeg=v", "--", url])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let told = String::from_utf8(output.stdout).unwrap();
    let is_of_filter = |line: &&str| line.contains("showinfo");
    // FFmpeg 5 reads no subtitles of HLS, and says so.
    let others = told
        .lines()
        .filter(|line| !is_of_filter(line) && !line.contains("subtitle"));
    let troubles = others.filter(|line| {
        ["error", "corrupt", "invalid", "desync"]
            .iter()
            .any(|word| line.to_lowercase().contains(word))
    });
    assert_eq!(troubles.collect::<Vec<_>>(), Vec::<&str>::new(), "{url}");
    told.lines()
        .filter(|line| is_of_filter(line) && line.contains("pts_time:"))
        .count()
}

#[test]
fn mpv_plays_every_frame() {
    if !is_there("mpv") {
        return;
    }
    let cinema = Cinema::new();
    let main = cinema.url("hls_url");
    for url in [
        main.clone(),
        main.replace("main.m3u8", "64.m3u8"),
        cinema.url("staged_url"),
        cinema.url("dash_url"),
    ] {
        assert_eq!(watched(&url), SECONDS * 25, "{url}");
    }
}

/// Frames that FFmpeg reads by an address, without a word of complaint.
fn frames(url: &str) -> usize {
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-i", url])
        .args(["-map", "0:v:0", "-vf", "scale=64:36"])
        .args(if is_dash(url) {
            &[][..]
        } else {
            &["-map", "0:a:0"]
        })
        .args(["-fps_mode", "passthrough", "-f", "framemd5", "-"])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{url}");
    let told = String::from_utf8(output.stdout).unwrap();
    told.lines().filter(|line| line.starts_with("0,")).count()
}

#[test]
fn ffmpeg_reads_every_frame() {
    let cinema = Cinema::new();
    let main = cinema.url("hls_url");
    for url in [
        main.clone(),
        main.replace("main.m3u8", "64.m3u8"),
        cinema.url("staged_url"),
        cinema.url("dash_url"),
    ] {
        assert_eq!(frames(&url), SECONDS * 25, "{url}");
    }
}

const READER: &str = r#"
import sys, m3u8
main = m3u8.loads(sys.stdin.read())
assert main.is_variant and main.is_independent_segments, main
words = [each for each in main.media if each.type == "SUBTITLES"]
print(len(main.playlists), len(main.iframe_playlists), len(words), words[0].language)
for each in main.playlists:
    info = each.stream_info
    assert info.bandwidth >= info.average_bandwidth > 0, info
    assert info.closed_captions == "NONE" and info.codecs, info
"#;

#[test]
fn m3u8_of_python_reads_what_we_write() {
    let Some(place) = fetched("m3u8") else { return };
    let cinema = Cinema::new();
    let main = get(&cinema.url("hls_url"));
    let scratch = tempfile::tempdir().unwrap();
    let list = scratch.path().join("main.m3u8");
    fs::write(&list, main).unwrap();
    let output = Command::new("python3")
        .args(["-c", READER])
        .env("PYTHONPATH", &place)
        .stdin(fs::File::open(&list).unwrap())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    // Three rungs, the source and the sound alone; key frames of each picture.
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(told.trim(), "5 4 1 en");
}
