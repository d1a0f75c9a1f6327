//! What any store of files promises. Files are looked at only through the contract, and through the paths it gives out.

use super::{cases, refused};
use crate::contract::{Blobs, Owners};
use crate::{Fault, TaskId};
use std::fs;
use std::io::Read;
use std::os::unix::fs::FileExt;

cases!(dyn Blobs:
    an_upload_becomes_the_input,
    an_upload_can_be_taken_up_again,
    an_upload_begins_once,
    nothing_is_a_file_too,
    what_is_not_there_is_missing,
    a_made_file_becomes_the_result,
    a_new_attempt_ends_the_old_one,
    a_later_result_takes_the_place_of_an_earlier,
    the_input_can_be_the_result,
    the_input_goes_and_the_result_stays,
    what_is_kept_outlives_attempts,
    what_is_kept_is_no_result,
    what_is_kept_goes_with_the_input,
    remove_leaves_nothing,
    sweep_removes_what_nobody_owns,
    the_margin_stays_free,
);

fn input(blobs: &dyn Blobs, bytes: &[u8]) -> TaskId {
    let id = TaskId::random();
    let file = blobs.create_incoming(&id, bytes.len() as u64).unwrap();
    file.write_all_at(bytes, 0).unwrap();
    blobs.commit_incoming(&id).unwrap();
    id
}

fn make(blobs: &dyn Blobs, id: &TaskId, attempt: u32, bytes: &[u8]) {
    let made = blobs.create_work(id, attempt).unwrap().join("out.mp4");
    fs::write(&made, bytes).unwrap();
    blobs.commit_result(id, &made).unwrap();
    assert!(!made.exists());
}

