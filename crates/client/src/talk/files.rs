//! Files on their way: sealed and sent, or fetched, opened and kept. Each way has a thread of its own, which waits for the
//! connection of the talk (its pass opens the door) and goes on where a broken request ended.
//!
//! A chunk is sealed once. A piece of sealed chunks is held until the server has it, so that it is never made again from a
//! file that may be another one by then; a process that goes on with what another one began seals a piece again only if the
//! digest that was kept before it went out says that it is the same. A received file appears whole, under a name that was free, or not at all.

use super::core::{Saving, problem, random};
use super::door::{Answer, Door, Question};
use super::limits::{ANEW, NAMES_TRIED, PIECE_CHUNKS};
use super::line::Way;
use super::store::{Begun, Sending};
use crate::{Fault, retry};
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use kinora_chat::Name;
use kinora_chat::attachment::{
    Attachment, Key, Opener, SEALED_CHUNK_BYTES, Sealer, harmless_name, sealed_size,
};
use kinora_chat::limits::CHUNK_BYTES;
use kinora_talk::field::{Fixed, ParcelId, Pass};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::ffi::OsString;
use std::fs::{File, Metadata, Permissions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Where all parcels are.
const PARCELS: &str = "/api/talk/parcels";

/// Whether there is a connection, and what it gives.
#[derive(Clone, Debug, Default)]
pub(super) struct Link(Arc<(Mutex<Stand>, Condvar)>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stand {
    #[default]
    Away,
    /// The port of the door, and the pass; none of an old server.
    Here(u16, Option<Pass>),
    /// Nothing is to be done any more.
    Over,
}

impl Link {
    /// The device is logged in.
    pub(super) fn come(&self, port: u16, pass: Option<Pass>) {
        self.set(Stand::Here(port, pass));
    }

    /// The connection is gone.
    pub(super) fn go(&self) {
        self.set(Stand::Away);
    }

    /// The talk has ended.
    pub(super) fn end(&self) {
        self.set(Stand::Over);
    }

    fn set(&self, stand: Stand) {
        *self.stand() = stand;
        self.0.1.notify_all();
    }

    fn stand(&self) -> MutexGuard<'_, Stand> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is one.
    fn wait(&self) -> Result<(u16, Pass), Fault> {
        let stand = self
            .0
            .1
            .wait_while(self.stand(), |stand| *stand == Stand::Away);
        let stand = *stand.unwrap_or_else(PoisonError::into_inner);
        match stand {
            Stand::Here(port, Some(pass)) => Ok((port, pass)),
            Stand::Here(_, None) => Err(no_files()),
            Stand::Away | Stand::Over => Err(interrupted()),
        }
    }
}

/// Who is told how far the sending of a file has come.
pub(super) trait Watch {
    /// So much of it is about to go out. True when that is kept, and not before.
    fn begun(&self, reference: [u8; 16], begun: Begun) -> bool;
    /// So many bytes of it are at the server, of so many.
    fn brings(&self, reference: [u8; 16], done: u64, size: u64);
}

/// Who brings and fetches files: one at a time.
pub(super) struct Courier {
    way: Way,
    link: Link,
    /// The pass that it was opened with.
    door: Option<(Pass, Door)>,
}

impl Courier {
    pub(super) fn new(way: Way, link: Link) -> Self {
        Self {
            way,
            link,
            door: None,
        }
    }

    /// Seals a file and brings it to the server, or goes on with what another process has begun of it.
    ///
    /// # Errors
    /// What is wrong with the file, or what the server says.
    pub(super) fn send(
        &mut self,
        sending: &Sending,
        watch: &impl Watch,
    ) -> Result<Attachment, Fault> {
        let mut begun = sending.begun.clone();
        let mut tries = 0;
        loop {
            tries += 1;
            match self.send_once(sending, begun.take(), watch) {
                // It waited too long for its next piece: from the beginning, with another key.
                Err(Fault::Refused(problem))
                    if problem.code == "unknown_parcel" && tries < ANEW => {}
                done => return done,
            }
        }
    }

    fn send_once(
        &mut self,
        sending: &Sending,
        begun: Option<Begun>,
        watch: &impl Watch,
    ) -> Result<Attachment, Fault> {
        let mut source = Source::open(&sending.path)?;
        let taken_up = match begun {
            Some(begun) => self.taken_up(&mut source, begun)?,
            None => None,
        };
        let mut load = match taken_up {
            Some(load) => load,
            None => self.begin(sending, &source)?,
        };
        let sent = self.send_all(&mut source, &mut load, sending.reference, watch);
        let parcel = Fixed(load.begun.parcel);
        match sent {
            Ok(()) => Ok(Attachment {
                parcel,
                key: load.begun.key,
                size: load.begun.size,
                name: source.name(),
                media_type: media_type(&sending.path).to_owned(),
            }),
            // The next process goes on with it.
            Err(fault @ Fault::Interrupted { .. }) => Err(fault),
            Err(fault) => {
                // It would expire anyway.
                drop(self.part(parcel));
                Err(fault)
            }
        }
    }

    fn begin(&mut self, sending: &Sending, source: &Source) -> Result<Load, Fault> {
        let (size, key) = (source.size(), Key(random()?));
        let sealer = Sealer::new(&key, size)?;
        let parcel = self.reserve(&sending.to, sealed_size(size))?;
        let begun = Begun {
            parcel: parcel.0,
            key,
            size,
            modified_ns: source.modified_ns(),
            chunks: 0,
            digest: [0; 32],
        };
        let is_taken_up = false;
        Ok(Load {
            begun,
            sealer,
            is_taken_up,
        })
    }

    /// What was begun, if the file is the same, and so is the piece that was sealed last.
    fn taken_up(&mut self, source: &mut Source, begun: Begun) -> Result<Option<Load>, Fault> {
        let mut sealer = Sealer::behind(&begun.key, begun.size, begun.chunks)?;
        let is_same = source.size() == begun.size && source.modified_ns() == begun.modified_ns;
        if is_same {
            source.seek(begun.chunks)?;
            let (_, digest) = source.piece(&mut sealer)?;
            if digest == begun.digest {
                source.seek(begun.chunks)?;
                let sealer = Sealer::behind(&begun.key, begun.size, begun.chunks)?;
                let is_taken_up = true;
                return Ok(Some(Load {
                    begun,
                    sealer,
                    is_taken_up,
                }));
            }
        }
        drop(self.part(Fixed(begun.parcel)));
        source.seek(0)?;
        Ok(None)
    }

    fn send_all(
        &mut self,
        source: &mut Source,
        load: &mut Load,
        reference: [u8; 16],
        watch: &impl Watch,
    ) -> Result<(), Fault> {
        while load.sealer.wants().is_some() {
            let chunks = load.sealer.chunks();
            let (piece, digest) = source.piece(&mut load.sealer)?;
            let is_again = std::mem::take(&mut load.is_taken_up);
            if is_again && digest != load.begun.digest {
                return Err(source.changed());
            }
            (load.begun.chunks, load.begun.digest) = (chunks, digest);
            if !is_again && !watch.begun(reference, load.begun.clone()) {
                return Err(interrupted());
            }
            let at = u64::from(chunks) * SEALED_CHUNK_BYTES as u64;
            self.bring(Fixed(load.begun.parcel), at, &piece, is_again)?;
            let done = u64::from(load.sealer.chunks()) * CHUNK_BYTES as u64;
            let size = load.begun.size;
            watch.brings(reference, done.min(size), size);
        }
        source.finish()
    }

    fn reserve(&mut self, to: &Name, size: u64) -> Result<ParcelId, Fault> {
        let body = json!({"to": to.as_str(), "size": size}).to_string();
        let made = self.persist(|courier, pass| {
            let kind = ("Content-Type", "application/json".to_owned());
            let question = Question {
                method: "POST",
                path: PARCELS,
                fields: &[pass, kind],
                body: body.as_bytes(),
            };
            courier.ask(&question)?;
            courier.small()
        })?;
        let made: Value = serde_json::from_slice(&made).unwrap_or_default();
        let id = made["id"].as_str().and_then(parcel_id);
        id.ok_or_else(|| self.strange("it names no place for the file"))
    }

    /// Brings a piece; what has come of it before the connection broke, or the process that sent it ended, is not sent
    /// again.
    fn bring(
        &mut self,
        parcel: ParcelId,
        at: u64,
        piece: &[u8],
        is_again: bool,
    ) -> Result<(), Fault> {
        let path = path_of(parcel);
        let end = at + piece.len() as u64;
        let mut is_first = !is_again;
        self.persist(|courier, pass| {
            let mut have = at;
            if !std::mem::take(&mut is_first) {
                let look = Question {
                    method: "HEAD",
                    path: &path,
                    fields: std::slice::from_ref(&pass),
                    body: &[],
                };
                have = courier.ask(&look)?.offset.unwrap_or(at);
            }
            let rest = have
                .checked_sub(at)
                .and_then(|had| usize::try_from(had).ok());
            let Some(rest) = rest.and_then(|had| piece.get(had..)) else {
                return Err(courier.strange("it has another part of the file than was sent"));
            };
            if rest.is_empty() {
                return Ok(());
            }
            let fields = [
                pass,
                ("Upload-Offset", have.to_string()),
                ("Content-Type", "application/offset+octet-stream".to_owned()),
            ];
            let question = Question {
                method: "PATCH",
                path: &path,
                fields: &fields,
                body: rest,
            };
            match courier.ask(&question)?.offset {
                Some(offset) if offset == end => Ok(()),
                _ => Err(courier.strange("it has not taken all that was sent")),
            }
        })
    }

    /// Fetches a file, opens it, and gives it a name; which it got.
    ///
    /// # Errors
    /// [`kinora_chat::Fault::FileDamaged`] for anything but what was sent; [`Fault::Output`]; what the server says.
    pub(super) fn save(&mut self, saving: &Saving) -> Result<PathBuf, Fault> {
        let place = Place::of(&saving.to, &harmless_name(&saving.file.name))?;
        let mut part = place.begin()?;
        self.fetch(&saving.file, part.as_file_mut())?;
        let path = place.finish(part)?;
        // It is kept here; when the server forgets it there is of no matter.
        drop(self.part(saving.file.parcel));
        Ok(path)
    }

    fn fetch(&mut self, file: &Attachment, into: &mut File) -> Result<(), Fault> {
        let path = path_of(file.parcel);
        let whole = sealed_size(file.size);
        let mut opener = Opener::new(&file.key, file.size)?;
        let (mut at, mut sealed) = (0, Vec::new());
        self.persist(|courier, pass| {
            if opener.wants().is_none() {
                return Ok(());
            }
            let fields = [pass, ("Range", format!("bytes={at}-"))];
            let question = Question {
                method: "GET",
                path: &path,
                fields: &fields,
                body: &[],
            };
            let answer = courier.ask(&question)?;
            if answer.length != whole - at {
                return Err(kinora_chat::Fault::FileDamaged.into());
            }
            while let Some(wanted) = opener.wants() {
                while sealed.len() < wanted {
                    let some = courier.body(wanted - sealed.len())?;
                    at += some.len() as u64;
                    sealed.extend(some);
                }
                let content = opener.open(std::mem::take(&mut sealed))?;
                into.write_all(&content).map_err(Fault::Output)?;
            }
            Ok(())
        })
    }

    /// This device needs it no more.
    fn part(&mut self, parcel: ParcelId) -> Result<(), Fault> {
        let path = path_of(parcel);
        self.persist(|courier, pass| {
            let question = Question {
                method: "DELETE",
                path: &path,
                fields: &[pass],
                body: &[],
            };
            courier.ask(&question).map(drop)
        })
    }

    /// Repeats a step while the way to the server is the trouble, each time with the pass of the connection then.
    fn persist<T>(
        &mut self,
        mut step: impl FnMut(&mut Self, (&'static str, String)) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let policy = self.way.timing.retry;
        let mut failures = 0;
        loop {
            let (port, pass) = self.link.wait()?;
            let shown = ("Talk-Pass", HEXLOWER.encode(&pass.0));
            let done = self.enter(port, pass).and_then(|()| step(self, shown));
            let fault = match done {
                Ok(done) => return Ok(done),
                Err(fault) => fault,
            };
            self.door = None;
            failures += 1;
            if !is_passing(&fault) || failures >= policy.attempts {
                return Err(fault);
            }
            if self
                .way
                .cancel
                .pause(policy.pause(failures, retry::chance()))
            {
                return Err(interrupted());
            }
        }
    }

    /// Sees to it that the door is open.
    fn enter(&mut self, port: u16, pass: Pass) -> Result<(), Fault> {
        let is_good = |(with, door): &(Pass, Door)| *with == pass && door.is_open();
        if !self.door.as_ref().is_some_and(is_good) {
            self.door = Some((pass, Door::open(&self.way, port)?));
        }
        Ok(())
    }

    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Fault> {
        match &mut self.door {
            Some((_, door)) => door.ask(question),
            None => Err(interrupted()),
        }
    }

    fn body(&mut self, most: usize) -> Result<Vec<u8>, Fault> {
        match &mut self.door {
            Some((_, door)) => door.body(most),
            None => Err(interrupted()),
        }
    }

    fn small(&mut self) -> Result<Vec<u8>, Fault> {
        match &mut self.door {
            Some((_, door)) => door.small(),
            None => Err(interrupted()),
        }
    }

    fn strange(&self, detail: &str) -> Fault {
        Fault::Strange {
            server: self.way.server.to_string(),
            detail: detail.to_owned(),
        }
    }
}

/// A file on its way.
struct Load {
    begun: Begun,
    sealer: Sealer,
    /// The next piece may be at the server already, or a part of it.
    is_taken_up: bool,
}

/// A file that is read from its beginning to its end, or from where another process was.
struct Source {
    path: PathBuf,
    file: File,
    before: Metadata,
}

impl Source {
    fn open(path: &Path) -> Result<Self, Fault> {
        let unreadable = |reason: String| Fault::Input {
            path: path.to_owned(),
            reason,
        };
        let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
        let before = file
            .metadata()
            .map_err(|error| unreadable(error.to_string()))?;
        match before.is_file() {
            true => Ok(Self {
                path: path.to_owned(),
                file,
                before,
            }),
            false => Err(unreadable("it is no file".into())),
        }
    }

    fn size(&self) -> u64 {
        self.before.len()
    }

    fn modified_ns(&self) -> i64 {
        let seconds = self.before.mtime().saturating_mul(1_000_000_000);
        seconds.saturating_add(self.before.mtime_nsec())
    }

    /// Goes on behind so many chunks.
    fn seek(&mut self, chunks: u32) -> Result<(), Fault> {
        let at = u64::from(chunks) * CHUNK_BYTES as u64;
        match self.file.seek(SeekFrom::Start(at.min(self.size()))) {
            Ok(_) => Ok(()),
            Err(error) => Err(self.unreadable(&error)),
        }
    }

    /// The next piece, sealed, and the digest of what is in it.
    fn piece(&mut self, sealer: &mut Sealer) -> Result<(Vec<u8>, [u8; 32]), Fault> {
        let (mut piece, mut digest) = (Vec::new(), Sha256::new());
        for _ in 0..PIECE_CHUNKS {
            let Some(wanted) = sealer.wants() else { break };
            let content = self.read(wanted)?;
            digest.update(&content);
            piece.extend(sealer.seal(&content)?);
        }
        Ok((piece, digest.finalize().into()))
    }

    fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        harmless_name(&name.to_string_lossy())
    }

    fn read(&mut self, wanted: usize) -> Result<Vec<u8>, Fault> {
        let mut bytes = vec![0; wanted];
        match self.file.read_exact(&mut bytes) {
            Ok(()) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(self.changed()),
            Err(error) => Err(self.unreadable(&error)),
        }
    }

    fn unreadable(&self, error: &io::Error) -> Fault {
        Fault::Input {
            path: self.path.clone(),
            reason: error.to_string(),
        }
    }

    /// All was read: is it still what it was?
    fn finish(&mut self) -> Result<(), Fault> {
        let is_longer = !matches!(self.file.read(&mut [0]), Ok(0));
        let now = self.file.metadata().map_err(|_| self.changed())?;
        let is_same =
            now.len() == self.before.len() && now.modified().ok() == self.before.modified().ok();
        match is_same && !is_longer {
            true => Ok(()),
            false => Err(self.changed()),
        }
    }

    fn changed(&self) -> Fault {
        Fault::InputChanged {
            path: self.path.clone(),
        }
    }
}

/// Where a received file is to appear.
struct Place {
    directory: PathBuf,
    name: OsString,
    /// The name was not the user's: another one is as good.
    is_free: bool,
}

impl Place {
    fn of(to: &Path, name: &str) -> Result<Self, Fault> {
        let is_directory = to.is_dir() || to.as_os_str().as_encoded_bytes().ends_with(b"/");
        if is_directory {
            return Ok(Self {
                directory: to.to_owned(),
                name: name.into(),
                is_free: true,
            });
        }
        let wanted = to.file_name().map(OsString::from);
        let wanted = wanted.ok_or_else(|| exists(to))?;
        // Said before anything is fetched; what counts is the end.
        if to.symlink_metadata().is_ok() {
            return Err(exists(to));
        }
        let directory = to.parent().filter(|above| !above.as_os_str().is_empty());
        Ok(Self {
            directory: directory.map_or_else(|| ".".into(), Path::to_owned),
            name: wanted,
            is_free: false,
        })
    }

    /// A file without its name yet; it is gone when it is dropped.
    fn begin(&self) -> Result<tempfile::NamedTempFile, Fault> {
        let part = tempfile::Builder::new()
            .prefix(".kinora.part-")
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(&self.directory);
        part.map_err(Fault::Output)
    }

    fn finish(&self, mut part: tempfile::NamedTempFile) -> Result<PathBuf, Fault> {
        part.as_file().sync_all().map_err(Fault::Output)?;
        for number in 1..=NAMES_TRIED {
            let path = self.directory.join(self.numbered(number));
            part = match part.persist_noclobber(&path) {
                Ok(_) => {
                    // The name itself is durable when its directory is.
                    let synced = File::open(&self.directory).and_then(|above| above.sync_all());
                    return synced.map(|()| path).map_err(Fault::Output);
                }
                Err(refused) if refused.error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(Fault::Output(refused.error));
                }
                Err(_) if !self.is_free => return Err(exists(&path)),
                Err(refused) => refused.file,
            };
        }
        Err(exists(&self.directory.join(&self.name)))
    }

    /// `a.mp4`, `a (2).mp4`, …
    fn numbered(&self, number: u32) -> OsString {
        if number == 1 {
            return self.name.clone();
        }
        let name = Path::new(&self.name);
        let mut numbered = name.file_stem().unwrap_or_default().to_owned();
        numbered.push(format!(" ({number})"));
        if let Some(ending) = name.extension() {
            numbered.push(".");
            numbered.push(ending);
        }
        numbered
    }
}

fn exists(path: &Path) -> Fault {
    Fault::Output(io::Error::new(
        io::ErrorKind::AlreadyExists,
        format!("{} exists already", path.display()),
    ))
}

/// The way to the server is the trouble, or a pass of a connection that is gone.
fn is_passing(fault: &Fault) -> bool {
    match fault {
        Fault::Refused(problem) if problem.code == "pass_required" => true,
        Fault::Unreachable { .. } => true,
        fault => fault.is_transient(),
    }
}

fn no_files() -> Fault {
    Fault::Refused(problem(
        "no_files",
        "this server takes no files",
        "ask its operator for a newer version of it",
    ))
}

fn interrupted() -> Fault {
    Fault::Interrupted {
        task_id: None,
        cancelled: false,
    }
}

fn path_of(parcel: ParcelId) -> String {
    format!("{PARCELS}/{}", HEXLOWER.encode(&parcel.0))
}

fn parcel_id(digits: &str) -> Option<ParcelId> {
    let bytes = HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok()?;
    bytes.try_into().ok().map(Fixed)
}

/// What a file is taken for, by its ending; nothing where that tells little.
fn media_type(path: &Path) -> &'static str {
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    match ending.to_str().unwrap_or_default() {
        "mp4" | "m4v" => "video/mp4",
        "mkv" => "video/matroska",
        "webm" => "video/webm",
        "mov" => "video/quicktime",
        "avi" => "video/vnd.avi",
        "mp3" => "audio/mpeg",
        "m4a" => "audio/mp4",
        "flac" => "audio/flac",
        "ogg" | "opus" => "audio/ogg",
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "txt" | "srt" => "text/plain",
        "vtt" => "text/vtt",
        _ => "",
    }
}
