//! Parcels: sealed files that wait for whom they are for. Who may have one, room for it, its bytes, and its end.
//!
//! A device shows who it is by a *pass* that its connection was given (`hub`); nothing here knows HTTP. What is called how,
//! and what opens it, stands in envelopes.

use super::limits::{SEALED_MORE, SEALED_TAIL};
use crate::config::TalkConfig;
use crate::fault::Fault;
use kinora_store::contract::Records;
use kinora_store::parcel::{self, Depot, NewParcel, Parcel, ParcelId, Parted, Reserved, Room};
use kinora_store::post::Seat;
use kinora_talk::limits::PARCEL_BYTES_MIN;
use kinora_talk::name::Name;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// All parcels of this server.
pub(crate) struct Parcels {
    records: Arc<dyn parcel::Parcels>,
    depot: Arc<dyn Depot>,
    config: TalkConfig,
    jobs: Arc<dyn Records>,
    ceiling: u64,
    /// Seconds that a parcel waits for its next piece.
    upload_keep_s: u64,
    /// Bytes of disk that stay free.
    margin: u64,
}

/// Where parcels lie, and what holds for them.
pub(crate) struct Parts {
    /// Who may have them.
    pub(crate) records: Arc<dyn parcel::Parcels>,
    /// Their bytes.
    pub(crate) depot: Arc<dyn Depot>,
    /// How large, how many, how long.
    pub(crate) config: TalkConfig,
    /// What jobs have set aside.
    pub(crate) jobs: Arc<dyn Records>,
    /// Bytes that those and parcels may take together.
    pub(crate) ceiling: u64,
    /// Seconds that an upload waits to be taken up again.
    pub(crate) upload_keep_s: u64,
    /// Bytes of disk that stay free.
    pub(crate) margin: u64,
}

/// A parcel whose bytes are coming. What has been written counts when it is settled.
#[derive(Debug)]
pub(crate) struct Arriving {
    id: ParcelId,
    seat: Seat,
    file: File,
    /// What counted when this began.
    from: u64,
    at: u64,
    size: u64,
}

impl Arriving {
    /// Bytes that have not come.
    pub(crate) fn missing(&self) -> u64 {
        self.size - self.at
    }

    /// Takes a piece.
    ///
    /// # Errors
    /// `file_too_large` for more than was announced; what the disk says.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        if bytes.len() as u64 > self.missing() {
            return Err(too_much());
        }
        let written = self.file.write_all_at(bytes, self.at);
        written.map_err(|error| of_disk("the parcel", &error))?;
        self.at += bytes.len() as u64;
        Ok(())
    }
}

impl Parcels {
    /// Takes up what is kept; files that belong to no record go.
    ///
    /// # Errors
    /// What the store says.
    pub(super) fn open(parts: Parts) -> Result<Self, kinora_store::Fault> {
        let Parts {
            records,
            depot,
            config,
            jobs,
            ceiling,
            upload_keep_s,
            margin,
        } = parts;
        depot.sweep(&records.all()?)?;
        Ok(Self {
            records,
            depot,
            config,
            jobs,
            ceiling,
            upload_keep_s,
            margin,
        })
    }

    /// Bytes of the longest parcel.
    fn most(&self) -> u64 {
        let size = self.config.file_size;
        match size {
            0 => 0,
            _ => size
                .saturating_add(size / SEALED_MORE)
                .saturating_add(SEALED_TAIL),
        }
    }

    /// Sets room aside.
    ///
    /// # Errors
    /// `file_too_large`, `file_too_small`, `unknown_user`, `not_yourself`, `talk_space_full`, `disk_full`.
    pub(crate) fn reserve(
        &self,
        seat: Seat,
        to: &str,
        size: u64,
        now_s: u64,
    ) -> Result<(ParcelId, Parcel), Fault> {
        self.check(size)?;
        let name = Name::new(to)
            .map_err(|fault| Fault::new(fault.code(), fault.to_string(), fault.solution()))?;
        let free = self.depot.room(self.margin)?;
        if size > free {
            return Err(kinora_store::Fault::Full { wanted: size, free }.into());
        }
        let id = ParcelId::random();
        let new = NewParcel {
            id,
            seat,
            to: name.as_str().to_owned(),
            size,
            expires_s: now_s + self.upload_keep_s,
        };
        let left = self.ceiling.saturating_sub(self.jobs.totals()?.reserved);
        let room = Room {
            all: self.config.space.min(left),
            person: self.config.person_space,
        };
        match self.records.reserve(&new, &room)? {
            Reserved::New => {}
            Reserved::UnknownPeer => return Err(unknown_user()),
            Reserved::Yourself => return Err(not_yourself()),
            Reserved::PersonFull(left) => return Err(full("of yours", size, left)),
            Reserved::Full(left) => return Err(full("of all people", size, left)),
        }
        if let Err(fault) = self.depot.create(&id, size) {
            self.records.part(&id, seat)?;
            return Err(fault.into());
        }
        let parcel = Parcel {
            size,
            received: 0,
            is_own: true,
            expires_s: new.expires_s,
        };
        Ok((id, parcel))
    }

    /// Where it stands.
    ///
    /// # Errors
    /// `unknown_parcel`.
    pub(crate) fn look(&self, id: &ParcelId, seat: Seat, now_s: u64) -> Result<Parcel, Fault> {
        let found = self.records.parcel(id, seat, now_s)?;
        found.ok_or_else(unknown)
    }

