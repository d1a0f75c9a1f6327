//! What to do to a video, as data.
//!
//! From what a file is (`probe`, `info`), what the installed FFmpeg can do (`capability`) and what was asked for
//! (`operation`) comes a `plan`: argument lists, and what the result must be. `progress` and `diagnosis` read what
//! FFmpeg prints while and after it runs. Nothing here touches a file, a clock or a process; `jobs` does.

#![deny(missing_docs)]

pub mod limits;
pub mod fault;
pub mod info;
pub mod accept;
pub mod capability;
pub mod plan;
pub mod probe;
pub mod operation;
pub mod ladder;
pub mod storyboard;
pub mod subtitles;
pub mod quality;
pub mod progress;
pub mod diagnosis;

pub use accept::Accept;
pub use capability::Capabilities;
pub use fault::Fault;
pub use info::MediaInfo;
pub use operation::Operation;
pub use plan::{Argument, Context, Expectation, Plan, Step};
