//! What the installed FFmpeg can do, read from the lists it prints.
//!
//! Only names from here, or from tables in this room, become codec, container and filter names in an argument list.

use crate::accept::{self, Accept};
use std::collections::{BTreeMap, BTreeSet};

/// The lists to ask for: what each is called in `Capabilities::parse` and `restricted`, and the arguments that print it.
pub const LISTINGS: &[(&str, &[&str])] = &[
    ("encoders", &["-hide_banner", "-encoders"]),
    ("muxers", &["-hide_banner", "-muxers"]),
    ("filters", &["-hide_banner", "-filters"]),
    ("demuxers", &["-hide_banner", "-demuxers"]),
    ("decoders", &["-hide_banner", "-decoders"]),
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
    decoders: BTreeSet<String>,
    accept: Accept,
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
            decoders: BTreeSet::new(),
            accept: Accept::All,
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

    /// The same build, of which only this is used: files of these kinds, and decoders of this listing (`-decoders`).
    #[must_use]
    pub fn restricted(self, accept: Accept, decoders: &str) -> Self {
        let names = rows(decoders).map(|(_, name)| name.into());
        Self {
            accept,
            decoders: names.collect(),
            ..self
        }
    }

    /// What may be opened, for `-format_whitelist`.
    pub(crate) fn demuxers_allowed(&self) -> String {
        self.demuxers_of(self.accept)
    }

    /// What may be opened of files that FFmpeg has made here.
    pub(crate) fn own_demuxers_allowed(&self) -> String {
        self.demuxers_of(Accept::All)
    }

    fn demuxers_of(&self, accept: Accept) -> String {
        join(self.demuxers.iter().filter(|name| accept.opens(name)))
    }

    /// What tracks of strangers' files may be decoded with, for `-codec_whitelist`; `None` where nothing is left out.
    pub(crate) fn decoders_allowed(&self) -> Option<String> {
        let hole = accept::hole(&self.version).map(|hole| hole.decoder);
        let is_allowed = |name: &&String| self.accept.decodes(name) && Some(name.as_str()) != hole;
        let allowed: Vec<_> = self.decoders.iter().filter(is_allowed).collect();
        (allowed.len() < self.decoders.len()).then(|| join(allowed.into_iter()))
    }
}

fn join<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(String::as_str).collect::<Vec<_>>().join(",")
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
