//! Where tests keep their files.

use std::path::Path;
use tempfile::TempDir;

/// A directory that goes away with the test: in memory where there is such a place, because thousands of synced
/// commits on a disk take minutes and prove nothing more about order and contents.
pub(crate) fn quick() -> TempDir {
    let memory = Path::new("/dev/shm");
    tempfile::tempdir_in(memory)
        .or_else(|_| tempfile::tempdir())
        .expect("a directory can be made")
}
