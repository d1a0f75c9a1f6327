//! Names, and what is there when something goes wrong.

use super::*;
use std::io::Write;

#[test]
fn o_is_a_file_or_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let new = dir.path().join("new");
    let slashed = PathBuf::from(format!("{}/made/", dir.path().display()));
    assert_eq!(Target::of(None, true), Ok(Target::Beside));
    assert_eq!(
        Target::of(Some(dir.path()), false),
        Ok(Target::Directory(dir.path().into()))
    );
    assert_eq!(Target::of(Some(&new), false), Ok(Target::File(new.clone())));
    assert_eq!(
        Target::of(Some(&slashed), false),
        Ok(Target::Directory(slashed))
    );
    assert_eq!(
        Target::of(Some(&new), true),
        Ok(Target::Directory(new.clone()))
    );
    assert!(new.is_dir());
    let file = dir.path().join("file");
    std::fs::write(&file, "x").unwrap();
    assert_eq!(Target::of(Some(&file), true).unwrap_err().exit, Exit::File);
}

#[test]
fn results_are_told_apart() {
    let marks = |target: &Target, paths: &[&str]| {
        let inputs = target.tell_apart(paths.iter().map(PathBuf::from).collect());
        inputs
            .map(|inputs| {
                inputs
                    .iter()
                    .map(|input| input.ambiguous)
                    .collect::<Vec<_>>()
            })
            .map_err(|f| f.code)
    };
    let into = Target::Directory("out".into());
    assert_eq!(
        marks(&Target::Beside, &["a.mp4", "a.mov", "b.mp4"]),
        Ok(vec![true, true, false])
    );
    assert_eq!(
        marks(&Target::Beside, &["x/a.mp4", "y/a.mp4"]),
        Ok(vec![false, false])
    );
    assert_eq!(marks(&into, &["x/a.mp4", "y/a.mov"]), Ok(vec![true, true]));
    assert_eq!(
        marks(&into, &["x/a.mp4", "y/a.mp4"]),
        Err("same_output".into())
    );
}

fn place(dir: &Path) -> Place {
    Place {
        target: Target::Beside,
        input: Input {
            path: dir.join("in.mp4"),
            ambiguous: false,
        },
        word: Word("compressed"),
    }
}

fn found() -> Found {
    Found {
        task_id: "t".into(),
        extension: "mp4".into(),
        size: None,
    }
}

fn listing(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = dir
        .read_dir()
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_result_appears_whole_and_not_before() {
    let dir = tempfile::tempdir().unwrap();
    let mut output = Output::new(place(dir.path()), false, Leftovers::default());
    output.open(&found()).unwrap().write_all(b"result").unwrap();
    let names = listing(dir.path());
    assert_eq!(names.len(), 1);
    assert!(
        names[0].starts_with(".in.compressed.mp4.part-"),
        "{names:?}"
    );
    output.appear().unwrap();
    assert_eq!(listing(dir.path()), ["in.compressed.mp4"]);
    assert_eq!(std::fs::read(output.path()).unwrap(), b"result");
}

#[test]
fn nothing_stays_of_what_was_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let leftovers = Leftovers::default();
    let mut output = Output::new(place(dir.path()), false, leftovers.clone());
    drop(output.open(&found()).unwrap());
    drop(output);
    assert!(listing(dir.path()).is_empty());
    let mut hurried = Output::new(place(dir.path()), false, leftovers.clone());
    drop(hurried.open(&found()).unwrap());
    leftovers.remove();
    assert!(listing(dir.path()).is_empty());
}

#[test]
fn what_appeared_meanwhile_is_not_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("in.compressed.mp4");
    let mut output = Output::new(place(dir.path()), false, Leftovers::default());
    drop(output.open(&found()).unwrap());
    std::fs::write(&path, "mine").unwrap();
    assert_eq!(
        output.appear().unwrap_err().kind(),
        io::ErrorKind::AlreadyExists
    );
    assert_eq!(listing(dir.path()), ["in.compressed.mp4"]);
    assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    let mut forced = Output::new(place(dir.path()), true, Leftovers::default());
    drop(forced.open(&found()).unwrap());
    forced.appear().unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"");
}

#[test]
fn checks_before_the_work() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("in.mp4"), "x").unwrap();
    let code = |target: Target, force: bool| {
        let place = Place {
            target,
            ..place(dir.path())
        };
        Output::new(place, force, Leftovers::default())
            .check(Some("mp4"))
            .map_err(|failure| failure.code)
    };
    assert_eq!(code(Target::Beside, false), Ok(()));
    std::fs::write(dir.path().join("in.compressed.mp4"), "x").unwrap();
    assert_eq!(code(Target::Beside, false), Err("output_exists".into()));
    assert_eq!(code(Target::Beside, true), Ok(()));
    assert_eq!(
        code(Target::File(dir.path().join("in.mp4")), true),
        Err("output_is_input".into())
    );
    assert_eq!(
        code(Target::File(dir.path().join("no/x.mp4")), true),
        Err("unwritable_output".into())
    );
}

#[test]
fn a_servers_ending_cannot_leave_the_directory() {
    assert_eq!(
        place(Path::new("v")).path("../../x"),
        Path::new("v/in.compressed.bin")
    );
}
