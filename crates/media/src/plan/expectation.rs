//! What the finished file must be, and the comparison.
//!
//! FFmpeg's status proves nothing: a file cut in half is converted with status 0, and only the length of the result
//! tells. So what was planned is written down before and compared after. Expected lengths come from the source's own
//! tracks, because sound that ends before the picture is common in good files.

use crate::fault::Fault;
use crate::info::{MediaInfo, Size};

/// What must be true of the result. What is `None` is not checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expectation {
    /// Number of video tracks, covers not counted.
    pub videos: Option<usize>,
    /// Number of sound tracks.
    pub audios: Option<usize>,
    /// Number of subtitle tracks.
    pub subtitles: Option<usize>,
    /// Number of covers.
    pub covers: Option<usize>,
    /// Number of attached files.
    pub attachments: Option<usize>,
    /// Number of chapters.
    pub chapters: Option<usize>,
    /// Size on the screen, exactly.
    pub size: Option<Size>,
    /// Width by height on the screen, within 2 %.
    pub display_aspect: Option<f64>,
    /// Length of picture and sound, whichever is longer.
    pub duration_us: Option<u64>,
    /// Length of the picture.
    pub video_us: Option<u64>,
    /// Length of each sound track, in their order.
    pub audio_us: Vec<Option<u64>>,
    /// Length of one frame, the least that a length can be off by.
    pub frame_us: u64,
    /// The picture's rate is variable. FFmpeg 5.1 forgets how long the last frame stands, which is seconds in screen
    /// recordings: the picture may be shorter when all frames are there, or to the half where they are not counted.
    pub is_variable: bool,
    /// Frames of a picture of variable rate, where the source counts them.
    pub frames: Option<u64>,
    /// Frames that were counted on the way: not one more or less, where the result's container counts them.
    pub exact_frames: Option<u64>,
    /// The container says nothing about itself, so the result cannot be probed: raw samples, animated WebP. The caller
    /// checks only that there is one.
    pub headerless: bool,
    /// Bytes that must not be exceeded.
    pub largest: Option<u64>,
}

impl Expectation {
    /// Compares; the first difference is the fault.
    pub fn check(&self, made: &MediaInfo) -> Result<(), Fault> {
        self.check_tracks(made)?;
        self.check_picture(made)?;
        self.check_lengths(made)?;
        match (self.largest, made.size) {
            (Some(largest), Some(size)) if size > largest => {
                wrong(format!("{size} bytes, {largest} were allowed"))
            }
            _ => Ok(()),
        }
    }

    fn check_tracks(&self, made: &MediaInfo) -> Result<(), Fault> {
        let counts = [
            ("video", self.videos, made.videos().count()),
            ("audio", self.audios, made.audio().count()),
            ("subtitle", self.subtitles, made.subtitles().count()),
            ("cover", self.covers, made.covers().count()),
            ("attached", self.attachments, made.attachments().count()),
            ("chapter", self.chapters, made.chapters),
        ];
        for (kind, expected, found) in counts {
            if expected.is_some_and(|expected| expected != found) {
                return wrong(format!(
                    "{found} {kind} tracks, {} were expected",
                    expected.unwrap_or(0)
                ));
            }
        }
        Ok(())
    }

    fn check_picture(&self, made: &MediaInfo) -> Result<(), Fault> {
        let found = made.first_video().and_then(|(stream, _)| stream.frames);
        if let (Some(expected), Some(found)) = (self.exact_frames, found)
            && expected != found
        {
            return wrong(format!("{found} frames, {expected} were expected"));
        }
        let Some(size) = made.display_size() else {
            return Ok(());
        };
        if let Some(expected) = self.size
            && size != expected
        {
            let Size { width, height } = expected;
            return wrong(format!(
                "the picture is {}x{}, expected was {width}x{height}",
                size.width, size.height
            ));
        }
        match self.display_aspect {
            // Even sizes move the ratio of small pictures: 16:9 at 64 wide is 64x36, at 62 wide 62x34.
            Some(ratio)
                if (size.ratio() / ratio - 1.0).abs()
                    > 0.02 + 2.0 / f64::from(size.width.min(size.height)) =>
            {
                wrong(format!(
                    "the picture's aspect is {:.3}, expected was {ratio:.3}",
                    size.ratio()
                ))
            }
            _ => Ok(()),
        }
    }

    fn check_lengths(&self, made: &MediaInfo) -> Result<(), Fault> {
        if !self.has_all_frames(made) {
            self.check_length("result", self.duration_us, length(made))?;
            let picture = made
                .first_video()
                .and_then(|(stream, _)| stream.duration_us);
            self.check_length("picture", self.video_us, picture.or(self.video_us))?;
        }
        for ((stream, _), expected) in made.audio().zip(&self.audio_us) {
            self.check_length("sound", *expected, stream.duration_us.or(*expected))?;
        }
        Ok(())
    }

    fn has_all_frames(&self, made: &MediaInfo) -> bool {
        let Some((stream, _)) = made.first_video().filter(|_| self.is_variable) else {
            return false;
        };
        match (self.frames, stream.frames) {
            // A frame or two may be lost at an edit; a hundredth more is damage.
            (Some(expected), Some(found)) => found + 2 >= expected - expected / 100,
            _ => stream.duration_us >= self.video_us.map(|length| length / 2),
        }
    }

    fn check_length(
        &self,
        what: &str,
        expected: Option<u64>,
        found: Option<u64>,
    ) -> Result<(), Fault> {
        let Some(expected) = expected else {
            return Ok(());
        };
        let found = found.unwrap_or(0);
        let tolerance = 250_000.max(expected / 50).max(self.frame_us);
        if found.abs_diff(expected) <= tolerance {
            return Ok(());
        }
        let seconds = |us: u64| us as f64 / 1e6;
        wrong(format!(
            "the {what} is {:.2} s long, expected were {:.2} s",
            seconds(found),
            seconds(expected)
        ))
    }
}

/// Picture and sound together. The file's own length would count subtitles, which outlast both.
fn length(made: &MediaInfo) -> Option<u64> {
    let sounds = made.audio().map(|(stream, _)| stream);
    made.length_of(made.videos().chain(sounds))
        .or(made.duration_us)
}

fn wrong(problem: String) -> Result<(), Fault> {
    Err(Fault::WrongResult(problem))
}
