//! What a report says, in the words and numbers that text and page share.

use crate::terminal::printable;
use crate::units::{show_seconds, show_size};
use kinora_media::quality::Report;
use kinora_media::quality::report::{Levels, Measured, Metric, Status};

/// Stands where a number is not known or none.
pub(super) const NOTHING: &str = "-";
/// Characters that are shown of a name.
const NAME: usize = 60;
/// Characters that are shown of a sentence.
const SENTENCE: usize = 600;
/// Times beyond this are damage: no video is a year long.
pub(super) const LONGEST_S: f64 = 31_536_000.0;

/// One level of quality, as it was wanted and as it is.
#[derive(Debug)]
pub(super) struct Level {
    pub(super) name: &'static str,
    pub(super) goal: Option<f64>,
    pub(super) measured: f64,
    /// Where it is, if it is in one place.
    pub(super) at_s: Option<f64>,
}

impl Level {
    /// Whether what is shown as measured reaches what is shown as the goal; `None` without a goal.
    pub(super) fn is_held(&self) -> Option<bool> {
        Some(reaches(self.measured, self.goal?))
    }
}

/// To the tenth that is shown, so that no `93.0` fails a goal of `93.0`.
pub(super) fn reaches(measured: f64, goal: f64) -> bool {
    (measured * 10.0).round() >= (goal * 10.0).round()
}

/// A score with one decimal.
pub(super) fn score(value: f64) -> String {
    if (-1000.0..=1000.0).contains(&value) {
        format!("{value:.1}")
    } else {
        NOTHING.into()
    }
}

