//! Files that are programs: what they name is not opened, whom they call is not called.

use super::Den;
use super::files::{self, clip, made, riff_chunk};
use serde_json::json;

const REFUSED: &[&str] = &["unsupported_format", "corrupt_input", "no_video"];

fn playlist(lines: &str, target: &str, end: &str) -> Vec<u8> {
    format!("#EXTM3U\n#EXT-X-TARGETDURATION:2\n{lines}#EXTINF:2.0,\n{target}\n{end}").into_bytes()
}

const END: &str = "#EXT-X-ENDLIST\n";

fn manifest(base: &str) -> Vec<u8> {
    format!(
        r#"<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011" type="static" mediaPresentationDuration="PT1S"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1000" width="64" height="64"><BaseURL>{base}</BaseURL></Representation></AdaptationSet></Period></MPD>"#
    )
    .into_bytes()
}

#[test]
fn lists_open_no_other_file() {
    let den = Den::new(&[]);
    let private = den.private();
    // A1: by its absolute name, and by one relative to where inputs lie.
    for target in [
        format!("file://{private}"),
        private.clone(),
        "../../private.ts".into(),
    ] {
        let words = den
            .resize("A1", &playlist("", &target, END))
            .refused(REFUSED);
        assert!(
            words.contains("\"hls\"") && words.contains("list of other files"),
            "{words}"
        );
    }
    // A2
    for target in [private.as_str(), "private.ts", "../../private.ts"] {
        let list = format!("ffconcat version 1.0\nfile '{target}'\n");
        let words = den.resize("A2", list.as_bytes()).refused(REFUSED);
        assert!(words.contains("\"concat\""), "{words}");
    }
    // A3
    let words = den
        .resize("A3", &manifest(&format!("file://{private}")))
        .refused(REFUSED);
    assert!(words.contains("\"dash\""), "{words}");
    // A4
    for target in ["file:///etc/passwd", "/etc/passwd"] {
        den.resize("A4", &playlist("", target, END))
            .refused(REFUSED);
    }
    let key = "#EXT-X-KEY:METHOD=AES-128,URI=\"file:///etc/hostname\"\n";
    den.resize("A4 key", &playlist(key, &private, END))
        .refused(REFUSED);
    // A11: without its end it would be read again and again.
    den.resize("A11", &playlist("", &private, ""))
        .refused(REFUSED);
}

#[test]
fn lists_call_nobody() {
    let den = Den::new(&[]);
    let address = den.address();
    // A5
    den.resize("A5", &playlist("", &address, END))
        .refused(REFUSED);
    let key = format!("#EXT-X-KEY:METHOD=AES-128,URI=\"{address}\"\n");
    den.resize("A5 key", &playlist(&key, &den.private(), END))
        .refused(REFUSED);
    den.resize("A5 dash", &manifest(&address)).refused(REFUSED);
    // A6
    let both = format!("concat:{address}|file:///etc/passwd");
    den.resize("A6", &playlist("", &both, END)).refused(REFUSED);
    // A7
    let sdp = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n\
               a=rtpmap:96 H264/90000\n";
    den.resize("A7", sdp.as_bytes()).refused(REFUSED);
}

#[test]
fn text_is_no_picture() {
    let den = Den::new(&[]);
    let resize = || json!({"operation": "resize", "width": 64});
    // A8, under each ending that FFmpeg takes for art
    for ending in ["txt", "ans", "nfo", "mp4"] {
        let fate = den.order("A8", resize(), ending, b"\x1b[31mroot:x:0:0\x1b[0m\n");
        fate.refused(REFUSED);
    }
    // A9
    let svg = format!(
        r#"<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><text>&x;</text><image href="file://{}"/></svg>"#,
        den.private()
    );
    den.order("A9", resize(), "svg", svg.as_bytes())
        .refused(REFUSED);
}

/// An AVI with a track of "subtitles" that are a playlist.
fn gab2(target: &str) -> Vec<u8> {
    let list = playlist("", target, END);
    let mut subtitles = b"GAB2\0\x02\0\x02\0\0\0x\0\x04\0".to_vec();
    subtitles.extend(u32::try_from(list.len()).unwrap().to_le_bytes());
    subtitles.extend(list);
    let mut header = b"txts".to_vec();
    header.resize(56, 0);
    let track = [riff_chunk("strh", &header), riff_chunk("strf", &[])].concat();
    let track = riff_chunk("LIST", &[b"strl".as_slice(), &track].concat());
    let main = [0_u8; 56];
    let headers = [b"hdrl".as_slice(), &riff_chunk("avih", &main), &track].concat();
    let movie = [b"movi".as_slice(), &riff_chunk("00tx", &subtitles)].concat();
    let all = [
        b"AVI ".as_slice(),
        &riff_chunk("LIST", &headers),
        &riff_chunk("LIST", &movie),
    ];
    riff_chunk("RIFF", &all.concat())
}

