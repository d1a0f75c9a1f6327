//! Media playlists: the segments of one rendition, or of several one after the other.

use std::fmt::Write;

use crate::cut::Cut;
use crate::rate::target_duration;
use crate::uri::Uri;

/// Segments that share an initialisation section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<'a> {
    /// Where the initialisation section is.
    pub map: Uri,
    /// Where segments are; `$Number$` counts from 1 at the beginning of the rendition.
    pub uri: Uri,
    /// All segments of the rendition.
    pub cuts: &'a [Cut],
    /// Which of them, by place.
    pub range: std::ops::Range<usize>,
    /// Ticks a second of the cuts.
    pub timescale: u32,
}

impl<'a> Part<'a> {
    /// A whole rendition.
    pub fn whole(map: Uri, uri: Uri, cuts: &'a [Cut], timescale: u32) -> Self {
        Self {
            map,
            uri,
            cuts,
            range: 0..cuts.len(),
            timescale,
        }
    }

    fn chosen(&self) -> &'a [Cut] {
        self.cuts.get(self.range.clone()).unwrap_or_default()
    }
}

/// The playlist of these parts, with a discontinuity between two.
pub fn segments(parts: &[Part<'_>]) -> String {
    playlist(parts, "")
}

/// The playlist of key frames alone, for fast forward (4.4.3.6). Each is a segment of its own.
pub fn pictures(part: &Part<'_>) -> String {
    playlist(std::slice::from_ref(part), "#EXT-X-I-FRAMES-ONLY\n")
}

fn playlist(parts: &[Part<'_>], tags: &str) -> String {
    let durations = parts.iter().flat_map(|part| {
        part.chosen()
            .iter()
            .map(|cut| (cut.duration, part.timescale))
    });
    let target = target_duration(durations);
    // 4.4.1.1, 4.4.1.2; 4.4.3.1 each duration rounded is at most the target; 4.4.3.5 the list will never change.
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:{}\n#EXT-X-TARGETDURATION:{target}\n#EXT-X-PLAYLIST-TYPE:VOD\n{tags}",
        super::VERSION
    );
    let filled = parts.iter().filter(|part| !part.chosen().is_empty());
    for (place, part) in filled.enumerate() {
        if place > 0 {
            // 4.4.4.3: has to stand where encoding parameters change.
            text.push_str("#EXT-X-DISCONTINUITY\n");
        }
        // 4.4.4.5: holds until the next.
        let _ = writeln!(text, "#EXT-X-MAP:URI=\"{}\"", part.map.as_str());
        entries(&mut text, part);
    }
    // 4.4.3.4.
    text.push_str("#EXT-X-ENDLIST\n");
    text
}

/// 4.4.4.1: durations are differences of rounded times, so that their sum never drifts.
fn entries(text: &mut String, part: &Part<'_>) {
    for (place, cut) in (part.range.start..).zip(part.chosen()) {
        let begin = hundred_thousandths(cut.start, part.timescale);
        let end = hundred_thousandths(cut.start + cut.duration, part.timescale);
        let length = end - begin;
        let _ = write!(
            text,
            "#EXTINF:{}.{:05},\n{}\n",
            length / 100_000,
            length % 100_000,
            part.uri.numbered(place + 1)
        );
    }
}

fn hundred_thousandths(ticks: u64, timescale: u32) -> u128 {
    let scale = u128::from(timescale.max(1));
    (u128::from(ticks) * 100_000 + scale / 2) / scale
}
