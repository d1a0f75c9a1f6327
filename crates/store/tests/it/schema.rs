//! What stands in files that are out there: what comes out of `step_1.sql` stays as it is.

use kinora_store::TaskId;
use kinora_store::contract::{Records, State};
use kinora_store::parcel::Parcels;
use kinora_store::post::Post;
use kinora_store::sqlite::{Database, PostOffice};
use rusqlite::Connection;
use std::fmt::Write;
use std::path::Path;

/// A database as version 1 wrote it, with a task in every state.
const VERSION_1: &str = include_str!("version_1.sql");

/// What the schema is today, table by table and index by index.
const TODAY: &str = include_str!("schema.golden");

/// Every object of the schema without comments and line breaks, which are free to change.
fn dump(path: &Path) -> String {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection
        .prepare("select sql from sqlite_schema where sql is not null order by type, name")
        .unwrap();
    let rows = statement
        .query_map([], |row| row.get::<_, String>(0))
        .unwrap();
    let mut text = String::new();
    for sql in rows {
        let sql = sql.unwrap();
        let code = sql
            .lines()
            .map(|line| line.split("--").next().unwrap_or(""));
        let words: Vec<_> = code.flat_map(str::split_whitespace).collect();
        writeln!(text, "{};", words.join(" ")).unwrap();
    }
    text
}

#[test]
fn a_new_database_has_the_golden_schema() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new.db");
    drop(Database::open(&path).unwrap());
    assert_eq!(
        dump(&path),
        TODAY,
        "a schema that has been released changes by a new step only"
    );
}

#[test]
fn a_database_of_version_1_opens_with_all_that_is_in_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("old.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch(VERSION_1)
        .unwrap();

    let database = Database::open(&path).unwrap();
    database.check().unwrap();
    assert_eq!(dump(&path), TODAY);
    let totals = database.totals().unwrap();
    assert_eq!(
        (
            totals.uploads,
            totals.queued,
            totals.processing,
            totals.completed
        ),
        (1, 1, 1, 1)
    );
    assert_eq!(totals.reserved, 100 + 200 + 300 + 40);
    let state = |digit: &str| {
        let id = TaskId::parse(&digit.repeat(32)).unwrap();
        database.job(&id).unwrap().map(|job| job.state)
    };
    let expected = [
        ("0", None),
        ("1", Some(State::Queued)),
        ("2", Some(State::Processing)),
        ("3", Some(State::Completed)),
        ("4", Some(State::Failed)),
        ("5", Some(State::Cancelled)),
        ("6", Some(State::Expired)),
    ];
    for (digit, expected) in expected {
        assert_eq!(state(digit), expected, "{digit}");
    }
    let done = TaskId::parse(&"3".repeat(32)).unwrap();
    let outcome = database.job(&done).unwrap().unwrap().outcome.unwrap();
    assert_eq!((outcome.size, outcome.report), (40, None));
    assert_eq!(database.reclaim_all(1_000).unwrap(), 1);
    assert_eq!(
        database
            .claim("w", 2_000, 1_000)
            .unwrap()
            .unwrap()
            .job
            .attempt,
        1
    );
}

/// Each column of the talk's file: what is not in this list is not kept of it. Nothing opens an envelope.
const COLUMNS_OF_TALK: &[(&str, &[&str])] = &[
    ("conversations", &["low", "high", "group_id", "epoch"]),
    (
        "counters",
        &["seat", "step", "last", "waiting", "waiting_bytes"],
    ),
    ("devices", &["seat", "id", "person", "certificate"]),
    (
        "envelopes",
        &[
            "envelope",
            "seat",
            "number",
            "kind",
            "sender",
            "partner",
            "group_id",
            "epoch",
            "bytes",
            "at_ms",
            "expires_s",
        ],
    ),
    (
        "packages",
        &["package", "seat", "is_last_resort", "bytes", "expires_s"],
    ),
    (
        "parcels",
        &["parcel", "owner", "reader", "size", "received", "expires_s"],
    ),
    ("parted", &["parcel", "seat"]),
    ("people", &["person", "name", "skeleton", "identity"]),
    ("removals", &["id", "seat", "person", "bytes"]),
    (
        "repeats",
        &["seat", "reference", "behind", "at_ms", "expires_s"],
    ),
];

#[test]
fn the_talk_keeps_these_columns_and_no_others() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("talk.db");
    drop(PostOffice::open(&path).unwrap());
    let connection = Connection::open(&path).unwrap();
    let list = |sql: &str| -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let tables = list("select name from sqlite_schema where type = 'table' order by name");
    let expected: Vec<&str> = COLUMNS_OF_TALK.iter().map(|(table, _)| *table).collect();
    assert_eq!(tables, expected);
    for (table, columns) in COLUMNS_OF_TALK {
        let found = list(&format!(
            "select name from pragma_table_info('{table}') order by cid"
        ));
        assert_eq!(found, *columns, "{table}");
    }
}

/// "Kint".
const TALK_APPLICATION: i32 = 0x4b69_6e74;

#[test]
fn a_talk_of_the_first_version_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("talk.db");
    let old = Connection::open(&path).unwrap();
    old.execute_batch(include_str!("../../src/sqlite/schema/post_1.sql"))
        .unwrap();
    old.execute_batch(
        "insert into people (name, skeleton, identity) values ('asha', 'asha', zeroblob(32));
         insert into devices (id, person, certificate, step, last, waiting, waiting_bytes)
             values (zeroblob(16), 1, x'00', 9, 8, 2, 5);
         insert into envelopes (seat, number, kind, sender, partner, group_id, epoch, bytes, at_ms, expires_s)
             values (1, 7, 0, 1, 1, zeroblob(32), 3, x'0102', 10, 20), (1, 8, 1, 1, 1, zeroblob(32), 3, x'030405', 11, 21);",
    )
    .unwrap();
    old.pragma_update(None, "application_id", TALK_APPLICATION)
        .unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    drop(old);
    let post = PostOffice::open(&path).unwrap();
    let device = post.device(&[0; 16]).unwrap().unwrap();
    assert_eq!(device.name, "asha");
    assert_eq!((device.step, device.first, device.last), (9, 7, 8));
    let waiting = |post: &PostOffice| {
        let all = post.waiting(device.seat, 0, 10, 1_000).unwrap();
        all.into_iter()
            .map(|each| (each.number, each.bytes))
            .collect::<Vec<_>>()
    };
    assert_eq!(waiting(&post), [(7, vec![1, 2]), (8, vec![3, 4, 5])]);
    assert_eq!(post.held().unwrap(), 0);
    assert_eq!(post.sweep(20).unwrap(), 1);
    assert_eq!(waiting(&post), [(8, vec![3, 4, 5])]);
    drop(post);
    let direct = Connection::open(&path).unwrap();
    let left = direct.query_row("select waiting, waiting_bytes from counters", [], |row| {
        Ok((row.get(0)?, row.get(1)?))
    });
    assert_eq!(left.unwrap(), (1, 3));
}
