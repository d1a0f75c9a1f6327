//! Settings in layers: the built-in reference, a file, the environment, flags; each later one wins.
//!
//! Everything is a text beside its key until the top of the pile is known. Only then it is read as its kind, with an
//! error that names the place it came from, and handed to the structs of the rooms.

pub(crate) mod keys;
pub(crate) mod value;
pub(crate) mod file;
pub(crate) mod layers;

pub(crate) use layers::{Flags, Settings};
