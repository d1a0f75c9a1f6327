//! The face of this crate: one job from the order to the file, and the small questions about jobs.
//!
//! Nothing is shared between two sessions but the [`Cancel`] flag; several files at once are several sessions on
//! several threads.

use crate::download::Download;
use crate::endpoint::{self, Endpoint};
use crate::job::{self, Watch};
use crate::library::{self, Library};
use crate::retry::{self, Policy};
use crate::timing::Timing;
use crate::upload::Upload;
use crate::{Address, Cancel, Event, Fault, Observer, Pin, Security, Token};
use kinora_media::operation::Operation;
use kinora_media::quality::Report;
use kinora_mmp::reply::{Delivery, State};
use serde_json::Value;
use std::fs::File;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long an interrupted session still tries to tell the server.
const LAST_WORD: Duration = Duration::from_secs(5);

/// What is known of a result before its first byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The job.
    pub task_id: String,
    /// Ending of the file, without a dot.
    pub extension: String,
    /// Bytes of the result, when the server says so.
    pub size: Option<u64>,
}

/// Where a result goes.
pub trait Destination {
    /// The file to write into: empty, and not under its final name yet.
    ///
    /// # Errors
    /// When there is no place for it; the result then stays at the server.
    fn open(&mut self, found: &Found) -> io::Result<File>;

    /// The file is whole and verified: give it its name.
    ///
    /// # Errors
    /// When it cannot appear there; the result then stays at the server.
    fn appear(&mut self) -> io::Result<()>;
}

/// What came of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivered {
    /// The job.
    pub task_id: String,
    /// Bytes of the result.
    pub size: u64,
    /// Bytes of what was sent, when the server says so.
    pub original_size: Option<u64>,
    /// The original came back, because nothing smaller could be made of it.
    pub kept_original: bool,
    /// BLAKE3 of the result, hex, when the server says so.
    pub digest: Option<String>,
    /// Sentences for the user.
    pub notes: Vec<String>,
    /// What it is called in the server's library, if it was to be kept there.
    pub kept_as: Option<String>,
    /// How a compression was chosen and what it measures, when the server says so in a form that is understood.
    pub report: Option<Box<Report>>,
}

/// Speaks with one server about one job at a time.
#[derive(Debug)]
pub struct Session {
    server: Address,
    timing: Timing,
    cancel: Cancel,
    token: Option<Token>,
    security: Security,
    keep_as: Option<String>,
    met: bool,
}

impl Session {
    /// A session that has not connected yet.
    #[must_use]
    pub fn new(server: Address, timing: Timing, cancel: Cancel) -> Self {
        Self {
            server,
            timing,
            cancel,
            token: None,
            security: Security::default(),
            keep_as: None,
            met: false,
        }
    }

    /// The same with a token, which is shown to the server on each connection.
    #[must_use]
    pub fn with_token(self, token: Option<Token>) -> Self {
        Self { token, ..self }
    }

    /// The same with a way to know servers again.
    #[must_use]
    pub fn with_security(self, security: Security) -> Self {
        Self { security, ..self }
    }

    /// The same, with a result that the server also puts into its library under this name, if there is one.
    #[must_use]
    pub fn with_keeping(self, keep_as: Option<String>) -> Self {
        Self { keep_as, ..self }
    }

    /// The key by which the server can be known from now on. Nothing is asked of it, and nothing is kept.
    ///
    /// # Errors
    /// When it cannot be reached, or does not speak TLS.
    pub fn meet(&self) -> Result<Pin, Fault> {
        endpoint::meet(&self.server, &self.timing, &self.cancel)
    }

    /// Sends the input, waits for the job, fetches the result, and lets the server forget it.
    ///
    /// When the flag is set in between, the server is asked to cancel the job.
    ///
    /// # Errors
    /// Any [`Fault`]; after [`Event::Accepted`] the job may go on at the server.
    pub fn run(
        &mut self,
        operation: &Operation,
        input: &Path,
        destination: &mut dyn Destination,
        observer: &mut dyn Observer,
    ) -> Result<Delivered, Fault> {
        let task_id = self.upload(operation, input, observer)?;
        observer.event(&Event::Accepted { task_id: &task_id });
        self.take(&task_id, destination, observer)
            .map_err(|fault| match fault {
                Fault::Interrupted { .. } => self.give_up(task_id),
                other => other,
            })
    }

