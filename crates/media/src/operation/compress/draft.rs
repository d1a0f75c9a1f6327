//! A compressed file but for the strength of the compression: its picture's form, its other tracks, its container.

use super::Options;
use crate::fault::Fault;
use crate::info::{MediaInfo, Size, Video};
use crate::operation::everyday::expectation;
use crate::operation::fit::{self, even};
use crate::plan::command::Command;
use crate::plan::picture::{Found, Picture, Wish};
use crate::plan::tracks::sound::Sounds;
use crate::plan::tracks::{Container, Tracks};
use crate::plan::{Codec, Context, Expectation, Step, encode, location};

/// What has been decided.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Draft {
    pub(crate) picture: Picture,
    pub(crate) tracks: Tracks,
    pub(crate) container: Container,
    pub(crate) notes: Vec<String>,
    pub(crate) expect: Expectation,
    /// The codecs that sound may have.
    pub(crate) sounds: Sounds,
    /// The picture's track in the source.
    pub(crate) index: u32,
    /// Frames a second, to reckon with.
    pub(crate) rate: f64,
    remove_location: bool,
}

impl Draft {
    /// Decides; `found` is what is known of the footage, by looking or by the flag.
    pub(crate) fn new(
        options: &Options,
        codec: Codec,
        found: Found,
        info: &MediaInfo,
        context: &Context<'_>,
    ) -> Result<Self, Fault> {
        let (stream, video) = fit::picture(info)?;
        let mut notes = Vec::new();
        let wish = Wish {
            codec,
            tone_map: options.tone_map,
            found,
            size: same_size(video),
            preset: options.speed.preset(codec),
        };
        let picture = Picture::new(video, &wish, context, &mut notes)?;
        note_light(options, video, &mut notes);
        let sounds = options.sounds(codec);
        let (tracks, container) = Tracks::smaller(info, sounds, &mut notes);
        let shown = picture.size;
        let expect = Expectation {
            size: (picture.aspect.value() == 1.0).then_some(shown),
            display_aspect: Some(shown.ratio() * picture.aspect.value()),
            audios: Some(tracks.audios()),
            subtitles: Some(tracks.subtitles()),
            covers: Some(tracks.covers()),
            attachments: Some(tracks.attachments()),
            chapters: Some(info.chapters),
            ..expectation(info, stream, video, None)
        };
        Ok(Self {
            picture,
            tracks,
            container,
            notes,
            expect,
            sounds,
            index: stream.index,
            rate: video.frames_per_second().unwrap_or(25.0),
            remove_location: options.remove_location,
        })
    }

    /// Indexes in the source of the result's tracks, in their order.
    pub(crate) fn indexes(&self) -> impl Iterator<Item = u32> {
        std::iter::once(self.index).chain(self.tracks.indexes())
    }

    /// What the container takes for itself, at most: the tables of an MP4 have 12 bytes a frame of the picture, 5 a frame of
    /// sound, of which AAC has at most 47 a second, and 16 for each half second of a track.
    pub(crate) fn container_bytes(&self, seconds: f64) -> f64 {
        let sounds = self.tracks.audios() as f64;
        4096.0 + seconds * (self.rate * 12.0 + sounds * 47.0 * 5.0 + (1.0 + sounds) * 32.0)
    }

    /// Appends the other tracks of this input, the tags, and the output.
    pub(crate) fn write(
        &self,
        mut command: Command,
        input: usize,
        info: &MediaInfo,
        label: &'static str,
        share: f64,
    ) -> Step {
        self.tracks.push_from(&mut command, input);
        let kept: Vec<u32> = self.indexes().collect();
        location::push(&mut command, input, info, &kept, self.remove_location);
        self.drop_stale(&mut command, info);
        if self.container == Container::Mp4 && self.picture.codec == Codec::Hevc {
            encode::tag_hevc(&mut command);
        }
        command.write(self.container.muxer(), label, share)
    }

    /// What tags said of the old picture: its bits, frames and encoder, and that it has to be turned.
    fn drop_stale(&self, command: &mut Command, info: &MediaInfo) {
        let picture = info.streams.iter().find(|each| each.index == self.index);
        let has = |name: &str| {
            let tags = picture.map(|stream| stream.tags.keys());
            tags.into_iter()
                .flatten()
                .any(|tag| tag.eq_ignore_ascii_case(name))
        };
        for name in STALE.iter().filter(|name| has(name)) {
            command.pair("-metadata:s:v:0", format!("{name}="));
        }
    }
}

/// Tags of a picture that are not true of another.
const STALE: &[&str] = &[
    "BPS",
    "BPS-eng",
    "NUMBER_OF_FRAMES",
    "NUMBER_OF_FRAMES-eng",
    "NUMBER_OF_BYTES",
    "NUMBER_OF_BYTES-eng",
    "DURATION",
    "DURATION-eng",
    "_STATISTICS_WRITING_APP",
    "_STATISTICS_WRITING_APP-eng",
    "_STATISTICS_WRITING_DATE_UTC",
    "_STATISTICS_WRITING_DATE_UTC-eng",
    "_STATISTICS_TAGS",
    "_STATISTICS_TAGS-eng",
    "encoder",
    "rotate",
];

/// The pixels as they are, even; anamorphic ones keep their shape.
fn same_size(video: &Video) -> Size {
    let Size { width, height } = video.turned_size();
    Size {
        width: even(width.into()),
        height: even(height.into()),
    }
}

fn note_light(options: &Options, video: &Video, notes: &mut Vec<String>) {
    if options.tone_map && !video.is_hdr() {
        notes.push("The video is not HDR; there was nothing to map.".into());
    }
    if video.dolby_vision.is_some() {
        notes.push("The Dolby Vision layer was left out; the picture beneath it is kept.".into());
    }
}
