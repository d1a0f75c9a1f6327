//! Covers: pictures that come with a file and are no video.
//!
//! MP4 takes them as tracks. Matroska makes video tracks of those, so there they travel as attached files, which have
//! to be files first.

use super::Container;
use crate::info::{MediaInfo, Stream};
use crate::plan::command::Command;
use crate::plan::{Context, Step};

/// The covers of a file, and how each travels.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Covers {
    tracks: Vec<u32>,
    files: Vec<File>,
}

/// A cover that is attached.
#[derive(Debug, Clone, PartialEq)]
struct File {
    index: u32,
    name: String,
    mime: &'static str,
}

impl Covers {
    /// All of them.
    pub(super) fn all(info: &MediaInfo, container: Container) -> Self {
        if container == Container::Mp4 {
            let tracks = info.covers().map(|stream| stream.index).collect();
            return Self {
                tracks,
                files: Vec::new(),
            };
        }
        Self {
            tracks: Vec::new(),
            files: info.covers().enumerate().map(File::new).collect(),
        }
    }

    /// The first, where it can be a track.
    pub(super) fn first(info: &MediaInfo, container: Container) -> Self {
        let mut covers = Self::all(info, container);
        covers.tracks.truncate(1);
        covers.files.clear();
        covers
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.tracks.len() + self.files.len()
    }

    /// Indexes in the source of those that are tracks.
    pub(super) fn tracks(&self) -> &[u32] {
        &self.tracks
    }

    /// Appends what becomes of each, behind so many attached files.
    pub(super) fn push(&self, command: &mut Command, attachments: usize) {
        for place in 1..=self.tracks.len() {
            command.pair(format!("-c:v:{place}"), "copy");
            command.pair(format!("-disposition:v:{place}"), "attached_pic");
        }
        for (place, File { name, mime, .. }) in self.files.iter().enumerate() {
            let track = format!("-metadata:s:t:{}", attachments + place);
            command.scratch("-attach", name);
            command.pair(&track, format!("mimetype={mime}"));
            command.pair(track, format!("filename={name}"));
        }
    }

    /// What has to run before: covers become files of the job's own.
    pub(super) fn extract(&self, info: &MediaInfo, context: &Context<'_>) -> Option<Step> {
        if self.files.is_empty() {
            return None;
        }
        let mut command = Command::new(info, context, None);
        for File { index, name, .. } in &self.files {
            command.map(*index);
            // One packet of bytes as they are is the picture's file.
            command.words(&["-c", "copy", "-frames:v", "1"]);
            command.words(&["-map_metadata", "-1", "-f"]);
            command.scratch("rawvideo", name);
        }
        Some(Step {
            label: "copying",
            arguments: command.into_arguments(),
            share: 0.01,
        })
    }
}

impl File {
    fn new((place, stream): (usize, &Stream)) -> Self {
        let (ending, mime) = match stream.codec.as_str() {
            "png" => ("png", "image/png"),
            _ => ("jpg", "image/jpeg"),
        };
        Self {
            index: stream.index,
            name: format!("cover{place}.{ending}"),
            mime,
        }
    }
}
