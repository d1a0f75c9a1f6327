//! The numbered choices of clients A and C (MMP §3): what each number stands for.
//!
//! The two tables of sizes differ in their third row, so they can't be one.

use serde_json::Value;

use super::value::integer;

const SIZES_OF_A: [(u64, u64); 4] = [(1920, 1080), (1280, 720), (854, 480), (640, 360)];
const SIZES_OF_C: [(u64, u64); 3] = [(1920, 1080), (1280, 720), (640, 480)];
const RATIOS: [&str; 3] = ["16:9", "4:3", "1:1"];
const FITS: [&str; 2] = ["letterbox", "stretch"];

/// Client A's `resolution_choice`.
pub(super) fn size_of_a(sent: &Value) -> Option<(u64, u64)> {
    chosen(&SIZES_OF_A, sent)
}

/// Client C's `size`.
pub(super) fn size_of_c(sent: &Value) -> Option<(u64, u64)> {
    chosen(&SIZES_OF_C, sent)
}

/// Client A's `ratio_choice` and client C's `ratio`.
pub(super) fn ratio(sent: &Value) -> Option<&'static str> {
    chosen(&RATIOS, sent)
}

/// Client C's `fit_mode`.
pub(super) fn fit(sent: &Value) -> Option<&'static str> {
    chosen(&FITS, sent)
}

/// Choices count from 1 and come as numbers or as strings.
fn chosen<T: Copy>(table: &[T], sent: &Value) -> Option<T> {
    let index = usize::try_from(integer(sent)?).ok()?.checked_sub(1)?;
    table.get(index).copied()
}
