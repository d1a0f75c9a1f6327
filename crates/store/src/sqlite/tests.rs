//! What only this backend can get wrong: its file, its versions, and rows that nobody should have written.
//! The contract itself is tested by the suite.

use super::Database;
use crate::contract::{Begun, NewUpload, Records, Room, State};
use crate::{Fault, TaskId};
use rusqlite::Connection;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use tempfile::TempDir;

fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("kinora.db");
    (directory, path)
}

fn queued(database: &Database) -> TaskId {
    let id = TaskId::random();
    let upload = NewUpload {
        id: id.clone(),
        idempotency_key: None,
        client: "client".to_owned(),
        owner: None,
        order: "{}".to_owned(),
        length: 10,
        expires_at: 1_000,
    };
    assert!(matches!(
        database.begin(&upload, Room::shared(100), 0).unwrap(),
        Begun::New
    ));
    database.enqueue(&id, "digest", None, 0).unwrap();
    id
}

#[test]
fn what_was_acknowledged_is_there_after_reopening() {
    let (_directory, path) = place();
    let id = queued(&Database::open(&path).unwrap());
    let again = Database::open(&path).unwrap();
    assert_eq!(again.job(&id).unwrap().unwrap().state, State::Queued);
    again.check().unwrap();
}

#[test]
fn only_the_owner_can_read_the_file_and_its_log() {
    let (directory, path) = place();
    let database = Database::open(&path).unwrap();
    queued(&database);
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
    }
}

#[test]
fn a_newer_version_is_refused_and_left_alone() {
    let (_directory, path) = place();
    drop(Database::open(&path).unwrap());
    let direct = Connection::open(&path).unwrap();
    direct.pragma_update(None, "user_version", 99).unwrap();
    let fault = Database::open(&path).err().unwrap();
    assert_eq!(
        fault.to_string(),
        "database: its schema is version 99, and this program knows none after 4; start the newer program again, \
         or restore the copy from before the upgrade"
    );
}

#[test]
fn a_file_of_another_program_is_refused() {
    let (_directory, path) = place();
    let direct = Connection::open(&path).unwrap();
    direct.execute_batch("create table theirs (x)").unwrap();
    let fault = Database::open(&path).err().unwrap();
    assert_eq!(fault.to_string(), "database: it belongs to another program");
}

#[test]
fn a_file_that_is_no_database_is_damage() {
    let (_directory, path) = place();
    std::fs::write(
        &path,
        "not a database, whatever its name says. ".repeat(100),
    )
    .unwrap();
    assert!(matches!(Database::open(&path), Err(Fault::Corrupt(_))));
}

/// Rows that the checks of the schema would refuse, as a newer program or a bad disk could leave them.
#[test]
fn rows_that_do_not_fit_are_damage_and_no_panic() {
    for damage in [
        "update tasks set state = 'paused'",
        "update tasks set input_size = -1",
        "update tasks set attempt = -1",
        "update tasks set id = 'short'",
        "update tasks set state = 'completed', finished_at = 0, result_size = 1, result_digest = '',
            result_extension = '', result_kept_original = 0, result_notes = '{'",
    ] {
        let (_directory, path) = place();
        let database = Database::open(&path).unwrap();
        queued(&database);
        let direct = Connection::open(&path).unwrap();
        direct.pragma_update(None, "ignore_check_constraints", true).unwrap();
        direct.execute_batch(damage).unwrap();
        let fault = database.jobs(None, 10).err();
        assert!(matches!(fault, Some(Fault::Corrupt(_))), "{damage}: {fault:?}");
    }
}

#[test]
fn wrong_sums_are_found() {
    let (_directory, path) = place();
    let database = Database::open(&path).unwrap();
    queued(&database);
    let direct = Connection::open(&path).unwrap();
    direct
        .execute_batch("update sums set reserved = 11 where state = 'queued'")
        .unwrap();
    assert_eq!(
        database.check().err().unwrap().to_string(),
        "the store is damaged: the sums of `queued` tasks are not those of their rows"
    );
}
