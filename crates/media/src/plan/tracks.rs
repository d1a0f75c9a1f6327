//! What becomes of the tracks beside the picture: sound, subtitles, covers, attached files.
//!
//! Each container is a row of rules. Sound that is efficient already is copied, so it does not lose twice.

pub(crate) mod sound;
mod covers;

use crate::info::{Audio, MediaInfo, Stream};
use crate::plan::command::{Command, Cut};
use crate::plan::{Context, Step};
use covers::Covers;
use sound::Sounds;

/// Containers whose tracks are decided here; `convert` has its own table for the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    /// MP4 with AAC, what everything plays.
    Mp4,
    /// Matroska with AAC, for what MP4 cannot hold.
    Matroska,
    /// WebM with Opus.
    WebM,
}

/// What becomes of one sound track.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Sound {
    /// As it is.
    Copy,
    /// Anew, at so many bits per second.
    Encode(&'static str, u64),
}

/// The decisions for a file.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Tracks {
    sounds: Vec<(u32, Sound, Option<String>)>,
    subtitles: Vec<(u32, &'static str)>,
    attachments: Vec<u32>,
    covers: Covers,
}

impl Container {
    /// FFmpeg's name of the muxer.
    pub(crate) fn muxer(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4",
            Self::Matroska => "matroska",
            Self::WebM => "webm",
        }
    }

    /// The ending of file names.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4",
            Self::Matroska => "mkv",
            Self::WebM => "webm",
        }
    }

    /// MP4, unless that would lose subtitles that are pictures, or attached files.
    pub(crate) fn keeping_all(info: &MediaInfo) -> Self {
        let needs_more =
            info.subtitles().any(Stream::is_bitmap_subtitle) || info.attachments().next().is_some();
        if needs_more {
            Self::Matroska
        } else {
            Self::Mp4
        }
    }

    fn sound(self, stream: &Stream, audio: &Audio) -> Sound {
        let goal = goal(self, audio);
        // A fifth more than the goal is not worth a second loss.
        let is_small = stream.bit_rate.is_none_or(|bits| bits <= goal * 6 / 5);
        let is_own = match self {
            Self::Mp4 | Self::Matroska => stream.codec == "aac",
            Self::WebM => matches!(stream.codec.as_str(), "opus" | "vorbis"),
        };
        match self {
            _ if is_own && is_small => Sound::Copy,
            Self::WebM => Sound::Encode("libopus", goal),
            _ => Sound::Encode("aac", goal.min(source_bits(stream))),
        }
    }

    fn subtitle(self, stream: &Stream) -> Option<&'static str> {
        match self {
            Self::Mp4 if stream.codec == "mov_text" => Some("copy"),
            Self::Mp4 => stream.is_text_subtitle().then_some("mov_text"),
            Self::Matroska if stream.codec == "mov_text" => Some("subrip"),
            Self::Matroska => {
                (stream.is_text_subtitle() || stream.is_bitmap_subtitle()).then_some("copy")
            }
            Self::WebM => stream.is_text_subtitle().then_some("webvtt"),
        }
    }
}

impl Tracks {
    /// Decides for each track of the file; what cannot be kept is noted.
    pub(crate) fn new(info: &MediaInfo, container: Container, notes: &mut Vec<String>) -> Self {
        let subtitle = |stream: &Stream| Some((stream.index, container.subtitle(stream)?));
        let tracks = Self {
            sounds: info
                .audio()
                .map(|(stream, audio)| {
                    (
                        stream.index,
                        container.sound(stream, audio),
                        sound::filter(audio).filter(|_| container == Container::WebM),
                    )
                })
                .collect(),
            subtitles: info.subtitles().filter_map(subtitle).collect(),
            attachments: match container {
                Container::Matroska => info.attachments().map(|stream| stream.index).collect(),
                _ => Vec::new(),
            },
            covers: Covers::first(info, container),
        };
        tracks.note_losses(info, container, notes);
        tracks
    }

    /// Decides for each track of a file that is to be smaller, with the container that loses none of them.
    pub(crate) fn smaller(
        info: &MediaInfo,
        sounds: Sounds,
        notes: &mut Vec<String>,
    ) -> (Self, Container) {
        let decided = || {
            info.audio()
                .map(|(stream, audio)| (stream, sounds.decide(stream, audio)))
        };
        let has_attachments = info.attachments().next().is_some();
        let container = sound::container(decided(), info.subtitles(), has_attachments);
        if container == Container::Matroska {
            notes.push("The result is MKV, because MP4 cannot hold some of the tracks.".into());
        }
        let kept = |(stream, audio): (&Stream, &Audio)| {
            let decision = sounds.decide(stream, audio);
            let is_opus = matches!(decision, Sound::Encode("libopus", _));
            let filter = sound::filter(audio).filter(|_| is_opus);
            (stream.index, decision, filter)
        };
        let subtitle = |stream: &Stream| Some((stream.index, container.subtitle(stream)?));
        let tracks = Self {
            sounds: info.audio().map(kept).collect(),
            subtitles: info.subtitles().filter_map(subtitle).collect(),
            attachments: info.attachments().map(|stream| stream.index).collect(),
            covers: Covers::all(info, container),
        };
        tracks.note_losses(info, container, notes);
        (tracks, container)
    }

    fn note_losses(&self, info: &MediaInfo, container: Container, notes: &mut Vec<String>) {
        let lost = info.subtitles().count() - self.subtitles.len();
        if lost > 0 {
            notes.push(format!(
                "{lost} subtitle tracks were left out: {} cannot hold their kind.",
                container.extension()
            ));
        }
        if info.videos().count() > 1 {
            notes.push("The file has several video tracks; the main one was kept.".into());
        }
    }

