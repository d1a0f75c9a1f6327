//! The library by the commands of the real binary, and by players that were not written for it.

use crate::harness::{Server, kinora};
use crate::wire::clip;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

struct Scene {
    server: Server,
    place: tempfile::TempDir,
}

impl Scene {
    /// A server with one title of 4 seconds at 25 frames a second, of which nothing is made.
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("films");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(place.path(), Permissions::from_mode(0o755)).unwrap();
        film(&folder.join("Our_holiday.mp4"), 4);
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
        while !scene.told(&["library"]).contains("Our holiday") {
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
    let arguments = format!(
        "-f lavfi -i testsrc2=size=160x90:rate=25:duration={seconds} -f lavfi -i sine=duration={seconds} -c:v libx264 -c:a aac"
    );
    let done = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error"])
        .args(arguments.split_whitespace())
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
    let status = |url: &str| {
        let curl = Command::new("curl")
            .args(["-s", "-o", "/dev/null", "-w", "%{http_code}", url])
            .output();
        String::from_utf8(curl.unwrap().stdout).unwrap()
    };
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
