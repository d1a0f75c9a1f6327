//! The report of a compression, shown: as text for a terminal, as one page for a browser.
//!
//! Pure: a report and what is known of the place where it is shown go in, text comes out. A report comes from a server,
//! so any number in it may be missing or absurd and any text a stranger's: whatever it holds, what is made of it is
//! bounded and harmless.

mod words;
mod curve;
mod chart;
mod text;
mod svg;
mod page;

pub(crate) use page::{Files, Pair, Pictures, page};
pub(crate) use text::text;
pub(crate) use words::{quality, sizes};

/// In which form a report is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Form {
    /// On the terminal
    Text,
    /// As JSON on standard output
    Json,
    /// As a page beside the result
    Html,
}

/// More columns make a chart no clearer.
const WIDEST: usize = 80;
/// Fewer columns hold no table.
const NARROWEST: usize = 40;

/// Where a text is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// Columns.
    pub(crate) width: usize,
    /// Blocks and braille are there.
    pub(crate) unicode: bool,
    /// Colours are wanted.
    pub(crate) colours: bool,
}

impl Look {
    /// For a place of so many columns.
    pub(crate) fn new(width: usize, unicode: bool, colours: bool) -> Self {
        Self {
            width: width.clamp(NARROWEST, WIDEST),
            unicode,
            colours,
        }
    }

    fn one(self, unicode: &'static str, plain: &'static str) -> &'static str {
        if self.unicode { unicode } else { plain }
    }

    /// What a narrow terminal has no room for.
    fn wide(self, text: String) -> String {
        if self.width >= 60 {
            text
        } else {
            String::new()
        }
    }
}

#[cfg(test)]
mod tests;
