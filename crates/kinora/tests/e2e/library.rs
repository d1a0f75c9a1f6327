//! The library by the commands of the real binary, and by players that were not written for it.

use crate::harness::{Server, kinora};
use crate::wire::clip;
use std::fs::{self, File, Permissions};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

const FILM: &str = "Our_holiday.mp4";

struct Scene {
    server: Server,
    place: tempfile::TempDir,
}

impl Scene {
    /// A server with one title of 4 seconds at 25 frames a second, of which nothing is made.
    fn new() -> Self {
        Self::with("testsrc2=size=160x90:rate=25:duration=4", &[])
    }

    /// The same with another picture of as many seconds and lines.
    fn with(picture: &str, encoding: &[&str]) -> Self {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("films");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(place.path(), Permissions::from_mode(0o755)).unwrap();
        film_of(&folder.join(FILM), picture, 4, encoding);
        let folder = folder.to_string_lossy().into_owned();
        let keep = format!("library.keep_in={folder}");
        let more = [
            "--library",
            &folder,
            "--set",
            "library.heights=",
            "--set",
            &keep,
        ];
        let server = Server::start(&place.path().join("data"), &more);
        let scene = Self { server, place };
        // It is looked at for a poster, and that is all.
        while scene.told(&["library"]) != "Our holiday  0:04  90p\n" {
            std::thread::yield_now();
        }
        scene
    }

    fn run(&self, words: &[&str]) -> Output {
        let address = self.server.address.to_string();
        let mut command = kinora();
        // No player of this machine, so that the address is printed.
        command
            .args(words)
            .args(["--server", &address])
            .env("HOME", self.place.path())
            .env("XDG_STATE_HOME", self.place.path())
            .env("PATH", "/nonexistent");
        command.output().unwrap()
    }

