//! The part of a video that is asked for: start, and duration or end.

use serde_json::{Map, Value};

use crate::fault::Fault;
use crate::info::MediaInfo;
use crate::operation::form::Form;
use crate::plan::command::{Cut, seconds};

/// A part as asked for, in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Range {
    /// Where it begins.
    pub start_us: u64,
    /// How long it is.
    pub length: Option<Length>,
}

/// The two ways to say where a part ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// So long.
    Duration(u64),
    /// Up to this time of the source.
    End(u64),
}

/// Longer than key frames are apart in broadcasts.
const LEAD_US: u64 = 15_000_000;

impl Range {
    /// Reads `start`, `duration` and `end`.
    pub(crate) fn read(form: &mut Form<'_>) -> Result<Self, Fault> {
        let start_us = form.time("start", 0.0)?.unwrap_or(0);
        let (duration, end) = (form.time("duration", 0.01)?, form.time("end", 0.01)?);
        let length = match (duration, end) {
            (Some(_), Some(_)) => {
                return Err(form.disagree(
                    "duration and end exclude each other",
                    "Give either duration or end, not both.",
                ));
            }
            (Some(duration), None) => Some(Length::Duration(duration)),
            (None, Some(end)) if end <= start_us => {
                return Err(form.disagree(
                    "end is not after start",
                    "Choose an end that is later than the start.",
                ));
            }
            (None, end) => end.map(Length::End),
        };
        Ok(Self { start_us, length })
    }

    /// Writes what `read` reads.
    pub(crate) fn write(&self, form: &mut Map<String, Value>) {
        let mut put = |name: &str, us: u64| form.insert(name.into(), (us as f64 / 1e6).into());
        if self.start_us > 0 {
            put("start", self.start_us);
        }
        match self.length {
            Some(Length::Duration(us)) => drop(put("duration", us)),
            Some(Length::End(us)) => drop(put("end", us)),
            None => {}
        }
    }

    /// The part within the file's length. `None` is the whole.
    pub(crate) fn within(
        &self,
        info: &MediaInfo,
        notes: &mut Vec<String>,
    ) -> Result<Option<Cut>, Fault> {
        let start_us = self.start_us;
        let asked = self.length.map(|length| match length {
            Length::Duration(duration) => duration,
            Length::End(end) => end.saturating_sub(start_us),
        });
        if let Some(whole) = info.duration_us {
            if start_us >= whole {
                return Err(Fault::RangeBeyondEnd {
                    start: seconds(start_us),
                    length: seconds(whole),
                });
            }
            let rest = whole - start_us;
            if asked.is_some_and(|asked| asked > rest) {
                notes.push(format!(
                    "The range reached beyond the end and was cut at {} s.",
                    seconds(whole)
                ));
                return Ok(cut(info, start_us, None));
            }
        }
        Ok(cut(info, start_us, asked))
    }
}

fn cut(info: &MediaInfo, start_us: u64, length_us: Option<u64>) -> Option<Cut> {
    let is_indexed = ["mov", "matroska", "avi"]
        .iter()
        .any(|name| info.is_format(name));
    let lead_us = if is_indexed { 0 } else { start_us.min(LEAD_US) };
    let is_part = start_us > 0 || length_us.is_some();
    is_part.then_some(Cut {
        start_us,
        length_us,
        lead_us,
    })
}
