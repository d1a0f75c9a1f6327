//! Quantities as people write them: sizes, bit rates, spans of time, points in a video.

use std::time::Duration;

/// Unit names, lower case, and what one is worth in bytes. Decimal as disks are sold, binary with an `i`.
const SIZES: &[(&str, u64)] = &[
    ("", 1),
    ("b", 1),
    ("k", 1_000),
    ("kb", 1_000),
    ("m", 1_000_000),
    ("mb", 1_000_000),
    ("g", 1_000_000_000),
    ("gb", 1_000_000_000),
    ("t", 1_000_000_000_000),
    ("tb", 1_000_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
];

/// Unit names and milliseconds.
const SPANS: &[(&str, u64)] = &[
    ("", 1_000),
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("min", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

/// `25MB`, `2 GiB`, `1.5 GB`, `800k`, `1234` as bytes.
///
/// # Errors
/// What is wrong with the text.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let wrong = || {
        format!("{text:?} is no size: write a number with B, kB, MB, GB, TB, KiB, MiB, GiB or TiB")
    };
    let (number, unit, rest) = part(text.trim()).ok_or_else(wrong)?;
    let worth = worth(SIZES, unit).ok_or_else(wrong)?;
    if !rest.is_empty() {
        return Err(wrong());
    }
    number
        .times(worth)
        .ok_or_else(|| format!("{text:?} is more than can be counted"))
}

/// `192k`, `1.5M`, `128000` as bits per second.
///
/// # Errors
/// What is wrong with the text.
pub(crate) fn bit_rate(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is no bit rate: write it like 192k or 1.5M");
    let bare = text
        .trim()
        .trim_end_matches("bps")
        .trim_end_matches("bit/s");
    let (number, unit, rest) = part(bare).ok_or_else(wrong)?;
    let worth = match unit.trim() {
        "" => 1,
        "k" | "K" => 1_000,
        "m" | "M" => 1_000_000,
        _ => return Err(wrong()),
    };
    if !rest.is_empty() {
        return Err(wrong());
    }
    number.times(worth).ok_or_else(wrong)
}

/// `60s`, `1h30m`, `500ms`, `2 h`; a bare number is seconds.
///
/// # Errors
/// What is wrong with the text.
pub(crate) fn span(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no span of time: write it like 90s, 15m, 1h30m or 2d");
    let mut rest = text.trim();
    let mut total = 0u64;
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let (number, unit, after) = part(rest).ok_or_else(wrong)?;
        let worth = worth(SPANS, unit).ok_or_else(wrong)?;
        let ms = number.times(worth).ok_or_else(wrong)?;
        total = total.checked_add(ms).ok_or_else(wrong)?;
        rest = after.trim_start();
    }
    Ok(Duration::from_millis(total))
}

/// A point in a video, or a length of one, in seconds: `12.5`, `1:30`, `00:00:10.25`.
///
/// # Errors
/// What is wrong with the text.
pub(crate) fn position(text: &str) -> Result<f64, String> {
    let wrong = || format!("{text:?} is no time: write seconds (12.5) or HH:MM:SS (00:01:30)");
    let fields: Vec<&str> = text.trim().split(':').collect();
    if fields.len() > 3 {
        return Err(wrong());
    }
    let mut seconds = 0.0;
    for (i, field) in fields.iter().enumerate() {
        let last = i + 1 == fields.len();
        let plain = field
            .bytes()
            .all(|b| b.is_ascii_digit() || (last && b == b'.'));
        let value: f64 = field.parse().map_err(|_| wrong())?;
        if !plain || (i > 0 && value >= 60.0) {
            return Err(wrong());
        }
        seconds = seconds * 60.0 + value;
    }
    Ok(seconds)
}

/// Bytes for people: `1.4 GB`.
#[must_use]
pub(crate) fn show_size(bytes: u64) -> String {
    let fitting = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    match fitting.iter().find(|(_, worth)| bytes as f64 >= *worth) {
        Some((unit, worth)) => format!("{:.1} {unit}", bytes as f64 / worth),
        None => format!("{bytes} B"),
    }
}

/// Seconds for people: `1:02:03` or `4:05`.
#[must_use]
pub(crate) fn show_seconds(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// Seconds for people who need no more than one unit: `12 min`, `5 h`, `6 days`.
#[must_use]
pub(crate) fn show_span(seconds: u64) -> String {
    match seconds {
        0..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// A decimal number without rounding: `digits / 10^places`.
struct Decimal {
    digits: u64,
    places: u32,
}

impl Decimal {
    fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        // Nine places are nano of whatever the unit is, and keep `times` inside of 128 bits.
        if whole.is_empty() || fraction.len() > 9 || text.ends_with('.') {
            return None;
        }
        Some(Self {
            digits: format!("{whole}{fraction}").parse().ok()?,
            places: u32::try_from(fraction.len()).ok()?,
        })
    }

    fn times(&self, worth: u64) -> Option<u64> {
        let product = u128::from(self.digits) * u128::from(worth);
        u64::try_from(product / 10u128.pow(self.places)).ok()
    }
}

/// The first number of `text`, the letters behind it, and what follows.
fn part(text: &str) -> Option<(Decimal, &str, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    let number = Decimal::parse(number)?;
    let rest = rest.trim_start_matches([' ', '_']);
    let end = rest
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(end);
    Some((number, unit, rest))
}

fn worth(table: &[(&str, u64)], unit: &str) -> Option<u64> {
    let unit = unit.to_ascii_lowercase();
    table
        .iter()
        .find(|(name, _)| *name == unit)
        .map(|(_, worth)| *worth)
}

#[cfg(test)]
mod tests;
