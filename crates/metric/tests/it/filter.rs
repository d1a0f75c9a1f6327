//! The same clips through FFmpeg's filter `xpsnr`, where an FFmpeg has it.
//!
//! The filter reads raw files, never another filter's frames: those have padded rows, and up to FFmpeg 9.0 it takes
//! the distorted frame's rows for unpadded when samples have more than 8 bits. Widths like 720 then score below 5 dB.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "the other metric is a process that reads files"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use kinora_metric::{Chroma, Format, Summary, Xpsnr};

struct Clip {
    format: Format,
    pixels: &'static str,
    rate: u32,
}

const FRAMES: usize = 4;

fn check(width: usize, height: usize, pixels: &'static str, rate: u32) {
    let Some(ffmpeg) = ffmpeg_with_filter() else {
        return println!(
            "skipped, no FFmpeg here has the filter xpsnr (KINORA_TEST_FFMPEG may name one)"
        );
    };
    let chroma = match pixels {
        name if name.starts_with("gray") => Chroma::None,
        name if name.starts_with("yuv420") => Chroma::Yuv420,
        name if name.starts_with("yuv422") => Chroma::Yuv422,
        _ => Chroma::Yuv444,
    };
    let bits = [("10le", 10), ("12le", 12)];
    let depth = bits.iter().find(|(end, _)| pixels.ends_with(end));
    let format = Format::new(width, height, chroma, depth.map_or(8, |found| found.1));
    let format = format.unwrap();
    let clip = Clip {
        format,
        pixels,
        rate,
    };
    let room = tempfile::tempdir().unwrap();
    clip.make(&ffmpeg, room.path());
    let log = clip.filter(&ffmpeg, room.path());
    clip.compare(&log, room.path());
}

impl Clip {
    /// Writes `reference` and `distorted`: a test picture with noise, and the same blurred.
    fn make(&self, ffmpeg: &Path, room: &Path) {
        let Format { width, height, .. } = self.format;
        let source = format!("testsrc2=s={width}x{height}:r={}", self.rate);
        let pixels = self.pixels;
        let graph = format!(
            "{source},format=yuv444p,noise=alls=12:allf=t:all_seed=7,split[a][b];\
             [a]format={pixels}[reference];[b]gblur=0.7,format={pixels}[distorted]"
        );
        let mut command = Command::new(ffmpeg);
        command.args(["-v", "error", "-nostdin", "-filter_complex", &graph]);
        for name in ["reference", "distorted"] {
            let (map, frames) = (format!("[{name}]"), FRAMES.to_string());
            command.args(["-map", &map, "-frames:v", &frames, "-f", "rawvideo", name]);
        }
        run(command, room);
    }

    /// The filter's own log of frames.
    fn filter(&self, ffmpeg: &Path, room: &Path) -> String {
        let size = format!("{}x{}", self.format.width, self.format.height);
        let rate = self.rate.to_string();
        let mut command = Command::new(ffmpeg);
        command.args(["-v", "error", "-nostdin"]);
        for name in ["reference", "distorted"] {
            command.args(["-f", "rawvideo", "-pixel_format", self.pixels]);
            command.args(["-video_size", &size, "-framerate", &rate, "-i", name]);
        }
        command.args(["-lavfi", "[0][1]xpsnr=f=log", "-f", "null", "-"]);
        run(command, room);
        std::fs::read_to_string(room.join("log")).unwrap()
    }

    fn compare(&self, log: &str, room: &Path) {
        let read = |name| std::fs::read(room.join(name)).unwrap();
        let (reference, distorted) = (read("reference"), read("distorted"));
        let bytes = self.format.frame_bytes();
        let mut metric = Xpsnr::new(self.format, self.rate.into());
        let mut summary = Summary::default();
        let pairs = reference
            .chunks_exact(bytes)
            .zip(distorted.chunks_exact(bytes));
        let mut lines = log.lines();
        for (reference, distorted) in pairs {
            let score = metric.pair(reference, distorted).unwrap();
            self.same(lines.next().unwrap(), score.db());
            summary.push(&score);
        }
        assert_eq!(summary.frames(), FRAMES as u64);
        self.same(lines.nth(1).unwrap(), summary.db());
    }

    /// `line` states dB as `y: 30.1234  u: ...`, with `XPSNR` before each in lines of frames.
    fn same(&self, line: &str, found: [f64; 3]) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let count = if self.format.chroma == Chroma::None {
            1
        } else {
            3
        };
        for (plane, found) in ["y:", "u:", "v:"].into_iter().zip(found).take(count) {
            let at = words.iter().position(|word| *word == plane).unwrap();
            let expected: f64 = words[at + 1].parse().unwrap();
            let (format, close) = (self.format, (found - expected).abs() < 0.001);
            assert!(
                close || found == expected,
                "{format:?} {plane} {found}, filter: {line}"
            );
        }
    }
}

fn run(mut command: Command, room: &Path) {
    let output = command.current_dir(room).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn ffmpeg_with_filter() -> Option<PathBuf> {
    let named = std::env::var("KINORA_TEST_FFMPEG").ok();
    let built = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../target/lib/kinora/ffmpeg"
    );
    let places = [named, Some("ffmpeg".into()), Some(built.into())];
    places
        .into_iter()
        .flatten()
        .map(PathBuf::from)
        .find(|place| {
            let filters = Command::new(place)
                .args(["-v", "error", "-filters"])
                .output();
            filters.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(" xpsnr "))
        })
}

#[test]
fn everyday_pictures() {
    check(1280, 720, "yuv420p", 25);
    check(640, 360, "yuv420p", 30);
    check(640, 480, "gray", 25);
}

#[test]
fn ten_bits() {
    check(1280, 720, "yuv420p10le", 25);
    check(426, 240, "yuv422p10le", 24);
}

#[test]
fn portraits() {
    check(720, 1280, "yuv420p", 25);
    check(720, 1280, "yuv420p10le", 25);
    check(1080, 1920, "yuv420p10le", 30);
}

#[test]
fn odd_sizes() {
    check(131, 97, "yuv420p", 25);
    check(135, 241, "yuv422p", 25);
    check(641, 481, "yuv420p10le", 25);
}

#[test]
fn full_colour() {
    check(320, 240, "yuv444p", 25);
    check(642, 482, "yuv444p12le", 25);
}

#[test]
fn many_frames_a_second() {
    check(640, 360, "yuv420p", 60);
    check(1280, 720, "yuv420p10le", 50);
}

#[test]
fn beyond_hd() {
    check(2560, 1440, "yuv420p", 25);
    check(1600, 2560, "yuv420p10le", 60);
}
