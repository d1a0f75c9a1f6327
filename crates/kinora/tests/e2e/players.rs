//! The library in players and parsers that were not written for it: mpv, FFmpeg, and m3u8 of Python.

use crate::harness::Server;
use crate::http::fetched;
use crate::library::{film, makes_av1};
use serde_json::Value;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// Seconds of the film, at 25 frames each.
const SECONDS: usize = 6;

struct Cinema {
    server: Server,
    title: Value,
    place: tempfile::TempDir,
}

impl Cinema {
    /// A server with one title of which everything has been made.
    fn new() -> Self {
        Self::with(&[])
    }

    /// The same with further settings.
    fn with(settings: &[&str]) -> Self {
        let place = tempfile::tempdir().unwrap();
        fs::set_permissions(place.path(), Permissions::from_mode(0o755)).unwrap();
        let folder = place.path().join("films");
        fs::create_dir(&folder).unwrap();
        film(&folder.join("Our_holiday.mp4"), SECONDS);
        let words = "1\n00:00:01,000 --> 00:00:03,000\nHello\n";
        fs::write(folder.join("Our_holiday.en.srt"), words).unwrap();
        let folder = folder.to_string_lossy().into_owned();
        let mut more = vec!["--library", &folder, "--set", "library.heights=36,64,90"];
        more.extend(settings.iter().flat_map(|setting| ["--set", setting]));
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
            place,
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
/// it plays, it looks at the clock, and complains of a busy machine; of sound and picture that it decoded apart it does so
/// even here. A filter tells of each frame, also of those after a
/// change of size.
fn watched(url: &str) -> usize {
    watched_with(url, &[])
}

/// The same with options.
fn watched_with(url: &str, options: &[&str]) -> usize {
    let output = Command::new("mpv")
        .args(["--no-config", "--o=/dev/null", "--of=null"])
        .args([
            "--ovc=rawvideo",
            "--oac=pcm_s16le",
            "--vf=lavfi=[showinfo,scale=64:36]",
        ])
        .args(is_dash(url).then_some("--no-audio"))
        .args(options)
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
        ["error", "corrupt", "invalid"]
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

/// How the lines of the picture begin in a list of frames; mpv takes whichever track comes first.
fn video(list: &str) -> String {
    let is_second = list.contains("#media_type 1: video");
    if is_second { "1," } else { "0," }.to_owned()
}

#[test]
fn mpv_begins_where_it_is_told_to() {
    if !is_there("mpv") {
        return;
    }
    let cinema = Cinema::new();
    let main = cinema.url("hls_url");
    // What is decoded before it on the way from a key frame passes the filter, and is not shown.
    let shown = cinema.place.path().join("shown");
    let staged = cinema.url("staged_url").replace(".m3u8", ".edl");
    let [best, low] = ["best.mpd", "64.mpd"].map(|name| main.replace("main.m3u8", name));
    // The staged one from within its second part. mpv drops up to three frames where it goes to the next file.
    for (url, at, lost) in [(best, 4, 0), (low, 4, 0), (staged, 3, 3)] {
        let to = format!("--o={}", shown.display());
        watched_with(&url, &[&format!("--start={at}"), "--of=framecrc", &to]);
        let list = fs::read_to_string(&shown).unwrap();
        let frames = list.lines().filter(|line| line.starts_with(&video(&list)));
        // To a tenth of a second, as it goes by the beginning of whichever track is first.
        let (frames, wanted) = (frames.count(), (SECONDS - at) * 25);
        let is_near = frames.abs_diff(wanted) <= 3 + lost;
        assert!(is_near, "{frames} of {wanted}: {url}");
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

#[test]
fn av1_stands_beside_what_everybody_plays() {
    if !makes_av1() {
        return;
    }
    let cinema = Cinema::with(&["library.av1=true"]);
    let url = cinema.url("hls_url");
    let is_whole = |text: &String| text.matches("CODECS=\"av01.0.").count() == 4;
    let main = loop {
        // Two heights, the picture and its key frames; 36 lines are too few.
        let text = get(&url);
        if is_whole(&text) {
            break text;
        }
        std::thread::yield_now();
    };
    let streams: Vec<(&str, &str)> = main
        .lines()
        .zip(main.lines().skip(1))
        .filter(|(line, _)| line.starts_with("#EXT-X-STREAM-INF"))
        .collect();
    // Who looks at no coding finds H.264 first, and the sound is the same.
    assert!(streams[0].0.contains("avc1."), "{main}");
    let advanced = streams.iter().filter(|(line, _)| line.contains("av01.0."));
    let advanced: Vec<&(&str, &str)> = advanced.collect();
    assert_eq!(advanced.len(), 2, "{main}");
    for (line, path) in advanced {
        assert!(line.contains("M.10,mp4a.40.2"), "{line}");
        let media = url.replace("main.m3u8", path);
        assert_eq!(whole(&media), (SECONDS * 25, "av1".into()), "{media}");
        check_rates(line, &media);
    }
    assert_eq!(main.matches("TYPE=AUDIO").count(), 1, "{main}");
    assert_eq!(frames(&url), SECONDS * 25);
    let manifest = get(&cinema.url("dash_url"));
    assert_eq!(manifest.matches("contentType=\"video\"").count(), 2);
    assert_eq!(manifest.matches("codecs=\"av01.0.").count(), 2);
    if is_there("mpv") {
        assert_eq!(watched(&url), SECONDS * 25);
        assert_eq!(watched(&cinema.url("dash_url")), SECONDS * 25);
    }
}

/// Frames of a rendition of pictures alone, and how they are coded.
fn whole(url: &str) -> (usize, String) {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-count_frames", "-select_streams", "v:0"])
        .args(["-show_entries", "stream=codec_name,nb_read_frames"])
        .args(["-of", "csv=p=0", url])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{url}");
    let told = String::from_utf8(output.stdout).unwrap();
    let line = told.lines().next().unwrap();
    let (codec, count) = line.split_once(',').unwrap();
    (count.trim().parse().unwrap(), codec.to_owned())
}

/// What a variant declares is what its segments weigh, with those of the sound, to one per cent.
fn check_rates(line: &str, media: &str) {
    let weight = |media: &str| -> f64 {
        let list = get(media);
        let names = list.lines().filter(|line| line.ends_with(".m4s"));
        let bytes = |name: &str| {
            let (directory, _) = media.rsplit_once('/').unwrap();
            let url = format!("{directory}/{name}");
            let output = Command::new("curl").args(["-sf", &url]).output().unwrap();
            output.stdout.len()
        };
        names.map(bytes).sum::<usize>() as f64 * 8.0 / SECONDS as f64
    };
    let (_, rest) = line.split_once("AVERAGE-BANDWIDTH=").unwrap();
    let declared: f64 = rest.split(',').next().unwrap().parse().unwrap();
    let rendition = media.rsplit('/').nth(1).unwrap();
    let main = get(&media.replace(&format!("{rendition}/media.m3u8"), "main.m3u8"));
    let sound = main
        .lines()
        .find(|line| line.contains("TYPE=AUDIO"))
        .unwrap();
    let (_, sound) = sound.split_once("URI=\"").unwrap();
    let sound = sound.trim_end_matches('"');
    let sound = media.replace(&format!("{rendition}/media.m3u8"), sound);
    let measured = weight(media) + weight(&sound);
    assert!(
        (declared - measured).abs() < measured * 0.01,
        "{declared} {measured}"
    );
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
