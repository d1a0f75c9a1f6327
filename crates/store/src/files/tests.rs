//! What only this backend can get wrong: modes, links, locks and the order of its directories.
//! The contract itself is tested by the suite.

use super::Tree;
use crate::contract::{Blobs, Owners};
use crate::{Fault, TaskId};
use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink};
use tempfile::TempDir;

fn tree() -> (TempDir, Tree) {
    let directory = tempfile::tempdir().unwrap();
    let tree = Tree::open(&directory.path().join("data")).unwrap();
    (directory, tree)
}

#[test]
fn two_servers_never_share_a_tree() {
    let (directory, tree) = tree();
    let root = directory.path().join("data");
    let fault = Tree::open(&root).err().unwrap();
    assert!(matches!(fault, Fault::Conflict { .. }));
    let text = format!(
        "data directory is in use by another server: {}",
        root.display()
    );
    assert_eq!(fault.to_string(), text);
    drop(tree);
    Tree::open(&root).unwrap();
}

#[test]
fn everything_is_its_owners_only() {
    let (directory, tree) = tree();
    let id = TaskId::random();
    tree.create_incoming(&id, 1).unwrap();
    let work = tree.create_work(&id, 1).unwrap();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let root = directory.path().join("data");
    for part in ["", "incoming", "inputs", "work", "results"] {
        assert_eq!(mode(root.join(part)), 0o700, "{part}");
    }
    assert_eq!(mode(work.clone()), 0o700);
    assert_eq!(mode(tree.keep(&id).unwrap()), 0o700);
    assert_eq!(mode(root.join("incoming").join(id.as_str())), 0o600);
    fs::write(work.join("out.mp4"), "x").unwrap();
    tree.commit_result(&id, &work.join("out.mp4")).unwrap();
    assert_eq!(mode(root.join("results").join(id.as_str())), 0o600);
}

#[test]
fn space_is_reserved_before_the_first_byte() {
    let (_directory, tree) = tree();
    let length = 1 << 20;
    let file = tree.create_incoming(&TaskId::random(), length).unwrap();
    let metadata = file.metadata().unwrap();
    assert_eq!(metadata.len(), length);
    assert!(
        metadata.blocks() * 512 >= length,
        "{} blocks",
        metadata.blocks()
    );
}

#[test]
fn more_than_the_disk_has_is_refused_and_leaves_nothing() {
    let (directory, tree) = tree();
    let id = TaskId::random();
    let fault = tree.create_incoming(&id, 1 << 60).err().unwrap();
    assert!(
        matches!(fault, Fault::Full { wanted, .. } if wanted == 1 << 60),
        "{fault}"
    );
    let incoming = directory.path().join("data/incoming");
    assert_eq!(fs::read_dir(incoming).unwrap().count(), 0);
}

#[test]
fn a_link_is_no_result() {
    let (directory, tree) = tree();
    let id = TaskId::random();
    let secret = directory.path().join("secret");
    fs::write(&secret, "not yours").unwrap();
    let work = tree.create_work(&id, 1).unwrap();
    symlink(&secret, work.join("out")).unwrap();
    symlink(directory.path(), work.join("deep")).unwrap();
    for made in ["out", "deep/secret"] {
        let fault = tree.commit_result(&id, &work.join(made)).err().unwrap();
        assert!(matches!(fault, Fault::Conflict { .. }), "{made}: {fault}");
    }
    assert!(matches!(tree.open_result(&id), Err(Fault::Missing { .. })));
    assert_eq!(fs::read_to_string(secret).unwrap(), "not yours");
}

