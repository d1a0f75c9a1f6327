//! Indexes and subtitles out of open files.

use kinora_stream::index::Track;
use kinora_stream::limits::SUBTITLE_BYTES;
use kinora_stream::locate::Locator;
use kinora_stream::subtitle::Subtitles;
use kinora_stream::{Fault, Index};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

/// Why a file has no index.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unread {
    /// The disk refuses.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It cannot be streamed as it is, or not at all.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Reads the index of a file, of which only the index is read.
pub(super) fn index(file: &File) -> Result<Index, Unread> {
    let length = file.metadata()?.len();
    let mut locator = Locator::new(length);
    loop {
        let wanted = locator.wanted();
        let mut head = [0; kinora_stream::locate::HEADER_BYTES as usize];
        let head = &mut head[..usize::try_from(wanted.length).unwrap_or(0)];
        file.read_exact_at(head, wanted.offset)?;
        if let Some(place) = locator.feed(head)? {
            // At most `stream::limits::MOVIE_BYTES`, as the locator promises, and never more than the file has.
            let mut movie = vec![0; usize::try_from(place.length).unwrap_or(0)];
            file.read_exact_at(&mut movie, place.offset)?;
            return Ok(Index::read(&movie, length)?);
        }
    }
}

/// Reads subtitles, and no more of a file than they may have.
pub(super) fn words(file: &File) -> Result<Subtitles, Unread> {
    let mut bytes = Vec::new();
    // One more than may be, so that too much is seen.
    file.take(SUBTITLE_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(Subtitles::read(&bytes)?)
}

/// Milliseconds of the longest track.
pub(super) fn duration_ms<'a>(tracks: impl Iterator<Item = &'a Track>) -> u64 {
    let lengths = tracks.map(|track| {
        let ticks = u128::from(track.end) * 1000;
        u64::try_from(ticks / u128::from(track.timescale.max(1))).unwrap_or(u64::MAX)
    });
    lengths.max().unwrap_or(0)
}
