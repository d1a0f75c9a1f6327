//! QR codes on a terminal: two rows of squares in a line of half blocks.

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

#[cfg(test)]
mod tests {
    use super::*;

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
