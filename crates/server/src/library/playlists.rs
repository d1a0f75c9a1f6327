//! The playlists of a title. All addresses in them are relative: what stands before them, the permission to watch
//! among it, comes from where the playlist itself was asked for.

use super::presentation::{Origin, Presentation, Rendition, size};
use super::subtitle::Subtitle;
use kinora_stream::codec::{Kind, VideoRange};
use kinora_stream::cut::Cut;
use kinora_stream::dash::{self, Content, Representation, Set, Text};
use kinora_stream::playlist::media::{self, Part};
use kinora_stream::playlist::multivariant::{self, Multivariant, Sound, Variant};
use kinora_stream::playlist::staged::{self, Refusal, Rung, Staged};
use kinora_stream::playlist::text;
use kinora_stream::rate::Rates;
use kinora_stream::uri::Uri;

/// The multivariant playlist.
pub(crate) fn multivariant(title: &Presentation) -> String {
    let mut variants: Vec<Variant> = title.videos.iter().map(variant).collect();
    middle_first(&mut variants);
    // Behind those that everybody plays: who looks at no coding takes one of the first (4.4.6.2).
    variants.extend(title.av1.iter().map(variant));
    whole_of(title, variants)
}

/// The same with one height alone, for players that choose once and for all; `None` where it is not there.
pub(crate) fn multivariant_of(title: &Presentation, height: u32) -> Option<String> {
    let found = title.videos.iter().find(|each| each.height == height)?;
    Some(whole_of(title, vec![variant(found)]))
}

/// Players that do not measure take the first: neither the worst nor what a slow line could not carry.
fn middle_first(variants: &mut [Variant]) {
    let middle = (variants.len().saturating_sub(1)) / 2;
    if let Some(chosen) = variants.get_mut(..=middle) {
        chosen.rotate_right(1);
    }
}

fn whole_of(title: &Presentation, variants: Vec<Variant>) -> String {
    let storyboard = title.storyboard.clone();
    let at = uri("images.m3u8".into());
    Multivariant {
        variants,
        sounds: sounds(title),
        subtitles: subtitles(title, |name| format!("{name}/media.m3u8")),
        storyboard: storyboard.map(|storyboard| (at, storyboard)),
    }
    .text()
}

/// The playlist of one rendition.
pub(crate) fn segments(rendition: &Rendition) -> String {
    let part = whole("", rendition, &rendition.cuts, "$Number$.m4s");
    media::segments(std::slice::from_ref(&part))
}

/// The playlist of subtitles.
pub(crate) fn words(title: &Presentation) -> String {
    text::segments(&[(uri(part_of_words(0, title.duration_ms)), title.duration_ms)])
}

/// The name of a part of subtitles, from one time to another.
fn part_of_words(from_ms: u64, to_ms: u64) -> String {
    format!("{from_ms}-{to_ms}.vtt")
}

/// The playlist of its key frames.
pub(crate) fn pictures(rendition: &Rendition) -> String {
    media::pictures(&whole("", rendition, &rendition.pictures, "i$Number$.m4s"))
}

/// The manifest of DASH.
pub(crate) fn manifest(title: &Presentation) -> String {
    // One set for each coding: a player changes within one, and leaves out what it does not know (5.3.3.1).
    let pictures = [&title.videos, &title.av1].map(|of| of.iter().collect());
    manifest_with(title, pictures.into())
}

/// The same with one height alone, or the greatest, for players that take the first that they find; `None` where it is
/// not there.
pub(crate) fn manifest_of(title: &Presentation, height: Option<u32>) -> Option<String> {
    let mut videos = title.videos.iter();
    let found = match height {
        Some(height) => videos.find(|each| each.height == height),
        None => videos.max_by_key(|each| each.height),
    };
    Some(manifest_with(title, vec![vec![found?]]))
}

fn manifest_with(title: &Presentation, pictures: Vec<Vec<&Rendition>>) -> String {
    let pictures = pictures.into_iter().map(|of| Set {
        label: String::new(),
        language: "und".into(),
        representations: of.into_iter().map(representation).collect(),
    });
    let named = names(title).into_iter().zip(&title.sounds);
    let sounds = named.map(|(label, sound)| Set {
        label,
        language: tag(&sound.track.language).to_owned(),
        representations: vec![representation(sound)],
    });
    let sets: Vec<Set<'_>> = pictures.chain(sounds).collect();
    let text = |each: &Subtitle| Text {
        uri: uri(format!(
            "{}/{}",
            each.name,
            part_of_words(0, title.duration_ms)
        )),
        label: each.label.clone(),
        language: tag(&each.language).to_owned(),
        is_forced: each.is_forced,
        is_descriptive: each.is_descriptive,
    };
    let texts: Vec<Text> = title.subtitles.iter().map(text).collect();
    dash::manifest(&sets, &texts, title.duration_ms)
}

