//! Which jobs this user has at which servers: one small file for each, from acceptance to delivery.
//!
//! The wire has no list of jobs, and a server does not know users; so the client remembers. A file appears by rename
//! and is readable by its owner alone: who knows a job's id can fetch its result.

use crate::config::layers::{Variables, home_directory};
use crate::exit::Exit;
use crate::report::{Failure, Outcome};
use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Ids longer than this are no file names worth keeping; the wire allows 64.
const LONGEST_ID: usize = 64;

/// One job as it is written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Its name at the server.
    pub(crate) task_id: String,
    /// The server, as `HOST:PORT`.
    pub(crate) server: String,
    /// What it does.
    pub(crate) operation: String,
    /// What was sent: absolute.
    pub(crate) input: PathBuf,
    /// What `-o` said: absolute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) output: Option<PathBuf>,
    /// When it was accepted, in seconds since 1970.
    pub(crate) accepted_at: u64,
}

impl Entry {
    /// An entry that begins now.
    #[must_use]
    pub(crate) fn new(
        task_id: &str,
        server: &str,
        operation: &str,
        input: &Path,
        output: Option<&Path>,
    ) -> Self {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.into());
        Self {
            task_id: task_id.into(),
            server: server.into(),
            operation: operation.into(),
            input: absolute(input),
            output: output.map(absolute),
            accepted_at: now(),
        }
    }
}

/// The directory of entries.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    /// None for a user without a home: nothing is written down then.
    directory: Option<PathBuf>,
}

impl Journal {
    /// This user's.
    #[must_use]
    pub(crate) fn of(variables: &Variables) -> Self {
        let state = home_directory(variables, "XDG_STATE_HOME", ".local/state");
        Self {
            directory: state.map(|state| state.join("kinora/jobs")),
        }
    }

    /// Writes an entry down.
    ///
    /// # Errors
    /// When it cannot be; the job itself does not depend on it.
    pub(crate) fn add(&self, entry: &Entry) -> io::Result<()> {
        let directory = self.directory.as_ref().ok_or(io::ErrorKind::NotFound)?;
        let path = self
            .path(&entry.task_id)
            .ok_or(io::ErrorKind::InvalidInput)?;
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
        // A temporary file is made with mode 0600, and keeps it.
        let mut file = tempfile::Builder::new()
            .prefix(".")
            .tempfile_in(directory)?;
        file.write_all(&serde_json::to_vec(entry)?)?;
        file.persist(path)?;
        Ok(())
    }

    /// Forgets a job. No error when it is not known.
    pub(crate) fn remove(&self, task_id: &str) {
        if let Some(path) = self.path(task_id) {
            // An entry that stays is removed when its server does not know the job any more.
            drop(std::fs::remove_file(path));
        }
    }

    /// All entries, oldest first. What cannot be read is passed over: it is a memory aid.
    #[must_use]
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let listing = self
            .directory
            .as_ref()
            .and_then(|directory| directory.read_dir().ok());
        let files = listing.into_iter().flatten().flatten();
        let mut entries: Vec<Entry> = files
            .filter(|file| {
                file.path()
                    .extension()
                    .is_some_and(|ending| ending == "json")
            })
            .filter_map(|file| serde_json::from_slice(&std::fs::read(file.path()).ok()?).ok())
            .collect();
        entries.sort_by(|a, b| (a.accepted_at, &a.task_id).cmp(&(b.accepted_at, &b.task_id)));
        entries
    }

    /// The entry that this id, or the beginning of one, means; `None` when there is none such.
    ///
    /// # Errors
    /// When several begin so.
    pub(crate) fn find(&self, prefix: &str) -> Outcome<Option<Entry>> {
        let mut fitting: Vec<_> = self
            .entries()
            .into_iter()
            .filter(|entry| entry.task_id.starts_with(prefix))
            .collect();
        if let Some(at) = fitting.iter().position(|entry| entry.task_id == prefix) {
            return Ok(Some(fitting.swap_remove(at)));
        }
        if fitting.len() > 1 {
            let ids: Vec<_> = fitting.iter().map(|entry| entry.task_id.as_str()).collect();
            return Err(Failure::new(
                Exit::Usage,
                "ambiguous_id",
                format!("several jobs begin with {prefix}: {}", ids.join(", ")),
                "write more of the id",
            ));
        }
        Ok(fitting.pop())
    }

    /// The entry's file; ids come from servers, so only harmless ones become names.
    fn path(&self, task_id: &str) -> Option<PathBuf> {
        let harmless = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let fits = (1..=LONGEST_ID).contains(&task_id.len()) && task_id.bytes().all(harmless);
        let directory = self.directory.as_ref().filter(|_| fits)?;
        Some(directory.join(format!("{task_id}.json")))
    }
}

/// Seconds since 1970.
#[must_use]
pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn entry(id: &str, at: u64) -> Entry {
        Entry {
            accepted_at: at,
            ..Entry::new(id, "h:1", "compress", Path::new("/v/a.mp4"), None)
        }
    }

    fn journal() -> (tempfile::TempDir, Journal) {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().to_string_lossy().into_owned();
        let journal = Journal::of(&[("XDG_STATE_HOME".to_owned(), state)].into());
        (dir, journal)
    }

    #[test]
    fn entries_are_kept_private_and_in_order() {
        let (_dir, journal) = journal();
        assert!(journal.entries().is_empty());
        journal.add(&entry("bb", 2)).unwrap();
        journal.add(&entry("aa", 3)).unwrap();
        journal.add(&entry("cc", 1)).unwrap();
        let ids: Vec<_> = journal.entries().into_iter().map(|e| e.task_id).collect();
        assert_eq!(ids, ["cc", "bb", "aa"]);
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        let directory = journal.directory.as_ref().unwrap();
        assert_eq!(mode(&directory.join("aa.json")), 0o600);
        assert_eq!(mode(directory), 0o700);
        journal.remove("bb");
        journal.remove("bb");
        assert_eq!(journal.entries().len(), 2);
    }

    #[test]
    fn unique_beginnings_are_enough() {
        let (_dir, journal) = journal();
        for id in ["abc1", "abd2", "ab"] {
            journal.add(&entry(id, 1)).unwrap();
        }
        let find = |prefix: &str| journal.find(prefix).map(|found| found.map(|e| e.task_id));
        assert_eq!(find("abc").unwrap(), Some("abc1".into()));
        assert_eq!(find("ab").unwrap(), Some("ab".into()));
        assert_eq!(find("x").unwrap(), None);
        assert_eq!(find("a").unwrap_err().exit, Exit::Usage);
    }

    #[test]
    fn a_servers_id_is_no_path() {
        let (_dir, journal) = journal();
        for id in ["", "../x", "a/b", "a.b", "\0", &"x".repeat(65)] {
            assert!(journal.add(&entry(id, 1)).is_err(), "{id:?}");
            journal.remove(id);
        }
    }

    #[test]
    fn the_written_form_stays_readable() {
        let old =
            r#"{"task_id":"t","server":"h:1","operation":"gif","input":"/a.mp4","accepted_at":5}"#;
        let read: Entry = serde_json::from_str(old).unwrap();
        assert_eq!((read.output.clone(), read.accepted_at), (None, 5));
        assert_eq!(serde_json::to_string(&read).unwrap(), old);
    }
}
