//! QR codes on a terminal: two rows of squares in a line of half blocks.

use crate::terminal::{has_colours, is_unicode};
use qrcode::{Color, EcLevel, QrCode};

/// Squares of light around it, without which no reader finds it.
const MARGIN: usize = 2;

/// The lines of a code with dark squares as blocks, to be shown dark on light. `None` for more than a code holds.
#[must_use]
pub(crate) fn lines(text: &str) -> Option<Vec<String>> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let (width, squares) = (code.width(), code.to_colors());
    let is_dark = |x: usize, y: usize| {
        let inside = |at: usize| at.checked_sub(MARGIN).filter(|at| *at < width);
        let at = inside(x).zip(inside(y));
        at.is_some_and(|(x, y)| squares[y * width + x] == Color::Dark)
    };
    let size = width + 2 * MARGIN;
    let square = |x: usize, y: usize| match (is_dark(x, y), is_dark(x, y + 1)) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    };
    let rows = (0..size).step_by(2);
    Some(
        rows.map(|y| (0..size).map(|x| square(x, y)).collect())
            .collect(),
    )
}

/// The same for standard error as it is here: in black on white where there are colours, so that a camera finds it on a dark
/// ground; or the sentence that says why there is none.
#[must_use]
pub(crate) fn drawn(text: &str) -> Vec<String> {
    if !is_unicode(|name| std::env::var(name).ok()) {
        return vec!["a code is drawn only where the locale is UTF-8 (LC_ALL, LANG)".into()];
    }
    let (light, plain) = match has_colours() {
        true => ("\u{1b}[30;107m", "\u{1b}[0m"),
        false => ("", ""),
    };
    let lines = lines(text).unwrap_or_default();
    let lines = lines.iter().map(|line| format!("{light}{line}{plain}"));
    lines.collect()
}

/// What a camera reads of such lines.
#[cfg(test)]
pub(crate) fn read(lines: &[&str]) -> String {
    let rows: Vec<Vec<char>> = lines.iter().map(|line| line.chars().collect()).collect();
    let is_dark = |x: usize, y: usize| {
        let half = rows[y / 2][x];
        half == '█' || half == if y.is_multiple_of(2) { '▀' } else { '▄' }
    };
    let (side, tall) = (rows[0].len(), 2 * rows.len());
    let dark: Vec<(usize, usize)> = (0..tall)
        .flat_map(|y| (0..side).map(move |x| (x, y)))
        .filter(|(x, y)| is_dark(*x, *y))
        .collect();
    let left = dark.iter().map(|(x, _)| *x).min().unwrap();
    let right = dark.iter().map(|(x, _)| *x).max().unwrap();
    let top = dark.iter().map(|(_, y)| *y).min().unwrap();
    let size = right - left + 1;
    let grid = rqrr::SimpleGrid::from_func(size, |x, y| is_dark(left + x, top + y));
    rqrr::Grid::new(grid).decode().unwrap().1
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// The vectors that people compare by, of terminals and pages.
    fn vectors() -> Value {
        let text = include_str!("../../chat/vectors/safety.json");
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn what_is_drawn_is_read_as_the_number() {
        let vectors = vectors();
        for case in vectors["cases"].as_array().unwrap() {
            let digits = case["number"].as_str().unwrap().replace(' ', "");
            let lines = lines(&digits).unwrap();
            assert_eq!((lines[0].chars().count(), lines.len()), (29, 15));
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            assert_eq!(read(&lines), digits);
        }
    }

    /// The page may choose another mask; what is in its code is the same.
    #[test]
    fn the_code_of_the_page_is_read_as_the_same_number() {
        let vectors = vectors();
        let case = &vectors["cases"][0];
        let rows: Vec<&str> = case["page_code"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row.as_str().unwrap())
            .collect();
        let grid = rqrr::SimpleGrid::from_func(rows.len(), |x, y| rows[y].as_bytes()[x] == b'1');
        let (about, text) = rqrr::Grid::new(grid).decode().unwrap();
        assert_eq!(about.version, rqrr::Version(2));
        assert_eq!(text, case["number"].as_str().unwrap().replace(' ', ""));
    }

    #[test]
    fn a_code_has_its_three_corners_and_light_around_it() {
        let lines = lines("KINORA-LINK-AFAY-KIZA").unwrap();
        let width = lines[0].chars().count();
        assert!(lines.iter().all(|line| line.chars().count() == width));
        assert_eq!(lines.len(), width.div_ceil(2));
        assert!(lines[0].trim().is_empty());
        let corner = lines[1].trim();
        assert!(
            corner.starts_with("█▀▀▀▀▀█") && corner.ends_with("█▀▀▀▀▀█"),
            "{corner}"
        );
        assert!(
            lines[width / 2 - 2].starts_with("  █ ███ █")
                || lines[width / 2 - 3].starts_with("  █ ███ █")
        );
        assert_eq!(super::lines(&"x".repeat(5_000)), None);
    }
}
