//! The manifest of DASH from the same segments (ISO/IEC 23009-1): a static presentation of one period, each
//! representation with its own list of times.

use std::fmt::Write;

use crate::cut::Cut;
use crate::rate::Rates;
use crate::uri::{Uri, escaped};

/// One rendition of picture or sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Representation<'a> {
    /// Where the initialisation section is.
    pub map: Uri,
    /// Where segments are, with `$Number$`.
    pub uri: Uri,
    /// All segments.
    pub cuts: &'a [Cut],
    /// Ticks a second.
    pub timescale: u32,
    /// Name of the coding.
    pub codec: String,
    /// What it carries.
    pub content: Content,
}

/// What a representation carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Pictures of this size with so many frames a second.
    Video {
        /// Pixels on the screen.
        size: (u32, u32),
        /// As a fraction.
        frame_rate: (u32, u32),
    },
    /// Sound.
    Audio {
        /// Number of channels.
        channels: u16,
        /// Samples a second.
        rate: u32,
    },
}

/// Renditions among which a player may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set<'a> {
    /// For people; not written when empty.
    pub label: String,
    /// BCP 47; not written when empty or `und`.
    pub language: String,
    /// All of one kind.
    pub representations: Vec<Representation<'a>>,
}

/// Subtitles: one file of WebVTT for the whole title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Where it is.
    pub uri: Uri,
    /// For people; not written when empty.
    pub label: String,
    /// BCP 47; not written when empty or `und`.
    pub language: String,
    /// See [`crate::playlist::multivariant::Subtitle::is_forced`].
    pub is_forced: bool,
    /// Says sounds, too.
    pub is_descriptive: bool,
}

/// Bits per second that are stated for subtitles, whose length is not looked at: three lines of 40 letters every second.
const TEXT_RATE: u32 = 1000;

/// How much a player has to hold before it begins: one segment of the usual length.
const BUFFER_SECONDS: u32 = 2;

/// The manifest; lengths in milliseconds.
pub fn manifest(sets: &[Set<'_>], texts: &[Text], duration_ms: u64) -> String {
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" profiles=\"urn:mpeg:dash:profile:isoff-live:2011\" \
         type=\"static\" mediaPresentationDuration=\"PT{}.{:03}S\" minBufferTime=\"PT{BUFFER_SECONDS}S\">\n  \
         <Period id=\"1\" start=\"PT0S\">\n",
        duration_ms / 1000,
        duration_ms % 1000
    );
    let mut number = 0;
    for set in sets.iter().filter(|set| !set.representations.is_empty()) {
        open(&mut text, set);
        for representation in &set.representations {
            number += 1;
            write_representation(&mut text, representation, number);
        }
        text.push_str("    </AdaptationSet>\n");
    }
    for subtitles in texts {
        number += 1;
        write_text(&mut text, subtitles, number);
    }
    text.push_str("  </Period>\n</MPD>\n");
    text
}

/// 5.3.3: segments begin together, each with a picture that stands alone (`startWithSAP`, type 1).
fn open(text: &mut String, set: &Set<'_>) {
    let is_video = |each: &Representation<'_>| matches!(each.content, Content::Video { .. });
    let kind = if set.representations.iter().all(is_video) {
        "video"
    } else {
        "audio"
    };
    let _ = write!(
        text,
        "    <AdaptationSet contentType=\"{kind}\" mimeType=\"{kind}/mp4\" segmentAlignment=\"true\" startWithSAP=\"1\""
    );
    if !set.language.is_empty() && set.language != "und" {
        let _ = write!(text, " lang=\"{}\"", escaped(&set.language));
    }
    text.push_str(">\n");
    if !set.label.is_empty() {
        let _ = writeln!(text, "      <Label>{}</Label>", escaped(&set.label));
    }
}

/// 5.3.5; `bandwidth` is the rate at which one segment in advance is enough (5.3.5.2): the peak.
fn write_representation(text: &mut String, representation: &Representation<'_>, number: u32) {
    let Rates { peak, .. } = Rates::of(representation.cuts, representation.timescale);
    let _ = write!(
        text,
        "      <Representation id=\"{number}\" bandwidth=\"{peak}\" codecs=\"{}\"",
        escaped(&representation.codec)
    );
    match representation.content {
        Content::Video {
            size: (width, height),
            frame_rate: (frames, seconds),
        } => {
            let _ = writeln!(
                text,
                " width=\"{width}\" height=\"{height}\" frameRate=\"{frames}/{seconds}\">"
            );
        }
        Content::Audio { channels, rate } => {
            // 5.8.5.4, with the scheme that counts channels.
            let _ = writeln!(
                text,
                " audioSamplingRate=\"{rate}\">\n        \
                 <AudioChannelConfiguration schemeIdUri=\"urn:mpeg:dash:23003:3:audio_channel_configuration:2011\" value=\"{channels}\"/>"
            );
        }
    }
    timeline(text, representation);
    text.push_str("      </Representation>\n");
}

/// 5.3.7.2: a whole file needs no segments, only its address; roles are those of 5.8.5.5.
fn write_text(text: &mut String, subtitles: &Text, number: u32) {
    text.push_str("    <AdaptationSet contentType=\"text\" mimeType=\"text/vtt\"");
    if !subtitles.language.is_empty() && subtitles.language != "und" {
        let _ = write!(text, " lang=\"{}\"", escaped(&subtitles.language));
    }
    text.push_str(">\n");
    if !subtitles.label.is_empty() {
        let _ = writeln!(text, "      <Label>{}</Label>", escaped(&subtitles.label));
    }
    let role = match (subtitles.is_forced, subtitles.is_descriptive) {
        (true, _) => "forced-subtitle",
        (false, true) => "caption",
        (false, false) => "subtitle",
    };
    let _ = write!(
        text,
        "      <Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"{role}\"/>\n      \
         <Representation id=\"{number}\" bandwidth=\"{TEXT_RATE}\">\n        <BaseURL>{}</BaseURL>\n      \
         </Representation>\n    </AdaptationSet>\n",
        escaped(subtitles.uri.as_str())
    );
}

/// 5.3.9.4 and 5.3.9.6; equal neighbours are one entry.
fn timeline(text: &mut String, representation: &Representation<'_>) {
    let _ = writeln!(
        text,
        "        <SegmentTemplate timescale=\"{}\" initialization=\"{}\" media=\"{}\" startNumber=\"1\">\n          <SegmentTimeline>",
        representation.timescale,
        escaped(representation.map.as_str()),
        escaped(representation.uri.as_str())
    );
    for run in representation
        .cuts
        .chunk_by(|left, right| left.duration == right.duration)
    {
        let [first, rest @ ..] = run else { continue };
        let _ = write!(
            text,
            "            <S t=\"{}\" d=\"{}\"",
            first.start, first.duration
        );
        if !rest.is_empty() {
            let _ = write!(text, " r=\"{}\"", rest.len());
        }
        text.push_str("/>\n");
    }
    text.push_str("          </SegmentTimeline>\n        </SegmentTemplate>\n");
}
