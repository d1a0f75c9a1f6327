//! Renditions that are interrupted, by `kill -9` and otherwise, and gone on with.

use crate::harness::Server;
use crate::library::{makes_av1, rest};
use rustix::fs::inotify::{self, WatchFlags};
use serde_json::Value;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const HEIGHTS: [u32; 3] = [64, 120, 180];

struct Cinema {
    place: tempfile::TempDir,
    film: PathBuf,
    /// What the names of files of renditions end in: nothing, or `-av1`.
    coding: &'static str,
}

impl Cinema {
    /// A folder with one film that FFmpeg makes of this.
    fn new(name: &str, arguments: &str) -> Self {
        let place = tempfile::tempdir().unwrap();
        fs::set_permissions(place.path(), Permissions::from_mode(0o755)).unwrap();
        let folder = place.path().join("films");
        fs::create_dir(&folder).unwrap();
        let film = folder.join(name);
        let done = Command::new("ffmpeg")
            .args(["-nostdin", "-loglevel", "error"])
            .args(arguments.split_whitespace())
            .arg(&film)
            .status()
            .unwrap();
        assert!(done.success());
        rest(&film);
        Self {
            place,
            film,
            coding: "",
        }
    }

    fn serve(&self) -> Server {
        let folder = self.film.parent().unwrap().to_string_lossy().into_owned();
        let heights = HEIGHTS.map(|height| height.to_string()).join(",");
        let heights = format!("library.heights={heights}");
        let av1 = format!("library.av1={}", !self.coding.is_empty());
        let more = ["--library", &folder, "--set", &heights, "--set", &av1];
        Server::start(&self.data(), &more)
    }

    fn data(&self) -> PathBuf {
        self.place.path().join("data")
    }

    /// What is vouched for of a ladder that is not whole, if anything is.
    fn note(&self) -> Option<Value> {
        serde_json::from_str(&self.find("parts/parts.json")?).ok()
    }

    /// What a file says that was made of the only title.
    fn find(&self, file: &str) -> Option<String> {
        let titles = fs::read_dir(self.data().join("library")).ok()?;
        let mut files = titles.flatten().map(|title| title.path().join(file));
        files.find_map(|file| fs::read_to_string(file).ok())
    }

    /// Waits until more frames are vouched for than this, or all renditions are made.
    fn is_begun(&self, more_than: u64) {
        let frames = || self.note().map_or(0, |note| frames_of(&note));
        self.wait(|| frames() > more_than || self.has_all());
    }

    /// Frames that are vouched for of a ladder that is not whole.
    fn interrupted(&self) -> Option<u64> {
        let note = self.note().filter(|note| note["is_whole"] == false);
        note.as_ref().map(frames_of)
    }

    /// Waits until all has been made, and nothing is kept to go on from.
    fn is_ended(&self) {
        self.wait(|| self.has_all() && self.note().is_none());
    }

    fn has_all(&self) -> bool {
        let top = format!("\"{}{}.mp4\"", HEIGHTS[2], self.coding);
        self.find("made.json")
            .is_some_and(|list| list.contains(&top))
    }

    /// Waits for changes of what is made of titles. Who asks all the time takes the processor from what he waits for.
    fn wait(&self, is_so: impl Fn() -> bool) {
        let library = self.data().join("library");
        let watch = inotify::init(inotify::CreateFlags::empty()).unwrap();
        let flags = WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::DELETE;
        loop {
            let titles = fs::read_dir(&library).unwrap().flatten();
            let below = titles.flat_map(|title| [title.path(), title.path().join("parts")]);
            for place in below.chain([library.clone()]) {
                // It may be gone again.
                let _ = inotify::add_watch(&watch, &place, flags);
            }
            if is_so() {
                return;
            }
            rustix::io::read(&watch, &mut [0; 4096]).unwrap();
        }
    }

    fn told(&self) -> String {
        fs::read_to_string(self.data().with_extension("log")).unwrap()
    }
}

fn frames_of(note: &Value) -> u64 {
    let parts = note["parts"].as_array().unwrap();
    parts
        .iter()
        .map(|part| part["frames"].as_u64().unwrap())
        .sum()
}

/// The title, as soon as all has been made of it.
fn whole(server: &Server) -> Value {
    loop {
        let output = Command::new("curl")
            .args(["-sf", &format!("http://{}/api/library", server.http)])
            .output()
            .unwrap();
        let list: Value = serde_json::from_slice(&output.stdout).unwrap();
        let title = &list["titles"][0];
        if title["staged_url"].is_string() && title["progress"].is_null() {
            return title.clone();
        }
        std::thread::yield_now();
    }
}

/// When each frame of a file or an address is shown, in milliseconds; nothing may be wrong with it.
fn times(input: &str) -> Vec<i64> {
    let output = Command::new("ffmpeg")
        .args([
            "-nostdin",
            "-loglevel",
            "error",
            "-i",
            input,
            "-map",
            "0:v:0",
        ])
        .args(["-vf", "scale=32:18", "-fps_mode", "passthrough"])
        .args(["-enc_time_base", "1:1000", "-f", "framecrc", "-"])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{input}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines = lines.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.split(',').nth(2).unwrap().trim().parse().unwrap())
        .collect()
}