    /// Waits for a job that was accepted earlier, and fetches its result. An interruption leaves the job as it is.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub fn fetch(
        &mut self,
        task_id: &str,
        destination: &mut dyn Destination,
        observer: &mut dyn Observer,
    ) -> Result<Delivered, Fault> {
        self.take(task_id, destination, observer)
            .map_err(|fault| match fault {
                Fault::Interrupted { .. } => Fault::Interrupted {
                    task_id: Some(task_id.into()),
                    cancelled: false,
                },
                other => other,
            })
    }

    /// Where a job stands.
    ///
    /// # Errors
    /// When the server cannot be asked, or does not know the job.
    pub fn status(&mut self, task_id: &str) -> Result<State, Fault> {
        job::status(&mut self.connect()?, task_id)
    }

    /// Asks the server to end a job; what its state is then (`cancelled`, or how it had ended before).
    ///
    /// # Errors
    /// When the server cannot be asked, or does not know the job.
    pub fn cancel(&mut self, task_id: &str) -> Result<String, Fault> {
        job::cancel(&mut self.connect()?, task_id)
    }

    /// Has the server put the result of a job into its library, under this name or the original's; what its file is
    /// called there.
    ///
    /// # Errors
    /// When the server cannot be asked, has no such result, or puts none there.
    pub fn keep(&mut self, task_id: &str, name: Option<&str>) -> Result<String, Fault> {
        job::keep(&mut self.connect()?, task_id, name)
    }

    /// Titles of the library that have these words in their names, with addresses that are good for so many seconds, or
    /// for an evening.
    ///
    /// # Errors
    /// When the server cannot be asked, or has none for us.
    pub fn library(&mut self, search: &str, lasts_s: Option<u64>) -> Result<Library, Fault> {
        library::ask(&mut self.connect()?, search, lasts_s)
    }

    /// One title of the library, by its id, with its subtitles.
    ///
    /// # Errors
    /// When the server cannot be asked, or has no such title for us.
    pub fn title(&mut self, id: &str, lasts_s: Option<u64>) -> Result<Library, Fault> {
        library::ask_one(&mut self.connect()?, id, lasts_s)
    }

    /// The port at which the server serves HTTP; none when it does not.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub fn http_port(mut self) -> Result<Option<u16>, Fault> {
        library::door(&mut self.connect()?)
    }

    fn upload(
        &mut self,
        operation: &Operation,
        input: &Path,
        observer: &mut dyn Observer,
    ) -> Result<String, Fault> {
        let mut upload = Upload::new(operation, input)?;
        let (policy, cancel) = (self.timing.retry, self.cancel.clone());
        let sent = retry::persist(&policy, &cancel, None, observer, |attempt, observer| {
            upload.attempt(&mut self.connect()?, attempt, observer)
        });
        let unheard = match sent {
            Err(Fault::Interrupted { .. }) => upload.unheard_job(|| self.last_word().connect()),
            _ => None,
        };
        unheard.map_or(sent, |task_id| Err(self.give_up(task_id)))
    }

    fn take(
        &mut self,
        task_id: &str,
        destination: &mut dyn Destination,
        observer: &mut dyn Observer,
    ) -> Result<Delivered, Fault> {
        let state = self.wait(task_id, observer)?;
        let found = Found {
            task_id: task_id.into(),
            extension: state.extension.clone().unwrap_or_default(),
            size: state.size,
        };
        let file = destination.open(&found).map_err(Fault::Output)?;
        let result = self.download(task_id, &file, observer)?;
        drop(file);
        destination.appear().map_err(Fault::Output)?;
        // Before it is confirmed, for then the server deletes it.
        let kept_as = match self.keep_as.clone() {
            Some(name) => Some(self.keep(task_id, Some(&name))?),
            None => None,
        };
        // The file is there: whether the server hears of it decides only when it deletes its own.
        let _ = self
            .connect()
            .and_then(|mut peer| job::confirm(&mut peer, task_id));
        Ok(Delivered {
            kept_as,
            ..delivered(task_id, state, result)
        })
    }

    fn wait(&mut self, task_id: &str, observer: &mut dyn Observer) -> Result<State, Fault> {
        let timing = self.timing.clone();
        let watch = Watch {
            task_id,
            timing: &timing,
            begun: Instant::now(),
        };
        let policy = Policy {
            cap: timing.check_interval,
            ..timing.retry
        };
        let cancel = self.cancel.clone();
        retry::persist(
            &policy,
            &cancel,
            watch.until(),
            observer,
            |attempt, observer| {
                loop {
                    let mut peer = self.connect()?;
                    if let Some(state) = watch.attempt(&mut peer, attempt, observer)? {
                        return Ok(state);
                    }
                }
            },
        )
    }

    fn download(
        &mut self,
        task_id: &str,
        file: &File,
        observer: &mut dyn Observer,
    ) -> Result<Delivery, Fault> {
        let mut download = Download::new(task_id, file);
        let (policy, cancel) = (self.timing.retry, self.cancel.clone());
        retry::persist(&policy, &cancel, None, observer, |attempt, observer| {
            download.attempt(&mut self.connect()?, attempt, observer)
        })
    }

    /// A server that answered before and does not now is lost, not unreachable: that is worth waiting for.
    fn connect(&mut self) -> Result<Endpoint, Fault> {
        match Endpoint::connect(
            &self.server,
            &self.timing,
            &self.cancel,
            self.token.as_ref(),
            &self.security,
        ) {
            Err(Fault::Unreachable { server, reason }) if self.met => {
                Err(Fault::Lost { server, reason })
            }
            Err(fault) => Err(fault),
            Ok(peer) => {
                self.met = true;
                Ok(peer)
            }
        }
    }

    /// The user does not want the job any more.
    fn give_up(&self, task_id: String) -> Fault {
        let told = self.last_word().cancel(&task_id);
        Fault::Interrupted {
            cancelled: told.is_ok_and(|state| state == "cancelled"),
            task_id: Some(task_id),
        }
    }

    /// A session for what must still be said when the flag of this one is set.
    fn last_word(&self) -> Self {
        let timing = Timing {
            connect: LAST_WORD,
            patience: LAST_WORD,
            ..self.timing.clone()
        };
        Self::new(self.server.clone(), timing, Cancel::new())
            .with_token(self.token.clone())
            .with_security(self.security.clone())
    }
}

fn delivered(task_id: &str, state: State, result: Delivery) -> Delivered {
    // The one beside the file itself counts.
    let report = result.report.or(state.report);
    Delivered {
        task_id: task_id.into(),
        size: result.size,
        original_size: result.original_size.or(state.original_size),
        kept_original: result.kept_original || state.kept_original,
        digest: result.digest,
        notes: if result.notes.is_empty() {
            state.notes
        } else {
            result.notes
        },
        kept_as: None,
        report: report.and_then(|report| serde_json::from_value(Value::Object(report)).ok()),
    }
}
