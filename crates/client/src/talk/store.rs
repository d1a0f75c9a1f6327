//! The file of one user's talk at one server, for one process at a time. Only its owner can read it.

use crate::Fault;
use kinora_chat::Name;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// "Kinl": says whose file this is.
const APPLICATION: i32 = 0x4b69_6e6c;
const VERSION: i32 = 1;

/// The file, and the lock that keeps other processes out.
#[derive(Debug)]
pub(super) struct Store {
    connection: Connection,
    _lock: File,
}

/// A conversation as it is kept.
#[derive(Clone, Debug, Default)]
pub(super) struct KeptConversation {
    pub(super) group: Option<[u8; 32]>,
    pub(super) state: Option<Vec<u8>>,
    pub(super) ledger: Vec<u8>,
    pub(super) updated_s: Option<u64>,
    pub(super) active_s: u64,
    pub(super) since: u32,
    pub(super) has_received: bool,
    pub(super) written: u64,
    pub(super) pending: Option<Vec<u8>>,
    pub(super) reference: Option<[u8; 16]>,
    pub(super) behind: Option<u64>,
}

/// A person as they are kept.
#[derive(Clone, Debug)]
pub(super) struct KeptPerson {
    pub(super) name: String,
    pub(super) standing: u8,
    pub(super) known: Option<[u8; 32]>,
    pub(super) shown: [u8; 32],
    pub(super) devices: Vec<u8>,
}

/// A message as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeptMessage {
    pub(super) id: i64,
    pub(super) peer: Name,
    pub(super) is_own: bool,
    pub(super) device: [u8; 16],
    pub(super) counter: u64,
    pub(super) written_ms: u64,
    pub(super) at_ms: u64,
    pub(super) text: String,
}

/// A message that has not been answered for.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub(super) id: i64,
    pub(super) peer: Name,
    pub(super) reference: [u8; 16],
    pub(super) payload: Vec<u8>,
    pub(super) frame: Option<Vec<u8>>,
}

/// One part of a step. All parts of a step are one transaction.
#[derive(Debug)]
pub(super) enum Write {
    Fact(&'static str, Vec<u8>),
    Person(KeptPerson),
    Conversation(Name, KeptConversation),
    /// Its id is given by the file.
    Received(KeptMessage),
    /// A message of our own, and what goes out of it.
    Written(KeptMessage, [u8; 16], Vec<u8>),
    /// The outbox's row has this frame now, or none.
    Frame(i64, Option<Vec<u8>>),
    /// No frame of this conversation is good any more.
    Unsealed(Name),
    Sent(i64),
}

/// A message of the past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// As in [`super::Event::Message`].
    pub id: i64,
    /// This user wrote it, on whichever device.
    pub is_own: bool,
    /// What it says.
    pub text: String,
    /// When it was written, by the writer's clock, in milliseconds since 1970.
    pub written_ms: u64,
}

impl Store {
    /// Opens the file in this directory, and makes both.
    ///
    /// # Errors
    /// [`Fault::TalkInUse`] when another process has it; [`Fault::TalkFile`].
    pub(super) fn open(directory: &Path) -> Result<Self, Fault> {
        let failed = |error: &dyn std::fmt::Display| Fault::TalkFile {
            path: directory.to_owned(),
            reason: error.to_string(),
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(|error| failed(&error))?;
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true).mode(0o600);
        let lock = options
            .open(directory.join("lock"))
            .map_err(|error| failed(&error))?;
        lock.try_lock().map_err(|_| Fault::TalkInUse {
            path: directory.to_owned(),
        })?;
        let file = directory.join("talk.db");
        // Made before SQLite does, which would let others read it; its log takes over the mode.
        options.open(&file).map_err(|error| failed(&error))?;
        let connection = connect(&file).map_err(|error| failed(&error))?;
        Ok(Self {
            connection,
            _lock: lock,
        })
    }

    /// A fact.
    pub(super) fn fact(&self, name: &str) -> Result<Option<Vec<u8>>, Fault> {
        let sql = "select value from facts where name = ?1";
        let found = self.connection.query_row(sql, [name], |row| row.get(0));
        Ok(found.optional()?)
    }

    /// Everybody that is known.
    pub(super) fn people(&self) -> Result<Vec<KeptPerson>, Fault> {
        self.all("select * from people", |row| {
            Ok(KeptPerson {
                name: row.get("name")?,
                standing: row.get("standing")?,
                known: row.get("known")?,
                shown: row.get("shown")?,
                devices: row.get("devices")?,
            })
        })
    }

    /// All conversations.
    pub(super) fn conversations(&self) -> Result<Vec<(Name, KeptConversation)>, Fault> {
        self.all("select * from conversations", |row| {
            let kept = KeptConversation {
                group: row.get("group_id")?,
                state: row.get("state")?,
                ledger: row.get("ledger")?,
                updated_s: row.get("updated_s")?,
                active_s: row.get("active_s")?,
                since: row.get("since")?,
                has_received: row.get("has_received")?,
                written: row.get("written")?,
                pending: row.get("pending")?,
                reference: row.get("reference")?,
                behind: row.get("behind")?,
            };
            Ok((name(row)?, kept))
        })
    }

    /// What has not been answered for, in the order of its writing.
    pub(super) fn outbox(&self) -> Result<Vec<Outgoing>, Fault> {
        self.all("select * from outbox order by id", outgoing)
    }

