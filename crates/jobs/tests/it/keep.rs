//! What a compression leaves for the next attempt: chunks when it is interrupted, nothing when the disk is full.

use crate::media::{clip, probe, tools};
use kinora_jobs::runner::{Made, Runner, Stop, Task, Watch, Wish};
use kinora_jobs::sandbox::Share;
use kinora_media::operation::Operation;
use kinora_store::contract::Progress;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Three scenes of two seconds that look nothing like each other.
fn scenes() -> PathBuf {
    let inputs = ["testsrc2", "mandelbrot", "smptehdbars"];
    let inputs = inputs.map(|name| format!("{name}=size=320x180:rate=25"));
    let [one, two, three] = inputs.each_ref().map(String::as_str);
    let whole =
        "[0:v]setsar=1[a];[1:v]setsar=1[b];[2:v]setsar=1[c];[a][b][c]concat=n=3,format=yuv420p";
    let mut arguments = Vec::new();
    for scene in [one, two, three] {
        arguments.extend(["-f", "lavfi", "-t", "2", "-i", scene]);
    }
    arguments.extend(["-filter_complex", whole, "-c:v", "libx264"]);
    arguments.extend(["-preset", "ultrafast", "-crf", "4"]);
    clip("keep-three-scenes.mp4", &arguments)
}

/// Two directories on one disk.
struct Place {
    work: PathBuf,
    keep: PathBuf,
}

impl Place {
    fn new(root: &Path) -> Self {
        let place = Self {
            work: root.join("work"),
            keep: root.join("keep"),
        };
        std::fs::create_dir(&place.work).unwrap();
        std::fs::create_dir(&place.keep).unwrap();
        place
    }

    fn compress(&self, room: u64, watch: &mut dyn Watch) -> Result<Made, Stop> {
        let none = serde_json::Map::new();
        let runner = Runner {
            tools: tools(),
            share: &Share::off(),
            threads: 2,
            stall: Duration::from_secs(60),
            time: Duration::from_secs(300),
            file_size: Some(room),
        };
        let task = Task {
            operation: &Operation::from_form("compress", &none).unwrap(),
            extension: None,
            input: &scenes(),
            work: &self.work,
            keep: Some(&self.keep),
        };
        runner.run(&task, watch)
    }

    /// Files that are kept, by their ending.
    fn kept(&self, end: &str) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.keep).unwrap();
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|found| found == end));
        paths.sort();
        paths
    }

    /// The attempt has failed because of the disk, may be repeated, and has left it empty.
    fn check_full(&self, ended: Result<Made, Stop>) {
        let Err(Stop::Failed { problem, transient }) = ended else {
            panic!("{ended:?}");
        };
        assert_eq!((problem.code.as_str(), transient), ("disk_full", true));
        assert_eq!(std::fs::read_dir(&self.keep).unwrap().count(), 0);
    }
}

struct Patient;

impl Watch for Patient {
    fn report(&mut self, _: &Progress) -> Wish {
        Wish::Continue
    }
}

/// A server that stops when this many chunks are noted.
struct Draining<'a>(&'a Place, usize);

impl Watch for Draining<'_> {
    fn report(&mut self, progress: &Progress) -> Wish {
        let chunks = self.0.kept("mp4");
        let noted = chunks
            .iter()
            .filter(|chunk| chunk.with_extension("json").exists());
        if progress.stage == "encoding" && noted.count() >= self.1 {
            return Wish::Drain;
        }
        Wish::Continue
    }
}

#[test]
fn a_damaged_chunk_is_made_again_and_the_others_are_not() {
    let root = tempfile::tempdir().unwrap();
    let place = Place::new(root.path());
    let stopped = place.compress(1 << 30, &mut Draining(&place, 2));
    assert_eq!(stopped, Err(Stop::Asked(Wish::Drain)));
    let chunks = place.kept("mp4");
    let (half, notes) = (&chunks[0], place.kept("json"));
    let bytes = std::fs::read(half).unwrap();
    std::fs::write(half, &bytes[..bytes.len() / 2]).unwrap();
    let scores = notes
        .iter()
        .find(|path| path.to_string_lossy().contains("score"));
    std::fs::write(scores.unwrap(), [0; 100]).unwrap();
    let before: Vec<_> = chunks[1..].iter().map(|path| changed(path)).collect();

    let made = place.compress(1 << 30, &mut Patient).unwrap();
    assert!(!made.kept_original);
    assert_eq!(probe(&made.path)["streams"][0]["nb_frames"], "150");
    let after: Vec<_> = chunks[1..].iter().map(|path| changed(path)).collect();
    assert_eq!(before, after);
    assert_eq!(std::fs::read(half).unwrap(), bytes);
}

/// Tells one file of this name from another that takes its place.
fn changed(path: &Path) -> (u64, std::time::SystemTime) {
    let metadata = std::fs::metadata(path).unwrap();
    let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
    (inode, metadata.modified().unwrap())
}

/// A file system in memory; unmounted at the end.
struct Small(tempfile::TempDir);

impl Small {
    /// `Err` says why there is none.
    fn mount(size: &str) -> Result<Self, String> {
        let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]);
        let mounted = mount.arg(directory.path()).output();
        let mounted = mounted.map_err(|error| error.to_string())?;
        if !mounted.status.success() {
            return Err(String::from_utf8_lossy(&mounted.stderr).into_owned());
        }
        Ok(Self(directory))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(self.0.path()).status());
    }
}

#[test]
fn a_full_disk_is_emptied_of_chunks() {
    let small = match Small::mount("200k") {
        Ok(small) => small,
        Err(reason) => return println!("skipped, no small file system can be mounted: {reason}"),
    };
    let place = Place::new(small.0.path());
    place.check_full(place.compress(1 << 30, &mut Patient));
}

#[test]
fn chunks_take_their_part_of_the_room() {
    let small = match Small::mount("64m") {
        Ok(small) => small,
        Err(reason) => return println!("skipped, no small file system can be mounted: {reason}"),
    };
    // Every file by itself is smaller: 60 kB, 4 kB, 220 kB, and the result 280 kB.
    let place = Place::new(small.0.path());
    place.check_full(place.compress(320 << 10, &mut Patient));
}
