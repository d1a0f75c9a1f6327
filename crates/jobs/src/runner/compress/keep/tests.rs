//! What is found again, what is not, and what a failure leaves.

use super::*;
use crate::runner::{Wish, failed};
use tempfile::TempDir;

/// A directory with one chunk, `a`, noted as 7.
fn kept() -> (TempDir, Keep) {
    let place = tempfile::tempdir().unwrap();
    let keep = Keep::open(place.path(), "recipe 1").unwrap();
    take(&keep, "a", 7);
    (place, keep)
}

fn take(keep: &Keep, name: &str, note: u32) {
    let part = keep.path("part");
    fs::write(&part, "encoded").unwrap();
    let file = format!("{name}.mp4");
    keep.take(&part, &file, name, &note).unwrap();
}

fn again(place: &TempDir) -> Keep {
    Keep::open(place.path(), "recipe 1").unwrap()
}

fn names(place: &TempDir) -> Vec<String> {
    let paths = files(place.path()).unwrap();
    let name = |path: PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    let mut names: Vec<_> = paths.into_iter().map(name).collect();
    names.sort();
    names
}

#[test]
fn what_was_noted_is_found_again() {
    let (place, keep) = kept();
    keep.write("score", &vec![1.5f32]).unwrap();
    let later = again(&place);
    assert_eq!(later.read::<u32>("a"), Some(7));
    assert_eq!(later.read::<Vec<f32>>("score"), Some(vec![1.5]));
    assert_eq!(later.read::<u32>("b"), None);
    assert_eq!(fs::read(later.path("a.mp4")).unwrap(), b"encoded");
}

#[test]
fn another_recipe_begins_empty() {
    let (place, _) = kept();
    let other = Keep::open(place.path(), "recipe 2").unwrap();
    assert_eq!(other.read::<u32>("a"), None);
    assert_eq!(names(&place), [RECIPE]);
    assert!(!other.is_resumed);
}

#[test]
fn what_has_no_note_is_scratch() {
    let (place, _) = kept();
    for name in [
        "b.mp4",
        "b.part",
        "c.json.part",
        "score-all-a.csv",
        "list.txt",
    ] {
        fs::write(place.path().join(name), "half").unwrap();
    }
    assert!(again(&place).is_resumed);
    assert_eq!(names(&place), ["a.json", "a.mp4", RECIPE]);
}

#[test]
fn no_damage_is_believed() {
    let check = |name: &str, damage: fn(&mut Vec<u8>)| {
        let (place, _) = kept();
        let path = place.path().join(name);
        let mut bytes = fs::read(&path).unwrap();
        damage(&mut bytes);
        fs::write(path, bytes).unwrap();
        assert_eq!(again(&place).read::<u32>("a"), None, "{name}");
    };
    for name in ["a.mp4", "a.json"] {
        check(name, |bytes| bytes.truncate(bytes.len() / 2));
        check(name, Vec::clear);
        check(name, |bytes| bytes.fill(0));
        check(name, |bytes| *bytes.last_mut().unwrap() ^= 1);
    }
    // A number that is as good as the right one.
    check("a.json", |bytes| {
        let digit = bytes.iter().rposition(|&byte| byte == b'7').unwrap();
        bytes[digit] = b'8';
    });
}

#[test]
fn a_note_outlives_its_file() {
    let (place, keep) = kept();
    keep.forget("a.mp4");
    let later = again(&place);
    assert_eq!(later.read::<u32>("a"), None);
    assert_eq!(later.recall::<u32>("a"), Some(7));
}

#[test]
fn what_came_of_old_files_is_tried_once_more() {
    let (place, first) = kept();
    let unsound = || failed("result_unsound", "it does not decode");
    assert_eq!(first.after(unsound()), unsound(), "all of it was made now");
    let second = again(&place);
    let Stop::Failed { problem, transient } = second.after(unsound()) else {
        panic!("it has failed");
    };
    assert_eq!((problem.code.as_str(), transient), ("result_unsound", true));
    assert_eq!(names(&place), Vec::<String>::new());
    assert_eq!(again(&place).after(unsound()), unsound(), "for good");
}

#[test]
fn what_is_not_the_files_fault_leaves_them() {
    let (place, _) = kept();
    let keep = again(&place);
    for stop in [
        Stop::Asked(Wish::Drain),
        failed("target_too_small", "it does not fit"),
        machine("ffmpeg", &io::ErrorKind::NotFound.into()),
    ] {
        assert_eq!(keep.after(stop.clone()), stop);
    }
    assert_eq!(keep.read::<u32>("a"), Some(7));
}

#[test]
fn a_full_disk_is_emptied() {
    let (place, keep) = kept();
    let full = machine("a chunk", &Errno::NOSPC.into());
    assert_eq!(keep.after(full.clone()), full);
    assert_eq!(names(&place), Vec::<String>::new());
}
