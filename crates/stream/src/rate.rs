//! Bits per second of a rendition, from what is really sent.

use crate::cut::Cut;

/// Rates in bits per second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rates {
    /// The largest of any run of segments that lasts 0.5 to 1.5 target durations (RFC 8216bis, 4.4.6.2, `BANDWIDTH`).
    pub peak: u64,
    /// Of all segments together (`AVERAGE-BANDWIDTH`).
    pub average: u64,
}

/// The target duration in seconds: the longest segment, rounded to the nearest (RFC 8216bis, 4.4.3.1), at least 1.
pub fn target_duration(durations: impl Iterator<Item = (u64, u32)>) -> u64 {
    let rounded = durations.map(|(ticks, timescale)| {
        let scale = u64::from(timescale.max(1));
        ticks.saturating_add(scale / 2) / scale
    });
    rounded.max().unwrap_or(1).max(1)
}

impl Rates {
    /// Rates of these segments.
    pub fn of(cuts: &[Cut], timescale: u32) -> Self {
        let scale = u128::from(timescale);
        let target = target_duration(cuts.iter().map(|cut| (cut.duration, timescale)));
        let target = u128::from(target) * scale;
        let mut peak = 0;
        for begin in 0..cuts.len() {
            let mut run = (0, 0);
            for cut in &cuts[begin..] {
                run = (
                    run.0 + u128::from(cut.bytes),
                    run.1 + u128::from(cut.duration),
                );
                if run.1 * 2 > target * 3 {
                    break;
                }
                if run.1 * 2 >= target {
                    peak = peak.max(per_second(run, scale));
                }
            }
        }
        let all = cuts.iter().fold((0, 0), |(bytes, ticks), cut| {
            (
                bytes + u128::from(cut.bytes),
                ticks + u128::from(cut.duration),
            )
        });
        let average = per_second(all, scale);
        Self {
            peak: peak.max(average),
            average,
        }
    }

    /// Both together, as a player reads a picture with its sound.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            peak: self.peak.saturating_add(other.peak),
            average: self.average.saturating_add(other.average),
        }
    }

    /// The larger of each.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            peak: self.peak.max(other.peak),
            average: self.average.max(other.average),
        }
    }
}

fn per_second((bytes, ticks): (u128, u128), scale: u128) -> u64 {
    let bits = (bytes * 8 * scale).div_ceil(ticks.max(1));
    u64::try_from(bits).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(segments: &[(u64, u64)], peak: u64, average: u64) {
        let cut = |&(duration, bytes): &(u64, u64)| Cut {
            first: 0,
            count: 1,
            start: 0,
            duration,
            bytes,
        };
        let cuts: Vec<Cut> = segments.iter().map(cut).collect();
        assert_eq!(Rates::of(&cuts, 1000), Rates { peak, average });
    }

    #[test]
    fn the_peak_is_that_of_runs_near_the_target() {
        check(&[(2000, 250), (2000, 500), (2000, 250)], 2000, 1334);
        // Too short to count alone: a tenth of a second at the end.
        check(&[(2000, 1000), (100, 1000)], 7620, 7620);
        check(&[(6000, 6000), (2000, 6000), (2000, 500)], 13_000, 10_000);
        check(&[], 0, 0);
    }
}
