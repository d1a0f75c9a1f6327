//! Titles that browsers do not play, made slot by slot for who watches them, long before they have a rendition.

use super::client::Answer;
use super::library::{Cinema, addresses, beside, film, frames, text};
use super::renditions::when;
use crate::wire::{Peer, long_clip};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A title whose renditions stand still, for somebody's job has the only place.
struct Early {
    cinema: Cinema,
    peer: Peer,
    job: String,
}

impl Early {
    fn new(name: &str, arguments: &str) -> Self {
        Self::with_space(name, arguments, 1 << 30)
    }

    /// On a server that gives slots so many bytes.
    fn with_space(name: &str, arguments: &str, slot_space: u64) -> Self {
        Self::filled(|folder| film(&folder.join(name), arguments), slot_space)
    }

    fn filled(fill: impl FnOnce(&Path), slot_space: u64) -> Self {
        let cinema = Cinema::set(fill, |config| {
            config.library.heights = vec![64, 90];
            config.library.slot_space = slot_space;
            config.jobs.workers = 1;
        });
        let mut peer = cinema.house.connect();
        let job = peer.submit("webm", long_clip());
        peer.wait_until(&job, &["processing"]);
        Self { cinema, peer, job }
    }

    /// The job goes on, and nothing is made of the title.
    fn restart(&mut self) {
        self.cinema.house.stop();
        self.cinema.house.start();
        self.peer = self.cinema.house.connect();
        self.peer.wait_until(&self.job, &["processing"]);
    }

    fn main(&self) -> String {
        let title = when(&self.cinema, |title| title["hls_url"].is_string());
        title["hls_url"].as_str().unwrap().to_owned()
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.cinema.house.http())
    }

    fn get(&self, path: &str) -> Answer {
        self.cinema.caller().get(path)
    }

    /// Addresses of the playlists of what is made slot by slot, sounds first.
    fn media(&self, main: &str) -> Vec<String> {
        let top = self.get(main);
        assert_eq!(top.status, 200, "{}", text(&top));
        let media = addresses(text(&top)).into_iter();
        let media = media.map(|line| beside(main, &line));
        let mut media: Vec<String> = media.filter(|line| line.contains("/now-")).collect();
        // The sound alone is a variant, too.
        let mut known = BTreeSet::new();
        media.retain(|line| known.insert(line.clone()));
        media
    }

    /// Files of slots, picture and sound.
    fn slots(&self) -> Vec<PathBuf> {
        let library = self.cinema.house.config.data.join("library");
        let titles = fs::read_dir(library).unwrap().flatten();
        let found = titles.flat_map(|title| fs::read_dir(title.path().join("slots")));
        let found = found.flat_map(|slots| fs::read_dir(slots.flatten().next().unwrap().path()));
        found
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect()
    }

    /// Numbers of pictures that are there.
    fn made(&self) -> BTreeSet<u32> {
        let stems = self.slots();
        let stems = stems.iter().map(|path| path.file_stem().unwrap().to_str());
        stems
            .flatten()
            .filter_map(|stem| stem.parse().ok())
            .collect()
    }
}

impl Drop for Early {
    fn drop(&mut self) {
        let cancel = json!({"action": "cancel", "task_id": self.job});
        self.peer.ask(cancel, "", b"");
    }
}

/// Three minutes: far more than is made in advance.
const OLD: &str = "-f lavfi -i testsrc2=size=160x120:rate=10:duration=180 -f lavfi -i sine=duration=180 -c:v mpeg4 -g 100 -c:a mp2";

