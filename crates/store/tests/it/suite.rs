//! The contract on each backend.

use crate::scratch;
use kinora_store::files::{Depot, Tree};
use kinora_store::sqlite::{Database, PostOffice};
use kinora_store::suite;
use std::cell::Cell;
use std::path::PathBuf;

/// A name that has not been given out before.
fn fresh(directory: &tempfile::TempDir, count: &Cell<u32>) -> PathBuf {
    count.set(count.get() + 1);
    directory.path().join(count.get().to_string())
}

#[test]
fn sqlite_keeps_the_contract() {
    let (directory, count) = (scratch::quick(), Cell::new(0));
    suite::records(&|| Box::new(Database::open(&fresh(&directory, &count)).unwrap()));
}

#[test]
fn sqlite_keeps_the_contract_of_the_post() {
    let (directory, count) = (scratch::quick(), Cell::new(0));
    suite::post(&|| Box::new(PostOffice::open(&fresh(&directory, &count)).unwrap()));
}

#[test]
fn sqlite_keeps_the_contract_of_parcels() {
    let (directory, count) = (scratch::quick(), Cell::new(0));
    suite::parcels(&|| Box::new(PostOffice::open(&fresh(&directory, &count)).unwrap()));
}

#[test]
fn files_keep_the_contract_of_parcels() {
    let (directory, count) = (scratch::quick(), Cell::new(0));
    suite::depot(&|| Box::new(Depot::open(&fresh(&directory, &count)).unwrap()));
}

#[test]
fn files_keep_the_contract() {
    let (directory, count) = (scratch::quick(), Cell::new(0));
    suite::blobs(&|| Box::new(Tree::open(&fresh(&directory, &count)).unwrap()));
}

/// On whatever disk the system gives to temporary files, too.
#[test]
fn files_keep_the_contract_on_disk() {
    let (directory, count) = (tempfile::tempdir().unwrap(), Cell::new(0));
    suite::blobs(&|| Box::new(Tree::open(&fresh(&directory, &count)).unwrap()));
}
