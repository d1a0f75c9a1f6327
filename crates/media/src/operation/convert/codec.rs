//! From a codec's name to the encoder that makes it, and that encoder's settings.
//!
//! Names are FFmpeg's codec names, a few everyday ones, or names of encoders. Encoders without a row get their own
//! defaults, which for lossless and raw codecs are right.

use crate::capability::{Capabilities, Media};
use crate::fault::Fault;
use crate::info::Ratio;

/// Encoders to take for a codec whose own name is not that of its best encoder, best first.
const PREFERRED: &[(&str, &[&str])] = &[
    ("h264", &["libx264"]),
    ("hevc", &["libx265"]),
    ("av1", &["libsvtav1", "libaom-av1", "librav1e"]),
    ("vp8", &["libvpx"]),
    ("vp9", &["libvpx-vp9"]),
    ("theora", &["libtheora"]),
    ("flv1", &["flv"]),
    ("roq", &["roqvideo"]),
    ("dirac", &["vc2"]),
    ("msmpeg4v3", &["msmpeg4"]),
    ("webp", &["libwebp_anim", "libwebp"]),
    ("jpegxl", &["libjxl"]),
    ("mp3", &["libmp3lame", "libshine"]),
    ("opus", &["libopus"]),
    ("vorbis", &["libvorbis"]),
    ("speex", &["libspeex"]),
    ("gsm", &["libgsm"]),
    ("codec2", &["libcodec2"]),
    ("amr_nb", &["libopencore_amrnb"]),
    ("dts", &["dca"]),
    ("adpcm_g722", &["g722"]),
    ("adpcm_g726", &["g726"]),
    ("adpcm_g726le", &["g726le"]),
];

/// What people say.
const EVERYDAY: &[(&str, &str)] = &[
    ("h.264", "h264"),
    ("avc", "h264"),
    ("x264", "h264"),
    ("h.265", "hevc"),
    ("h265", "hevc"),
    ("x265", "hevc"),
    ("mpeg2", "mpeg2video"),
    ("mpeg1", "mpeg1video"),
    ("xvid", "mpeg4"),
    ("divx", "mpeg4"),
    ("pcm", "pcm_s16le"),
    ("wav", "pcm_s16le"),
];

/// Encoders of devices: listed by every build, usable on few machines.
const HARDWARE: &[&str] = &[
    "_nvenc",
    "_qsv",
    "_vaapi",
    "_v4l2m2m",
    "_omx",
    "_amf",
    "_mf",
    "_videotoolbox",
    "_vulkan",
    "_at",
    "_mediacodec",
];

/// Options for quality, of encoders whose own default is a fixed low bit rate.
const QUALITY: &[(&str, &[&str])] = &[
    ("libtheora", &["-q:v:0", "7"]),
    (
        "libvpx",
        &[
            "-crf:v:0",
            "12",
            "-b:v:0",
            "4M",
            "-deadline",
            "good",
            "-cpu-used",
            "2",
        ],
    ),
    (
        "libaom-av1",
        &["-crf:v:0", "32", "-b:v:0", "0", "-cpu-used", "6"],
    ),
    ("libxvid", &["-q:v:0", "4"]),
    ("mpeg1video", &["-q:v:0", "4"]),
    ("mpeg2video", &["-q:v:0", "4"]),
    ("mpeg4", &["-q:v:0", "4"]),
    ("msmpeg4", &["-q:v:0", "4"]),
    ("msmpeg4v2", &["-q:v:0", "4"]),
    ("wmv1", &["-q:v:0", "4"]),
    ("wmv2", &["-q:v:0", "4"]),
    ("flv", &["-q:v:0", "4"]),
    ("h261", &["-q:v:0", "4"]),
    ("h263", &["-q:v:0", "4"]),
    ("h263p", &["-q:v:0", "4"]),
    ("rv10", &["-q:v:0", "4"]),
    ("rv20", &["-q:v:0", "4"]),
    ("mjpeg", &["-q:v:0", "3"]),
    ("amv", &["-q:v:0", "3"]),
    ("dnxhd", &["-profile:v:0", "dnxhr_hq"]),
    ("libwebp_anim", &["-quality", "75", "-loop", "0"]),
];

/// Encoders that put each frame at its own time. All others, and the containers they are from, count frames.
const ANY_TIME: &[&str] = &[
    "libx264",
    "libx265",
    "libvpx",
    "libvpx-vp9",
    "libaom-av1",
    "libsvtav1",
];

/// An encoder of this build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice<'a> {
    /// Name of the encoder, as the build lists it.
    pub(crate) encoder: &'a str,
    /// It must be asked for with `-strict experimental`.
    pub(crate) is_experimental: bool,
}

/// The codec's plain name, for comparison with what the probe says.
pub(crate) fn plain(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    let everyday = EVERYDAY
        .iter()
        .find(|(word, _)| *word == name)
        .map(|(_, codec)| (*codec).to_string());
    everyday.unwrap_or(name)
}

/// The codec that an encoder makes, where their names differ.
pub(crate) fn made_by(encoder: &str) -> &str {
    let preferred = PREFERRED
        .iter()
        .find(|(_, encoders)| encoders.contains(&encoder));
    preferred.map_or(encoder, |(codec, _)| codec)
}