#[test]
fn the_wanted_place_is_made_first_and_kept() {
    let mut early = Early::new("old.avi", OLD);
    let main = early.main();
    let media = early.media(&main);
    let (sound, picture) = (&media[0], &media[1]);
    let list = early.get(picture);
    assert_eq!(addresses(text(&list)).len(), 1 + 90, "{}", text(&list));
    assert_eq!(text(&list).matches("#EXTINF:2.00000,").count(), 90);
    let segment = early.get(&beside(picture, "85.m4s"));
    assert_eq!(segment.status, 200);
    assert_eq!(segment.field("content-type"), Some("video/mp4"));
    // What lies between was not needed; a minute is made in advance.
    let made = early.made();
    assert!(made.contains(&84) && !made.contains(&60), "{made:?}");
    assert_eq!(early.get(&beside(sound, "85.m4s")).status, 200);
    assert_eq!(early.get(&beside(picture, "91.m4s")).status, 404);
    assert_eq!(early.get(&beside(picture, "staged.mp4")).status, 404);
    // From beginning to end it is one title, whoever made which part of it when.
    assert_eq!(frames(&early.url(&main), &[]).len(), 180 * 10);
    let states = |early: &Early| {
        let known = early.slots().into_iter();
        let known = known.map(|path| (path.clone(), fs::metadata(path).unwrap().ino()));
        known.collect::<BTreeSet<_>>()
    };
    let before = states(&early);
    assert_eq!(before.len(), 180, "picture and sound");
    early.restart();
    let again = early.get(&beside(picture, "85.m4s"));
    assert!(again.body == segment.body);
    assert_eq!(frames(&early.url(&main), &[]).len(), 180 * 10);
    assert_eq!(states(&early), before);
}

/// A title of so many frames: one of its last slots is made first, then all others.
fn check(name: &str, arguments: &str, count: usize) {
    let early = Early::new(name, arguments);
    let main = early.main();
    for media in early.media(&main) {
        let segment = beside(&media, "8.m4s");
        assert_eq!(early.get(&segment).status, 200, "{name}: {segment}");
    }
    let url = early.url(&main);
    assert_eq!(frames(&url, &[]).len(), count, "{name}");
    let dash = url.replace("main.m3u8", "main.mpd");
    assert_eq!(frames(&dash, &[]).len(), count, "{name}");
}

#[test]
fn a_rate_of_television_is_made_at_once() {
    let codecs = "-f lavfi -i testsrc2=size=160x90:rate=30000/1001:duration=20.02 -f lavfi -i sine=sample_rate=44100:duration=20 -c:v libx264 \
                  -preset ultrafast -g 250 -bf 3 -c:a libopus -ar 48000";
    check("a.mkv", codecs, 600);
}

#[test]
fn a_title_without_sound_is_made_at_once() {
    let codecs = "-f lavfi -i testsrc2=size=159x119:rate=24:duration=19 -c:v ffv1 -g 240";
    check("a.mkv", codecs, 456);
}

#[test]
fn a_variable_rate_becomes_an_even_one() {
    // On average 12 frames a second, with holes of seconds.
    let codecs = "-f lavfi -i testsrc2=size=160x90:rate=25:duration=20 -vf select=lt(mod(n\\,100)\\,48) -fps_mode vfr -c:v libx264 -preset \
                  ultrafast -g 500 -t 20";
    let early = Early::new("a.mkv", codecs);
    let main = early.main();
    let count = frames(&early.url(&main), &[]).len();
    let title: Value = when(&early.cinema, |_| true);
    let seconds = title["duration_ms"].as_f64().unwrap() / 1000.0;
    let rate = count as f64 / seconds;
    assert!(
        (rate - rate.round()).abs() < 0.1,
        "{count} frames in {seconds} s"
    );
}

#[test]
fn every_language_is_heard_at_once() {
    let codecs = "-f lavfi -i testsrc2=size=160x90:rate=10:duration=20 -f lavfi -i sine=440:duration=20 -f lavfi -i sine=880:duration=12 -map \
                  0 -map 1 -map 2 -c:v mpeg4 -c:a mp2 -metadata:s:a:0 language=eng -metadata:s:a:1 language=jpn";
    let early = Early::new("a.mkv", codecs);
    let main = early.main();
    let media = early.media(&main);
    assert_eq!(media.len(), 3, "{media:?}");
    let top = early.get(&main);
    for language in ["LANGUAGE=\"en\"", "LANGUAGE=\"ja\""] {
        assert!(text(&top).contains(language), "{}", text(&top));
    }
    let heard = |media: &str| early.get(&beside(media, "3.m4s")).body;
    assert!(heard(&media[0]) != heard(&media[1]));
    // One is shorter than the other: it goes on in silence, and there is as much of each.
    let count = |media: &str| addresses(text(&early.get(media))).len();
    assert_eq!(count(&media[0]), count(&media[1]));
    assert_eq!(frames(&early.url(&main), &[]).len(), 200);
    for sound in 0..2 {
        let map = format!("0:a:{sound}");
        let read = frames(&early.url(&main), &["-map", "-0:v", "-map", &map]);
        let samples: usize = 20 * 48_000;
        assert!(read.len().abs_diff(samples / 1024) < 4, "{}", read.len());
    }
}

