//! Reads stacked raw frames from standard input; prints their XPSNR, and how fast it was.
//!
//! ```sh
//! ffmpeg -i original -i smaller -lavfi vstack -pix_fmt yuv420p -f rawvideo - | xpsnr 1280 720 420 8 25
//! ```
//! Chroma is 400, 420, 422 or 444. A fifth number, `each`, prints every frame, too.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_types,
    reason = "a program to measure by hand"
)]

use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant};

use kinora_metric::{Chroma, Format, Summary, Xpsnr};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (format, rate) = parse(&arguments).ok_or("xpsnr WIDTH HEIGHT CHROMA BITS RATE [each]")?;
    let (mut metric, mut summary) = (Xpsnr::new(format, rate), Summary::default());
    let mut frame = vec![0; 2 * format.frame_bytes()];
    let (mut input, mut spent) = (std::io::stdin().lock(), Duration::ZERO);
    while is_read(&mut input, &mut frame)? {
        let start = Instant::now();
        let score = metric.stacked(&frame)?;
        spent += start.elapsed();
        summary.push(&score);
        if arguments.len() > 5 {
            println!("n: {} {}", summary.frames(), planes(score.db()));
        }
    }
    let rate = summary.frames() as f64 / spent.as_secs_f64();
    println!("frames: {}, {rate:.1} a second", summary.frames());
    println!("XPSNR {}", planes(summary.db()));
    Ok(())
}

fn parse(arguments: &[String]) -> Option<(Format, f64)> {
    let [width, height, chroma, bits, rate, ..] = arguments else {
        return None;
    };
    let chroma = match chroma.as_str() {
        "400" => Chroma::None,
        "420" => Chroma::Yuv420,
        "422" => Chroma::Yuv422,
        "444" => Chroma::Yuv444,
        _ => return None,
    };
    let (width, height) = (width.parse().ok()?, height.parse().ok()?);
    let format = Format::new(width, height, chroma, bits.parse().ok()?)?;
    Some((format, rate.parse().ok()?))
}

/// False at the end of the input; a frame that is cut off counts as the end.
fn is_read(input: &mut impl Read, frame: &mut [u8]) -> std::io::Result<bool> {
    match input.read_exact(frame) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| true),
    }
}

fn planes([y, u, v]: [f64; 3]) -> String {
    format!("y: {y:.4}  u: {u:.4}  v: {v:.4}")
}
