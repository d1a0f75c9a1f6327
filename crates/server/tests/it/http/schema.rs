//! Manifests of DASH by the schema of ISO/IEC 23009-1, where a machine has it: its licence does not let it lie here.

use super::library::{Cinema, beside, film, text};
use super::renditions::when;
use std::io::Write;
use std::process::{Command, Stdio};

/// What `xmllint` says about a manifest by this schema, if anything.
fn complaint(schema: &str, manifest: &str) -> Option<String> {
    let mut check = Command::new("xmllint")
        .args(["--noout", "--nonet", "--schema", schema, "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = check.stdin.take().unwrap();
    input.write_all(manifest.as_bytes()).unwrap();
    drop(input);
    let ended = check.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    (!ended.status.success()).then_some(said)
}

#[test]
fn manifests_are_what_the_schema_wants() {
    let is_there = Command::new("xmllint").arg("--version").output().is_ok();
    let schema = std::env::var("KINORA_DASH_SCHEMA").ok();
    let Some(schema) = schema.filter(|_| is_there) else {
        eprintln!(
            "skipped: KINORA_DASH_SCHEMA names no DASH-MPD.xsd (github.com/MPEGGroup/DASHSchema, with its xlink.xsd), or there is no xmllint"
        );
        return;
    };
    // A schema that takes everything would show nothing.
    assert!(complaint(&schema, "<MPD/>").is_some());
    let codecs = "-f lavfi -i testsrc2=size=160x90:rate=30000/1001:duration=5 -f lavfi -i sine=440:duration=5 -f lavfi -i sine=880:duration=5 \
                  -map 0 -map 1 -map 2 -c:v libx264 -preset ultrafast -g 60 -c:a aac -metadata:s:a:0 language=eng -metadata:s:a:1 language=jpn";
    let cinema = Cinema::with(&[64], |folder| {
        film(&folder.join("a.mkv"), codecs);
        let words = "1\n00:00:01,000 --> 00:00:02,000\nHello\n";
        std::fs::write(folder.join("a.en.srt"), words).unwrap();
    });
    let title = when(&cinema, |title| title["dash_url"].is_string());
    let main = title["dash_url"].as_str().unwrap().to_owned();
    let get = |name: &str| {
        let answer = cinema.caller().get(&beside(&main, name));
        text(&answer).to_owned()
    };
    // First what is made slot by slot, or the first rendition; then all of them.
    assert_eq!(complaint(&schema, &get("main.mpd")), None);
    when(&cinema, |title| {
        title["staged_url"].is_string() && title["progress"].is_null()
    });
    let whole = get("main.mpd");
    assert!(
        whole.contains("lang=\"ja\"") && whole.contains("text/vtt"),
        "{whole}"
    );
    for name in ["main.mpd", "best.mpd", "64.mpd"] {
        assert_eq!(complaint(&schema, &get(name)), None, "{name}");
    }
}
