//! Media types, file names, and the mirror that is stored with a job.

use kinora_mmp::Mirror;
use kinora_mmp::media_type::{Style, read, write};
use kinora_mmp::mirror::{FileName, with_extension};
use serde_json::json;

use crate::requests::{object, submit};

#[test]
fn media_types_are_read_in_every_style() {
    let check = |sent: &str, ending: Option<&str>, style: Style| {
        assert_eq!(
            read(sent),
            Ok((ending.map(str::to_owned), style)),
            "{sent:?}"
        );
    };
    check("mp4", Some("mp4"), Style::Bare);
    check(" MP4\0", Some("mp4"), Style::Bare);
    check("", None, Style::Bare);
    check(".webm", Some("webm"), Style::Dotted);
    check("video/mp4", Some("mp4"), Style::Mime);
    check("video/quicktime", Some("mov"), Style::Mime);
    check("Video/MP4; codecs=\"avc1\"", Some("mp4"), Style::Mime);
    check("video/x-anything", Some("anything"), Style::Mime);
    check("image/gif", Some("gif"), Style::Mime);
    check("audio/mpeg", Some("mp3"), Style::Mime);
    check("application/octet-stream", None, Style::Mime);
    check("text/plain", Some("txt"), Style::Mime);
    for bad in [
        "../mp4",
        ".",
        "mp4;rm",
        "a/b/c",
        "video/",
        "längst",
        "elevenchars",
        "mp 4",
        "video/x-",
        "mp4\n.sh",
    ] {
        assert_eq!(
            read(bad).unwrap_err().code(),
            "invalid_media_type",
            "{bad:?}"
        );
    }
}

#[test]
fn media_types_are_written_in_the_style_of_the_peer() {
    let check = |ending: &str, bare: &str, dotted: &str, mime: &str| {
        let written = [Style::Bare, Style::Dotted, Style::Mime].map(|style| write(ending, style));
        assert_eq!(written, [bare, dotted, mime]);
        assert!(written[0].len() <= 4);
    };
    check("mp4", "mp4", ".mp4", "video/mp4");
    check("mp3", "mp3", ".mp3", "audio/mpeg");
    check("gif", "gif", ".gif", "video/gif");
    check("webm", "webm", ".webm", "video/webm");
    check("flac", "flac", ".flac", "audio/flac");
    check("opus", "opus", ".opus", "audio/opus");
    check("mkv", "mkv", ".mkv", "video/x-matroska");
    check("matroska", "mkv", ".mkv", "video/x-matroska");
    check("mpegts", "ts", ".ts", "video/mp2t");
    check("mxf", "mxf", ".mxf", "video/mxf");
    check("unheard", "unhe", ".unhe", "video/unhe");
}

#[test]
fn every_ending_that_is_written_is_read_back() {
    for ending in [
        "mp4", "webm", "gif", "mkv", "mov", "avi", "mp3", "opus", "aac", "flac", "wav", "ts",
        "m4a", "ogg",
    ] {
        for style in [Style::Bare, Style::Dotted, Style::Mime] {
            assert_eq!(
                read(&write(ending, style)),
                Ok((Some(ending.to_owned()), style))
            );
        }
    }
}

#[test]
fn file_names_get_the_new_ending() {
    let answered = |name: FileName| name.answered("mp3");
    assert_eq!(
        answered(FileName::FileName("a.b.mp4".into())),
        ("file_name", "a.b.mp3".into())
    );
    assert_eq!(
        answered(FileName::FileName("Part 1. The end".into())),
        ("file_name", "Part 1. The end.mp3".into())
    );
    assert_eq!(
        answered(FileName::FileName(".mp4".into())),
        ("file_name", ".mp4.mp3".into())
    );
    assert_eq!(
        answered(FileName::Filename("clip".into())),
        ("filename", "clip".into())
    );
    assert_eq!(
        answered(FileName::Filename("clip.mp4".into())),
        ("filename", "clip".into())
    );
    assert_eq!(with_extension("v1.2", "gif"), "v1.2.gif");
}

#[test]
fn the_stored_mirror_stays_readable() {
    let request = json!({"action": "upload", "operation": "Trim", "type": "gif", "file_name": "a.mp4", "ext": ["job"]});
    let mirror = submit(request, "video/mp4").mirror;
    let golden =
        r#"{"style":"mime","file_name":{"file_name":"a.mp4"},"operation":"Trim","ext":true}"#;
    assert_eq!(serde_json::to_string(&mirror).unwrap(), golden);
    assert_eq!(serde_json::from_str::<Mirror>(golden).unwrap(), mirror);
    // A record from before a member existed.
    assert_eq!(
        serde_json::from_str::<Mirror>("{}").unwrap(),
        Mirror::default()
    );
    let all = r#"{"style":"bare","ext":true,"report":true}"#;
    let curious = submit(json!({"operation": "gif", "ext": ["job", "report"]}), "mp4").mirror;
    let curious = Mirror {
        operation: None,
        ..curious
    };
    assert_eq!(serde_json::to_string(&curious).unwrap(), all);
}

#[test]
fn a_job_is_answered_in_the_words_that_brought_it() {
    let stored = submit(
        json!({"action": "upload", "type": "gif", "filename": "a", "ext": []}),
        ".mp4",
    )
    .mirror;
    let asking = Mirror::of(&object(json!({"action": "download"})), "");
    let mirror = stored.asked_by(&asking);
    assert_eq!(
        (mirror.style, mirror.operation, mirror.ext),
        (Style::Dotted, Some(json!("gif")), false)
    );
    let asking = Mirror::of(
        &object(json!({"action": "download", "ext": ["report"]})),
        "",
    );
    let mirror = stored.asked_by(&asking);
    assert!(mirror.ext && mirror.report && !mirror.asked_by(&stored).report);
}
