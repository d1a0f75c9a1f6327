//! Files that this user sends and keeps: what is remembered of them while a courier is on the way.

use super::{Core, problem};
use crate::Fault;
use crate::talk::event::Event;
use crate::talk::store::{Begun, Sending, Write};
use kinora_chat::attachment::{Attachment, harmless_name};
use kinora_chat::payload::Content;
use kinora_mmp::Problem;
use std::path::{Path, PathBuf};

/// A file that is to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::talk) struct Saving {
    /// The message that brought it.
    pub(in crate::talk) id: i64,
    pub(in crate::talk) reference: [u8; 16],
    pub(in crate::talk) file: Attachment,
    /// A directory, or the path itself.
    pub(in crate::talk) to: PathBuf,
}

impl Core {
    /// A file is to be sent. It is remembered until the message that names it is written, and its sending goes on if this
    /// process ends before; what is to be carried now comes out.
    ///
    /// # Errors
    /// Those of the file of the talk; what is wrong with the sending is an event.
    pub(in crate::talk) fn send_file(
        &mut self,
        to: &str,
        path: &Path,
        reference: [u8; 16],
    ) -> Result<Option<Sending>, Fault> {
        let to = match self.known(to) {
            Ok(to) => to,
            Err(problem) => {
                self.refuse(reference, problem);
                return Ok(None);
            }
        };
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let sending = Sending {
            reference,
            to,
            path,
            begun: None,
        };
        self.write(vec![Write::Sending(sending.clone())])?;
        self.sendings.push(sending.clone());
        Ok(Some(sending))
    }

    /// A courier is about to send this much of a file, under that key: another process goes on from there.
    ///
    /// # Errors
    /// Those of the file of the talk.
    pub(in crate::talk) fn begun(
        &mut self,
        reference: [u8; 16],
        begun: Begun,
    ) -> Result<(), Fault> {
        let mut sendings = self.sendings.iter_mut();
        let Some(sending) = sendings.find(|sending| sending.reference == reference) else {
            return Ok(());
        };
        sending.begun = Some(begun.clone());
        self.write(vec![Write::Begun(reference, begun)])
    }

    /// A courier has brought this much of a file.
    pub(in crate::talk) fn brings(&mut self, reference: [u8; 16], done: u64, size: u64) {
        let mut sendings = self.sendings.iter();
        let Some(sending) = sendings.find(|sending| sending.reference == reference) else {
            return;
        };
        let name = sending.path.file_name().unwrap_or_default();
        self.events.push_back(Event::Sending {
            reference,
            to: sending.to.clone(),
            name: harmless_name(&name.to_string_lossy()),
            done,
            size,
        });
    }

    /// A courier is back: the message is written, with what opens the file.
    ///
    /// # Errors
    /// As [`Core::say`].
    pub(in crate::talk) fn brought(
        &mut self,
        reference: [u8; 16],
        done: Result<Attachment, Fault>,
        now_ms: u64,
    ) -> Result<(), Fault> {
        let is_it = |sending: &Sending| sending.reference == reference;
        let Some(at) = self.sendings.iter().position(is_it) else {
            return Ok(());
        };
        let gone = Write::Gone(reference);
        match done {
            Ok(file) => {
                let to = self.sendings.remove(at).to;
                let content = Content::File(file);
                self.say_with(to.as_str(), content, reference, vec![gone], now_ms)
            }
            // The process ends; it goes on with the next one.
            Err(Fault::Interrupted { .. }) => Ok(()),
            Err(fault) => {
                self.sendings.remove(at);
                self.write(vec![gone])?;
                self.refuse(reference, words(&fault));
                Ok(())
            }
        }
    }

    /// A file that came is to be kept; what is to be carried.
    ///
    /// # Errors
    /// Those of the file of the talk.
    pub(in crate::talk) fn save(
        &mut self,
        id: i64,
        to: PathBuf,
        reference: [u8; 16],
    ) -> Result<Option<Saving>, Fault> {
        match self.store.content(id)? {
            Some(Content::File(file)) => Ok(Some(Saving {
                id,
                reference,
                file,
                to,
            })),
            _ => {
                let problem = problem(
                    "unknown_file",
                    &format!("no file came with message {id}"),
                    "the number stands beside the file's name",
                );
                self.refuse(reference, problem);
                Ok(None)
            }
        }
    }

    /// A courier is back with a file, or without.
    pub(in crate::talk) fn fetched(&mut self, saving: &Saving, done: Result<PathBuf, Fault>) {
        match done {
            Ok(path) => self.events.push_back(Event::Saved {
                id: saving.id,
                reference: saving.reference,
                path,
            }),
            Err(Fault::Interrupted { .. }) => {}
            Err(fault) => self.refuse(saving.reference, words(&fault)),
        }
    }
}

fn words(fault: &Fault) -> Problem {
    problem(fault.code(), &fault.to_string(), &fault.solution())
}