    /// Goes on at this offset.
    ///
    /// # Errors
    /// `unknown_parcel`, `offset_mismatch` with what is here.
    pub(crate) fn take_up(
        &self,
        id: &ParcelId,
        seat: Seat,
        offset: u64,
        now_s: u64,
    ) -> Result<Arriving, Fault> {
        let parcel = self.look(id, seat, now_s)?;
        if !parcel.is_own {
            return Err(unknown());
        }
        if offset != parcel.received {
            return Err(elsewhere(parcel.received, offset));
        }
        Ok(Arriving {
            id: *id,
            seat,
            file: self.file(id)?,
            from: offset,
            at: offset,
            size: parcel.size,
        })
    }

    /// What has come counts from now on, and after a crash; how much of it there is.
    ///
    /// # Errors
    /// `offset_mismatch` when another request was faster; what the disk says.
    pub(crate) fn settle(&self, arriving: &Arriving, now_s: u64) -> Result<Parcel, Fault> {
        let Arriving {
            id,
            seat,
            file,
            from,
            at,
            size,
        } = arriving;
        let synced = file.sync_data();
        synced.map_err(|error| of_disk("the parcel", &error))?;
        let keep_s = match at == size {
            true => self.config.file_keep,
            false => self.upload_keep_s,
        };
        let expires_s = now_s + keep_s;
        if !self.records.grown(id, *from, *at, expires_s)? {
            return Err(elsewhere(self.look(id, *seat, now_s)?.received, *at));
        }
        Ok(Parcel {
            size: *size,
            received: *at,
            is_own: true,
            expires_s,
        })
    }

    /// The bytes of one that is whole.
    ///
    /// # Errors
    /// `unknown_parcel`, `parcel_incomplete`.
    pub(crate) fn fetch(
        &self,
        id: &ParcelId,
        seat: Seat,
        now_s: u64,
    ) -> Result<(File, u64), Fault> {
        let parcel = self.look(id, seat, now_s)?;
        if parcel.received < parcel.size {
            return Err(Fault::new(
                "parcel_incomplete",
                "not all of this file is here yet",
                "try again when whoever sends it has sent all of it",
            ));
        }
        Ok((self.file(id)?, parcel.size))
    }

    /// A device needs it no more; whoever sent it takes it back.
    ///
    /// # Errors
    /// `unknown_parcel`.
    pub(crate) fn part(&self, id: &ParcelId, seat: Seat) -> Result<(), Fault> {
        match self.records.part(id, seat)? {
            Parted::Gone => Ok(self.depot.remove(id)?),
            Parted::Stays => Ok(()),
            Parted::Unknown => Err(unknown()),
        }
    }

    /// Deletes those whose time is over.
    ///
    /// # Errors
    /// What the store says.
    pub(super) fn sweep(&self, now_s: u64) -> Result<(), Fault> {
        for id in self.records.expire(now_s)? {
            self.depot.remove(&id)?;
        }
        Ok(())
    }

    fn check(&self, size: u64) -> Result<(), Fault> {
        if size > self.most() {
            let mut fault = Fault::new(
                "file_too_large",
                format!(
                    "files that people send each other have {} bytes at most here",
                    self.config.file_size
                ),
                "send a smaller one, or ask the server's operator for more (talk.file_size)",
            );
            fault
                .extra
                .insert("most".into(), self.config.file_size.into());
            return Err(fault);
        }
        if size < PARCEL_BYTES_MIN {
            return Err(Fault::new(
                "file_too_small",
                format!("a sealed file has {PARCEL_BYTES_MIN} bytes at least"),
                "fill it up before it is sealed",
            ));
        }
        Ok(())
    }

    fn file(&self, id: &ParcelId) -> Result<File, Fault> {
        self.depot.open(id).map_err(|fault| match fault {
            // A crash came between the record and the file.
            kinora_store::Fault::Missing { .. } => unknown(),
            fault => fault.into(),
        })
    }
}

fn of_disk(what: &str, error: &std::io::Error) -> Fault {
    kinora_jobs::problem::of_machine(what, error).into()
}

fn too_much() -> Fault {
    Fault::new(
        "file_too_large",
        "there is more in the body than was announced",
        "announce the whole size of what is sealed",
    )
}

fn elsewhere(have: u64, wanted: u64) -> Fault {
    kinora_store::Fault::Offset { have, wanted }.into()
}

/// The same words for what never was, for what is over, and for what is somebody else's.
pub(crate) fn unknown() -> Fault {
    Fault::new(
        "unknown_parcel",
        "this file is not here: it was taken back, its time is over, or all for whom it was have it",
        "ask for it to be sent again",
    )
}

fn unknown_user() -> Fault {
    Fault::new(
        "unknown_user",
        "nobody here has this name",
        "look at the list of people",
    )
}

fn not_yourself() -> Fault {
    Fault::new(
        "not_yourself",
        "a conversation is between two people",
        "name somebody else",
    )
}

fn full(whose: &str, wanted: u64, left: u64) -> Fault {
    Fault::new(
        "talk_space_full",
        format!("no room for {wanted} bytes: files {whose} that wait here leave {left}"),
        "wait until some of them have been fetched, or ask the server's operator for more (talk.space, talk.person_space, storage.ceiling)",
    )
}

#[cfg(test)]
mod tests;
