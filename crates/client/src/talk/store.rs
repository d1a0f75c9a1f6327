//! The file of one user's talk at one server, for one process at a time. Only its owner can read it.

use crate::Fault;
use kinora_chat::Name;
use kinora_chat::attachment::Key;
use kinora_chat::backup::Said as Bygone;
use kinora_chat::certificate::DeviceId;
use kinora_chat::payload::{Content, MessageId, Progress};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// "Kinl": says whose file this is.
const APPLICATION: i32 = 0x4b69_6e6c;
/// How a file of each version becomes one of the next; the first begins with nothing.
const STEPS: [&str; 5] = [
    include_str!("schema.sql"),
    include_str!("schema-2.sql"),
    include_str!("schema-3.sql"),
    include_str!("schema-4.sql"),
    include_str!("schema-5.sql"),
];

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
    /// What there is to be read of it.
    pub(super) text: String,
    /// All that it says, where that is more than a text.
    pub(super) content: Option<Content>,
    pub(super) is_edited: bool,
    /// How far its writer has been told that it came; of an own one, how far this user has.
    pub(super) progress: Option<Progress>,
    /// It was shown, and has changed since.
    pub(super) was_shown: bool,
}

/// A message that has not been answered for.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub(super) id: i64,
    pub(super) peer: Name,
    pub(super) reference: [u8; 16],
    pub(super) payload: Vec<u8>,
    pub(super) frame: Option<Vec<u8>>,
    /// The row of the message, if it is one.
    pub(super) message: Option<i64>,
}

/// A file that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sending {
    pub(super) reference: [u8; 16],
    pub(super) to: Name,
    pub(super) path: PathBuf,
    pub(super) begun: Option<Begun>,
}

/// How far the sending of a file has come. It is kept before the piece that it names goes out: a chunk is sealed once, or
/// from what its digest says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Begun {
    pub(super) parcel: [u8; 16],
    pub(super) key: Key,
    /// Bytes of the file, and when it was changed last, in nanoseconds since 1970.
    pub(super) size: u64,
    pub(super) modified_ns: i64,
    /// Chunks in front of the last piece.
    pub(super) chunks: u32,
    /// SHA-256 of what is in it.
    pub(super) digest: [u8; 32],
}

