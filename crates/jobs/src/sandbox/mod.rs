//! The only place that starts a process, and the only one where `unsafe` may stand.
//!
//! A child gets an argument list, an empty environment, a process group of its own, a cage, and its share of the
//! processor. It never gets a shell, standard input, or a name that came from outside.

pub mod share;
pub mod cage;
pub mod process;
pub mod escape;
pub mod tools;
pub mod detach;

pub use cage::Cage;
pub use escape::{Escapes, escapes};
pub use process::{Control, Finished, Heard, Spec};
pub use share::Share;
pub use tools::{Build, Tools, Tried, VmafModel};
