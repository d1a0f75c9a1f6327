//! What "near the original" means, in numbers.

use super::report::Levels;
use crate::operation::compress::Quality;

impl Levels {
    /// The levels of a wish. A mean hides a bad scene, and a scene a bad second, so all three are promised.
    pub fn of(quality: Quality) -> Self {
        let (mean, scene, worst5) = match quality {
            Quality::NearOriginal => (95.0, 93.0, 90.0),
            Quality::Balanced => (92.0, 89.0, 86.0),
            Quality::Small => (86.0, 82.0, 78.0),
        };
        Self {
            mean,
            scene,
            worst5,
        }
    }
}
