//! Single frames of a video as JPEG, to look at where it is worst.

use crate::capability::Capabilities;
use crate::limits;
use crate::plan::Argument;

/// Seconds that are decoded before a frame, in the order in which to try: where a container has no index, seeking lands
/// too late, by up to the distance of two key frames.
pub const LEADS_S: [f64; 2] = [2.0, 15.0];
/// A frame that is later than asked for by this much, in seconds, is another one.
const WINDOW_S: f64 = 0.5;
/// Half of the shortest distance between two frames, in seconds: times were rounded on their way here, and the frame
/// that is meant must not be just before what is asked for.
const ROUNDING_S: f64 = 0.5 / limits::FRAME_RATE;
/// Pixels of a frame of grey.
const GREY_SIZE: (u32, u32) = (32, 18);
/// Bytes of one.
pub const GREY: usize = (GREY_SIZE.0 * GREY_SIZE.1) as usize;
/// Times beyond this are damage: no video is a year long.
const LONGEST_S: f64 = 31_536_000.0;

/// The argument list that writes the frame shown at `at_s` (seconds) to standard output as a JPEG, after decoding `lead_s`
/// seconds before it; nothing is written when it was missed. Its longer side has at most `side` pixels; it is upright,
/// its pixels are square, and its colours are left as they are.
///
/// Playlists and scripts are not opened, as in [`crate::probe`]. `None` when there cannot be such a frame.
#[must_use]
pub fn arguments(
    at_s: f64,
    lead_s: f64,
    side: u32,
    capabilities: &Capabilities,
) -> Option<Vec<Argument>> {
    let codec = ["-c:v", "mjpeg", "-q:v", "2", "-f", "image2pipe", "pipe:1"];
    list(at_s, lead_s, &scaled(side.max(2)), &codec, capabilities)
}

/// The same frame as [`GREY`] samples of grey, one byte each: enough to see whether there is anything on it.
#[must_use]
pub fn grey(at_s: f64, lead_s: f64, capabilities: &Capabilities) -> Option<Vec<Argument>> {
    let (width, height) = GREY_SIZE;
    let scaled = format!("scale={width}:{height}:flags=area:out_range=pc,format=gray");
    let codec = ["-c:v", "rawvideo", "-f", "rawvideo", "pipe:1"];
    list(at_s, lead_s, &scaled, &codec, capabilities)
}

/// How much there is to see on a frame of [`grey`]: the standard deviation of its samples, 0 for a plain colour.
#[must_use]
pub fn contrast(samples: &[u8]) -> f64 {
    let count = samples.len().max(1) as f64;
    let mean = samples.iter().map(|sample| f64::from(*sample)).sum::<f64>() / count;
    let squares = samples
        .iter()
        .map(|sample| (f64::from(*sample) - mean).powi(2));
    (squares.sum::<f64>() / count).sqrt()
}

fn list(
    at_s: f64,
    lead_s: f64,
    scaled: &str,
    codec: &[&str],
    capabilities: &Capabilities,
) -> Option<Vec<Argument>> {
    if !(0.0..LONGEST_S).contains(&at_s) {
        return None;
    }
    let lead = at_s.min(lead_s);
    let mut list: Vec<Argument> = Vec::new();
    let mut add = |words: &[&str]| list.extend(words.iter().map(|word| Argument::text(*word)));
    add(&["-hide_banner", "-nostdin", "-loglevel", "error"]);
    add(&["-max_alloc", &limits::ALLOCATION_BYTES.to_string()]);
    add(&["-protocol_whitelist", "file"]);
    // What is looked at may be a result.
    let formats = capabilities.own_demuxers_allowed();
    if !formats.is_empty() {
        add(&["-format_whitelist", &formats]);
    }
    add(&["-max_streams", &limits::STREAMS.to_string()]);
    add(&["-max_pixels", &limits::FRAME_PIXELS.to_string()]);
    add(&["-threads", "2"]);
    // By the file's own times: where an index is missing, what is counted from the place of a seek is off by frames.
    add(&["-copyts", "-start_at_zero"]);
    if at_s > lead {
        add(&["-noaccurate_seek", "-ss", &format!("{:.6}", at_s - lead)]);
    }
    add(&["-i"]);
    list.push(Argument::Input);
    let mut add = |words: &[&str]| list.extend(words.iter().map(|word| Argument::text(*word)));
    // `V`: a cover is no video.
    add(&["-map", "0:V:0", "-frames:v", "1", "-an", "-sn", "-dn"]);
    let from_s = (at_s - ROUNDING_S).max(0.0);
    let trim = format!("trim=start={from_s:.6}:end={:.6}", from_s + WINDOW_S);
    add(&["-vf", &format!("{trim},{scaled}"), "-threads", "2"]);
    add(codec);
    Some(list)
}

fn scaled(side: u32) -> String {
    let width = format!("trunc(min(min({side}\\,iw*sar)\\,{side}*dar)/2)*2");
    [
        format!("scale=w='max(2\\,{width})':h='max(2\\,round(ow/dar/2)*2)':out_range=pc"),
        "setsar=1".to_owned(),
        "format=yuvj420p".to_owned(),
    ]
    .join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(at_s: f64) -> Option<String> {
        let list = arguments(at_s, LEADS_S[0], 960, &Capabilities::default())?;
        let words: Vec<_> = list.iter().map(ToString::to_string).collect();
        Some(words.join(" "))
    }

    #[test]
    fn a_frame_is_decoded_from_some_way_before() {
        let late = line(31.52).unwrap();
        assert!(
            late.contains(" -noaccurate_seek -ss 29.520000 -i <input> -map 0:V:0 -frames:v 1 ")
        );
        assert!(
            late.contains("trim=start=31.517917:end=32.017917,"),
            "{late}"
        );
        let early = line(0.04).unwrap();
        assert!(!early.contains("-ss") && early.contains("trim=start=0.037917:"));
        assert!(line(0.0).unwrap().contains("trim=start=0.000000:"));
    }

    #[test]
    fn the_list_is_as_reviewed() {
        insta::assert_snapshot!("still", line(31.52).unwrap());
    }

    #[test]
    fn a_plain_frame_has_no_contrast() {
        let close = |found: f64, expected: f64| assert!((found - expected).abs() < 0.01, "{found}");
        close(contrast(&[0; GREY]), 0.0);
        close(contrast(&[16, 16, 20, 20]), 2.0);
        close(contrast(&[0, 255]), 127.5);
        close(contrast(&[]), 0.0);
    }

    #[test]
    fn times_that_are_none_have_no_frame() {
        for at_s in [f64::NAN, f64::INFINITY, -0.1, 1e12] {
            assert_eq!(
                arguments(at_s, LEADS_S[0], 960, &Capabilities::default()),
                None,
                "{at_s}"
            );
        }
    }
}