/// What a playlist declares: the peak, and the average.
fn declared(top: &str) -> (f64, f64) {
    let (_, line) = top.split_once("#EXT-X-STREAM-INF:").unwrap();
    let number = |name: &str| {
        let (_, rest) = line.split_once(name).unwrap();
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<f64>().unwrap()
    };
    (number("BANDWIDTH="), number("AVERAGE-BANDWIDTH="))
}

/// The same of what is fetched: of every segment its bytes and how long it lasts.
fn measured(early: &Early, media: &[String]) -> (f64, f64) {
    let mut rates = (0.0, 0.0);
    for playlist in media {
        let list = early.get(playlist);
        let lengths = text(&list).lines().filter_map(|line| {
            let length = line.strip_prefix("#EXTINF:")?.trim_end_matches(',');
            length.parse::<f64>().ok()
        });
        let segments = addresses(text(&list)).into_iter().skip(1);
        let (mut peak, mut bits, mut seconds) = (0f64, 0.0, 0.0);
        for (segment, length) in segments.zip(lengths) {
            let answer = early.get(&beside(playlist, &segment));
            let size = answer.body.len() as f64 * 8.0;
            (peak, bits, seconds) = (peak.max(size / length), bits + size, seconds + length);
        }
        rates = (rates.0 + peak, rates.1 + bits / seconds);
    }
    rates
}

#[test]
fn what_is_declared_is_what_was_measured() {
    let codecs = "-f lavfi -i testsrc2=size=160x90:rate=25:duration=40 -f lavfi -i sine=duration=40 -c:v mpeg4 -c:a mp2";
    let early = Early::new("a.avi", codecs);
    let main = early.main();
    // At first nobody knows more than what the encoder may take.
    let most = declared(text(&early.get(&main)));
    let found = measured(&early, &early.media(&main));
    assert!(most.0 > found.0, "{most:?} {found:?}");
    let top = early.get(&main);
    let (peak, average) = declared(text(&top));
    assert!((peak / found.0 - 1.0).abs() < 0.01, "{peak} {found:?}");
    assert!(
        (average / found.1 - 1.0).abs() < 0.01,
        "{average} {found:?}"
    );
}

#[test]
fn without_room_nothing_is_made_at_once() {
    let early = Early::with_space("a.avi", OLD, 100_000);
    let main = early.main();
    let answer = early.get(&main);
    assert_eq!(answer.status, 409, "{}", text(&answer));
    assert!(
        text(&answer).contains("library.slot_space"),
        "{}",
        text(&answer)
    );
    assert_eq!(early.slots(), Vec::<PathBuf>::new());
}

#[test]
fn a_header_that_speaks_of_decades_is_not_cut_into_slots() {
    const DURATION: [u8; 3] = [0x44, 0x89, 0x88];
    let early = Early::filled(
        |folder| {
            let path = folder.join("a.mkv");
            film(&path, OLD);
            let mut bytes = fs::read(&path).unwrap();
            let at = |bytes: &[u8], what: &[u8]| {
                let found = bytes.windows(what.len()).position(|part| part == what);
                found.unwrap()
            };
            // Matroska's Duration, in milliseconds; the tag of the track would be believed before it.
            let duration = at(&bytes, &DURATION) + DURATION.len();
            bytes[duration..duration + 8].copy_from_slice(&9e11_f64.to_be_bytes());
            let tag = at(&bytes, b"DURATION");
            bytes[tag] = b'X';
            fs::write(&path, bytes).unwrap();
        },
        1 << 30,
    );
    let title = when(&early.cinema, |title| title["name"].is_string());
    assert_eq!(title["duration_ms"], 900_000_000_000_u64);
    assert_eq!(title["hls_url"], Value::Null);
}

#[test]
fn what_cannot_be_made_says_so() {
    let early = Early::new("a.avi", OLD);
    let main = early.main();
    // Half of it is lost while it is watched: the index at its end, too.
    let path = early.cinema.place("a.avi");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let answer = early.get(&main);
    assert!([404, 409].contains(&answer.status), "{}", text(&answer));
    assert!(answer.json()["solution"].is_string());
}