/// The staged title as a multivariant playlist of one variant, and its two parts.
pub(crate) struct StagedTitle<'a> {
    staged: Staged<'a>,
    high: &'a Rendition,
    title: &'a Presentation,
}

impl<'a> StagedTitle<'a> {
    /// Of renditions of these heights, lowest first; each must have been made here, so that all are cut alike.
    ///
    /// # Errors
    /// Which are missing.
    pub(crate) fn new(title: &'a Presentation, heights: [u32; 3]) -> Result<Self, Refusal> {
        let made = |each: &&Rendition| matches!(each.origin, Origin::Made(_));
        let rungs: Vec<Rung<'a>> = title.videos.iter().filter(made).map(rung).collect();
        let staged = staged::staged(heights, &rungs)?;
        let mut high = title.videos.iter().filter(made);
        let high = high.rfind(|each| heights.contains(&each.height));
        let high = high.ok_or_else(|| Refusal::Missing(heights.to_vec()))?;
        Ok(Self {
            staged,
            high,
            title,
        })
    }

    /// The playlist that players begin with; states what the last part takes.
    pub(crate) fn multivariant(&self) -> String {
        let mut variant = variant(self.high);
        variant.uri = uri("staged/video.m3u8".into());
        variant.codec = self.high.track.codec.in_band().name;
        variant.pictures = None;
        let first = sounds(self.title).into_iter().next();
        let sound = first.map(|sound| Sound {
            uri: uri("staged/sound.m3u8".into()),
            ..sound
        });
        Multivariant {
            variants: vec![variant],
            sounds: sound.into_iter().collect(),
            subtitles: subtitles(self.title, |name| format!("staged/{name}.m3u8")),
            storyboard: None,
        }
        .text()
    }

    /// For mpv, out of the DASH of each height.
    pub(crate) fn edl(&self) -> String {
        self.staged.edl(|height| format!("{height}.mpd"))
    }

    /// The picture in its parts.
    pub(crate) fn video(&self) -> String {
        media::segments(&self.staged.parts)
    }

    /// Subtitles with the same discontinuities.
    pub(crate) fn words(&self, subtitle: &Subtitle) -> String {
        let scale = u64::from(self.staged.timescale.max(1));
        let switches = self.staged.switches.iter();
        let begins = [0]
            .into_iter()
            .chain(switches.map(|at| at.saturating_mul(1000) / scale));
        let begins: Vec<u64> = begins.collect();
        let ends = begins
            .iter()
            .skip(1)
            .copied()
            .chain([self.title.duration_ms]);
        let parts = begins.iter().zip(ends).map(|(begin, end)| {
            let name = format!("../{}/{}", subtitle.name, part_of_words(*begin, end));
            (uri(name), end.saturating_sub(*begin))
        });
        text::segments(&parts.collect::<Vec<_>>())
    }

    /// The sound with the same discontinuities; `None` without sound.
    pub(crate) fn sound(&self) -> Option<String> {
        let sound = self.title.staged_sound.as_ref()?;
        let whole = whole("../", sound, &sound.cuts, "$Number$.m4s");
        Some(media::segments(&staged::sound(&self.staged, &whole)))
    }
}

/// As a group, each with its playlist at the address that is made of its name.
fn subtitles(
    title: &Presentation,
    address: impl Fn(&str) -> String,
) -> Vec<multivariant::Subtitle> {
    let subtitle = |each: &Subtitle| multivariant::Subtitle {
        uri: uri(address(&each.name)),
        name: each.label.clone(),
        language: tag(&each.language).to_owned(),
        is_forced: each.is_forced,
        is_descriptive: each.is_descriptive,
    };
    title.subtitles.iter().map(subtitle).collect()
}

fn rung(rendition: &Rendition) -> Rung<'_> {
    let name = &rendition.name;
    Rung {
        height: rendition.height,
        map: uri(format!("../{name}/staged.mp4")),
        uri: uri(format!("../{name}/s$Number$.m4s")),
        cuts: &rendition.cuts,
        timescale: rendition.track.timescale,
    }
}

