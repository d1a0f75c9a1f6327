//! What is made for the library: posters, storyboards and renditions, and how they are played.

use super::library::{Cinema, USUAL, addresses, beside, film, frames, text};
use crate::wire::long_clip;
use serde_json::Value;
use std::path::PathBuf;

/// The first title of the list, as soon as it is so.
pub(super) fn when(cinema: &Cinema, is_so: impl Fn(&Value) -> bool) -> Value {
    loop {
        let list = cinema.caller().get("/api/library").json();
        if is_so(&list["titles"][0]) {
            return list["titles"][0].clone();
        }
        std::thread::yield_now();
    }
}

fn playlist(title: &Value, member: &str) -> String {
    title[member]
        .as_str()
        .unwrap_or_else(|| panic!("no {member}: {title}"))
        .to_owned()
}

#[test]
fn rungs_join_and_the_staged_title_has_every_frame() {
    let cinema = Cinema::with(&[64, 90, 120], |folder| film(&folder.join("a.mp4"), USUAL));
    let title = when(&cinema, |title| title["staged_url"].is_string());
    let main = playlist(&title, "hls_url");
    let top = cinema.caller().get(&main);
    for size in [
        "RESOLUTION=114x64",
        "RESOLUTION=160x90",
        "RESOLUTION=214x120",
        "RESOLUTION=320x180",
    ] {
        assert!(text(&top).contains(size), "{size}: {}", text(&top));
    }
    let staged = playlist(&title, "staged_url");
    let url = |path: &str| format!("http://{}{path}", cinema.house.http());
    // Three sizes in one rendition, scaled to one so that their pictures can be counted in one list.
    assert_eq!(frames(&url(&staged), &["-vf", "scale=64:36"]).len(), 270);
    let video = cinema.caller().get(&beside(&staged, "staged/video.m3u8"));
    let parts: Vec<String> = addresses(text(&video));
    let of = |rung: &str| parts.iter().filter(|line| line.contains(rung)).count();
    assert_eq!(text(&video).matches("#EXT-X-DISCONTINUITY").count(), 2);
    assert!(
        of("/v64-") > 0 && of("/v90-") > 0 && of("/v120-") > 0,
        "{parts:?}"
    );
    let list = cinema.caller().get(&staged.replace(".m3u8", ".edl"));
    let switch = switches(text(&video));
    let lines = [
        "# mpv EDL v0".to_owned(),
        format!("64.mpd,0.000000,{:.6}", switch[0]),
        format!("90.mpd,{:.6},{:.6}", switch[0], switch[1] - switch[0]),
        format!("120.mpd,{:.6}", switch[1]),
    ];
    assert_eq!(text(&list).lines().collect::<Vec<_>>(), lines);
    let sound = cinema.caller().get(&beside(&staged, "staged/sound.m3u8"));
    // The sound changes with the picture, to a frame of its own.
    let [picture, sound] = [switches(text(&video)), switches(text(&sound))];
    assert_eq!((picture.len(), sound.len()), (2, 2));
    for (picture, sound) in picture.iter().zip(&sound) {
        assert!(
            (0.0..0.03).contains(&(sound - picture)),
            "{picture} {sound}"
        );
    }
}

/// When a playlist has discontinuities, in seconds.
fn switches(playlist: &str) -> Vec<f64> {
    let (mut at, mut found) = (0.0, Vec::new());
    for line in playlist.lines() {
        if let Some(length) = line.strip_prefix("#EXTINF:") {
            at += length.trim_end_matches(',').parse::<f64>().unwrap();
        } else if line == "#EXT-X-DISCONTINUITY" {
            found.push(at);
        }
    }
    found
}

#[test]
fn poster_and_storyboard_are_pictures() {
    let cinema = Cinema::with(&[64], |folder| film(&folder.join("a.mp4"), USUAL));
    let title = when(&cinema, |title| title["storyboard_url"].is_string());
    let caller = cinema.caller();
    let poster = caller.get(&playlist(&title, "poster_url"));
    assert_eq!(poster.field("content-type"), Some("image/jpeg"));
    assert!(poster.body.starts_with(&[0xff, 0xd8]));
    let url = playlist(&title, "storyboard_url");
    let board = caller.get(&url);
    assert_eq!(board.field("content-type"), Some("text/vtt; charset=utf-8"));
    assert_eq!(text(&board).matches(" --> ").count(), 9);
    let sheet = text(&board)
        .lines()
        .find(|line| line.contains("#xywh=160,0,160,90"))
        .unwrap();
    let sheet = caller.get(&beside(&url, sheet.split('#').next().unwrap()));
    assert_eq!(
        (sheet.status, sheet.field("content-type")),
        (200, Some("image/jpeg"))
    );
    let main = caller.get(&playlist(&title, "hls_url"));
    assert!(
        text(&main).contains("#EXT-X-IMAGE-STREAM-INF"),
        "{}",
        text(&main)
    );
    assert_eq!(caller.get(&beside(&url, "images.m3u8")).status, 200);
}

