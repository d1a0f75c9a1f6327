//! Subtitles that came from outside, SubRip or WebVTT, and the WebVTT that is made of them.
//!
//! Nothing of the original is passed on as it was: what it says is taken apart into cues and written anew, with times
//! that fit, no more markup than bold, italic and underline, and no line that could be anything but text. What a player
//! gets is the same whether a file lay beside the video or FFmpeg took it out of the video.

mod encoding;
mod markup;
mod time;

#[cfg(test)]
mod tests;

use std::fmt::Write;

use crate::fault::Fault;
use crate::limits;
use crate::storyboard::clock;

/// What is shown from one time to another, in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cue {
    /// When it appears.
    pub begin_ms: u64,
    /// When it goes; later than it appears.
    pub end_ms: u64,
    /// Where it is shown, as WebVTT has it (6.3); empty for the usual place.
    settings: String,
    /// Lines of WebVTT's cue text; none of them empty.
    text: String,
}

/// All cues of one track, in the order in which they appear.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subtitles {
    cues: Vec<Cue>,
}

impl Subtitles {
    /// Reads SubRip or WebVTT, in UTF-8, UTF-16 with its mark, or else Windows-1252.
    ///
    /// # Errors
    /// When nothing in it is a cue, or there is more of it than anybody could read.
    pub fn read(bytes: &[u8]) -> Result<Self, Fault> {
        if bytes.len() > limits::SUBTITLE_BYTES {
            return Err(Fault::TooLarge("bytes of subtitles"));
        }
        let text = encoding::decoded(bytes);
        let mut cues = Vec::new();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let Some((begin_ms, end_ms, settings)) = time::span(line) else {
                continue;
            };
            let mut body: Vec<&str> = Vec::new();
            // Where the empty line between two cues is missing, the next times end this one.
            let is_body = |line: &&str| !line.trim().is_empty() && time::span(line).is_none();
            while let Some(line) = lines.next_if(is_body) {
                body.push(line);
            }
            if lines.peek().is_some_and(|line| !line.trim().is_empty()) {
                body.pop_if(|line| is_number(line));
            }
            let text = markup::cleaned(&body);
            if end_ms <= begin_ms || text.is_empty() {
                continue;
            }
            if cues.len() == limits::CUES {
                return Err(Fault::TooLarge("cues"));
            }
            cues.push(Cue {
                begin_ms,
                end_ms,
                settings,
                text,
            });
        }
        if cues.is_empty() {
            return Err(Fault::Damaged("it has no subtitles"));
        }
        // WebVTT wants them in this order (4.1), and editors of SubRip leave them in any.
        cues.sort_by_key(|cue| cue.begin_ms);
        Ok(Self { cues })
    }

    /// The cues.
    pub fn cues(&self) -> &[Cue] {
        &self.cues
    }

    /// The whole as WebVTT.
    pub fn webvtt(&self) -> String {
        self.part(0, u64::MAX)
    }

    /// What is shown between two times, as a segment that says where it belongs (RFC 8216bis, 3.1.4): local times are
    /// those of the title, and the map names one of them on its clock of 90,000 ticks a second.
    pub fn part(&self, from_ms: u64, to_ms: u64) -> String {
        let mut text = format!(
            "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:{},MPEGTS:{}\n",
            clock(from_ms),
            (u128::from(from_ms) * 90) % (1 << 33)
        );
        let is_shown = |cue: &&Cue| cue.begin_ms < to_ms && cue.end_ms > from_ms;
        for cue in self.cues.iter().filter(is_shown) {
            let (begin, end) = (clock(cue.begin_ms), clock(cue.end_ms));
            let space = if cue.settings.is_empty() { "" } else { " " };
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "\n{begin} --> {end}{space}{}\n{}\n",
                cue.settings, cue.text
            );
        }
        text
    }
}

/// Reads any bytes, for the fuzzer (`fuzz/`) and for the tests, and looks at what was made of them: it is WebVTT within
/// its limits, and says the same when it is read again.
///
/// # Panics
/// When that does not hold.
pub fn outside(bytes: &[u8]) {
    let Ok(read) = Subtitles::read(bytes) else {
        return;
    };
    assert!((1..=limits::CUES).contains(&read.cues.len()));
    assert!(read.cues.is_sorted_by_key(|cue| cue.begin_ms));
    for cue in &read.cues {
        assert!(cue.begin_ms < cue.end_ms);
        // An empty line would end the cue, an arrow begin another one.
        assert!(cue.text.lines().all(|line| !line.trim().is_empty()));
        assert!(!cue.text.contains("-->") && !cue.settings.contains("-->"));
        assert!(!cue.text.is_empty() && !cue.text.contains('\r'));
    }
    let text = read.webvtt();
    if text.len() > limits::SUBTITLE_BYTES {
        return;
    }
    let again = Subtitles::read(text.as_bytes()).expect("it is WebVTT");
    assert_eq!(again.cues, read.cues);
}

/// The number before a cue of SubRip.
fn is_number(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit())
}
