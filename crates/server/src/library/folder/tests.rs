use super::*;
use rustix::io::Errno;
use std::fs;
use std::os::unix::fs::symlink;

#[test]
fn only_videos_in_the_folder_are_found_and_opened() {
    let place = tempfile::tempdir().unwrap();
    let inside = place.path().join("films");
    fs::create_dir_all(inside.join("a/b")).unwrap();
    fs::write(place.path().join("secret.mp4"), "s").unwrap();
    for name in [
        "one.MP4",
        "a/b/two.mkv",
        "a/notes.txt",
        ".hidden.mp4",
        "part.mp4.tmp",
    ] {
        fs::write(inside.join(name), "x").unwrap();
    }
    fs::write(inside.join("empty.mp4"), "").unwrap();
    symlink("../secret.mp4", inside.join("link.mp4")).unwrap();
    symlink("..", inside.join("up")).unwrap();
    rustix::fs::mknodat(CWD, inside.join("pipe.mp4"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    let folder = Folder::new(inside.clone());
    let mut found: Vec<PathBuf> = folder.walk().unwrap().into_iter().map(|f| f.path).collect();
    found.sort();
    assert_eq!(
        found,
        [PathBuf::from("a/b/two.mkv"), PathBuf::from("one.MP4")]
    );
    assert!(folder.open(Path::new("a/b/two.mkv"), Way::Any).is_ok());
    let absolute = inside.join("one.MP4");
    for path in [
        Path::new("link.mp4"),
        Path::new("up/secret.mp4"),
        Path::new("../secret.mp4"),
        Path::new("a/../../secret.mp4"),
        Path::new("pipe.mp4"),
        Path::new("a"),
        &absolute,
    ] {
        for way in [Way::Any, Way::Known] {
            assert!(folder.open(path, way).is_err(), "{path:?}");
        }
    }
}

#[test]
fn a_known_way_leads_to_the_same_file_or_nowhere() {
    let place = tempfile::tempdir().unwrap();
    fs::create_dir(place.path().join("a")).unwrap();
    let path = Path::new("a/one.mp4");
    fs::write(place.path().join(path), "one").unwrap();
    let folder = Folder::new(place.path().to_owned());
    let file = folder.open(path, Way::Any).unwrap();
    let again = [
        folder.open(path, Way::Known),
        open_known(&place.path().join(path)),
    ];
    for again in again {
        // Old kernels do not know what is asked, and some kinds of disks want to be asked each time.
        match again {
            Ok(again) => assert_eq!(Stamp::of(&again).unwrap(), Stamp::of(&file).unwrap()),
            Err(error) => assert!(
                matches!(
                    Errno::from_io_error(&error),
                    Some(Errno::AGAIN | Errno::INVAL)
                ),
                "{error}"
            ),
        }
    }
    fs::remove_file(place.path().join(path)).unwrap();
    assert!(folder.open(path, Way::Known).is_err());
}

#[test]
fn depth_is_bounded() {
    let place = tempfile::tempdir().unwrap();
    let deep: PathBuf = (0..=limits::DEPTH).map(|_| "d").collect();
    fs::create_dir_all(place.path().join(&deep)).unwrap();
    fs::write(place.path().join(&deep).join("far.mp4"), "x").unwrap();
    let near = deep.parent().unwrap().join("near.mp4");
    fs::write(place.path().join(&near), "x").unwrap();
    let found = Folder::new(place.path().to_owned()).walk().unwrap();
    assert_eq!(
        found.into_iter().map(|f| f.path).collect::<Vec<_>>(),
        [near]
    );
}
