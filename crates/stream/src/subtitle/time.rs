//! The line of times that begins a cue.

/// Words of settings that are passed on (WebVTT, 6.3); regions belong to a head that is not.
const SETTINGS: [&str; 5] = ["vertical", "line", "position", "size", "align"];
/// Letters of one setting: `position:12.5%,line-left` has 25.
const SETTING: usize = 32;

/// When a cue appears and goes, in milliseconds, and where it is shown; `None` for a line of another kind.
pub(super) fn span(line: &str) -> Option<(u64, u64, String)> {
    let (begin, rest) = line.split_once("-->")?;
    let mut words = rest.split_whitespace();
    let end = words.next()?;
    let span = (milliseconds(begin.trim())?, milliseconds(end)?);
    let settings: Vec<&str> = words.filter(|word| is_setting(word)).take(5).collect();
    Some((span.0, span.1, settings.join(" ")))
}

fn is_setting(word: &str) -> bool {
    let Some((name, value)) = word.split_once(':') else {
        return false;
    };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.,%".contains(&byte);
    SETTINGS.contains(&name)
        && !value.is_empty()
        && word.len() <= SETTING
        && value.bytes().all(is_plain)
}

/// `01:02:03.004`, with or without hours; SubRip has a comma.
fn milliseconds(text: &str) -> Option<u64> {
    let (clock, fraction) = text.split_once(['.', ','])?;
    let mut parts = clock.rsplit(':');
    let (seconds, minutes) = (number(parts.next()?)?, number(parts.next()?)?);
    let hours = parts.next().map_or(Some(0), number)?;
    if parts.next().is_some() || seconds > 59 || minutes > 59 {
        return None;
    }
    let digits = fraction.len();
    // `.5` is half a second, as people mean it.
    let fraction = number(fraction)? * 10_u64.pow(3_u32.checked_sub(u32::try_from(digits).ok()?)?);
    Some(((hours * 60 + minutes) * 60 + seconds) * 1000 + fraction)
}

/// Up to four digits, so that nothing overflows.
fn number(text: &str) -> Option<u64> {
    let is_number = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}
