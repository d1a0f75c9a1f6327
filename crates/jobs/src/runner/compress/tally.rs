//! What a compression costs, as it goes.

/// Sums over its children.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// Rounds of trials.
    pub(super) probes: u32,
    /// Frames encoded on trial.
    pub(super) probe_frames: u64,
    /// Processor seconds of looking and searching.
    pub(super) search_cpu_s: f64,
    /// Clock seconds of looking and searching.
    pub(super) search_s: f64,
    /// Scenes that were encoded a second time.
    pub(super) again: u32,
}
