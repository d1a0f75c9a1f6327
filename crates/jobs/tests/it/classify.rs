//! Footage is known by what it shows, whatever its flags say: the words in the report of a finished compression.

use crate::media::{clip, run};
use serde_json::json;
use std::path::Path;

/// Everything moves, nothing is noise.
const FILM: &str = "mandelbrot=s=320x240:r=50,trim=end_frame=50,scroll=v=0.02,format=yuv420p";
/// The same at half the rate, each frame made of the fields of two.
const FIELDS: &str = ",tinterlace=mode=interleave_top,setfield=";

fn words(file: &Path) -> Vec<String> {
    let result = run(
        file,
        "compress",
        json!({"quality": "small", "speed": "fast"}),
    );
    let report = result.made.report.expect("a search has a report");
    let wanted = ["interlaced", "screen", "grain"];
    let words = report.footage.into_iter();
    words
        .filter(|word| wanted.contains(&word.as_str()))
        .collect()
}

fn check(name: &'static str, graph: &str, encoder: &[&str], expected: &[&str]) {
    let source = ["-f", "lavfi", "-i", graph, "-c:v"];
    let file = clip(name, &[&source, encoder].concat());
    assert_eq!(words(&file), expected, "{name}");
}

#[test]
fn fields_are_seen_whatever_the_flag_says() {
    let fields = |order: &str| format!("{FILM}{FIELDS}{order}");
    let flagged = &["libx264", "-crf", "12", "-flags", "+ildct+ilme"];
    let plain = &["libx264", "-crf", "12"];
    let mpeg = &["mpeg2video", "-q:v", "2", "-flags", "+ildct+ilme"];
    check("fields-said.mp4", &fields("tff"), flagged, &["interlaced"]);
    check("fields-said.ts", &fields("tff"), mpeg, &["interlaced"]);
    check("fields-unsaid.mp4", &fields("prog"), plain, &["interlaced"]);
    check("whole.mp4", FILM, plain, &[]);
    let said = format!("{FILM},setfield=tff");
    check("whole-but-said.mp4", &said, flagged, &[]);
}

#[test]
fn screens_and_grain_are_seen() {
    let plain = &["libx264", "-crf", "12"];
    let lossless = &["libx264", "-qp", "0"];
    let grain = format!("{FILM},noise=alls=12:allf=t");
    check("grain.mp4", &grain, plain, &["grain"]);
    let screen = "testsrc=s=640x360:r=25:d=1,format=yuv420p";
    check("screen.mp4", screen, lossless, &["screen"]);
}