#[test]
fn what_browsers_cannot_play_is_played_from_its_lowest_rung() {
    let cinema = Cinema::with(&[64, 90], |folder| {
        let codecs = "-f lavfi -i testsrc2=size=160x120:rate=25:duration=4 -f lavfi -i sine=duration=4 -c:v mpeg4 -c:a mp2";
        film(&folder.join("old.avi"), codecs);
    });
    let title = when(&cinema, |title| title["hls_url"].is_string());
    assert_eq!(
        (&title["name"], &title["width"]),
        (&"old".into(), &160.into())
    );
    let url = format!(
        "http://{}{}",
        cinema.house.http(),
        playlist(&title, "hls_url")
    );
    let found = frames(&url, &["-vf", "scale=64:36"]);
    assert_eq!(found.len(), 100);
}

#[test]
fn renditions_stand_still_while_people_wait() {
    let cinema = Cinema::of(&[64, 90, 180], 1, |folder| {
        let film_of = "-f lavfi -i testsrc2=size=320x180:rate=25:duration=60 -c:v libx264 -preset ultrafast -g 100";
        film(&folder.join("a.mp4"), film_of);
    });
    let is_told = |word: &str| {
        let page = cinema.caller().get("/metrics");
        let page = text(&page).to_owned();
        page.lines().any(|line| line == word)
    };
    when(&cinema, |title| title["progress"].as_f64() > Some(0.1));
    assert!(is_told("kinora_library_titles 1"));
    let mut peer = cinema.house.connect();
    let job = peer.submit("webm", long_clip());
    peer.wait_until(&job, &["processing"]);
    let waiting = when(&cinema, |title| title["is_waiting"] == true);
    assert!(is_told("kinora_library_making{state=\"waiting\"} 1"));
    assert_eq!(waiting["remaining_seconds"], Value::Null);
    // What stands still gets nowhere, however often one asks; it may take a moment until it does.
    let after = |looks: u32| (0..looks).map(|_| when(&cinema, |_| true)).last();
    let (early, late) = (after(50).unwrap(), after(50).unwrap());
    assert_eq!(
        (&early["progress"], &late["is_waiting"]),
        (&late["progress"], &true.into())
    );
    peer.ask(
        serde_json::json!({"action": "cancel", "task_id": job}),
        "",
        b"",
    );
    let title = when(&cinema, |title| title["staged_url"].is_string());
    let url = playlist(&title, "hls_url").replace("main.m3u8", "90.m3u8");
    let url = format!("http://{}{url}", cinema.house.http());
    assert_eq!(frames(&url, &["-vf", "scale=64:36"]).len(), 1500);
}

#[test]
fn what_was_made_outlives_a_restart() {
    let mut cinema = Cinema::with(&[64], |folder| film(&folder.join("a.mp4"), USUAL));
    let made = |title: &Value| title["storyboard_url"].is_string() && title["progress"].is_null();
    let before = when(&cinema, made);
    let top = cinema.caller().get(&playlist(&before, "hls_url")).body;
    cinema.house.stop();
    cinema.house.start();
    let after = when(&cinema, |title| title["hls_url"].is_string());
    assert_eq!(after["id"], before["id"]);
    // The same renditions under the same names.
    assert_eq!(cinema.caller().get(&playlist(&after, "hls_url")).body, top);
}

#[test]
fn files_of_others_are_left_as_they_are() {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let cinema = Cinema::with(&[64], |folder| {
        film(&folder.join("a.mp4"), USUAL);
        fs::set_permissions(folder.join("a.mp4"), Permissions::from_mode(0o600)).unwrap();
    });
    let state = || {
        let known = fs::metadata(cinema.folder.path().join("a.mp4")).unwrap();
        (known.mode(), known.uid(), known.gid(), known.mtime())
    };
    let before = state();
    let main = when(&cinema, |title| title["staged_url"].is_string());
    assert!(main["poster_url"].is_string(), "{main}");
    assert_eq!(state(), before);
}

#[test]
fn a_poster_is_no_black_frame() {
    let cinema = Cinema::with(&[], |folder| {
        // Black for its first half, where a poster is looked for first.
        let codecs = "-f lavfi -i testsrc2=size=320x180:rate=30:duration=9 -vf drawbox=t=fill:color=black:enable='lt(t\\,4)' -c:v libx264 -preset veryfast";
        film(&folder.join("a.mp4"), codecs);
    });
    let title = when(&cinema, |title| title["poster_url"].is_string());
    let poster = cinema.caller().get(&playlist(&title, "poster_url"));
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("poster.jpg");
    std::fs::write(&path, &poster.body).unwrap();
    let grey = std::process::Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-i"])
        .arg(&path)
        .args(["-vf", "scale=32:18,format=gray", "-f", "rawvideo", "-"])
        .output()
        .unwrap();
    let bright = grey.stdout.iter().filter(|sample| **sample > 60).count();
    assert!(bright > 100, "{bright} of 576");
}