/// One part of a step. All parts of a step are one transaction.
#[derive(Debug)]
pub(super) enum Write {
    Fact(&'static str, Vec<u8>),
    Person(KeptPerson),
    /// Of this person these removals were seen, and no others.
    Removals(Name, Vec<Vec<u8>>),
    /// Of this person this one was seen, too.
    Removal(Name, Vec<u8>),
    Conversation(Name, KeptConversation),
    /// Its id is given by the file.
    Received(KeptMessage),
    /// A message out of a backup.
    Bygone(Bygone),
    /// A message of our own, and what goes out of it.
    Written(KeptMessage, [u8; 16], Vec<u8>),
    /// Something that goes out and is no message of its own: to whom, its reference, and what it says.
    Aside(Name, [u8; 16], Vec<u8>),
    /// A file is to be sent.
    Sending(Sending),
    /// Its sending has come so far.
    Begun([u8; 16], Begun),
    /// It is not any more.
    Gone([u8; 16]),
    /// This message has another text now. Whoever was shown the old one is shown the new one.
    Edited(i64, String),
    /// Nobody is told any more of what came until now.
    Hushed,
    /// It came so far, or further; it never goes back.
    Progress(i64, Progress),
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
    /// All that it says, where that is more than a text.
    pub content: Option<Content>,
    /// It said something else before.
    pub is_edited: bool,
    /// When it was written, by the writer's clock, in milliseconds since 1970.
    pub written_ms: u64,
    /// Of an own one: by this name it waits to be sent.
    pub waits: Option<[u8; 16]>,
    /// Of an own one: how far it came.
    pub progress: Option<Progress>,
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

    /// Removals of devices that were seen.
    pub(super) fn removals(&self) -> Result<Vec<Vec<u8>>, Fault> {
        self.all("select bytes from removals order by person", |row| {
            row.get(0)
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

    /// Messages that nobody was shown, or not as they are now, in the order of their coming.
    pub(super) fn new_messages(&self) -> Result<Vec<KeptMessage>, Fault> {
        self.all(
            "select * from messages where is_shown <> 1 order by id",
            message,
        )
    }

    /// The message of this writer, if it is here.
    pub(super) fn message(&self, with: &Name, of: MessageId) -> Result<Option<KeptMessage>, Fault> {
        let sql = "select * from messages where peer = ?1 and device = ?2 and counter = ?3";
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = statement.query_row((with.as_str(), of.device.0, of.counter), message);
        Ok(found.optional()?)
    }

    /// What this user wrote last to somebody, on whichever device.
    pub(super) fn last_own(&self, to: &Name) -> Result<Option<KeptMessage>, Fault> {
        let sql = "select * from messages where peer = ?1 and is_own = 1 order by id desc limit 1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = statement.query_row([to.as_str()], message);
        Ok(found.optional()?)
    }

    /// All that a message says, where that is more than a text.
    pub(super) fn content(&self, id: i64) -> Result<Option<Content>, Fault> {
        let sql = "select * from messages where id = ?1";
        let found = self.connection.query_row(sql, [id], message);
        Ok(found.optional()?.and_then(|found| found.content))
    }

    /// Files that are to be sent, in the order in which that was wished.
    pub(super) fn sendings(&self) -> Result<Vec<Sending>, Fault> {
        self.all("select * from sendings order by id", |row| {
            let path: Vec<u8> = row.get("path")?;
            Ok(Sending {
                reference: row.get("reference")?,
                to: name(row)?,
                path: OsString::from_vec(path).into(),
                begun: begun(row)?,
            })
        })
    }

    /// Messages of somebody who has not been told that they came so far, the oldest first.
    pub(super) fn untold(
        &self,
        of: &Name,
        progress: Progress,
        most: usize,
    ) -> Result<Vec<(i64, MessageId)>, Fault> {
        let sql = "select id, device, counter from messages
            where peer = ?1 and is_own = 0 and progress < 2 and progress < ?2 and is_read >= ?3
            order by id limit ?4";
        let far = number_of(progress);
        let is_read = progress == Progress::Read;
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = statement.query_map((of.as_str(), far, is_read, most), |row| {
            let device = DeviceId(row.get("device")?);
            let counter = row.get("counter")?;
            Ok((row.get("id")?, MessageId { device, counter }))
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// Those who have not been told all that there is to tell.
    pub(super) fn owed(&self) -> Result<Vec<Name>, Fault> {
        let sql = "select distinct peer from messages where is_own = 0 and progress < 2 and progress < 1 + is_read";
        self.all(sql, name)
    }

    /// The newest messages with somebody that were shown before, in the order of their coming.
    pub(super) fn past(&self, with: &Name, most: u32) -> Result<Vec<Said>, Fault> {
        let sql = "select newest.*, outbox.reference as waits
            from (select * from messages where peer = ?1 order by id desc limit ?2) as newest
            left join outbox on outbox.message = newest.id order by newest.id";
        let mut statement = self.connection.prepare_cached(sql)?;
        let said = statement.query_map((with.as_str(), most), |row| {
            let kept = message(row)?;
            Ok(Said {
                id: kept.id,
                is_own: kept.is_own,
                text: kept.text,
                content: kept.content,
                is_edited: kept.is_edited,
                written_ms: kept.written_ms,
                waits: row.get("waits")?,
                progress: kept.progress.filter(|_| kept.is_own),
            })
        })?;
        Ok(said.collect::<Result<_, _>>()?)
    }

    /// A message was shown, and read if there is somebody who reads what is shown.
    pub(super) fn shown(&self, id: i64, is_read: bool) -> Result<(), Fault> {
        #[cfg(test)]
        fuse::burn()?;
        let sql = "update messages set is_shown = 1, is_read = max(is_read, ?2) where id = ?1";
        self.connection.execute(sql, (id, is_read))?;
        Ok(())
    }

    /// All that was said by somebody has been read.
    pub(super) fn read(&self, of: &Name) -> Result<(), Fault> {
        #[cfg(test)]
        fuse::burn()?;
        let sql = "update messages set is_read = 1 where peer = ?1 and is_own = 0 and progress < 2 and is_read = 0";
        self.connection.execute(sql, [of.as_str()])?;
        Ok(())
    }

    /// All that was said, in the order in which it came; without what has not gone out yet.
    pub(super) fn history(
        &self,
        take: &mut dyn FnMut(Bygone) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let sql = "select * from messages
            where not exists (select 1 from outbox where outbox.message = messages.id) order by id";
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            take(bygone(row)?)?;
        }
        Ok(())
    }

    /// Puts all of this in the place of whatever was there, wholly or not at all.
    pub(super) fn fill(
        &mut self,
        parts: &mut dyn Iterator<Item = Result<Write, Fault>>,
    ) -> Result<(), Fault> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(
            "delete from facts; delete from people; delete from removals; delete from conversations;
             delete from outbox; delete from sendings; delete from messages;",
        )?;
        for part in parts {
            apply(&transaction, &part?)?;
        }
        Ok(transaction.commit()?)
    }

    /// Makes one step durable, wholly or not at all.
    pub(super) fn write(&mut self, step: &[Write]) -> Result<(), Fault> {
        #[cfg(test)]
        fuse::burn()?;
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
        Write::Removals(person, removals) => {
            run("delete from removals where person = ?1", params![person.as_str()])?;
            let each = removals.iter().cloned();
            let mut each = each.map(|bytes| Write::Removal(person.clone(), bytes));
            each.try_for_each(|removal| apply(connection, &removal))
        }
        Write::Removal(person, bytes) => run(
            "insert or ignore into removals (person, bytes) values (?1, ?2)",
            params![person.as_str(), bytes],
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
        Write::Received(message) => message_row(connection, message, false),
        Write::Bygone(said) => bygone_row(connection, said),
        Write::Written(message, reference, payload) => {
            message_row(connection, message, true)?;
            run(
                "insert into outbox (peer, reference, payload, message) values (?1, ?2, ?3, ?4)",
                params![message.peer.as_str(), reference, payload, connection.last_insert_rowid()],
            )
        }
        Write::Aside(peer, reference, payload) => run(
            "insert into outbox (peer, reference, payload) values (?1, ?2, ?3)",
            params![peer.as_str(), reference, payload],
        ),
        Write::Sending(sending) => run(
            "insert into sendings (reference, peer, path) values (?1, ?2, ?3)",
            params![sending.reference, sending.to.as_str(), sending.path.as_os_str().as_bytes()],
        ),
        Write::Begun(reference, begun) => run(
            "update sendings set parcel = ?2, key = ?3, size = ?4, modified_ns = ?5, chunks = ?6, digest = ?7
             where reference = ?1",
            params![
                reference, begun.parcel, begun.key.0, begun.size, begun.modified_ns, begun.chunks, begun.digest
            ],
        ),
        Write::Gone(reference) => run("delete from sendings where reference = ?1", params![reference]),
        Write::Edited(id, text) => run(
            "update messages set text = ?2, is_edited = 1, is_shown = min(is_shown * 2, 2) where id = ?1",
            params![id, text],
        ),
        Write::Hushed => run("update messages set progress = 2 where is_own = 0", params![]),
        Write::Progress(id, progress) => run(
            "update messages set progress = max(progress, ?2) where id = ?1",
            params![id, number_of(*progress)],
        ),
        Write::Frame(id, frame) => run("update outbox set frame = ?2 where id = ?1", params![id, frame]),
        Write::Unsealed(peer) => run("update outbox set frame = null where peer = ?1", params![peer.as_str()]),
        Write::Sent(id) => run("delete from outbox where id = ?1", params![id]),
    }
}

fn message_row(
    connection: &Connection,
    message: &KeptMessage,
    is_shown: bool,
) -> rusqlite::Result<()> {
    let sql = "insert or ignore into messages
        (peer, is_own, device, counter, written_ms, at_ms, text, content, is_shown, progress)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let content = message.content.as_ref().map(|content| {
        minicbor::to_vec(content).expect("a vector takes all that is written to it")
    });
    let values = params![
        message.peer.as_str(),
        message.is_own,
        message.device,
        message.counter,
        message.written_ms,
        message.at_ms,
        message.text,
        content,
        is_shown,
        message.progress.map_or(0, number_of)
    ];
    connection.prepare_cached(sql)?.execute(values).map(|_| ())
}

/// It was shown, and nobody is told any more that it came.
fn bygone_row(connection: &Connection, said: &Bygone) -> rusqlite::Result<()> {
    let sql = "insert or ignore into messages
        (peer, is_own, device, counter, written_ms, at_ms, text, content, is_edited, is_shown, is_read, progress)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 1, 1, ?10)";
    let told = number_of(Progress::Read);
    let values = params![
        said.peer,
        said.is_own,
        said.device,
        said.counter,
        said.written_ms,
        said.at_ms,
        said.text,
        said.content,
        said.is_edited,
        if said.is_own { said.progress } else { told }
    ];
    connection.prepare_cached(sql)?.execute(values).map(|_| ())
}

fn bygone(row: &Row<'_>) -> rusqlite::Result<Bygone> {
    Ok(Bygone {
        peer: row.get("peer")?,
        is_own: row.get("is_own")?,
        device: row.get("device")?,
        counter: row.get("counter")?,
        written_ms: row.get("written_ms")?,
        at_ms: row.get("at_ms")?,
        text: row.get("text")?,
        content: row.get("content")?,
        is_edited: row.get("is_edited")?,
        progress: row.get("progress")?,
    })
}

fn message(row: &Row<'_>) -> rusqlite::Result<KeptMessage> {
    let content: Option<Vec<u8>> = row.get("content")?;
    let shown: u8 = row.get("is_shown")?;
    Ok(KeptMessage {
        id: row.get("id")?,
        peer: name(row)?,
        is_own: row.get("is_own")?,
        device: row.get("device")?,
        counter: row.get("counter")?,
        written_ms: row.get("written_ms")?,
        at_ms: row.get("at_ms")?,
        text: row.get("text")?,
        // Of a newer program; the text is what there is to be read of it.
        content: content.and_then(|content| minicbor::decode(&content).ok()),
        is_edited: row.get("is_edited")?,
        progress: match row.get("progress")? {
            0_u8 => None,
            1 => Some(Progress::Delivered),
            _ => Some(Progress::Read),
        },
        was_shown: shown == 2,
    })
}

fn number_of(progress: Progress) -> u8 {
    match progress {
        Progress::Delivered => 1,
        Progress::Read => 2,
    }
}

fn outgoing(row: &Row<'_>) -> rusqlite::Result<Outgoing> {
    Ok(Outgoing {
        id: row.get("id")?,
        peer: name(row)?,
        reference: row.get("reference")?,
        payload: row.get("payload")?,
        frame: row.get("frame")?,
        message: row.get("message")?,
    })
}

fn begun(row: &Row<'_>) -> rusqlite::Result<Option<Begun>> {
    let Some(parcel) = row.get("parcel")? else {
        return Ok(None);
    };
    Ok(Some(Begun {
        parcel,
        key: Key(row.get("key")?),
        size: row.get("size")?,
        modified_ns: row.get("modified_ns")?,
        chunks: row.get("chunks")?,
        digest: row.get("digest")?,
    }))
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
    let version: usize = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    // A newer program's is left alone.
    let missing = STEPS.get(version..).ok_or(rusqlite::Error::InvalidQuery)?;
    if !missing.is_empty() {
        connection.execute_batch("begin immediate")?;
        missing
            .iter()
            .try_for_each(|step| connection.execute_batch(step))?;
        connection.pragma_update(None, "application_id", APPLICATION)?;
        connection.pragma_update(None, "user_version", STEPS.len())?;
        connection.execute_batch("commit")?;
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
pub(super) mod fuse;
#[cfg(test)]
mod tests;