#[test]
fn a_result_comes_from_its_own_work_directory() {
    let (directory, tree) = tree();
    let (id, other) = (TaskId::random(), TaskId::random());
    let work = tree.create_work(&id, 1).unwrap();
    let foreign = tree.create_work(&other, 1).unwrap();
    fs::write(foreign.join("out"), "theirs").unwrap();
    fs::write(directory.path().join("out"), "outside").unwrap();
    let root = directory.path().join("data");
    for made in [
        foreign.join("out"),
        work.join("..")
            .join(foreign.file_name().unwrap())
            .join("out"),
        directory.path().join("out"),
        work.clone(),
        root.join("work"),
        "out".into(),
    ] {
        let fault = tree.commit_result(&id, &made).err().unwrap();
        assert!(
            matches!(fault, Fault::Conflict { .. }),
            "{}: {fault}",
            made.display()
        );
    }
}

#[test]
fn nothing_is_kept_behind_a_link() {
    let (directory, tree) = tree();
    let id = TaskId::random();
    let place = directory.path().join(format!("data/work/{id}.keep"));
    symlink(directory.path(), &place).unwrap();
    assert!(matches!(tree.keep(&id), Err(Fault::Conflict { .. })));
    // The link goes, and what it leads to stays.
    tree.remove(&id).unwrap();
    assert!(!place.is_symlink() && directory.path().exists());
    tree.keep(&id).unwrap();
}

#[test]
fn what_is_kept_is_there_after_a_restart() {
    let (directory, tree) = tree();
    let id = TaskId::random();
    fs::write(tree.keep(&id).unwrap().join("chunk"), "encoded").unwrap();
    drop(tree);
    let tree = Tree::open(&directory.path().join("data")).unwrap();
    assert_eq!(tree.sweep(&working(&[&id])).unwrap(), 0);
    let chunk = tree.keep(&id).unwrap().join("chunk");
    assert_eq!(fs::read(chunk).unwrap(), b"encoded");
}

#[test]
fn a_pipe_is_no_result_and_nobody_waits_for_it() {
    let (_directory, tree) = tree();
    let id = TaskId::random();
    let pipe = tree.create_work(&id, 1).unwrap().join("out");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    assert!(matches!(
        tree.commit_result(&id, &pipe),
        Err(Fault::Conflict { .. })
    ));
}

#[test]
fn the_input_and_the_result_it_became_are_one_file_until_it_is_removed() {
    let (directory, tree) = tree();
    let id = TaskId::random();
    let file = tree.create_incoming(&id, 5).unwrap();
    file.write_all_at(b"movie", 0).unwrap();
    tree.commit_incoming(&id).unwrap();
    tree.keep_input_as_result(&id).unwrap();
    let result = directory.path().join("data/results").join(id.as_str());
    assert_eq!(fs::metadata(&result).unwrap().nlink(), 2);
    tree.remove_input(&id).unwrap();
    assert_eq!(fs::read(result).unwrap(), b"movie");
}

#[test]
fn names_that_cannot_be_ours_are_swept_away() {
    let (directory, tree) = tree();
    let id = TaskId::random();
    let root = directory.path().join("data");
    fs::write(root.join("inputs/notes.txt"), "").unwrap();
    fs::create_dir_all(root.join("results/deep/er")).unwrap();
    fs::write(root.join(format!("results/{id}.copy")), "").unwrap();
    fs::create_dir(root.join(format!("work/{id}"))).unwrap();
    fs::create_dir(root.join(format!("work/{id}.x"))).unwrap();
    fs::create_dir(root.join("work/some.keep")).unwrap();
    symlink("/", root.join("work/link")).unwrap();
    tree.create_work(&id, 7).unwrap();
    tree.create_incoming(&id, 3).unwrap();
    assert_eq!(tree.sweep(&working(&[&id])).unwrap(), 7);
    assert_eq!(tree.sweep(&working(&[&id])).unwrap(), 0);
    tree.open_incoming(&id).unwrap();
    assert_eq!(tree.sweep(&working(&[])).unwrap(), 2);
}

/// Those that have not ended.
fn working(ids: &[&TaskId]) -> Owners {
    Owners {
        working: ids.iter().copied().cloned().collect(),
        finished: Vec::new(),
    }
}
