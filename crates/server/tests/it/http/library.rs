//! The library: folders on disk, and what players get of them.

use super::client::{Answer, Caller};
use crate::peer::House;
use kinora_server::Config;
use serde_json::Value;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

/// A server on a folder.
pub(super) struct Cinema {
    pub(super) house: House,
    pub(super) folder: tempfile::TempDir,
}

/// Long ago, so that nobody waits for a copy to end.
pub(super) fn rest(path: &Path) {
    let then = SystemTime::now() - Duration::from_secs(3600);
    File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_modified(then)
        .unwrap();
}

pub(crate) fn film(path: &Path, arguments: &str) {
    let done = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-y"])
        .args(arguments.split_whitespace())
        .arg(path)
        .status()
        .unwrap();
    assert!(done.success());
    rest(path);
}

pub(crate) const USUAL: &str = "-f lavfi -i testsrc2=size=320x180:rate=30:duration=9 -f lavfi -i sine=duration=9 -c:v libx264 \
                     -preset veryfast -g 75 -bf 2 -c:a aac";

impl Cinema {
    /// Of titles that are played as they lie.
    fn new(fill: impl FnOnce(&Path)) -> Self {
        Self::with(&[], fill)
    }

    pub(super) fn with(heights: &[u32], fill: impl FnOnce(&Path)) -> Self {
        Self::of(heights, 0, fill)
    }

    /// Of a server with so many workers; 0 leaves it to the server.
    pub(super) fn of(heights: &[u32], workers: u32, fill: impl FnOnce(&Path)) -> Self {
        Self::set(fill, |config| {
            config.library.heights = heights.to_vec();
            config.jobs.workers = workers;
        })
    }

    /// Of a server that is set up like this.
    pub(super) fn set(fill: impl FnOnce(&Path), set: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // FFmpeg runs as a user of its own.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        fill(folder.path());
        let path = folder.path().to_owned();
        let house = House::with(|config| {
            config.library.directories = vec![path];
            set(config);
        });
        Self { house, folder }
    }

    pub(super) fn caller(&self) -> Caller {
        Caller::nobody(self.house.http())
    }

    pub(super) fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The list, as soon as it has so many titles.
    fn titles(&self, count: usize) -> Vec<Value> {
        loop {
            let list = self.caller().get("/api/library").json();
            if list["total"] == count {
                return list["titles"].as_array().unwrap().clone();
            }
            std::thread::yield_now();
        }
    }

    fn hls(&self) -> String {
        self.titles(1)[0]["hls_url"].as_str().unwrap().to_owned()
    }
}

/// The address of a line of a playlist.
pub(super) fn beside(playlist: &str, line: &str) -> String {
    let (directory, _) = playlist.rsplit_once('/').unwrap();
    format!("{directory}/{line}")
}

pub(super) fn text(answer: &Answer) -> &str {
    std::str::from_utf8(&answer.body).unwrap()
}

/// Addresses of a playlist, those in its tags among them.
pub(super) fn addresses(playlist: &str) -> Vec<String> {
    let lines = playlist.lines();
    let found = lines.filter_map(|line| match line.split_once("URI=\"") {
        Some((_, rest)) => rest.split('"').next(),
        None => (!line.starts_with('#') && !line.is_empty()).then_some(line),
    });
    found.map(str::to_owned).collect()
}

/// A hash of every picture that FFmpeg finds, which it must do without a word of complaint.
pub(super) fn frames(input: &str, more: &[&str]) -> Vec<String> {
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
        .args(more)
        .args(["-fps_mode", "passthrough", "-f", "framemd5", "-"])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines = lines.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.rsplit(',').next().unwrap().to_owned())
        .collect()
}

#[test]
fn a_title_is_cut_where_it_lies_and_every_frame_arrives() {
    let cinema = Cinema::new(|folder| film(&folder.join("A_film.mp4"), USUAL));
    let title = &cinema.titles(1)[0];
    assert_eq!(title["name"], "A film");
    assert_eq!(
        (&title["width"], &title["height"]),
        (&Value::from(320), &Value::from(180))
    );
    let url = format!("http://{}{}", cinema.house.http(), cinema.hls());
    let found = frames(&url, &[]);
    assert_eq!(found.len(), 270);
    // The same pictures as in the file.
    let own = cinema.place("A_film.mp4");
    assert_eq!(found, frames(own.to_str().unwrap(), &[]));
}

