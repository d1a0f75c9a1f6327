//! A further device of a user: the new one shows a code and waits, an older one gives the answer. Neither needs the server
//! for it; the text goes over any way.

use super::core::{Core, Owner, random};
use super::run::now_ms;
use crate::Fault;
use kinora_chat::handover::{Code, Newcomer};
use std::path::{Path, PathBuf};

/// A new device that waits for its identity. Its code is good for as long as this is there.
#[derive(Debug)]
pub struct Link {
    directory: PathBuf,
    newcomer: Newcomer,
}

impl Link {
    /// Begins. `directory` is where what is kept of the server's talk will lie.
    ///
    /// # Errors
    /// [`Fault::TalkLinked`] when there is a name already; those of the file.
    pub fn new(directory: &Path) -> Result<Self, Fault> {
        Core::vacant(directory)?;
        Ok(Self {
            directory: directory.to_owned(),
            newcomer: Newcomer::new(&random()?)?,
        })
    }

    /// What the older device has to be given.
    #[must_use]
    pub fn code(&self) -> String {
        self.newcomer.code().to_string()
    }

    /// Takes the answer of the older device. From now on this one has the name; the server learns of it when it connects.
    ///
    /// # Errors
    /// [`kinora_chat::Fault::AnswerUnusable`], those of [`Link::new`].
    pub fn take(self, answer: &str, label: &str) -> Result<Owner, Fault> {
        let handover = self.newcomer.open(answer)?;
        Core::adopt(&self.directory, &handover, label, now_ms() / 1000)
    }
}

/// The answer of this device to the code of a new one, for nobody else; and who the new one will be.
///
/// # Errors
/// [`kinora_chat::Fault::CodeUnusable`], [`Fault::TalkNameless`] where there is no name yet; those of the file.
pub fn answer(directory: &Path, code: &str) -> Result<(String, Owner), Fault> {
    let code: Code = code.parse()?;
    let (handover, own) = Core::handover(directory)?;
    Ok((handover.seal(&code)?, own))
}
