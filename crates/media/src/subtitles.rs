//! Subtitles that are text, taken out of a file: each track as a file of WebVTT, all of them in one run.

use crate::fault::Fault;
use crate::info::{MediaInfo, Stream};
use crate::plan::command::Command;
use crate::plan::encode;
use crate::plan::{Argument, Context, Step};

/// Tracks that are taken at most: films with more have the same text for several countries.
const TRACKS: usize = 32;
/// Letters of a name that somebody gave a track.
const NAME: usize = 60;

/// What to run, and what comes out.
#[derive(Debug, Clone, PartialEq)]
pub struct Subtitles {
    /// The tracks, in the order of the file.
    pub tracks: Vec<Track>,
    /// The run that writes them.
    pub step: Step,
}

/// One track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// Name of its file.
    pub file: String,
    /// Three letters of ISO 639-2, or `und`.
    pub language: String,
    /// What somebody called it; may be empty.
    pub name: String,
    /// See [`Stream::is_forced`].
    pub is_forced: bool,
    /// See [`Stream::is_descriptive`].
    pub is_descriptive: bool,
}

impl Subtitles {
    /// Plans the files; `None` where there is no such track.
    ///
    /// # Errors
    /// When this FFmpeg does not write WebVTT.
    pub fn new(info: &MediaInfo, context: &Context<'_>) -> Result<Option<Self>, Fault> {
        let streams = || info.subtitles().filter(|each| each.is_text_subtitle());
        let tracks: Vec<Track> = streams().take(TRACKS).map(track).collect();
        if tracks.is_empty() {
            return Ok(None);
        }
        encode::require(context, "webvtt")?;
        let mut command = Command::new(info, context, None);
        for (stream, track) in streams().zip(&tracks) {
            command.map(stream.index);
            command.words(&[
                "-c:s",
                "webvtt",
                "-map_metadata",
                "-1",
                "-map_chapters",
                "-1",
            ]);
            command.words(&["-f", "webvtt"]);
            command.file(Argument::Scratch(track.file.clone()));
        }
        let step = Step {
            label: "reading the subtitles",
            arguments: command.into_arguments(),
            share: 1.0,
        };
        Ok(Some(Self { tracks, step }))
    }
}

fn track(stream: &Stream) -> Track {
    let tag = |name: &str| stream.tags.get(name).map_or("", String::as_str);
    let language = tag("language");
    let is_code = language.len() == 3 && language.bytes().all(|byte| byte.is_ascii_lowercase());
    let name = tag("title").chars().filter(|letter| !letter.is_control());
    Track {
        file: format!("words-{}.vtt", stream.index),
        language: if is_code { language } else { "und" }.to_owned(),
        name: name.take(NAME).collect(),
        is_forced: stream.is_forced,
        is_descriptive: stream.is_descriptive,
    }
}
