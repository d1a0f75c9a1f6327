//! Taking the write-ahead log into the database beside the one that writes.
//!
//! By itself SQLite does it within the commit that makes the log long: whoever is in that transaction waits for a thousand
//! pages that lie anywhere in the file, and for their sync. Here a thread of its own copies them (`PASSIVE`, which nobody
//! waits for). The log begins anew only when all of it has been copied at a moment when nobody writes, so once it is long
//! the writer copies what has come since, which is little.

use super::file::connect;
use crate::{Fault, limits};
use rusqlite::Connection;
use rusqlite::hooks::Wal;
use std::ffi::c_int;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

/// The thread. It ends when the connection that wakes it is closed, which has to be before this is dropped.
pub(super) struct Checkpoints {
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    /// Begins to do so for what this connection writes, which is the only one that writes much.
    ///
    /// # Errors
    /// Those of opening a connection; when the system gives no thread.
    pub(super) fn start(path: &Path, writer: &mut Connection) -> Result<Self, Fault> {
        let own = connect(path, "normal")?;
        let (wake, awake) = sync_channel(1);
        let thread = Builder::new().name("checkpoint".into());
        let thread = thread.spawn(move || copy(&own, &awake));
        let thread = thread.map_err(|source| Fault::Io {
            doing: "start a thread for",
            path: path.to_owned(),
            source,
        })?;
        let mut log = Log { wake, asked: 0 };
        writer.wal_hook(Some(move |wal: &mut Wal, pages: c_int| {
            log.grew(wal, pages);
            Ok(())
        }))?;
        Ok(Self {
            thread: Some(thread),
        })
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        // What it leaves in the log is taken over when the file is opened next.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// The log as the writer sees it.
struct Log {
    wake: SyncSender<()>,
    /// How long it was when the thread was woken last, pages.
    asked: c_int,
}

impl Log {
    /// A commit has made it so long. What fails here is tried again at another commit: until then the log holds all.
    fn grew(&mut self, wal: &mut Wal, pages: c_int) {
        if pages < self.asked {
            self.asked = 0;
        }
        if pages >= limits::LOG_PAGES {
            let _ = wal.checkpoint();
        } else if pages - self.asked >= limits::COPIED_PAGES {
            self.asked = pages;
            // It was woken already, or it copies and will look once more.
            let _ = self.wake.try_send(());
        }
    }
}

fn copy(connection: &Connection, awake: &Receiver<()>) {
    while awake.recv().is_ok() {
        let _ = connection.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::file::create;
    use std::path::PathBuf;

    const PAGE: u64 = 4096;

    fn database(directory: &Path) -> (PathBuf, Connection) {
        let path = directory.join("a.db");
        create(&path).unwrap();
        let writer = connect(&path, "full").unwrap();
        writer
            .execute_batch("create table a (x integer primary key, y blob)")
            .unwrap();
        (path, writer)
    }

    /// Adds so many pages to the log, a hundred in each commit.
    fn fill(writer: &Connection, pages: i32) {
        for _ in 0..pages / 100 {
            writer
                .execute("insert into a (y) values (zeroblob(409600))", [])
                .unwrap();
        }
    }

    fn length(path: &Path) -> u64 {
        std::fs::metadata(path).unwrap().len()
    }

    #[test]
    fn what_is_written_is_taken_over_beside_the_writer() {
        let place = tempfile::tempdir().unwrap();
        let (path, mut writer) = database(place.path());
        // The last connection that is closed would take all of it over.
        let witness = connect(&path, "full").unwrap();
        let checkpoints = Checkpoints::start(&path, &mut writer).unwrap();
        fill(&writer, limits::COPIED_PAGES + 100);
        drop(writer);
        drop(checkpoints);
        assert!(length(&path) > PAGE * limits::COPIED_PAGES as u64);
        drop(witness);
    }

    #[test]
    fn the_log_begins_anew_also_when_the_thread_is_late() {
        let place = tempfile::tempdir().unwrap();
        let (path, mut writer) = database(place.path());
        let (wake, never) = sync_channel(1);
        let mut log = Log { wake, asked: 0 };
        writer
            .wal_hook(Some(move |wal: &mut Wal, pages: c_int| {
                log.grew(wal, pages);
                Ok(())
            }))
            .unwrap();
        fill(&writer, 3 * limits::LOG_PAGES);
        let longest = PAGE * (limits::LOG_PAGES as u64 + 200);
        let long = length(&path.with_extension("db-wal"));
        assert!(long < longest, "{long}");
        assert!(never.try_recv().is_ok());
        let rows = writer.query_row("select count(*) from a", [], |row| row.get::<_, i32>(0));
        assert_eq!(rows.unwrap(), 3 * limits::LOG_PAGES / 100);
    }
}