/// Every rendition has the frames of the film when the film has them.
fn check_whole(server: &Server, film: &Path, coding: &str) {
    let title = whole(server);
    let main = format!(
        "http://{}{}",
        server.http,
        title["hls_url"].as_str().unwrap()
    );
    let own = times(film.to_str().unwrap());
    let usual = HEIGHTS.map(|height| format!("{height}.m3u8"));
    let advanced = of_coding(&main, coding);
    assert_eq!(
        advanced.len(),
        if coding.is_empty() { 0 } else { HEIGHTS.len() }
    );
    for height in usual.into_iter().chain(advanced) {
        let found = times(&main.replace("main.m3u8", &height));
        assert_eq!(found.len(), own.len(), "{height}");
        // Sound may begin earlier than the picture, by what its encoder needs.
        let off = found.iter().zip(&own);
        let off = off
            .map(|(a, b)| ((a - found[0]) - (b - own[0])).abs())
            .max();
        assert!(off <= Some(3), "{height}: {off:?} ms");
    }
}

/// Playlists of renditions whose files' names end so; of none when that is nothing.
fn of_coding(main: &str, coding: &str) -> Vec<String> {
    let output = Command::new("curl").args(["-sf", main]).output().unwrap();
    let list = String::from_utf8(output.stdout).unwrap();
    let is_it = |line: &&str| !coding.is_empty() && line.contains(&format!("{coding}-"));
    let lines = list.lines().filter(|line| line.ends_with("/media.m3u8"));
    lines.filter(is_it).map(str::to_owned).collect()
}

/// Interrupts the making of renditions by SIGKILL and by SIGTERM, and compares what comes out with the film.
fn check(name: &str, arguments: &str, way: &str) {
    check_of(Cinema::new(name, arguments), way);
}

fn check_of(cinema: Cinema, way: &str) {
    let server = cinema.serve();
    cinema.is_begun(0);
    server.kill();
    let killed = cinema
        .interrupted()
        .expect("a ladder takes longer than a signal");
    let server = cinema.serve();
    cinema.is_begun(killed);
    assert_eq!(server.terminate(), Some(0));
    // A fast machine may have made the rest before it ends.
    let ended = cinema.interrupted();
    let server = cinema.serve();
    cinema.is_ended();
    check_whole(&server, &cinema.film, cinema.coding);
    // Neither run made a frame that was there.
    let told = cinema.told();
    for frames in [Some(killed), ended].into_iter().flatten() {
        let line = format!("frames={frames} way={way}");
        assert!(told.contains(&line), "{line}: {told}");
    }
    assert!(!told.contains("not found again"), "{told}");
}

#[test]
fn a_variable_rate_goes_on() {
    // Two of seven frames are missing, and rates change from part to part.
    check(
        "a.mp4",
        "-f lavfi -i testsrc2=size=320x180:rate=50:duration=100 -vf select=between(mod(n\\,7)\\,0\\,4)*(lt(mod(t\\,9)\\,4)+not(mod(n\\,3))) \
         -fps_mode vfr -enc_time_base 1:90000 -c:v libx264 -preset ultrafast -bf 2 -g 300",
        "Index",
    );
}

#[test]
fn a_rate_of_television_goes_on() {
    check(
        "a.mkv",
        "-f lavfi -i testsrc2=size=320x180:rate=30000/1001:duration=100 -f lavfi -i sine=duration=100 -c:v libx264 \
         -preset ultrafast -x264-params open-gop=1:keyint=250:bframes=3 -c:a libopus -shortest",
        "Index",
    );
}

#[test]
fn a_film_with_b_frames_and_sound_goes_on() {
    check(
        "a.mp4",
        "-f lavfi -i testsrc2=size=320x180:rate=25:duration=110 -f lavfi -i sine=duration=110 -c:v libx264 \
         -preset ultrafast -bf 3 -g 250 -c:a aac -shortest",
        "Index",
    );
}

#[test]
fn a_broadcast_goes_on_by_decoding() {
    check(
        "a.ts",
        "-f lavfi -i testsrc2=size=320x180:rate=25:duration=100 -f lavfi -i sine=duration=100 -c:v mpeg2video -q:v 4 \
         -c:a mp2 -shortest -output_ts_offset 3000",
        "Decoding",
    );
}

#[test]
fn av1_goes_on_when_all_else_is_there() {
    if !makes_av1() {
        return;
    }
    // Times that no constant rate has.
    let mut cinema = Cinema::new(
        "a.mp4",
        "-f lavfi -i testsrc2=size=320x180:rate=50:duration=100 -vf select=between(mod(n\\,7)\\,0\\,4) \
         -fps_mode vfr -enc_time_base 1:90000 -c:v libx264 -preset ultrafast -bf 2 -g 300",
    );
    let server = cinema.serve();
    cinema.is_ended();
    assert_eq!(server.terminate(), Some(0));
    cinema.coding = "-av1";
    check_of(cinema, "Index");
}