#[test]
fn everything_that_is_named_is_there_and_kept_as_it_should_be() {
    let cinema = Cinema::new(|folder| film(&folder.join("a.mp4"), USUAL));
    let (caller, main) = (cinema.caller(), cinema.hls());
    let top = caller.get(&main);
    assert_eq!(
        top.field("content-type"),
        Some("application/vnd.apple.mpegurl")
    );
    assert_eq!(top.field("cache-control"), Some("private, no-cache"));
    let again = caller
        .with("if-none-match", top.field("etag").unwrap())
        .get(&main);
    assert_eq!((again.status, again.body.len()), (304, 0));
    let mut segments = 0;
    for line in addresses(text(&top)) {
        let media = beside(&main, &line);
        let playlist = caller.get(&media);
        assert_eq!(playlist.status, 200, "{media}");
        assert!(text(&playlist).ends_with("#EXT-X-ENDLIST\n"));
        for line in addresses(text(&playlist)) {
            let answer = caller.get(&beside(&media, &line));
            assert_eq!(answer.status, 200, "{line}");
            assert_eq!(answer.field("content-type"), Some("video/mp4"));
            let keep = answer.field("cache-control").unwrap();
            assert!(
                keep.contains("immutable") && keep.contains("private"),
                "{keep}"
            );
            segments += 1;
        }
    }
    assert!(segments > 12, "{segments}");
    let mpd = main.replace("main.m3u8", "main.mpd");
    assert_eq!(
        caller.get(&mpd).field("content-type"),
        Some("application/dash+xml")
    );
    for missing in [
        "v/0.m4s",
        "v/99.m4s",
        "v/x.m4s",
        "x/1.m4s",
        "v/..",
        "other.m3u8",
        "sheets/1.jpg",
    ] {
        let answer = caller.get(&beside(&main, missing));
        assert_eq!(answer.code(), "no_page", "{missing}");
    }
    let other = caller.get(&beside(&main, "181.m3u8"));
    assert_eq!(other.status, 409);
    let told = other.json();
    let is_told = |member: &str, word: &str| told[member].as_str().unwrap().contains(word);
    assert!(
        is_told("description", "181") && is_told("solution", "180"),
        "{told}"
    );
    let staged = caller.get(&beside(&main, "staged.m3u8"));
    assert_eq!(
        (staged.status, staged.code().as_str()),
        (409, "missing_renditions")
    );
}

#[test]
fn parts_of_a_segment_are_those_of_the_whole() {
    let cinema = Cinema::new(|folder| film(&folder.join("a.mp4"), USUAL));
    let (caller, path) = (cinema.caller(), beside(&cinema.hls(), "v/1.m4s"));
    let whole = caller.get(&path);
    let size = whole.body.len();
    let tag = whole.field("etag").unwrap().to_owned();
    let head = caller.ask("HEAD", &path, &[], b"");
    assert_eq!(
        head.field("content-length"),
        Some(size.to_string().as_str())
    );
    assert_eq!(
        (head.body.len(), head.field("etag")),
        (0, Some(tag.as_str()))
    );
    for (begin, end) in [(0, 0), (0, 7), (5, 1000), (400, 900), (size - 1, size - 1)] {
        let part = caller
            .with("range", &format!("bytes={begin}-{end}"))
            .get(&path);
        assert_eq!(part.status, 206);
        let expected = format!("bytes {begin}-{end}/{size}");
        assert_eq!(part.field("content-range"), Some(expected.as_str()));
        assert!(part.body == whole.body[begin..=end], "{begin}-{end}");
    }
    let end = caller
        .with("range", "bytes=-10")
        .with("if-range", &tag)
        .get(&path);
    assert!(end.body == whole.body[size - 10..]);
    let other = caller
        .with("range", "bytes=0-1")
        .with("if-range", "\"x\"")
        .get(&path);
    assert_eq!((other.status, other.body.len()), (200, size));
    let beyond = caller.with("range", &format!("bytes={size}-")).get(&path);
    assert_eq!((beyond.status, beyond.code().as_str()), (416, "range"));
}