    /// The row of the outbox that was written last.
    pub(super) fn last_outgoing(&self) -> Result<Option<Outgoing>, Fault> {
        let sql = "select * from outbox order by id desc limit 1";
        Ok(self.all(sql, outgoing)?.pop())
    }

    /// Messages that nobody was shown, in the order of their coming.
    pub(super) fn new_messages(&self) -> Result<Vec<KeptMessage>, Fault> {
        self.all(
            "select * from messages where is_shown = 0 order by id",
            |row| {
                Ok(KeptMessage {
                    id: row.get("id")?,
                    peer: name(row)?,
                    is_own: row.get("is_own")?,
                    device: row.get("device")?,
                    counter: row.get("counter")?,
                    written_ms: row.get("written_ms")?,
                    at_ms: row.get("at_ms")?,
                    text: row.get("text")?,
                })
            },
        )
    }

    /// The newest messages with somebody that were shown before, in the order of their coming.
    pub(super) fn past(&self, with: &Name, most: u32) -> Result<Vec<Said>, Fault> {
        let sql = "select * from (select * from messages where peer = ?1 order by id desc limit ?2) order by id";
        let mut statement = self.connection.prepare_cached(sql)?;
        let said = statement.query_map((with.as_str(), most), |row| {
            Ok(Said {
                id: row.get("id")?,
                is_own: row.get("is_own")?,
                text: row.get("text")?,
                written_ms: row.get("written_ms")?,
            })
        })?;
        Ok(said.collect::<Result<_, _>>()?)
    }

    /// A message was shown.
    pub(super) fn shown(&self, id: i64) -> Result<(), Fault> {
        let sql = "update messages set is_shown = 1 where id = ?1";
        self.connection.execute(sql, [id])?;
        Ok(())
    }

    /// Makes one step durable, wholly or not at all.
    pub(super) fn write(&mut self, step: &[Write]) -> Result<(), Fault> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        for part in step {
            apply(&transaction, part)?;
        }
        Ok(transaction.commit()?)
    }

    fn all<T>(
        &self,
        sql: &str,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Fault> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| read(row))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn apply(connection: &Connection, part: &Write) -> rusqlite::Result<()> {
    let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
        connection.prepare_cached(sql)?.execute(values).map(|_| ())
    };
    match part {
        Write::Fact(name, value) => run(
            "insert or replace into facts (name, value) values (?1, ?2)",
            params![name, value],
        ),
        Write::Person(person) => run(
            "insert or replace into people (name, standing, known, shown, devices) values (?1, ?2, ?3, ?4, ?5)",
            params![person.name, person.standing, person.known, person.shown, person.devices],
        ),
        Write::Conversation(peer, kept) => run(
            "insert or replace into conversations
             (peer, group_id, state, ledger, updated_s, active_s, since, has_received, written, pending, reference, behind)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            params![
                peer.as_str(), kept.group, kept.state, kept.ledger, kept.updated_s, kept.active_s, kept.since,
                kept.has_received, kept.written, kept.pending, kept.reference, kept.behind
            ],
        ),
        Write::Received(message) => message_row(connection, message),
        Write::Written(message, reference, payload) => {
            message_row(connection, message)?;
            run(
                "insert into outbox (peer, reference, payload, message) values (?1, ?2, ?3, ?4)",
                params![message.peer.as_str(), reference, payload, connection.last_insert_rowid()],
            )
        }
        Write::Frame(id, frame) => run("update outbox set frame = ?2 where id = ?1", params![id, frame]),
        Write::Unsealed(peer) => run("update outbox set frame = null where peer = ?1", params![peer.as_str()]),
        Write::Sent(id) => run("delete from outbox where id = ?1", params![id]),
    }
}

fn message_row(connection: &Connection, message: &KeptMessage) -> rusqlite::Result<()> {
    let sql = "insert or ignore into messages (peer, is_own, device, counter, written_ms, at_ms, text, is_shown)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let values = params![
        message.peer.as_str(),
        message.is_own,
        message.device,
        message.counter,
        message.written_ms,
        message.at_ms,
        message.text,
        message.is_own
    ];
    connection.prepare_cached(sql)?.execute(values).map(|_| ())
}

fn outgoing(row: &Row<'_>) -> rusqlite::Result<Outgoing> {
    Ok(Outgoing {
        id: row.get("id")?,
        peer: name(row)?,
        reference: row.get("reference")?,
        payload: row.get("payload")?,
        frame: row.get("frame")?,
    })
}

fn name(row: &Row<'_>) -> rusqlite::Result<Name> {
    let text: String = row.get("peer")?;
    Name::folded(&text).map_err(|_| rusqlite::Error::InvalidQuery)
}

fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(file)?;
    let _: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    // A ratchet that a power cut took back would use keys twice.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "secure_delete", true)?;
    let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version == 0 {
        let schema = include_str!("schema.sql");
        connection.execute_batch(&format!("begin immediate; {schema}"))?;
        connection.pragma_update(None, "application_id", APPLICATION)?;
        connection.pragma_update(None, "user_version", VERSION)?;
        connection.execute_batch("commit")?;
    } else if version != VERSION {
        // A newer program's.
        return Err(rusqlite::Error::InvalidQuery);
    }
    Ok(connection)
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::TalkFile {
            path: "talk.db".into(),
            reason: error.to_string(),
        }
    }
}

#[cfg(test)]
mod tests;
