//! What a server says: every answer as a [`crate::frame::Head`] (MMP §2, §4; docs/protocol.md).
//!
//! [`view`] is what the caller tells, [`write`] the JSON made of it. Each answer is shaped by
//! the [`crate::mirror::Mirror`] of the client: names as it sent them, media types in its style, extension
//! members only if it asked for them. An answer always fits into a frame: sentences are cut.

pub mod view;
mod write;

pub use view::{Problem, ResultView, StateView};
pub use write::{
    accepted, cancelled, confirmed, error, error_to, kept, library, pong, received, result,
    resumed, state,
};