/// Finds the encoder for a codec's or an encoder's name.
pub(crate) fn find<'a>(
    name: &str,
    media: Media,
    capabilities: &'a Capabilities,
) -> Result<Choice<'a>, Fault> {
    let plain = plain(name);
    let preferred = PREFERRED
        .iter()
        .find(|(codec, _)| *codec == plain)
        .map(|(_, encoders)| *encoders);
    let candidates = preferred
        .unwrap_or_default()
        .iter()
        .copied()
        .chain([plain.as_str()]);
    let missing = || Fault::Missing {
        kind: "encoder",
        name: plain.clone(),
    };
    if HARDWARE.iter().any(|ending| plain.ends_with(ending)) {
        return Err(missing());
    }
    let found = candidates.into_iter().find_map(|candidate| {
        let (encoder, is) = capabilities.listed_encoder(candidate)?;
        (is.media == media).then_some(Choice {
            encoder,
            is_experimental: is.is_experimental,
        })
    });
    found.ok_or_else(missing)
}

/// Options for quality.
pub(crate) fn quality(encoder: &str) -> &'static [&'static str] {
    QUALITY
        .iter()
        .find(|(name, _)| *name == encoder)
        .map(|(_, options)| *options)
        .unwrap_or_default()
}

/// Whether frames may be at any time.
pub(crate) fn is_any_time(encoder: &str) -> bool {
    ANY_TIME.contains(&encoder)
}

/// Frame rates that MPEG-1 and 2 know; others know any.
pub(crate) fn known_rates(encoder: &str, muxer: &str) -> &'static [(u32, u32)] {
    const MPEG: &[(u32, u32)] = &[
        (24_000, 1001),
        (24, 1),
        (25, 1),
        (30_000, 1001),
        (30, 1),
        (50, 1),
        (60_000, 1001),
        (60, 1),
    ];
    match encoder {
        _ if muxer == "gxf" => &[(25, 1)],
        "mpeg1video" | "mpeg2video" => MPEG,
        "dvvideo" => &[(25, 1)],
        "h261" => &[(30_000, 1001)],
        "roqvideo" => &[(30, 1)],
        _ => &[],
    }
}

/// Sizes that old codecs and containers are bound to, largest last, and the shape of their pixels.
pub(crate) fn known_sizes(encoder: &str, muxer: &str) -> (&'static [(u32, u32)], Ratio) {
    const PAL: Ratio = Ratio { num: 16, den: 15 };
    const CIF: Ratio = Ratio { num: 12, den: 11 };
    match (encoder, muxer) {
        ("dvvideo", _) | (_, "gxf") => (&[(720, 576)], PAL),
        ("h261", _) => (&[(176, 144), (352, 288)], CIF),
        ("h263", _) => (&[(176, 144), (352, 288), (704, 576)], CIF),
        ("roqvideo", _) => (&[(256, 256), (512, 256), (512, 512)], Ratio::ONE),
        _ => (&[], Ratio::ONE),
    }
}

/// Sides must be a multiple of this.
pub(crate) fn side_step(encoder: &str) -> u32 {
    if matches!(encoder, "rv10" | "rv20") {
        16
    } else {
        2
    }
}

/// Bits per second for sound, by channels; `None` for lossless encoders and those with a scale of their own.
pub(crate) fn sound_bits(encoder: &str, channels: u32) -> Option<u64> {
    let (mono, stereo, more) = match encoder {
        "aac" => (96_000, 160_000, 64_000),
        "libopus" => (64_000, 112_000, 48_000),
        "ac3" | "eac3" => (96_000, 192_000, 75_000),
        "mp2" | "libtwolame" => (128_000, 256_000, 0),
        "wmav1" | "wmav2" => (96_000, 160_000, 0),
        "dca" => (384_000, 768_000, 250_000),
        _ => return None,
    };
    let channels = u64::from(channels.clamp(1, 6));
    Some(match channels {
        1 => mono,
        2 => stereo,
        _ => (more * channels).max(stereo),
    })
}

/// Whether more than two channels stay what they are.
pub(crate) fn takes_surround(encoder: &str) -> bool {
    matches!(
        encoder,
        "aac" | "libopus" | "flac" | "libvorbis" | "ac3" | "eac3" | "alac" | "wavpack"
    )
}

/// Sample rate that a container or an encoder is bound to.
pub(crate) fn sound_rate(encoder: &str, muxer: &str, source: u32) -> Option<u32> {
    match (encoder, muxer) {
        (_, "mxf" | "gxf" | "dv") => Some(48_000),
        (_, "swf") => Some(44_100),
        // Below 32,000 its bit rates are others.
        ("mp2" | "libtwolame", _) if source < 32_000 => Some(48_000),
        _ => None,
    }
}

/// Quality, sample rate and number of channels for sound, where the encoder needs to be told.
pub(crate) fn sound_options(encoder: &str) -> &'static [(&'static str, &'static str)] {
    match encoder {
        "libmp3lame" => &[("-q:a", "2")],
        "libvorbis" => &[("-q:a", "5")],
        "libgsm" | "libopencore_amrnb" | "g723_1" | "libcodec2" => {
            &[("-ar:a", "8000"), ("-ac:a", "1")]
        }
        "g726" | "g726le" => &[("-ar:a", "8000"), ("-ac:a", "1"), ("-b:a", "32000")],
        "g722" => &[("-ar:a", "16000"), ("-ac:a", "1")],
        "roq_dpcm" | "adpcm_ima_amv" => &[("-ar:a", "22050"), ("-ac:a", "1")],
        "adpcm_argo" | "adpcm_ima_ssi" | "adpcm_ima_apm" | "adpcm_ima_alp" | "adpcm_ima_ws" => {
            &[("-ac:a", "1"), ("-ar:a", "22050")]
        }
        "adpcm_yamaha" => &[("-ac:a", "1"), ("-ar:a", "22050")],
        "adpcm_adx" => &[("-ac:a", "2"), ("-ar:a", "44100")],
        "sbc" | "aptx" | "aptx_hd" => &[("-ar:a", "44100"), ("-ac:a", "2")],
        "libspeex" => &[("-ar:a", "32000"), ("-ac:a", "1")],
        _ => &[],
    }
}
