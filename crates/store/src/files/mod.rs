//! The files of tasks in one directory tree of a local disk.
//!
//! ```text
//! <root>/lock                 held by the one server that uses this tree
//! <root>/incoming/<id>        an upload that is not whole; its space is allocated, its size says nothing
//! <root>/inputs/<id>          a whole input
//! <root>/work/<id>.<attempt>/ where one attempt writes
//! <root>/work/<id>.keep/      what its task's next attempt can go on from
//! <root>/results/<id>         a whole result
//! ```
//! A name under `inputs` or `results` appears by rename (or hard link) after its bytes have been synced, and is
//! acknowledged after its directory has. All paths are opened relative to held directories and follow no link.

mod directory;
mod lock;
mod tree;

pub use tree::Tree;

#[cfg(test)]
mod tests;
