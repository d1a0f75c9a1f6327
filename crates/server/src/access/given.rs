//! The links that were given for a time that somebody wished for, and those that were taken back: a file in the data
//! directory that a server and `kinora share` both write.
//!
//! A link is known by the first digits of its signature. They are of no use to who has no link, so the list can be
//! shown.

use super::listing::Listing;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

/// Links that are listed at the same time; those whose time is over make room.
const MOST: usize = 10_000;
/// Of these, how many one token may have asked for, so that it leaves room for others.
const MOST_OF_ONE: usize = 1000;
/// Digits of a link's id.
const ID: usize = 12;
/// Digits of a permission, and where its signature begins (`kinora_stream::token`).
const PERMISSION: usize = 100;
const SIGNATURE: usize = 36;

/// The list of one data directory.
#[derive(Clone, Debug)]
pub struct Given(Listing);

/// One link. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenLink {
    /// By which it is taken back.
    pub id: String,
    /// What the title was called; empty for a link that was never listed.
    pub name: String,
    /// Whose token asked for it; empty where none was needed.
    pub holder: String,
    /// When it was given.
    pub made_s: u64,
    /// Until when it is good.
    pub expires_s: u64,
    /// It was taken back.
    pub is_revoked: bool,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    links: Vec<GivenLink>,
}

impl Default for Stored {
    fn default() -> Self {
        Self {
            version: 1,
            links: Vec::new(),
        }
    }
}

impl Given {
    /// That of a data directory, which need not be there yet.
    #[must_use]
    pub fn of(data: &Path) -> Self {
        Self(Listing {
            data: data.into(),
            name: "links.json",
            lock: "links.lock",
            what: "links",
            // 200 characters of a name take up to 1200 bytes.
            most_bytes: 16 << 20,
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.0.path()
    }

    /// All links that are still good for something, the oldest first.
    ///
    /// # Errors
    /// When the file cannot be read, or is damaged.
    pub fn list(&self, now_s: u64) -> io::Result<Vec<GivenLink>> {
        let Stored { mut links, .. } = self.0.read()?;
        links.retain(|link| link.expires_s > now_s && !link.is_revoked);
        Ok(links)
    }

    /// Writes down links that are about to be given. The same one twice is one.
    ///
    /// # Errors
    /// `QuotaExceeded` when there are too many; and what the disk says.
    pub(crate) fn note(&self, links: Vec<GivenLink>, now_s: u64) -> io::Result<()> {
        let changed = self.0.change(|stored: &mut Stored| {
            stored.links.retain(|link| link.expires_s > now_s);
            let known: HashSet<String> = stored.links.iter().map(|link| link.id.clone()).collect();
            let new = links.into_iter().filter(|link| !known.contains(&link.id));
            stored.links.extend(new);
            match is_too_many(&stored.links) {
                true => Err(io::ErrorKind::QuotaExceeded.into()),
                false => Ok(true),
            }
        });
        changed.map(drop)
    }

    /// Takes one link back, by its id, or by its address, which need not be listed. False when there is no such link.
    ///
    /// # Errors
    /// What the disk says.
    pub fn revoke(&self, link: &str, now_s: u64) -> io::Result<bool> {
        let by_address = permission_in(link).and_then(|permission| {
            Some(GivenLink {
                id: id(permission)?.to_owned(),
                name: String::new(),
                holder: String::new(),
                made_s: now_s,
                expires_s: u64::from_str_radix(permission.get(4..20)?, 16).ok()?,
                is_revoked: true,
            })
        });
        let wanted = by_address
            .as_ref()
            .map_or(link, |found| &found.id)
            .to_owned();
        self.0.change(|stored: &mut Stored| {
            stored.links.retain(|link| link.expires_s > now_s);
            let known = stored.links.iter_mut().find(|link| link.id == wanted);
            match (known, by_address) {
                (Some(known), _) => known.is_revoked = true,
                (None, Some(found)) => stored.links.push(found),
                (None, None) => return Ok(false),
            }
            Ok(true)
        })
    }

    /// The ids of those that were taken back.
    ///
    /// # Errors
    /// When the file cannot be read, or is damaged.
    pub(super) fn revoked(&self) -> io::Result<HashSet<String>> {
        let Stored { links, .. } = self.0.read()?;
        let revoked = links.into_iter().filter(|link| link.is_revoked);
        Ok(revoked.map(|link| link.id).collect())
    }
}

fn is_too_many(links: &[GivenLink]) -> bool {
    let last = links.last().map_or("", |link| link.holder.as_str());
    let of_last = links.iter().filter(|link| link.holder == last).count();
    links.len() > MOST || (!last.is_empty() && of_last > MOST_OF_ONE)
}

/// The id of the link with this permission; `None` when it is none.
pub(crate) fn id(permission: &str) -> Option<&str> {
    permission.get(SIGNATURE..SIGNATURE + ID)
}

/// The permission in an address, or alone.
fn permission_in(text: &str) -> Option<&str> {
    let is_one =
        |part: &&str| part.len() == PERMISSION && part.bytes().all(|b| b.is_ascii_hexdigit());
    text.trim().split('/').find(is_one)
}

#[cfg(test)]
mod tests;
