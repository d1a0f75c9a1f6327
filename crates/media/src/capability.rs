//! What the installed FFmpeg can do, read from the lists it prints.
//!
//! Only names from here, or from tables in this room, become codec, container and filter names in an argument list.
//! Which kinds of files are never opened stands here too, because FFmpeg's own list is where they are taken out of.

use std::collections::{BTreeMap, BTreeSet};

/// The lists to ask for: what each is called in `Capabilities::parse`, and the arguments that print it.
pub const LISTINGS: &[(&str, &[&str])] = &[
    ("encoders", &["-hide_banner", "-encoders"]),
    ("muxers", &["-hide_banner", "-muxers"]),
    ("filters", &["-hide_banner", "-filters"]),
    ("demuxers", &["-hide_banner", "-demuxers"]),
    ("version", &["-version"]),
];

/// The installed FFmpeg.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Capabilities {
    version: String,
    encoders: BTreeMap<String, Encoder>,
    muxers: BTreeSet<String>,
    demuxers: BTreeSet<String>,
    filters: BTreeSet<String>,
}

/// Which kinds of files are opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Accept {
    /// All that FFmpeg reads, but those that are programs or devices.
    #[default]
    All,
    /// Those that cameras, phones and editors write, with their codecs.
    Common,
}

/// One encoder of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoder {
    /// What it encodes.
    pub media: Media,
    /// It must be asked for with `-strict experimental`.
    pub is_experimental: bool,
}

/// The kinds of encoders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// Pictures.
    Video,
    /// Sound.
    Audio,
    /// Subtitles.
    Subtitle,
}

impl Capabilities {
    /// Reads the printed lists; lines that look like nothing known are passed over.
    pub fn parse(
        encoders: &str,
        muxers: &str,
        filters: &str,
        demuxers: &str,
        version: &str,
    ) -> Self {
        Self {
            version: version
                .split_whitespace()
                .nth(2)
                .unwrap_or("unknown")
                .into(),
            encoders: rows(encoders)
                .filter_map(|(flags, name)| Some((name.into(), encoder(flags)?)))
                .collect(),
            muxers: names(muxers, 'E'),
            demuxers: names(demuxers, 'D'),
            filters: rows(filters).map(|(_, name)| name.into()).collect(),
        }
    }

    /// The version as FFmpeg prints it, such as `5.1.9-0+deb12u1`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether the encoder is built in.
    pub fn has_encoder(&self, name: &str) -> bool {
        self.encoders.contains_key(name)
    }

    /// The encoder, if it is built in.
    pub fn encoder(&self, name: &str) -> Option<Encoder> {
        self.encoders.get(name).copied()
    }

    /// The encoder, with its name as the build lists it.
    pub(crate) fn listed_encoder(&self, name: &str) -> Option<(&str, Encoder)> {
        self.encoders
            .get_key_value(name)
            .map(|(name, encoder)| (name.as_str(), *encoder))
    }

    /// Whether the container can be written.
    pub fn has_muxer(&self, name: &str) -> bool {
        self.muxers.contains(name)
    }

    /// Whether the container can be read.
    pub fn has_demuxer(&self, name: &str) -> bool {
        self.demuxers.contains(name)
    }

    /// Whether the filter is built in.
    pub fn has_filter(&self, name: &str) -> bool {
        self.filters.contains(name)
    }

    /// Names of all containers that can be written.
    pub fn muxers(&self) -> impl Iterator<Item = &str> {
        self.muxers.iter().map(String::as_str)
    }

    /// What may be opened, for `-format_whitelist`.
    pub(crate) fn demuxers_allowed(&self) -> String {
        let allowed = self
            .demuxers
            .iter()
            .filter(|name| refused_demuxer(name).is_none());
        allowed.map(String::as_str).collect::<Vec<_>>().join(",")
    }
}

/// Why files of this kind are never opened. Each of them makes FFmpeg open something else than the file it was given,
/// or turns any text into a picture; three of them showed another user's private video with FFmpeg's own defaults.
pub(crate) fn refused_demuxer(name: &str) -> Option<&'static str> {
    const OTHER_FILES: &str = "it is a list of other files";
    Some(match name {
        "hls" | "applehttp" | "dash" | "imf" => OTHER_FILES,
        "concat" | "concatf" | "webm_dash_manifest" | "vapoursynth" | "avisynth" => OTHER_FILES,
        "image2" | "image2pipe" | "mpjpeg" => "it stands for many files",
        "rtp" | "rtsp" | "sdp" | "sap" => "it describes a network connection",
        "tty" | "ffmetadata" | "bin" | "xbin" | "adf" | "idf" | "data" => {
            "it is text, not a recording"
        }
        "lavfi" | "svg_pipe" => "it is a program",
        "alsa" | "fbdev" | "jack" | "kmsgrab" | "libcdio" | "libdc1394" | "openal" | "oss"
        | "pulse" | "sndio" | "v4l2" | "video4linux2" | "x11grab" | "xcbgrab" | "iec61883"
        | "dv1394" => "it is a device",
        _ => return None,
    })
}

/// Lines of ` FLAGS name  description` after the line of dashes; before it stands the key to the flags.
fn rows(listing: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_key = |line: &&str| line.contains(" = ");
    listing
        .lines()
        .filter(move |line| !is_key(line))
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (flags, name) = (words.next()?, words.next()?);
            (flags.len() <= 6 && is_name(name)).then_some((flags, name))
        })
}

/// The containers whose flags have the letter; one line may hold several names.
fn names(listing: &str, letter: char) -> BTreeSet<String> {
    let marked = rows_with_lists(listing).filter(|(flags, _)| flags.contains(letter));
    marked
        .flat_map(|(_, names)| names.split(',').map(String::from))
        .filter(|name| is_name(name))
        .collect()
}

fn rows_with_lists(listing: &str) -> impl Iterator<Item = (&str, &str)> {
    listing
        .lines()
        .filter(|line| !line.contains(" = "))
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (flags, names) = (words.next()?, words.next()?);
            (flags.chars().all(|flag| "DEd.".contains(flag))).then_some((flags, names))
        })
}

fn encoder(flags: &str) -> Option<Encoder> {
    let media = match flags.chars().next()? {
        'V' => Media::Video,
        'A' => Media::Audio,
        'S' => Media::Subtitle,
        _ => return None,
    };
    Some(Encoder {
        media,
        is_experimental: flags.contains('X'),
    })
}

/// FFmpeg's names are of these characters; nothing else can come out of its lists into an argument.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || "_-".contains(character))
}