#[test]
fn what_is_hidden_in_a_recording_stays_shut() {
    let den = Den::new(&[]);
    // A10
    den.resize("A10", &gab2(&den.private()))
        .shows_nothing_private();
    den.resize("A10 http", &gab2(&den.address()))
        .shows_nothing_private();
    // A15
    let place = tempfile::tempdir().unwrap();
    let font = place.path().join("f.ttf");
    std::fs::write(&font, "no font").unwrap();
    let font = font.display().to_string();
    let mut attach = files::clip_of("mpeg4", "aac");
    attach.extend(["-attach", &font, "-metadata:s:t", "mimetype=font/ttf"]);
    attach.extend(["-metadata:s:t", "filename=../../../../escaped"]);
    let file = made("mkv", &attach);
    den.resize("A15", &file).served();
    let convert = json!({"operation": "convert", "format": "mkv"});
    den.order("A15 copied", convert, "mkv", &file).ended();
    // A16
    let page = b"<html><script>alert(1)</script></html>";
    let polyglot = [clip(), &files::mp4_box("free", page), page].concat();
    den.resize("A16", &polyglot).served();
}

#[test]
fn names_and_options_are_no_arguments() {
    let den = Den::new(&[]);
    // A12: the only name that a client gives is an ending.
    let address = den.address();
    let endings = [
        address.as_str(),
        "../../escaped",
        "-vf",
        "img%03d.png",
        "a*.png",
        "pipe:",
        "concat:x|y",
        "a b\n'\"",
        "data:,x",
        "subfile,,start,0,end,1,,:/etc/passwd",
        "tee:x|y",
        "mp4\0",
    ];
    for ending in endings {
        let order =
            json!({"operation": "resize", "width": 64, "extension": ending, "extention": ending});
        den.order("A12", order, "mp4", clip()).ended();
    }
    // A13
    let filter = format!("movie={}", den.private());
    for (option, value) in [
        ("width", filter.as_str()),
        ("size", "720p,drawtext=textfile=/etc/passwd"),
        ("fit", "crop;metadata=print:file=escaped"),
        ("height", "64 -i /etc/passwd"),
    ] {
        let mut order = json!({"operation": "resize"});
        order[option] = value.into();
        den.order("A13", order, "mp4", clip())
            .shows_nothing_private();
    }
    for format in [
        "tee:x|y",
        "x%d.png",
        "image2",
        "hls",
        "dash",
        "mp4 -vf x",
        "../../escaped",
    ] {
        let order = json!({"operation": "convert", "format": format});
        den.order("A13", order, "mp4", clip()).refused(&[
            "invalid_option",
            "unsupported_target",
            "unknown_option",
        ]);
    }
}

#[test]
fn a_decoder_with_a_hole_is_shut() {
    let den = Den::new(&[]);
    // A14: harmless bytes, for a decoder that others can take over.
    let source = ["-f", "lavfi", "-i", "testsrc2=d=0.4:s=64x64"];
    let file = made("avi", &[&source[..], &["-c:v", "magicyuv"]].concat());
    let fate = den.resize("A14", &file);
    let told = std::process::Command::new("ffmpeg")
        .arg("-version")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let version = told.split_whitespace().nth(2).unwrap_or_default();
    match kinora_media::accept::hole(version) {
        Some(hole) => assert!(fate.refused(REFUSED).contains(hole.name)),
        None => drop(fate.served()),
    }
}

#[test]
fn rare_kinds_are_opened_only_when_asked_for() {
    let den = Den::new(&["--set", "sandbox.accept=common"]);
    let source = ["-f", "lavfi", "-i", "testsrc2=d=0.4:s=64x64"];
    let gif = made("gif", &source);
    let fate = den.resize("gif", &gif);
    assert!(fate.refused(&["unsupported_format"]).contains("\"gif\""));
    assert!(
        fate.answer.text("solution").contains("accept = \"all\""),
        "{:?}",
        fate.answer.json
    );
    let rare = made("avi", &[&source[..], &["-c:v", "wmv2"]].concat());
    assert!(
        den.resize("wmv2", &rare)
            .refused(&["unsupported_format"])
            .contains("\"wmv2\"")
    );
    den.resize("clip", clip()).served();
    // What is made here may be of any kind.
    den.order("to gif", json!({"operation": "gif"}), "mp4", clip())
        .served();
}
