//! What is not opened: left out of the argument lists, and said in words when FFmpeg meets it.

use kinora_media::diagnosis::{Ended, diagnose};
use kinora_media::{Accept, Argument, Capabilities, probe};

const DEMUXERS: &str = " D  mov,mp4,m4a  x\n D  gif  x\n D  hls  x\n D  concat  x\n D  tty  x\n";
const DECODERS: &str = " V....D h264  x\n V....D magicyuv  x\n V....D gif  x\n";

fn build(version: &str, accept: Accept) -> Capabilities {
    let version = format!("ffmpeg version {version} Copyright");
    Capabilities::parse("", "", "", DEMUXERS, &version).restricted(accept, DECODERS)
}

/// The value behind this option.
fn value(list: &[Argument], option: &str) -> Option<String> {
    let at = list.iter().position(|each| each.to_string() == option)?;
    list.get(at + 1).map(ToString::to_string)
}

#[test]
fn lists_follow_the_build_and_what_is_accepted() {
    let check = |version, accept, formats: &str, decoders: Option<&str>| {
        let list = probe::arguments(&build(version, accept));
        assert_eq!(value(&list, "-format_whitelist").as_deref(), Some(formats));
        assert_eq!(value(&list, "-codec_whitelist").as_deref(), decoders);
        assert_eq!(value(&list, "-protocol_whitelist").as_deref(), Some("file"));
    };
    check("9.0.2", Accept::All, "gif,m4a,mov,mp4", None);
    // A hole closes one decoder, and no more.
    check("5.1.9", Accept::All, "gif,m4a,mov,mp4", Some("gif,h264"));
    check("9.0.2", Accept::Common, "mov", Some("h264"));
    let own = probe::arguments_of_result(&build("5.1.9", Accept::Common));
    let formats = value(&own, "-format_whitelist");
    assert_eq!(formats.as_deref(), Some("gif,m4a,mov,mp4"));
}

#[test]
fn refusals_name_the_kind_and_the_setting() {
    let check = |line: &str, words: &str, is_setting: bool| {
        let lines = [line.to_owned(), "[error] file:/x: Invalid argument".into()];
        let cause = diagnose(&Ended::Exit(1), &lines);
        assert_eq!(cause.code, "unsupported_format");
        assert_eq!(cause.description, words);
        assert_eq!(
            cause.solution.contains("accept = \"all\""),
            is_setting,
            "{cause:?}"
        );
    };
    check(
        "[hls @ 0x55] [error] Format not on whitelist 'mov,avi'",
        "files of the kind \"hls\" are never opened: it is a list of other files",
        false,
    );
    check(
        "[gif @ 0x55] Format not on whitelist 'mov,avi'",
        "files of the kind \"gif\" are not opened here",
        true,
    );
    check(
        "[wmv3 @ 0x55] [error] Codec (wmv3) not on whitelist 'h264'",
        "\"wmv3\" is not decoded here",
        true,
    );
    check(
        "[magicyuv @ 0x55] Codec (magicyuv) not on whitelist 'h264'",
        "\"magicyuv\" is not decoded here (CVE-2026-8461)",
        true,
    );
}
