//! The threads that bring and fetch files beside the conversation, one for each way, so that neither holds up a message or
//! the other. They wait for no one at their end: what one of them has not finished is done by the next process.

use super::core::Saving;
use super::files::{Courier, Link, Watch};
use super::line::Way;
use super::store::{Begun, Sending};
use crate::Fault;
use kinora_chat::attachment::Attachment;
use kinora_talk::field::Pass;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::Builder;

/// What one of them says on its way, and comes back with.
pub(super) enum Done {
    /// So much of a file is about to be sent; it goes when that is kept.
    Begun([u8; 16], Begun, Sender<()>),
    /// So many bytes of a file are at the server, of so many.
    Brings([u8; 16], u64, u64),
    /// A file is at the server, or not.
    Brought([u8; 16], Result<Attachment, Fault>),
    /// A file is here, or not.
    Fetched(Box<Saving>, Result<PathBuf, Fault>),
}

/// Both of them.
pub(super) struct Couriers {
    link: Link,
    sendings: Sender<Sending>,
    savings: Sender<Saving>,
    done: Receiver<Done>,
    /// Files that are being fetched.
    fetching: usize,
}

impl Couriers {
    /// Starts them; whoever reads from the other end of `wake` hears when one is back.
    pub(super) fn start(way: &Way, wake: &UnixStream) -> io::Result<Self> {
        let (sendings, to_send) = channel::<Sending>();
        let (savings, to_save) = channel::<Saving>();
        let (back, done) = channel();
        let link = Link::default();
        let courier = || Courier::new(way.clone(), link.clone());
        let (mut one, mut other) = (courier(), courier());
        work(
            "send files",
            to_send,
            (back.clone(), wake.try_clone()?),
            move |sending, report| Done::Brought(sending.reference, one.send(&sending, report)),
        )?;
        work(
            "save files",
            to_save,
            (back, wake.try_clone()?),
            move |saving, _| {
                let saved = other.save(&saving);
                Done::Fetched(Box::new(saving), saved)
            },
        )?;
        Ok(Self {
            link,
            sendings,
            savings,
            done,
            fetching: 0,
        })
    }

    /// The device is logged in, and is known by this pass at the door on this port.
    pub(super) fn come(&self, port: u16, pass: Option<Pass>) {
        self.link.come(port, pass);
    }

    /// The connection is gone.
    pub(super) fn go(&self) {
        self.link.go();
    }

    pub(super) fn send(&self, sending: Sending) {
        // A thread that panicked takes nothing; the file is remembered.
        let _ = self.sendings.send(sending);
    }

    pub(super) fn save(&mut self, saving: Saving) {
        if self.savings.send(saving).is_ok() {
            self.fetching += 1;
        }
    }

    /// Nothing that the user waits for is on its way here.
    pub(super) fn is_done(&self) -> bool {
        self.fetching == 0
    }

    /// Who is back.
    pub(super) fn next(&mut self) -> Option<Done> {
        let done = self.done.try_recv().ok()?;
        if matches!(done, Done::Fetched(..)) {
            self.fetching -= 1;
        }
        Some(done)
    }
}

impl Drop for Couriers {
    fn drop(&mut self) {
        self.link.end();
    }
}

fn work<T: Send + 'static>(
    name: &str,
    tasks: Receiver<T>,
    (back, wake): (Sender<Done>, UnixStream),
    mut act: impl FnMut(T, &Report) -> Done + Send + 'static,
) -> io::Result<()> {
    let report = Report { back, wake };
    let run = move || {
        for task in tasks {
            let done = act(task, &report);
            if !report.say(done) {
                return;
            }
        }
    };
    Builder::new().name(name.into()).spawn(run).map(drop)
}

/// The way back of one of them.
struct Report {
    back: Sender<Done>,
    wake: UnixStream,
}

impl Watch for Report {
    fn begun(&self, reference: [u8; 16], begun: Begun) -> bool {
        let (kept, answer) = channel();
        self.say(Done::Begun(reference, begun, kept)) && answer.recv().is_ok()
    }

    fn brings(&self, reference: [u8; 16], done: u64, size: u64) {
        self.say(Done::Brings(reference, done, size));
    }
}

impl Report {
    /// False when nobody listens any more.
    fn say(&self, done: Done) -> bool {
        let said = self.back.send(done).is_ok();
        // Full means that it is awake enough.
        let _ = (&self.wake).write(&[0]);
        said
    }
}
