//! The files of tasks, and those that people send each other, in one directory tree of a local disk.
//!
//! ```text
//! <root>/lock                 held by the one server that uses this tree
//! <root>/incoming/<id>        an upload that is not whole; its space is allocated, its size says nothing
//! <root>/inputs/<id>          a whole input
//! <root>/work/<id>.<attempt>/ where one attempt writes
//! <root>/work/<id>.keep/      what its task's next attempt can go on from
//! <root>/results/<id>         a whole result
//! <root>/parcels/<id>         a sealed file of people's talk; its record says how much of it is there
//! ```
//! A name under `inputs` or `results` appears by rename (or hard link) after its bytes have been synced, and is
//! acknowledged after its directory has. All paths are opened relative to held directories and follow no link.

mod directory;
mod lock;
mod tree;
mod depot;

pub use depot::Depot;
pub use tree::Tree;

#[cfg(test)]
mod tests;
