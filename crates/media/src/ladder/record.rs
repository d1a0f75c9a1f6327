//! The record of a run: one line for each frame that went in, as FFmpeg's `framecrc` writes it.
//!
//! `0, DTS, PTS, DURATION, SIZE, 0xSUM`, behind lines that begin with `#`. Lines are read as they come, for the file
//! grows while it is read.

use crate::info::Ratio;

/// One frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// When it is shown, in ticks.
    pub shown: i64,
    /// A sum of what it looks like from afar.
    pub sum: u32,
}

/// What a line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// A frame.
    Frame(Frame),
    /// Seconds of one tick.
    Tick(Ratio),
    /// Nothing that matters.
    Other,
}

/// Reads a line without its end; `None` when it is not one of a record.
pub fn line(text: &str) -> Option<Line> {
    if let Some(tick) = text.strip_prefix("#tb 0: ") {
        let (num, den) = tick.trim().split_once('/')?;
        let (num, den) = (num.parse().ok()?, den.parse().ok()?);
        return (num > 0 && den > 0).then_some(Line::Tick(Ratio { num, den }));
    }
    if text.starts_with('#') {
        return Some(Line::Other);
    }
    let mut fields = text.split(',').map(str::trim);
    let shown = fields.nth(2)?.parse().ok()?;
    let sum = fields.nth(2)?.strip_prefix("0x")?;
    Some(Line::Frame(Frame {
        shown,
        sum: u32::from_str_radix(sum, 16).ok()?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_and_others_refused() {
        let check = |text: &str, expected: Option<Line>| assert_eq!(line(text), expected, "{text}");
        let tick = Ratio {
            num: 1001,
            den: 480_000,
        };
        check("#tb 0: 1001/480000", Some(Line::Tick(tick)));
        check("#software: Lavf59.27.100", Some(Line::Other));
        let frame = Frame {
            shown: -16,
            sum: 0x0d2b_1c0f,
        };
        check(
            "0,        -16,        -16,       16,     2304, 0x0d2b1c0f",
            Some(Line::Frame(frame)),
        );
        for text in [
            "",
            "0, 1, 2",
            "0, 1, 2, 3, 4, 5",
            "0, 1, x, 3, 4, 0x5",
            "#tb 0: 0/1",
            "#tb 0: 1",
        ] {
            check(text, None);
        }
    }
}
