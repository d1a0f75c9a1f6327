//! The files whose pictures are encoded in parts.

use crate::media::clip;
use std::path::{Path, PathBuf};

/// What keeps the generators' encodes fast.
const QUICK: &str = "-pix_fmt yuv420p -c:v libx264 -crf 8 -preset ultrafast";

/// Two languages, subtitles, chapters, a cover and colours, at 30000/1001.
pub(super) fn film() -> PathBuf {
    let cover = picture("outline-red.png", "red");
    let chapter = |start, end, title| {
        format!("[CHAPTER]\nTIMEBASE=1/1000\nSTART={start}\nEND={end}\ntitle={title}\n")
    };
    let chapters = chapter(0, 1500, "One") + &chapter(1500, 3003, "Two");
    let head = format!(";FFMETADATA1\ntitle=A film\n{chapters}");
    let marks = beside(&cover, "outline-marks.txt", &head);
    let lines = "1\n00:00:00,500 --> 00:00:02,000\nHello\n";
    let lines = beside(&cover, "outline-words.srt", lines);
    make(
        "outline-film.mkv",
        &[
            "-f lavfi -i testsrc2=size=320x180:rate=30000/1001:duration=3.003",
            "-f lavfi -i sine=frequency=440:duration=3.003",
            &format!("-i {} -i {}", lines.display(), marks.display()),
            "-map 0 -map 1 -map 1 -map 2 -map_metadata 3 -map_chapters 3",
            "-metadata:s:v:0 language=jpn -metadata:s:s:0 language=fra",
            "-metadata:s:a:0 language=eng -metadata:s:a:1 language=deu",
            "-disposition:a:0 0 -disposition:a:1 default",
            "-vf setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709",
            "-color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv",
            &format!("{QUICK} -c:a flac -c:s srt"),
            &format!(
                "-attach {} -metadata:s:t mimetype=image/png",
                cover.display()
            ),
            "-metadata:s:t filename=cover.png",
        ],
    )
}

/// Frames dropped here and there, and a second of them in one place.
pub(super) fn uneven() -> PathBuf {
    let regular = "not(eq(mod(n,7),3))*not(eq(mod(n,5),1))";
    let gaps = "not(between(n,60,85))*not(between(n,92,110))";
    make(
        "outline-uneven.mp4",
        &[
            "-f lavfi -i testsrc2=size=320x180:rate=30:duration=6",
            &format!("-vf select='{regular}*{gaps}' -fps_mode vfr"),
            &format!("-video_track_timescale 90000 {QUICK}"),
        ],
    )
}

/// Subtitles with styles, a font and a cover.
pub(super) fn styled() -> PathBuf {
    let cover = picture("outline-blue.png", "blue");
    let style = "[V4+ Styles]\nFormat: Name, Fontname, Fontsize\nStyle: Default,Sans,20\n";
    let line = "Dialogue: 0:00:00.50,0:00:02.00,Default,Hello\n";
    let events = format!("[Events]\nFormat: Start, End, Style, Text\n{line}");
    let lines = format!("[Script Info]\nScriptType: v4.00+\n{style}{events}");
    let lines = beside(&cover, "outline-words.ass", &lines);
    let font = beside(&cover, "outline.ttf", "no font, but nobody looks");
    make(
        "outline-styled.mkv",
        &[
            "-f lavfi -i testsrc2=size=320x180:rate=25:duration=3",
            "-f lavfi -i sine=duration=3",
            &format!("-i {} -map 0 -map 1 -map 2", lines.display()),
            &format!("{QUICK} -c:a flac -c:s copy"),
            &format!("-attach {} -attach {}", font.display(), cover.display()),
            "-metadata:s:t:0 mimetype=application/x-truetype-font",
            "-metadata:s:t:1 mimetype=image/png -metadata:s:t:1 filename=cover.png",
        ],
    )
}

/// With a place for the file, as a phone writes it.
pub(super) fn taken_somewhere() -> PathBuf {
    make(
        "outline-place.mov",
        &[
            "-f lavfi -i testsrc2=size=320x180:rate=25:duration=1",
            "-metadata com.apple.quicktime.location.ISO6709=+48.8577+002.2950+035/",
            "-metadata title=Day -movflags use_metadata_tags",
            QUICK,
        ],
    )
}

/// A transport stream whose sound begins 0.8 s after its picture.
pub(super) fn broadcast() -> PathBuf {
    make(
        "outline-broadcast.ts",
        &[
            "-f lavfi -i testsrc2=size=320x180:rate=25:duration=3",
            "-itsoffset 0.8 -f lavfi -i sine=duration=2.2",
            &format!("{QUICK} -c:a mp2"),
        ],
    )
}

fn picture(name: &'static str, color: &str) -> PathBuf {
    make(
        name,
        &[&format!("-f lavfi -i color={color}:size=64x64 -frames:v 1")],
    )
}

/// Arguments in lines; none of them holds a blank.
fn make(name: &'static str, lines: &[&str]) -> PathBuf {
    let words: Vec<&str> = lines.iter().flat_map(|line| line.split(' ')).collect();
    clip(name, &words)
}

/// A text file in the directory of another one.
fn beside(other: &Path, name: &str, text: &str) -> PathBuf {
    let path = other.with_file_name(name);
    std::fs::write(&path, text).unwrap();
    path
}
