//! One form of a request out of all the forms that clients send (MMP §3, §4).
//!
//! [`table`] is the one table of spellings; a new spelling is a word there and nothing else changes.
//! [`value`] reads times, sizes and ratios, [`raw`] refuses FFmpeg arguments, [`resolve`] puts them
//! together: the canonical operation and parameters of docs/protocol.md.
//!
//! Whether a parameter's value is *sensible* is not decided here: what can't be translated is passed
//! on as it is, and the operation itself refuses it by name. So are unknown members of the parameters
//! object. Unknown members at the top level are ignored.

pub mod table;
pub mod value;
pub mod raw;
mod choice;
mod parameter;
mod resolve;

pub use resolve::{Resolved, resolve};
