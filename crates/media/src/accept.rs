//! What may be opened at all, whatever FFmpeg reads.
//!
//! A file's content, not its name, decides what FFmpeg opens it as. Some kinds make it open something else than the
//! file it was given, or turn any text into a picture: those are never opened. Of the others, all are, or those that
//! recordings come in.

/// Which kinds of files are opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Accept {
    /// All that FFmpeg reads, but those that are programs or devices.
    #[default]
    All,
    /// Those that cameras, phones and editors write, with their codecs.
    Common,
}

impl Accept {
    /// Whether files of this kind are opened; by FFmpeg's name of the demuxer.
    pub(crate) fn opens(self, demuxer: &str) -> bool {
        let is_wanted = self == Self::All || COMMON_DEMUXERS.contains(&demuxer);
        is_wanted && refused_demuxer(demuxer).is_none()
    }

    /// Whether tracks are decoded with this decoder; by FFmpeg's name of it.
    pub(crate) fn decodes(self, decoder: &str) -> bool {
        self == Self::All || COMMON_DECODERS.contains(&decoder)
    }
}

/// Containers of recordings. A container of several names is opened by any of them.
const COMMON_DEMUXERS: &[&str] = &[
    "mov", "matroska", "webm", "mpegts", "mpeg", "avi", "flv", "ogg", "mp3", "wav", "flac", "aac",
];

/// Decoders of what is found in them. The list holds for each track of a file, so that one that lacks its subtitles'
/// decoder would be refused whole: those of text stand here, too.
const COMMON_DECODERS: &[&str] = &[
    // Pictures.
    "h264",
    "hevc",
    "av1",
    "libdav1d",
    "libaom-av1",
    "vp8",
    "vp9",
    "libvpx",
    "libvpx-vp9",
    "mpeg1video",
    "mpeg2video",
    "mpeg4",
    "msmpeg4",
    "msmpeg4v2",
    "mjpeg",
    "png",
    "prores",
    "theora",
    "flv",
    "h263",
    // Sound.
    "aac",
    "mp3",
    "mp3float",
    "mp2",
    "mp2float",
    "ac3",
    "eac3",
    "dca",
    "opus",
    "libopus",
    "vorbis",
    "libvorbis",
    "flac",
    "alac",
    "amrnb",
    "pcm_s16le",
    "pcm_s16be",
    "pcm_s24le",
    "pcm_s24be",
    "pcm_s32le",
    "pcm_f32le",
    "pcm_u8",
    // Subtitles.
    "mov_text",
    "subrip",
    "srt",
    "ssa",
    "ass",
    "webvtt",
    "text",
    "dvbsub",
    "dvdsub",
    "pgssub",
];

/// Why files of this kind are never opened. Three of them showed another user's private video with FFmpeg's own
/// defaults.
pub(crate) fn refused_demuxer(name: &str) -> Option<&'static str> {
    const OTHER_FILES: &str = "it is a list of other files";
    Some(match name {
        "hls" | "applehttp" | "dash" | "imf" | "vobsub" | "dvdvideo" => OTHER_FILES,
        "concat" | "concatf" | "webm_dash_manifest" | "vapoursynth" | "avisynth" => OTHER_FILES,
        "image2" | "image2pipe" | "mpjpeg" => "it stands for many files",
        "rtp" | "rtsp" | "sdp" | "sap" => "it describes a network connection",
        "tty" | "ffmetadata" | "bin" | "xbin" | "adf" | "idf" | "data" => {
            "it is text, not a recording"
        }
        "lavfi" | "svg_pipe" | "sbg" => "it is a program",
        "alsa" | "caca" | "decklink" | "fbdev" | "jack" | "kmsgrab" | "libcdio" | "libdc1394"
        | "libndi_newtek" | "openal" | "oss" | "pulse" | "sndio" | "v4l2" | "video4linux2"
        | "x11grab" | "xcbgrab" | "iec61883" | "dv1394" => "it is a device",
        _ => return None,
    })
}

/// A decoder with a hole, in versions that lack its repair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hole {
    /// FFmpeg's name of the decoder.
    pub decoder: &'static str,
    /// Under which name it was published.
    pub name: &'static str,
    /// Versions that have the repair: the first of each branch.
    pub repaired: &'static str,
}

/// A file runs code of its maker: heap write out of bounds, repaired in June 2026.
const MAGICYUV: Hole = Hole {
    decoder: "magicyuv",
    name: "CVE-2026-8461",
    repaired: "5.1.10, 6.1.6, 7.1.5, 8.1.2",
};
/// First repaired versions, by branch; later branches began with the repair.
const REPAIRED: &[[u32; 3]] = &[[5, 1, 10], [6, 1, 6], [7, 1, 5], [8, 1, 2]];

/// The hole that this version is known to have. A version that is no number (built between releases) is not known to
/// have one.
pub fn hole(version: &str) -> Option<Hole> {
    let [major, minor, patch] = numbers(version)?;
    let is_repaired = match REPAIRED.iter().find(|[a, b, _]| (*a, *b) == (major, minor)) {
        Some([_, _, first]) => patch >= *first,
        None => (major, minor) > (8, 1),
    };
    (!is_repaired).then_some(MAGICYUV)
}

/// The hole in this decoder, in versions that have it.
pub(crate) fn hole_of(decoder: &str) -> Option<Hole> {
    (decoder == MAGICYUV.decoder).then_some(MAGICYUV)
}

/// `n5.1.9-0+deb12u1` is 5, 1, 9; `9.0` is 9, 0, 0.
fn numbers(version: &str) -> Option<[u32; 3]> {
    let version = version.strip_prefix('n').unwrap_or(version);
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    let end = version.find(|c| !is_number(c)).unwrap_or(version.len());
    let mut parts = version[..end].split('.').filter(|part| !part.is_empty());
    let first = parts.next()?.parse().ok()?;
    let mut next = || parts.next().map_or(Some(0), |part| part.parse().ok());
    Some([first, next()?, next()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_known_by_version() {
        let has = |version: &str| hole(version).is_some();
        for version in [
            "5.1.9-0+deb12u1",
            "n4.4",
            "6.0",
            "6.1.5",
            "7.0.2",
            "7.1.4",
            "8.0",
            "8.1.1",
        ] {
            assert!(has(version), "{version}");
        }
        for version in [
            "5.1.10",
            "6.1.6-1",
            "7.1.5",
            "8.1.2",
            "8.2",
            "9.0.2-static",
            "N-118193-g1",
            "",
        ] {
            assert!(!has(version), "{version}");
        }
    }

    #[test]
    fn programs_are_opened_by_nobody() {
        for name in [
            "hls", "concat", "dash", "sdp", "tty", "lavfi", "image2", "v4l2", "svg_pipe",
        ] {
            assert!(
                !Accept::All.opens(name) && !Accept::Common.opens(name),
                "{name}"
            );
        }
        assert!(Accept::All.opens("gif") && !Accept::Common.opens("gif"));
        assert!(Accept::Common.opens("mov") && Accept::Common.decodes("ass"));
        assert!(!Accept::Common.decodes("magicyuv"));
    }
}