    fn told(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

/// So many seconds at 25 frames each.
pub(crate) fn film(path: &Path, seconds: usize) {
    let picture = format!("testsrc2=size=160x90:rate=25:duration={seconds}");
    film_of(path, &picture, seconds, &[]);
}

fn film_of(path: &Path, picture: &str, seconds: usize, encoding: &[&str]) {
    let sound = format!("sine=duration={seconds}");
    let done = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error"])
        .args(["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", &sound])
        .args(["-c:v", "libx264", "-c:a", "aac"])
        .args(encoding)
        .arg(path)
        .status()
        .unwrap();
    assert!(done.success());
    rest(path);
}

/// Long ago, so that nobody waits for a copy to end.
pub(crate) fn rest(path: &Path) {
    let then = SystemTime::now() - Duration::from_secs(3600);
    File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_modified(then)
        .unwrap();
}

/// Whether an FFmpeg here makes AV1 as renditions need it.
#[expect(clippy::print_stderr, reason = "what is skipped is said")]
pub(crate) fn makes_av1() -> bool {
    let told = kinora().args(["doctor", "--json"]).output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let line = told
        .lines()
        .find(|line| line.contains("renditions in AV1"))
        .unwrap();
    let is_well = line.contains("\"good\"");
    if !is_well {
        eprintln!("skipped: no FFmpeg here puts the key frames of AV1 where they are wanted");
    }
    is_well
}

/// Frames that ffprobe reads by an address.
fn frames(url: &str) -> String {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-count_frames", "-select_streams", "v:0"])
        .args([
            "-show_entries",
            "stream=nb_read_frames",
            "-of",
            "csv=p=0",
            url,
        ])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let told = String::from_utf8(output.stdout).unwrap();
    told.split_whitespace()
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn a_title_is_found_played_and_shared() {
    let scene = Scene::new();
    assert_eq!(scene.told(&["library", "HOLI"]), "Our holiday  0:04  90p\n");
    assert_eq!(scene.told(&["library", "nothing"]), "");
    let url = scene.told(&["play", "holiday"]);
    assert_eq!(frames(url.trim()), "100");
    let low = scene.told(&["play", "our", "holiday", "--height", "90"]);
    assert_eq!(frames(low.trim()), "100");
    let page = scene.told(&["share", "holiday", "--expires", "1h"]);
    assert!(
        page.contains(&format!(":{}/shared/02", scene.server.http.port())),
        "{page}"
    );
    let json = scene.told(&["share", "holiday", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(frames(json["hls"].as_str().unwrap()), "100");
}

#[test]
fn what_is_not_there_is_said() {
    let scene = Scene::new();
    let refused = |words: &[&str], code: &str| {
        let output = scene.run(words);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {told}");
        assert!(told.contains(code), "{words:?}: {told}");
    };
    refused(&["play", "nothing"], "nothing that is called");
    refused(
        &["play", "holiday", "--staged"],
        "cannot be played like that yet",
    );
    refused(&["share", "nothing"], "nothing that is called");
    refused(
        &["play", "holiday", "--subs", "en"],
        "has no subtitles \"en\"",
    );
}

fn text(url: &str) -> String {
    let curl = Command::new("curl").args(["-sf", url]).output().unwrap();
    assert!(curl.status.success(), "{url}");
    String::from_utf8(curl.stdout).unwrap()
}

/// The address that the first line of a playlist that is one leads to.
fn first(playlist: &str) -> String {
    let text = text(playlist);
    let line = text.lines().find(|line| !line.starts_with('#')).unwrap();
    let (folder, _) = playlist.rsplit_once('/').unwrap();
    format!("{folder}/{line}")
}

#[test]
fn a_film_that_becomes_shorter_while_it_is_sent_ends_that_answer_alone() {
    // More bytes than sockets hold, within one group of pictures.
    let scene = Scene::with(
        "testsrc2=size=1280x90:rate=25:duration=4,noise=alls=100:allf=t",
        &["-crf", "1", "-preset", "ultrafast", "-pix_fmt", "yuv420p"],
    );
    let segment = first(&first(scene.told(&["play", "holiday"]).trim()));
    let http = scene.server.http;
    let path = segment.strip_prefix(&format!("http://{http}")).unwrap();
    let mut stream = TcpStream::connect(http).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {http}\r\n\r\n").unwrap();
    let mut begun = vec![0; 4096];
    stream.read_exact(&mut begun).unwrap();
    let head = String::from_utf8_lossy(&begun).to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.unwrap().parse().unwrap();
    assert!(length > 16 << 20, "{length} bytes fit into sockets");
    let film = scene.place.path().join("films").join(FILM);
    File::options()
        .write(true)
        .open(film)
        .unwrap()
        .set_len(4096)
        .unwrap();
    let mut rest = Vec::new();
    // Closed or reset, as the kernel likes.
    let _ = stream.read_to_end(&mut rest);
    assert!(rest.len() < length - begun.len(), "all of it came");
    assert_eq!(status(&format!("http://{http}/healthz")), "200");
}

fn status(url: &str) -> String {
    let curl = Command::new("curl")
        .args(["-s", "-o", "/dev/null", "-w", "%{http_code}", url])
        .output();
    String::from_utf8(curl.unwrap().stdout).unwrap()
}

#[test]
fn one_link_is_taken_back_and_stays_so() {
    let scene = Scene::new();
    let data = scene.place.path().join("data");
    let shared = |span: &str| {
        let json = scene.told(&["share", "holiday", "--expires", span, "--json"]);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        ["hls", "url"].map(|name| json[name].as_str().unwrap().to_owned())
    };
    let on_files = |words: &[&str]| {
        let command = kinora()
            .arg("share")
            .args(words)
            .arg("--data")
            .arg(&data)
            .output();
        let output = command.unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let [one, two, three] = ["1h", "2h", "3h"].map(shared);
    // What an evening's list gives, and what only plays, is no link that anybody has asked for.
    scene.told(&["play", "holiday"]);
    let list = on_files(&["--list"]);
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines.len(), 3, "{list}");
    assert!(lines[1].contains("  Our holiday  good for "), "{list}");
    let id = lines[0].split(' ').next().unwrap();
    let segment = |url: &str| url.replace("main.m3u8", "v/1.m4s");
    assert_eq!(status(&segment(&one[0])), "200");
    on_files(&["--revoke", id]);
    // By its address, as somebody may have it who does not know the list.
    on_files(&["--revoke", &three[1]]);
    let check = |of: &dyn Fn(&str) -> String| {
        for (link, code) in [(&one, "410"), (&two, "200"), (&three, "410")] {
            assert_eq!(status(&of(&link[0])), code, "{link:?}");
            assert_eq!(status(&of(&segment(&link[0]))), code, "{link:?}");
        }
    };
    check(&|url| url.to_owned());
    assert_eq!(on_files(&["--list"]).lines().count(), 1);
    let mut unknown = kinora();
    let unknown = unknown
        .args(["share", "--revoke", "0123", "--data"])
        .arg(&data);
    assert_eq!(unknown.output().unwrap().status.code(), Some(2));
    let Scene { server, place } = scene;
    let before = server.http;
    assert_eq!(server.terminate(), Some(0));
    let folder = place.path().join("films").to_string_lossy().into_owned();
    let more = ["--library", &folder, "--set", "library.heights="];
    let server = Server::start(&data, &more);
    let now = |url: &str| {
        url.replace(
            &format!(":{}/", before.port()),
            &format!(":{}/", server.http.port()),
        )
    };
    while status(&now(&two[0])) == "404" {
        std::thread::yield_now();
    }
    check(&now);
}

#[test]
fn results_are_kept_and_links_taken_back() {
    let scene = Scene::new();
    let folder = scene.place.path().join("films");
    let (film, out) = (
        folder.join("Our_holiday.mp4"),
        scene.place.path().join("b.mkv"),
    );
    let (film, out) = (film.to_str().unwrap(), out.to_str().unwrap());
    let words = [
        "convert", film, "--format", "mkv", "-o", out, "--keep", "--json",
    ];
    let told = scene.told(&words);
    assert!(told.contains("\"kept_as\":\"Our_holiday.mkv\""), "{told}");
    assert_eq!(
        fs::read(out).unwrap(),
        fs::read(folder.join("Our_holiday.mkv")).unwrap()
    );
    let id = scene.server.connect().submit("compress", clip());
    scene.server.connect().wait_for(&id);
    assert_eq!(
        scene.told(&["keep", &id, "--name", "../Trip"]),
        "Trip.mp4\n"
    );
    assert!(folder.join("Trip.mp4").is_file());
    let shared = || {
        let json = scene.told(&["share", "our", "holiday", "--json"]);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        json["hls"].as_str().unwrap().to_owned()
    };
    fs::remove_file(folder.join("Our_holiday.mkv")).unwrap();
    while !scene
        .told(&["library", "holiday"])
        .lines()
        .eq(["Our holiday  0:04  90p"])
    {
        std::thread::yield_now();
    }
    let before = shared();
    assert_eq!(status(&before), "200");
    let data = scene.place.path().join("data");
    let revoked = kinora()
        .args(["share", "--revoke-all", "--data"])
        .arg(&data)
        .status();
    assert!(revoked.unwrap().success());
    assert_eq!(status(&before), "403");
    assert_eq!(status(&shared()), "200");
}
