//! What a conversation does over time, as rules without a clock: in which order what the server brings is taken, when
//! keys are renewed, which messages are missing, when receipts go out, and what is done when a message cannot be opened.
//!
//! Each of them is a small state machine that is handed the time. They know nothing of each other, nor of MLS.

mod cursor;
mod pace;
mod ledger;
mod ladder;
mod receipts;

pub use cursor::Cursor;
pub use ladder::{Step, next_step};
pub use ledger::{Gap, Ledger};
pub use pace::Pace;
pub use receipts::Receipts;