fn whole<'a>(before: &str, rendition: &Rendition, cuts: &'a [Cut], segment: &str) -> Part<'a> {
    let directory = match before {
        "" => String::new(),
        before => format!("{before}{}/", rendition.name),
    };
    Part::whole(
        uri(format!("{directory}init.mp4")),
        uri(format!("{directory}{segment}")),
        cuts,
        rendition.track.timescale,
    )
}

fn variant(rendition: &Rendition) -> Variant {
    let (track, name) = (&rendition.track, &rendition.name);
    let range = match track.codec.kind {
        Kind::Video { range, .. } => range,
        Kind::Audio { .. } => VideoRange::Sdr,
    };
    let pictures = Rates::of(&rendition.pictures, track.timescale);
    Variant {
        uri: uri(format!("{name}/media.m3u8")),
        codec: track.codec.name.clone(),
        rates: Rates::of(&rendition.cuts, track.timescale),
        size: size(track),
        frame_rate: track.frame_rate(),
        range,
        pictures: (!rendition.pictures.is_empty())
            .then(|| (uri(format!("{name}/pictures.m3u8")), pictures)),
    }
}

fn sounds(title: &Presentation) -> Vec<Sound> {
    let named = names(title).into_iter().zip(&title.sounds);
    let sound = |(name, rendition): (String, &Rendition)| Sound {
        uri: uri(format!("{}/media.m3u8", rendition.name)),
        codec: rendition.track.codec.name.clone(),
        rates: Rates::of(&rendition.cuts, rendition.track.timescale),
        name,
        language: tag(&rendition.track.language).to_owned(),
        channels: match rendition.track.codec.kind {
            Kind::Audio { channels, .. } => channels,
            Kind::Video { .. } => 0,
        },
    };
    named.map(sound).collect()
}

/// Names of sounds, no two of them the same (RFC 8216bis, 4.4.6.1.1).
fn names(title: &Presentation) -> Vec<String> {
    let numbered = title.sounds.iter().enumerate();
    let name = |(place, sound): (usize, &Rendition)| match tag(&sound.track.language) {
        "" => format!("{}", place + 1),
        language => format!("{} ({language})", place + 1),
    };
    numbered.map(name).collect()
}

fn representation(rendition: &Rendition) -> Representation<'_> {
    let (track, name) = (&rendition.track, &rendition.name);
    Representation {
        map: uri(format!("{name}/init.mp4")),
        uri: uri(format!("{name}/$Number$.m4s")),
        cuts: &rendition.cuts,
        timescale: track.timescale,
        codec: track.codec.name.clone(),
        content: match track.codec.kind {
            Kind::Video { .. } => Content::Video {
                size: size(track),
                frame_rate: track.frame_rate(),
            },
            Kind::Audio { channels, rate } => Content::Audio { channels, rate },
        },
    }
}

/// BCP 47 wants the two letters where there are two (RFC 5646, 2.2.1); others stay as they are.
pub(crate) fn tag(language: &str) -> &str {
    const SHORT: &[(&str, &str)] = &[
        ("ara", "ar"),
        ("ces", "cs"),
        ("chi", "zh"),
        ("zho", "zh"),
        ("dan", "da"),
        ("deu", "de"),
        ("ger", "de"),
        ("ell", "el"),
        ("eng", "en"),
        ("fin", "fi"),
        ("fra", "fr"),
        ("fre", "fr"),
        ("heb", "he"),
        ("hin", "hi"),
        ("hun", "hu"),
        ("ind", "id"),
        ("ita", "it"),
        ("jpn", "ja"),
        ("kor", "ko"),
        ("nld", "nl"),
        ("dut", "nl"),
        ("nor", "no"),
        ("pol", "pl"),
        ("por", "pt"),
        ("ron", "ro"),
        ("rus", "ru"),
        ("spa", "es"),
        ("swe", "sv"),
        ("tha", "th"),
        ("tur", "tr"),
        ("ukr", "uk"),
        ("vie", "vi"),
    ];
    if language == "und" {
        return "";
    }
    let known = SHORT.iter().find(|(long, _)| *long == language);
    known.map_or(language, |(_, short)| short)
}

fn uri(text: String) -> Uri {
    Uri::new(text).expect("letters, digits and slashes of our own")
}
