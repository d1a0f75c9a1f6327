//! What every command needs: the environment, the flags of all commands, and the way to a server.

use crate::cli::{Connection, Credential, Global};
use crate::config::layers::Variables;
use crate::credential;
use crate::journal::{Entry, Journal};
use crate::known::Servers;
use crate::report::Outcome;
use kinora_client::{Address, Cancel, Security, Session, Timing, Token};
use kinora_jobs::Problem;
use kinora_jobs::sandbox::{Cage, Tools};
use std::sync::Arc;

/// Made once, at the start.
#[derive(Debug)]
pub(crate) struct Context {
    /// Flags of all commands.
    pub(crate) global: Global,
    /// The environment, read once.
    pub(crate) variables: Variables,
    /// The jobs of this user.
    pub(crate) journal: Journal,
    /// The servers that this user has met.
    pub(crate) servers: Arc<Servers>,
}

/// A job that a command is about.
#[derive(Debug)]
pub(crate) struct Job {
    /// Its whole id.
    pub(crate) task_id: String,
    /// Where it is.
    pub(crate) server: Address,
    /// What was written down of it.
    pub(crate) entry: Option<Entry>,
}

impl Context {
    /// For this process.
    #[must_use]
    pub(crate) fn new(global: Global) -> Self {
        let plain = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        let variables: Variables = std::env::vars_os().filter_map(plain).collect();
        Self {
            global,
            journal: Journal::of(&variables),
            servers: Arc::new(Servers::of(&variables)),
            variables,
        }
    }

    /// The server that a flag names, else the environment, else this machine's.
    ///
    /// # Errors
    /// When the variable is no address.
    pub(crate) fn server(&self, flag: Option<&Address>) -> Outcome<Address> {
        match (
            flag,
            self.variables
                .get("KINORA_SERVER")
                .filter(|text| !text.is_empty()),
        ) {
            (Some(address), _) => Ok(address.clone()),
            (None, Some(text)) => Ok(text.parse()?),
            (None, None) => Ok(Address::default()),
        }
    }

    /// The token for a server: the flag's, else the environment's, else the one that the file of tokens has for it.
    ///
    /// # Errors
    /// When what is given is none, or the file is open to others.
    pub(crate) fn token(&self, flag: &Credential, server: &Address) -> Outcome<Option<Token>> {
        credential::find(flag.token.as_ref(), &self.variables, server)
    }

    /// How a server is spoken to.
    pub(crate) fn security(&self, flag: &Credential) -> Security {
        Security {
            is_plain: flag.plain,
            trust: Arc::clone(&self.servers) as _,
        }
    }

    /// A session for a quick question.
    ///
    /// # Errors
    /// As [`Self::token`].
    pub(crate) fn brief(&self, server: &Address, flag: &Credential) -> Outcome<Session> {
        let session = Session::new(server.clone(), Timing::default(), Cancel::new());
        let session = session.with_token(self.token(flag, server)?);
        Ok(session.with_security(self.security(flag)))
    }

    /// The job that an id, or the beginning of one, means: one of the journal, or any at a server.
    ///
    /// # Errors
    /// When several begin so.
    pub(crate) fn job(&self, id: &str, server: Option<&Address>) -> Outcome<Job> {
        let entry = self.journal.find(id)?;
        let known = match &entry {
            Some(entry) if server.is_none() => Some(entry.server.parse()?),
            _ => None,
        };
        Ok(Job {
            task_id: entry
                .as_ref()
                .map_or_else(|| id.to_owned(), |entry| entry.task_id.clone()),
            server: known.map_or_else(|| self.server(server), Ok)?,
            entry,
        })
    }
}

/// What the flags say about time.
#[must_use]
pub(crate) fn timing(connection: &Connection) -> Timing {
    Timing {
        check_interval: connection.check_interval,
        max_wait: connection.max_wait,
        ..Timing::default()
    }
}

/// The programs that the settings name, in the cage that they ask for. Who works on files at home knows where they are
/// from.
pub(super) fn tools(config: &kinora_server::Config) -> Result<Tools, Problem> {
    let cage = Cage::establish(&config.sandbox, false)?;
    Tools::find(&config.ffmpeg, cage)
}
