//! Measurements. Each one is a file in `bench/`, and its numbers stand in docs/benchmarks.md.

use crate::tree::Tree;
use anyhow::{Result, bail};

/// Runs the measurements that are named, or all.
pub(crate) fn run(_tree: &Tree, _names: &[&str]) -> Result<()> {
    bail!("there are no measurements yet")
}
