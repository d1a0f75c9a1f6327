//! The only place that starts a process, and the only one where `unsafe` may stand.
//!
//! A child gets an argument list, an empty environment, a process group of its own, a cage, and its share of the
//! processor. It never gets a shell, a name that came from outside, or a standard input but a file that is lent to
//! it. The two that are no such children are programs of the user's own: `detach` and `player`.

pub mod share;
pub mod cage;
pub mod process;
pub mod escape;
pub mod tools;
pub mod detach;
pub mod player;

pub use cage::Cage;
pub use escape::{Escapes, escapes};
pub use process::{Control, Finished, Heard, Spec};
pub use share::Share;
pub use tools::{Build, Tools, Tried, VmafModel};