#[test]
fn nobody_watches_without_permission() {
    let cinema = Cinema::new(|folder| film(&folder.join("a.mp4"), USUAL));
    let (caller, main) = (cinema.caller(), cinema.hls());
    let words: Vec<&str> = main.split('/').collect();
    let ["", "watch", permission, id, version, _] = words[..] else {
        panic!("{main}");
    };
    let code = |path: &str| caller.get(path).code();
    let forged = permission.replace(&permission[30..31], "x");
    for wrong in ["x", &forged, &permission[1..], &"0".repeat(100)] {
        assert_eq!(
            code(&format!("/watch/{wrong}/{id}/{version}/main.m3u8")),
            "invalid_link"
        );
        assert_eq!(code(&format!("/watch/{wrong}/{id}/title")), "invalid_link");
    }
    let other = "0".repeat(32);
    assert_eq!(
        code(&format!("/watch/{permission}/{other}/{version}/main.m3u8")),
        "invalid_link"
    );
    assert_eq!(
        code(&format!("/watch/{permission}/{id}/0/main.m3u8")),
        "no_page"
    );
    assert_eq!(code("/watch/x"), "no_page");
    let shown = caller
        .get(&format!("/watch/{permission}/{id}/title"))
        .json();
    assert_eq!(shown["hls_url"], main.as_str());
    assert_eq!(code(&format!("/api/library/{other}")), "unknown_title");
}

#[test]
fn links_and_names_lead_nowhere_else() {
    let cinema = Cinema::new(|folder| film(&folder.join("a.mp4"), USUAL));
    let main = cinema.hls();
    let segment = beside(&main, "v/1.m4s");
    assert_eq!(cinema.caller().get(&segment).status, 200);
    // The same bytes through a link are not the file that was found.
    let secret = cinema.house.config.data.join("secret.mp4");
    fs::rename(cinema.place("a.mp4"), &secret).unwrap();
    symlink(&secret, cinema.place("a.mp4")).unwrap();
    assert_eq!(cinema.caller().get(&segment).code(), "unknown_title");
    cinema.titles(0);
    for path in [
        "/watch/../secret.mp4",
        "/watch/%2e%2e/%2e%2e/secret.mp4/title",
        "/library/../../secret.mp4",
    ] {
        assert_ne!(cinema.caller().get(path).status, 200, "{path}");
    }
}

#[test]
fn a_file_that_still_comes_is_not_shown_and_one_that_goes_is_gone() {
    let place = tempfile::tempdir().unwrap();
    let whole = place.path().join("whole.mp4");
    film(&whole, &format!("{USUAL} -movflags +faststart"));
    let bytes = fs::read(&whole).unwrap();
    let cinema = Cinema::new(|folder| {
        film(&folder.join("first.mp4"), USUAL);
        // Its index is there, most of it is not, and nothing has been written for long.
        fs::write(folder.join("part.mp4"), &bytes[..bytes.len() / 2]).unwrap();
    });
    assert_eq!(cinema.titles(1)[0]["name"], "first");
    fs::write(cinema.place("part.mp4"), &bytes).unwrap();
    rest(&cinema.place("part.mp4"));
    let names: Vec<Value> = cinema
        .titles(2)
        .iter()
        .map(|title| title["name"].clone())
        .collect();
    assert_eq!(names, ["first", "part"]);
    fs::remove_file(cinema.place("first.mp4")).unwrap();
    assert_eq!(cinema.titles(1)[0]["name"], "part");
}

#[test]
fn a_token_has_to_allow_it() {
    use kinora_server::access::{Access, Ledger, Scope};
    let folder = tempfile::tempdir().unwrap();
    film(&folder.path().join("a.mp4"), USUAL);
    let house = House::with(|config| {
        config.access = Access::Tokens;
        config.library.directories = vec![folder.path().to_owned()];
    });
    let ledger = Ledger::of(&house.config.data);
    let token = |name: &str, scope| {
        let made = ledger.create(name, &[scope], 0, None).unwrap();
        made.reveal().to_owned()
    };
    let nobody = Caller::nobody(house.http());
    assert_eq!(nobody.get("/api/library").code(), "token_required");
    let other = nobody.with_token(&token("ann", Scope::Process));
    assert_eq!(other.get("/api/library").code(), "wrong_scope");
    let viewer = nobody.with_token(&token("bob", Scope::Watch));
    let main = loop {
        let list = viewer.get("/api/library").json();
        if let Some(url) = list["titles"][0]["hls_url"].as_str() {
            break url.to_owned();
        }
    };
    // A player brings no token; the address is enough.
    assert_eq!(nobody.get(&main).status, 200);
    assert_eq!(viewer.get("/api/jobs").code(), "wrong_scope");
}
