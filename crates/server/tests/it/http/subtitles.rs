//! Subtitles of the library: those within a file and those beside it, as players get them.

use super::library::{Cinema, USUAL, addresses, beside, film, rest, text};
use super::renditions::when;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

const WORDS: &str = "1\n00:00:01,000 --> 00:00:02,500\n<i>Eins</i> & <script>zwei</script>\n\n\
                     2\n00:00:04,000 --> 00:00:05,000\nDrei\n\n3\n00:00:08,000 --> 00:00:08,500\nVier\n";

fn write(path: &Path, words: &str) {
    fs::write(path, words).unwrap();
    rest(path);
}

/// The usual film with subtitles within it.
fn spoken(path: &Path, coding: &str) {
    let place = tempfile::tempdir().unwrap();
    let words = place.path().join("words.srt");
    write(&words, WORDS);
    let (inputs, codings) = USUAL.split_once(" -c:v").unwrap();
    let words = words.display();
    film(
        path,
        &format!(
            "{inputs} -i {words} -map 0 -map 1 -map 2 -c:v{codings} -c:s {coding} -metadata:s:s:0 language=ger"
        ),
    );
}

/// None while there is no title.
fn subtitles(title: &Value) -> &[Value] {
    title["subtitles"].as_array().map_or(&[], Vec::as_slice)
}

fn url(member: &Value) -> &str {
    member.as_str().unwrap()
}

#[test]
fn subtitles_within_and_beside_a_film_are_offered_as_webvtt() {
    for (name, coding) in [("A.mp4", "mov_text"), ("A.mkv", "ass"), ("A.mkv", "subrip")] {
        let heights: &[u32] = if name == "A.mkv" { &[64] } else { &[] };
        let cinema = Cinema::with(heights, |folder| {
            spoken(&folder.join(name), coding);
            write(
                &folder.join("A.en.forced.srt"),
                "00:01,0 --> 00:02,0\nOne\n",
            );
        });
        let title = when(&cinema, |title| {
            subtitles(title).len() == 2 && title["hls_url"].is_string()
        });
        let caller = cinema.caller();
        let [within, beside_it] = subtitles(&title) else {
            panic!("{title}");
        };
        assert_eq!(
            (&within["language"], &beside_it["language"]),
            (&"ger".into(), &"en".into())
        );
        let words = caller.get(url(&within["url"]));
        assert_eq!(words.field("content-type"), Some("text/vtt; charset=utf-8"));
        let told = text(&words);
        assert!(told.starts_with("WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n\n"));
        assert!(
            told.contains("<i>Eins</i> &amp; zwei\n"),
            "{coding}: {told}"
        );
        // Sound that begins before the picture moves all of an MKV by as much.
        assert!(
            told.contains("00:00:01.0") && told.contains("--> 00:00:02.5"),
            "{told}"
        );
        assert_eq!(told.matches("-->").count(), 3, "{told}");
        let main = url(&title["hls_url"]);
        let top = caller.get(main);
        let media: Vec<&str> = text(&top)
            .lines()
            .filter(|line| line.contains("TYPE=SUBTITLES"))
            .collect();
        assert_eq!(media.len(), 2);
        assert!(media[0].contains("LANGUAGE=\"de\"") && media[0].contains("FORCED=NO"));
        assert!(media[1].contains("LANGUAGE=\"en\"") && media[1].contains("FORCED=YES"));
        for line in media {
            let playlist = beside(main, &addresses(line)[0]);
            let segments = caller.get(&playlist);
            let [segment] = &addresses(text(&segments))[..] else {
                panic!("{}", text(&segments));
            };
            assert_eq!(caller.get(&beside(&playlist, segment)).status, 200);
        }
        let mpd = caller.get(url(&title["dash_url"]));
        assert_eq!(text(&mpd).matches("mimeType=\"text/vtt\"").count(), 2);
        assert!(text(&mpd).contains("value=\"forced-subtitle\""));
    }
}

/// What FFmpeg reads of subtitles behind an address.
fn heard(address: &str) -> String {
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-i", address])
        .args(["-map", "0:s:0", "-f", "srt", "-"])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_staged_title_has_them_in_its_parts() {
    let cinema = Cinema::with(&[64, 90, 120], |folder| {
        spoken(&folder.join("A.mp4"), "mov_text")
    });
    let title = when(&cinema, |title| title["staged_url"].is_string());
    let caller = cinema.caller();
    let staged = url(&title["staged_url"]);
    let top = caller.get(staged);
    let mut lines = text(&top).lines();
    let media = lines.find(|line| line.contains("TYPE=SUBTITLES")).unwrap();
    let playlist = beside(staged, &addresses(media)[0]);
    let parts = caller.get(&playlist);
    assert_eq!(text(&parts).matches("#EXT-X-DISCONTINUITY").count(), 2);
    let mut told = String::new();
    for part in addresses(text(&parts)) {
        let answer = caller.get(&beside(staged, part.trim_start_matches("../")));
        assert_eq!(answer.status, 200, "{part}");
        told += text(&answer);
    }
    assert!(
        told.contains("Eins") && told.contains("Drei") && told.contains("Vier"),
        "{told}"
    );
    let whole = url(&subtitles(&title)[0]["url"]);
    let heard = heard(&format!("http://{}{whole}", cinema.house.http()));
    assert!(
        heard.contains("00:00:04,000 --> 00:00:05,000\nDrei"),
        "{heard}"
    );
}

#[test]
fn a_file_beside_a_film_is_never_another_one() {
    let cinema = Cinema::with(&[], |folder| {
        film(&folder.join("A.mp4"), USUAL);
        write(&folder.join("secret.txt"), WORDS);
        symlink("secret.txt", folder.join("A.fr.srt")).unwrap();
        write(&folder.join("A.srt"), "00:01,0 --> 00:02,0\nOne\n");
        write(&folder.join("A.es.vtt"), "no words at all");
    });
    let caller = cinema.caller();
    let named = |title: &Value, language: &str| {
        let mut all = subtitles(title).iter();
        let found = all.find(|each| each["language"] == language);
        url(&found.unwrap()["url"]).to_owned()
    };
    let title = when(&cinema, |title| subtitles(title).len() == 2);
    let before = named(&title, "");
    assert!(text(&caller.get(&before)).contains("One"));
    assert_eq!(caller.get(&named(&title, "es")).code(), "not_playable");
    // Other words have another address, and the old one leads nowhere.
    write(&cinema.place("A.srt"), "00:01,0 --> 00:02,0\nOther\n");
    let title = when(&cinema, |title| named(title, "") != before);
    assert!(text(&caller.get(&named(&title, ""))).contains("Other"));
    assert_eq!(caller.get(&before).code(), "no_page");
    fs::remove_file(cinema.place("A.srt")).unwrap();
    when(&cinema, |title| subtitles(title).len() == 1);
}