/// A goal: as it was said, without a decimal that says nothing.
pub(super) fn goal(value: f64) -> String {
    let text = score(value);
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

/// A constant quality; some encoders take quarters.
pub(super) fn crf(value: f64) -> String {
    if !(-1000.0..=1000.0).contains(&value) {
        return NOTHING.into();
    }
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').into()
}

/// A time in the video: `1:02.5`.
pub(super) fn moment(seconds: f64) -> String {
    if !(0.0..=LONGEST_S).contains(&seconds) {
        return NOTHING.into();
    }
    let tenths = (seconds * 10.0).round() as u64;
    format!("{}.{}", show_seconds(tenths / 10), tenths % 10)
}

/// A frame's time, to the hundredth: `1:02.48`.
pub(super) fn instant(seconds: f64) -> String {
    if !(0.0..=LONGEST_S).contains(&seconds) {
        return NOTHING.into();
    }
    let hundredths = (seconds * 100.0).round() as u64;
    format!("{}.{:02}", show_seconds(hundredths / 100), hundredths % 100)
}

/// A time that something took: `4.1 s`, `3:20`.
fn span(seconds: f64) -> String {
    match seconds {
        s if !(0.0..=LONGEST_S).contains(&s) => NOTHING.into(),
        s if s < 100.0 => format!("{s:.1} s"),
        s => format!("{} min", show_seconds(s.round() as u64)),
    }
}

/// A stranger's name, harmless and not too long.
pub(super) fn name(text: &str) -> String {
    cut(text, NAME)
}

/// A stranger's sentence, harmless and not too long.
pub(super) fn sentence(text: &str) -> String {
    cut(text, SENTENCE)
}

fn cut(text: &str, most: usize) -> String {
    let clean = printable(text.trim());
    match clean.char_indices().nth(most) {
        Some((end, _)) => format!("{}...", &clean[..end]),
        None => clean,
    }
}

/// Text of strangers inside of an element or an attribute.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// `2.4 MB instead of 12.1 MB (80 % less)`.
pub(crate) fn sizes(before: u64, after: u64) -> String {
    format!(
        "{} instead of {} ({})",
        show_size(after),
        show_size(before),
        saving(before, after)
    )
}

/// `80 % less`.
pub(super) fn saving(before: u64, after: u64) -> String {
    let percent = after as f64 / before.max(1) as f64 * 100.0;
    match (before, percent) {
        (0, _) => "of nothing".into(),
        _ if before == after => "as large".into(),
        // Rounded down: a saving is never made larger than it is.
        (_, percent) if percent <= 100.0 => format!("{} % less", (100.0 - percent).floor()),
        (_, percent) => format!("{:.0} % more", (percent - 100.0).min(9999.0).ceil()),
    }
}

/// What the scores are called.
pub(super) fn metric(metric: &Metric) -> String {
    match metric.name.as_str() {
        "vmaf" => "VMAF".into(),
        "xpsnr" => "estimated VMAF".into(),
        "" => "quality".into(),
        other => name(other),
    }
}

/// What a reader must know of the scores: model, viewing condition, caveat; each may be missing.
pub(super) fn about_metric(report: &Report) -> Vec<String> {
    let told = &report.metric;
    let scores = match told.name.as_str() {
        "" => String::new(),
        _ => metric(told),
    };
    let parts = [scores, name(&told.model), sentence(&told.condition)];
    let known: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let lines = [known.join(", "), sentence(&told.caveat)];
    lines.into_iter().filter(|line| !line.is_empty()).collect()
}

/// `VMAF 95.2, worst scene 93.4`; `None` when nothing was measured.
pub(crate) fn quality(report: &Report) -> Option<String> {
    let levels = report.measured?.levels;
    let from = report.ceiling.map_or(String::new(), |mean| {
        format!(", counted from the original's own {}", score(mean))
    });
    Some(format!(
        "{} {}, worst scene {}{from}",
        metric(&report.metric),
        score(levels.mean),
        score(levels.scene)
    ))
}

/// What became of it, in a few words, and why.
pub(super) fn verdict(report: &Report) -> (&'static str, String) {
    let told = sentence(&report.reason);
    let or = |usual: &str| match told.is_empty() {
        true => usual.to_owned(),
        false => told.clone(),
    };
    match report.status {
        Status::Held => (
            "Goal held",
            or("smaller, and every scene is as good as was asked"),
        ),
        Status::BestEffort => (
            "Goal not held",
            or("the best that was possible within what was asked"),
        ),
        Status::KeptOriginal => ("Original kept", or("nothing smaller is as good")),
    }
}

/// The four levels; none when nothing was measured.
pub(super) fn levels(report: &Report) -> Vec<Level> {
    let Some(measured) = &report.measured else {
        return Vec::new();
    };
    let goal = |of: fn(&Levels) -> f64| report.goal.as_ref().map(of);
    let Measured {
        levels,
        worst_second,
        worst_second_at,
        ..
    } = *measured;
    let level = |name, goal, measured| Level {
        name,
        goal,
        measured,
        at_s: None,
    };
    vec![
        level("mean", goal(|l| l.mean), levels.mean),
        level("worst scene", goal(|l| l.scene), levels.scene),
        level("worst 5 %", goal(|l| l.worst5), levels.worst5),
        Level {
            at_s: Some(worst_second_at),
            ..level("worst second", None, worst_second)
        },
    ]
}

/// `av1 by libsvtav1, preset 5, CRF 24 to 34, FFmpeg 9.0.2`.
pub(super) fn encoder(report: &Report) -> String {
    let told = &report.encoder;
    let with = |before: &str, text: &str| match text {
        "" => String::new(),
        text => format!("{before}{}", name(text)),
    };
    let parts = [
        format!("{}{}", name(&told.codec), with(" by ", &told.name)),
        with("preset ", &told.preset),
        rates(report),
        with("FFmpeg ", &told.ffmpeg),
    ];
    let known: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    known.join(", ")
}

/// The constant qualities that were chosen, from the best to the cheapest.
fn rates(report: &Report) -> String {
    let all = report.scenes.iter().map(|scene| scene.crf);
    let ends = all.filter(|crf| crf.is_finite()).fold(None, |ends, crf| {
        let (low, high) = ends.unwrap_or((crf, crf));
        Some((crf.min(low), crf.max(high)))
    });
    match ends {
        None => String::new(),
        Some((low, high)) if crf(low) == crf(high) => format!("CRF {}", crf(low)),
        Some((low, high)) => format!("CRF {} to {}", crf(low), crf(high)),
    }
}

/// What was asked for.
pub(super) fn wish(report: &Report) -> String {
    let wish = &report.wish;
    let words = [
        ("for", &wish.r#for),
        ("quality", &wish.quality),
        ("speed", &wish.speed),
    ];
    let words = words.into_iter().filter(|(_, word)| !word.is_empty());
    let mut parts: Vec<_> = words
        .map(|(option, word)| format!("{option} {}", name(word)))
        .collect();
    parts.extend(
        wish.max_size
            .map(|size| format!("at most {}", show_size(size))),
    );
    parts.join(", ")
}

/// What it cost.
pub(super) fn effort(report: &Report) -> String {
    let effort = &report.effort;
    let probes = match effort.probes {
        1 => "1 probe".to_owned(),
        n => format!("{n} probes"),
    };
    let again = match effort.again {
        0 => String::new(),
        1 => ", 1 scene again".into(),
        n => format!(", {n} scenes again"),
    };
    format!(
        "{probes} ({} frames), search {}, encode {}{again}",
        effort.probe_frames,
        span(effort.search_s),
        span(effort.encode_s),
    )
}

/// What was found out about the footage.
pub(super) fn footage(report: &Report) -> String {
    let words = report
        .footage
        .iter()
        .take(12)
        .map(|word| match word.as_str() {
            "screen" => "screen content".to_owned(),
            "variable_rate" => "variable frame rate".to_owned(),
            "hdr" => "HDR".to_owned(),
            "ten_bit" => "10 bit".to_owned(),
            other => name(other),
        });
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_strangers_is_only_text() {
        assert_eq!(
            escape("<script>alert('1' & \"2\")</script>\u{1b}"),
            "&lt;script&gt;alert(&#39;1&#39; &amp; &quot;2&quot;)&lt;/script&gt;\\u{1b}"
        );
    }
}
