//! A disk that is really full: a small file system in memory, mounted where the test may (as root).

use kinora_store::contract::Blobs;
use kinora_store::files::Tree;
use kinora_store::{Fault, TaskId};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system of one MiB; unmounted at the end.
struct Small(tempfile::TempDir);

impl Small {
    /// `Err` says why there is none.
    fn mount() -> Result<Self, String> {
        let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(directory.path())
            .output()
            .map_err(|error| error.to_string())?;
        if !mounted.status.success() {
            return Err(String::from_utf8_lossy(&mounted.stderr).into_owned());
        }
        Ok(Self(directory))
    }

    fn root(&self) -> PathBuf {
        self.0.path().join("data")
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(self.0.path()).status());
    }
}

#[test]
fn a_full_disk_says_so_before_the_first_byte() {
    let small = match Small::mount() {
        Ok(small) => small,
        Err(reason) => return println!("skipped, no small file system can be mounted: {reason}"),
    };
    let tree = Tree::open(&small.root()).unwrap();
    let (first, second) = (TaskId::random(), TaskId::random());
    let file = tree.create_incoming(&first, 600 << 10).unwrap();
    let free = tree.room(0).unwrap();
    assert!(free < 500 << 10, "{free}");

    let refused = tree.create_incoming(&second, 600 << 10).err().unwrap();
    assert!(
        matches!(
            refused,
            Fault::Full {
                wanted: 614_400,
                ..
            }
        ),
        "{refused}"
    );
    assert_eq!(names(&small.root().join("incoming")), [first.to_string()]);
    assert_eq!(
        tree.room(0).unwrap(),
        free,
        "the refused one has left something"
    );

    // The first one was promised its space, whatever else fills the disk.
    let rest = small.root().join("rest");
    let filled = std::fs::write(&rest, vec![1; 2 << 20]);
    assert_eq!(
        filled.err().unwrap().kind(),
        std::io::ErrorKind::StorageFull
    );
    file.write_all_at(&vec![7; 600 << 10], 0).unwrap();
    tree.commit_incoming(&first).unwrap();

    // No place for a copy is needed to keep it, and a result that does not fit leaves no result.
    tree.keep_input_as_result(&first).unwrap();
    let made = tree.create_work(&second, 1).unwrap().join("out");
    std::fs::write(&made, vec![1; 600 << 10]).unwrap_err();
    assert!(matches!(
        tree.open_result(&second),
        Err(Fault::Missing { .. })
    ));
}

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}