fn result(blobs: &dyn Blobs, id: &TaskId) -> Vec<u8> {
    let mut bytes = Vec::new();
    blobs
        .open_result(id)
        .unwrap()
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

fn an_upload_becomes_the_input(blobs: &dyn Blobs) {
    let id = TaskId::random();
    let file = blobs.create_incoming(&id, 5).unwrap();
    assert_eq!(file.metadata().unwrap().len(), 5);
    file.write_all_at(b"vie", 2).unwrap();
    file.write_all_at(b"mo", 0).unwrap();
    assert!(!blobs.input_path(&id).exists());
    blobs.commit_incoming(&id).unwrap();
    assert_eq!(fs::read(blobs.input_path(&id)).unwrap(), b"movie");
    // Repeated after a crash, it changes nothing.
    blobs.commit_incoming(&id).unwrap();
    assert_eq!(fs::read(blobs.input_path(&id)).unwrap(), b"movie");
    refused!(blobs.open_incoming(&id), Fault::Missing { .. });
}

fn an_upload_can_be_taken_up_again(blobs: &dyn Blobs) {
    let id = TaskId::random();
    blobs
        .create_incoming(&id, 5)
        .unwrap()
        .write_all_at(b"mov", 0)
        .unwrap();
    let file = blobs.open_incoming(&id).unwrap();
    file.write_all_at(b"ie", 3).unwrap();
    let mut bytes = [0; 5];
    file.read_exact_at(&mut bytes, 0).unwrap();
    assert_eq!(&bytes, b"movie");
}

fn an_upload_begins_once(blobs: &dyn Blobs) {
    let id = TaskId::random();
    blobs
        .create_incoming(&id, 3)
        .unwrap()
        .write_all_at(b"one", 0)
        .unwrap();
    refused!(blobs.create_incoming(&id, 9), Fault::Conflict { .. });
    assert_eq!(
        blobs.open_incoming(&id).unwrap().metadata().unwrap().len(),
        3
    );
}

fn nothing_is_a_file_too(blobs: &dyn Blobs) {
    let id = input(blobs, b"");
    assert_eq!(fs::read(blobs.input_path(&id)).unwrap(), b"");
    make(blobs, &id, 1, b"");
    assert_eq!(result(blobs, &id), b"");
}

fn what_is_not_there_is_missing(blobs: &dyn Blobs) {
    let id = TaskId::random();
    refused!(blobs.open_incoming(&id), Fault::Missing { .. });
    refused!(blobs.commit_incoming(&id), Fault::Missing { .. });
    refused!(blobs.keep_input_as_result(&id), Fault::Missing { .. });
    refused!(blobs.open_result(&id), Fault::Missing { .. });
    let made = blobs.create_work(&id, 1).unwrap().join("out.mp4");
    refused!(blobs.commit_result(&id, &made), Fault::Missing { .. });
    blobs.remove_work(&id).unwrap();
    blobs.remove_input(&id).unwrap();
    blobs.remove(&id).unwrap();
}

fn a_made_file_becomes_the_result(blobs: &dyn Blobs) {
    let id = input(blobs, b"movie");
    let work = blobs.create_work(&id, 1).unwrap();
    assert_eq!(fs::read_dir(&work).unwrap().count(), 0);
    fs::create_dir(work.join("pass")).unwrap();
    fs::write(work.join("pass/out.mp4"), b"small").unwrap();
    refused!(blobs.open_result(&id), Fault::Missing { .. });
    blobs
        .commit_result(&id, &work.join("pass/out.mp4"))
        .unwrap();
    assert_eq!(result(blobs, &id), b"small");
    // Another task's file is none of its business.
    let other = blobs.create_work(&TaskId::random(), 1).unwrap().join("out");
    fs::write(&other, b"theirs").unwrap();
    refused!(blobs.commit_result(&id, &other), Fault::Conflict { .. });
    refused!(
        blobs.commit_result(&id, &work.join("pass")),
        Fault::Conflict { .. }
    );
    assert_eq!(result(blobs, &id), b"small");
}

fn a_new_attempt_ends_the_old_one(blobs: &dyn Blobs) {
    let (id, other) = (TaskId::random(), TaskId::random());
    let beside = blobs.create_work(&other, 1).unwrap();
    let stale = blobs.create_work(&id, 1).unwrap().join("out.mp4");
    fs::write(&stale, b"half").unwrap();
    make(blobs, &id, 2, b"whole");
    assert!(!stale.exists());
    refused!(blobs.commit_result(&id, &stale), Fault::Missing { .. });
    assert_eq!(result(blobs, &id), b"whole");
    assert!(beside.exists());
    // The same attempt once more begins empty too.
    let again = blobs.create_work(&id, 2).unwrap();
    assert_eq!(fs::read_dir(again).unwrap().count(), 0);
}

fn a_later_result_takes_the_place_of_an_earlier(blobs: &dyn Blobs) {
    let id = input(blobs, b"movie");
    make(blobs, &id, 1, b"first");
    make(blobs, &id, 2, b"second");
    assert_eq!(result(blobs, &id), b"second");
    blobs.keep_input_as_result(&id).unwrap();
    assert_eq!(result(blobs, &id), b"movie");
    make(blobs, &id, 3, b"third");
    assert_eq!(result(blobs, &id), b"third");
    assert_eq!(fs::read(blobs.input_path(&id)).unwrap(), b"movie");
}

fn the_input_can_be_the_result(blobs: &dyn Blobs) {
    let id = input(blobs, b"movie");
    blobs.keep_input_as_result(&id).unwrap();
    blobs.keep_input_as_result(&id).unwrap();
    assert_eq!(result(blobs, &id), b"movie");
    assert_eq!(fs::read(blobs.input_path(&id)).unwrap(), b"movie");
}

fn the_input_goes_and_the_result_stays(blobs: &dyn Blobs) {
    let id = input(blobs, b"movie");
    blobs.keep_input_as_result(&id).unwrap();
    let work = blobs.create_work(&id, 4_000_000_000).unwrap();
    blobs.remove_work(&id).unwrap();
    assert!(!work.exists() && blobs.input_path(&id).exists());
    blobs.remove_input(&id).unwrap();
    assert!(!blobs.input_path(&id).exists());
    assert_eq!(result(blobs, &id), b"movie");
}

fn what_is_kept_outlives_attempts(blobs: &dyn Blobs) {
    let (id, other) = (input(blobs, b"movie"), TaskId::random());
    let kept = blobs.keep(&id).unwrap();
    assert_eq!(fs::read_dir(&kept).unwrap().count(), 0);
    fs::write(kept.join("chunk"), b"encoded").unwrap();
    make(blobs, &id, 1, b"small");
    blobs.create_work(&id, 2).unwrap();
    blobs.remove_work(&id).unwrap();
    blobs.remove(&other).unwrap();
    assert_ne!(blobs.keep(&other).unwrap(), kept);
    assert_eq!(blobs.keep(&id).unwrap(), kept);
    assert_eq!(fs::read(kept.join("chunk")).unwrap(), b"encoded");
}

fn what_is_kept_is_no_result(blobs: &dyn Blobs) {
    let id = input(blobs, b"movie");
    let chunk = blobs.keep(&id).unwrap().join("chunk");
    fs::write(&chunk, b"encoded").unwrap();
    refused!(blobs.commit_result(&id, &chunk), Fault::Conflict { .. });
    assert!(chunk.exists());
}

fn what_is_kept_goes_with_the_input(blobs: &dyn Blobs) {
    let (id, other) = (input(blobs, b"movie"), input(blobs, b"movie"));
    let chunk = |id| blobs.keep(id).unwrap().join("chunk");
    fs::write(chunk(&id), b"encoded").unwrap();
    fs::write(chunk(&other), b"encoded").unwrap();
    blobs.remove_input(&id).unwrap();
    assert!(!chunk(&id).exists() && chunk(&other).exists());
}

fn remove_leaves_nothing(blobs: &dyn Blobs) {
    let id = input(blobs, b"movie");
    make(blobs, &id, 1, b"small");
    let work = blobs.create_work(&id, 2).unwrap();
    fs::create_dir_all(work.join("deep/er")).unwrap();
    let kept = blobs.keep(&id).unwrap();
    fs::create_dir_all(kept.join("deep/er")).unwrap();
    blobs.create_incoming(&id, 3).unwrap();
    blobs.remove(&id).unwrap();
    assert!(!work.exists() && !kept.exists() && !blobs.input_path(&id).exists());
    refused!(blobs.open_result(&id), Fault::Missing { .. });
    refused!(blobs.open_incoming(&id), Fault::Missing { .. });
    assert_eq!(blobs.sweep(&Owners::default()).unwrap(), 0);
}

fn sweep_removes_what_nobody_owns(blobs: &dyn Blobs) {
    let all = || {
        let id = input(blobs, b"movie");
        make(blobs, &id, 1, b"small");
        blobs.create_work(&id, 2).unwrap();
        blobs.keep(&id).unwrap();
        blobs.create_incoming(&id, 3).unwrap();
        id
    };
    let (kept, gone) = (all(), all());
    let mut owners = Owners {
        working: vec![kept.clone()],
        finished: Vec::new(),
    };
    assert_eq!(blobs.sweep(&owners).unwrap(), 5);
    owners.working.push(gone.clone());
    assert_eq!(blobs.sweep(&owners).unwrap(), 0);
    assert_eq!(result(blobs, &kept), b"small");
    assert!(blobs.input_path(&kept).exists() && !blobs.input_path(&gone).exists());
    blobs.open_incoming(&kept).unwrap();
    refused!(blobs.open_result(&gone), Fault::Missing { .. });
    // Its result stays when it has finished, and nothing else of it.
    let owners = Owners {
        working: Vec::new(),
        finished: vec![kept.clone()],
    };
    assert_eq!(blobs.sweep(&owners).unwrap(), 4);
    assert_eq!(result(blobs, &kept), b"small");
    assert!(!blobs.input_path(&kept).exists());
    assert_eq!(blobs.sweep(&Owners::default()).unwrap(), 1);
}

fn the_margin_stays_free(blobs: &dyn Blobs) {
    let room = blobs.room(0).unwrap();
    assert!(room > 0);
    assert_eq!(blobs.room(u64::MAX).unwrap(), 0);
    // Others write to the same disk, so that only a margin of half of it is sure to show.
    assert!(blobs.room(room / 2).unwrap() < room);
}
