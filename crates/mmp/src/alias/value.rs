//! Values in the forms in which clients write them, as canonical JSON values.
//!
//! Each reader returns `None` for what it doesn't understand.

use serde_json::{Number, Value};

/// Longest time that is read, seconds: over thirty years, so that sums can't lose precision.
const MAX_SECONDS: f64 = 1e9;

/// A number, or a string that is one. Whole numbers come out as JSON integers.
#[must_use]
pub fn number(sent: &Value) -> Option<Number> {
    match sent {
        Value::Number(number) => from_f64(number.as_f64()?).or_else(|| Some(number.clone())),
        Value::String(text) => from_text(text.trim()),
        _ => None,
    }
}

/// A whole number, or a string that is one.
#[must_use]
pub fn integer(sent: &Value) -> Option<i64> {
    number(sent)?.as_i64()
}

/// A whole number of bytes or the like, never negative. Exact for all 64 bits.
#[must_use]
pub fn unsigned(sent: &Value) -> Option<u64> {
    match sent {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Seconds: `5`, `"5.5"`, `"00:10"`, `"00:00:10.5"`.
#[must_use]
pub fn seconds(sent: &Value) -> Option<Number> {
    let seconds = match sent {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => clock(text.trim())?,
        _ => return None,
    };
    (0.0..=MAX_SECONDS)
        .contains(&seconds)
        .then(|| from_f64(seconds))
        .flatten()
}

/// Width and height: `"1280x720"`, `"1280:720"`, `"1280*720"`.
#[must_use]
pub fn width_and_height(sent: &str) -> Option<(u64, u64)> {
    let (width, height) = sent.split_once(['x', 'X', '×', ':', '*'])?;
    Some((digits(width.trim())?, digits(height.trim())?))
}

/// The name of a size in one spelling: `"720P"`, `"720"` and `"HD"` are `"720p"`.
#[must_use]
pub fn named_size(sent: &str) -> String {
    let name = sent.trim().to_lowercase();
    match name.as_str() {
        "uhd" | "2160p" => "4k".into(),
        "qhd" | "2k" => "1440p".into(),
        "fhd" | "full_hd" | "full hd" | "fullhd" => "1080p".into(),
        "hd" => "720p".into(),
        "sd" => "480p".into(),
        _ if digits(&name).is_some_and(|lines| lines >= 100) => format!("{name}p"),
        _ => name,
    }
}

/// A ratio as `"16:9"`, from `"16/9"`, `"16x9"` or `"16 : 9"`.
#[must_use]
pub fn ratio(sent: &str) -> Option<String> {
    let (width, height) = sent.split_once([':', '/', 'x', 'X', '×'])?;
    let is_number = |text: &str| plain_decimal(text).is_some();
    let (width, height) = (width.trim(), height.trim());
    (is_number(width) && is_number(height)).then(|| format!("{width}:{height}"))
}

/// A number with a unit: `"8MB"`, `"8 MiB"`, `"128k"`, `"192kbps"`. K, M and G are powers of 1000,
/// Ki, Mi and Gi of 1024.
#[must_use]
pub fn with_unit(sent: &str) -> Option<u64> {
    let text = sent.trim().to_ascii_lowercase();
    let split = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let amount = plain_decimal(&text[..split])?;
    let unit = text[split..].trim();
    let unit = ["bytes", "byte", "bps", "bit/s", "b/s", "b"]
        .iter()
        .find_map(|end| unit.strip_suffix(end))
        .unwrap_or(unit);
    let factor: u64 = match unit {
        "" => 1,
        "k" => 1000,
        "m" => 1_000_000,
        "g" => 1_000_000_000,
        "ki" => 1 << 10,
        "mi" => 1 << 20,
        "gi" => 1 << 30,
        _ => return None,
    };
    let whole = (amount * factor as f64).round();
    (whole < u64::MAX as f64).then_some(whole as u64)
}

/// A boolean, also as a string or as 0 and 1.
#[must_use]
pub fn flag(sent: &Value) -> Option<bool> {
    match sent {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => [Some(false), Some(true)]
            .get(usize::try_from(number.as_u64()?).ok()?)
            .copied()?,
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(true),
            "false" | "no" | "off" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// `[[hours:]minutes:]seconds`; only the first part may pass 59.
fn clock(text: &str) -> Option<f64> {
    let mut parts = text.rsplit(':');
    let mut total = plain_decimal(&parts.next()?.replace(',', "."))?;
    let mut last = total;
    for unit in [60.0, 3600.0] {
        let Some(part) = parts.next() else { break };
        if last >= 60.0 {
            return None;
        }
        last = digits(part)? as f64;
        total += last * unit;
    }
    parts.next().is_none().then_some(total)
}

/// Digits with at most one point: no sign, no exponent, no "inf", which `f64` would read as well.
fn plain_decimal(text: &str) -> Option<f64> {
    let allowed = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let starts = text.bytes().next().is_some_and(|b| b.is_ascii_digit());
    (allowed && starts && text.len() <= 20)
        .then(|| text.parse().ok())
        .flatten()
}

fn digits(text: &str) -> Option<u64> {
    let allowed = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    allowed.then(|| text.parse().ok()).flatten()
}

fn from_text(text: &str) -> Option<Number> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text),
    };
    from_f64(sign * plain_decimal(rest)?)
}

/// A JSON number; an integer if it is whole, as long as a double counts exactly.
fn from_f64(value: f64) -> Option<Number> {
    const EXACT: f64 = (1u64 << 53) as f64;
    match value {
        whole if whole.fract() == 0.0 && whole.abs() < EXACT => Some(Number::from(whole as i64)),
        huge if huge.abs() >= EXACT => None,
        other => Number::from_f64(other),
    }
}