    /// For a part of the file. Copied sound would begin at the packet before the start and play ahead of the picture,
    /// and a subtitle that is shown at the end would make the file as long as the source.
    pub(crate) fn cut(&mut self, info: &MediaInfo, cut: Option<&Cut>, notes: &mut Vec<String>) {
        for ((_, sound, filter), (_, audio)) in self.sounds.iter_mut().zip(info.audio()) {
            *sound = Sound::Encode("libopus", goal(Container::WebM, audio));
            let filters = Cut::trim(cut, "a").into_iter().chain(filter.take());
            let joined = filters.collect::<Vec<_>>().join(",");
            *filter = (!joined.is_empty()).then_some(joined);
        }
        if !self.subtitles.is_empty() {
            self.subtitles.clear();
            notes.push("Subtitles were left out of the part.".into());
        }
    }

    /// Encodes every sound track at this rate, whatever it was.
    pub(crate) fn set_sound(&mut self, info: &MediaInfo, sounds: Sounds, bits: u64) {
        for ((_, sound, filter), (_, audio)) in self.sounds.iter_mut().zip(info.audio()) {
            *sound = Sound::Encode(sounds.encoder(), bits);
            *filter = sound::filter(audio).filter(|_| sounds == Sounds::Opus);
        }
    }

    /// Sound in bits per second, all tracks together, given what copied tracks have.
    pub(crate) fn sound_bits(&self, info: &MediaInfo) -> u64 {
        let copied = |index: u32| {
            info.audio()
                .find(|(stream, _)| stream.index == index)
                .and_then(|(stream, _)| stream.bit_rate)
        };
        let bits = |(index, sound, _): &(u32, Sound, Option<String>)| match sound {
            Sound::Copy => copied(*index).unwrap_or(160_000),
            Sound::Encode(_, bits) => *bits,
        };
        self.sounds.iter().map(bits).sum()
    }

    /// Appends maps and codecs, after the picture, which is output track 0.
    pub(crate) fn push(&self, command: &mut Command) {
        self.push_from(command, 0);
        command.words(&["-map_metadata", "0"]);
    }

    /// The same, for tracks of this input, and without their tags.
    pub(crate) fn push_from(&self, command: &mut Command, input: usize) {
        for index in self.indexes() {
            command.map_of(input, index);
        }
        for (place, (_, sound, filter)) in self.sounds.iter().enumerate() {
            push_sound(command, place, sound, filter.as_deref());
        }
        for (place, (_, codec)) in self.subtitles.iter().enumerate() {
            command.pair(format!("-c:s:{place}"), codec);
        }
        if !self.attachments.is_empty() {
            command.words(&["-c:t", "copy"]);
        }
        self.covers.push(command, self.attachments.len());
        command.words(&["-dn"]);
        command.pair("-map_chapters", input);
    }

    /// Indexes in the source of all that is kept beside the picture, in the order of the result.
    pub(crate) fn indexes(&self) -> impl Iterator<Item = u32> {
        let sounds = self.sounds.iter().map(|(index, ..)| *index);
        let subtitles = self.subtitles.iter().map(|(index, _)| *index);
        let rest = self
            .covers
            .tracks()
            .iter()
            .chain(&self.attachments)
            .copied();
        sounds.chain(subtitles).chain(rest)
    }

    /// Number of subtitle tracks.
    pub(crate) fn subtitles(&self) -> usize {
        self.subtitles.len()
    }

    /// Number of covers.
    pub(crate) fn covers(&self) -> usize {
        self.covers.count()
    }

    /// What has to run before: covers become files of the job's own.
    pub(crate) fn extract(&self, info: &MediaInfo, context: &Context<'_>) -> Option<Step> {
        self.covers.extract(info, context)
    }

    /// Number of attached files.
    pub(crate) fn attachments(&self) -> usize {
        self.attachments.len()
    }

    /// Number of sound tracks.
    pub(crate) fn audios(&self) -> usize {
        self.sounds.len()
    }
}

/// Appends the codec of one sound track of the output.
pub(crate) fn push_sound(command: &mut Command, place: usize, sound: &Sound, filter: Option<&str>) {
    match sound {
        Sound::Copy => command.pair(format!("-c:a:{place}"), "copy"),
        Sound::Encode(encoder, bits) => {
            command.pair(format!("-c:a:{place}"), encoder);
            command.pair(format!("-b:a:{place}"), bits);
            if let Some(filter) = filter {
                command.pair(format!("-filter:a:{place}"), filter);
            }
        }
    }
}

/// Bits per second at which the container's codec is hard to tell from the source.
fn goal(container: Container, audio: &Audio) -> u64 {
    let (mono, stereo, more) = match container {
        Container::WebM => (64_000, 112_000, 48_000),
        // FFmpeg's own AAC encoder needs more than others.
        _ => (96_000, 160_000, 64_000),
    };
    match audio.channels {
        0 | 1 => mono,
        2 => stereo,
        channels => more * u64::from(channels.min(8)),
    }
}

/// A lossy source has no more than this to keep; raw sound has no such bound.
fn source_bits(stream: &Stream) -> u64 {
    let is_lossy = matches!(
        stream.codec.as_str(),
        "mp3" | "mp2" | "aac" | "opus" | "vorbis" | "ac3" | "eac3" | "wmav2"
    );
    stream
        .bit_rate
        .filter(|_| is_lossy)
        .map_or(u64::MAX, |bits| bits.max(48_000))
}