#[test]
fn who_waits_is_told_behind_whom_and_how_long() {
    let cinema = Cinema::with(&[64, 90, 180], |folder| {
        let film_of = "-f lavfi -i testsrc2=size=320x180:rate=25:duration=60 -c:v libx264 -preset ultrafast -g 100";
        for name in ["a.mp4", "b.mp4", "c.mp4"] {
            film(&folder.join(name), film_of);
        }
    });
    let is_told = |titles: &[Value]| {
        let ahead = |wanted: Value| titles.iter().find(|title| title["ahead"] == wanted);
        let made = titles.iter().find(|title| title["progress"].is_number());
        let (Some(made), Some(next), Some(last)) = (made, ahead(1.into()), ahead(2.into())) else {
            return false;
        };
        let seconds = |title: &Value| title["remaining_seconds"].as_f64();
        let (Some(made), Some(next), Some(last)) = (seconds(made), seconds(next), seconds(last))
        else {
            return false;
        };
        assert!(made < next && next < last, "{made} {next} {last}");
        true
    };
    loop {
        let list = cinema.caller().get("/api/library").json();
        if is_told(list["titles"].as_array().unwrap()) {
            break;
        }
        std::thread::yield_now();
    }
}

/// Where the playlists of the only title are kept.
fn kept(cinema: &Cinema) -> PathBuf {
    let titles = std::fs::read_dir(cinema.house.config.data.join("library")).unwrap();
    let files = titles.map(|title| title.unwrap().path().join("first.json"));
    let files: Vec<_> = files.filter(|path| path.is_file()).collect();
    let [kept] = <[PathBuf; 1]>::try_from(files).unwrap();
    kept
}

#[test]
fn what_players_begin_with_is_there_as_soon_as_a_title_is() {
    let cinema = Cinema::with(&[], |folder| film(&folder.join("a.mp4"), USUAL));
    let title = when(&cinema, |title| title["hls_url"].is_string());
    // Nobody has asked for it, and nothing has been made yet.
    let json: Value = serde_json::from_slice(&std::fs::read(kept(&cinema)).unwrap()).unwrap();
    let told = cinema.caller().get(&playlist(&title, "hls_url"));
    let line = |text: &str| {
        text.lines()
            .find(|line| line.contains("BANDWIDTH"))
            .map(str::to_owned)
    };
    assert!(line(text(&told)).is_some());
    assert_eq!(line(json["text"].as_str().unwrap()), line(text(&told)));
}

#[test]
fn what_players_begin_with_needs_no_index_after_a_restart() {
    let mut cinema = Cinema::with(&[64], |folder| film(&folder.join("a.mp4"), USUAL));
    let made = |title: &Value| title["staged_url"].is_string() && title["progress"].is_null();
    let main = playlist(&when(&cinema, made), "hls_url");
    let told = cinema.caller().get(&main);
    let kept = &kept(&cinema);
    cinema.house.stop();
    // Something that no index says.
    let json = std::fs::read_to_string(kept).unwrap();
    std::fs::write(kept, json.replace("#EXTM3U", "#EXTM3U\\n#KEPT")).unwrap();
    cinema.house.start();
    let fresh = playlist(
        &when(&cinema, |title| title["hls_url"].is_string()),
        "hls_url",
    );
    let lines = addresses(text(&told)).into_iter();
    let media: Vec<String> = lines.filter(|line| line.ends_with("media.m3u8")).collect();
    for line in &media {
        let list = cinema.caller().get(&beside(&fresh, line));
        assert!(text(&list).contains("#KEPT"), "{line}");
    }
    let again = cinema.caller().get(&fresh);
    assert_eq!(text(&again).replace("\n#KEPT", ""), text(&told));
    assert!(text(&again).contains("#KEPT"));
    // As soon as the indexes are there, they say it.
    let first_of = |line: &String| beside(&beside(&fresh, line), "1.m4s");
    assert_eq!(cinema.caller().get(&first_of(&media[0])).status, 200);
    assert_eq!(text(&cinema.caller().get(&fresh)), text(&told));
    let lists = media
        .iter()
        .map(|line| cinema.caller().get(&beside(&fresh, line)));
    let lists: Vec<_> = lists.map(|answer| text(&answer).to_owned()).collect();
    // What was kept of them is what they say.
    let json: Value = serde_json::from_slice(&std::fs::read(kept).unwrap()).unwrap();
    for (line, list) in media.iter().zip(&lists) {
        let name = line.split('/').next().unwrap();
        assert_eq!(json["media"][name], list.as_str(), "{name}");
    }
}
