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
mod tests {
    use super::*;
    use std::fs;

    fn link(id: &str, expires_s: u64) -> GivenLink {
        GivenLink {
            id: id.into(),
            name: "Film".into(),
            holder: "ann".into(),
            made_s: 5,
            expires_s,
            is_revoked: false,
        }
    }

    fn given() -> (tempfile::TempDir, Given) {
        let place = tempfile::tempdir().unwrap();
        let given = Given::of(place.path());
        (place, given)
    }

    fn ids(given: &Given, now_s: u64) -> Vec<String> {
        let links = given.list(now_s).unwrap().into_iter();
        links.map(|link| link.id).collect()
    }

    #[test]
    fn links_are_listed_until_they_end_or_are_taken_back() {
        let (_place, given) = given();
        assert_eq!(ids(&given, 0), Vec::<String>::new());
        given.note(vec![link("a", 10), link("b", 20)], 6).unwrap();
        given.note(vec![link("b", 20), link("c", 30)], 6).unwrap();
        assert_eq!(ids(&given, 6), ["a", "b", "c"]);
        assert_eq!(ids(&given, 10), ["b", "c"]);
        assert!(given.revoke("b", 6).unwrap());
        assert!(!given.revoke("d", 6).unwrap());
        assert_eq!(ids(&given, 6), ["a", "c"]);
        assert!(given.revoked().unwrap().contains("b"));
        // It is not forgotten by being given once more, but by its end.
        given.note(vec![link("b", 20)], 7).unwrap();
        assert_eq!(ids(&given, 7), ["a", "c"]);
        given.note(vec![], 20).unwrap();
        assert!(given.revoked().unwrap().is_empty());
    }

    #[test]
    fn one_holder_leaves_room_for_others() {
        let (_place, given) = given();
        let many = (0..MOST_OF_ONE).map(|n| link(&format!("{n}"), 9));
        given.note(many.collect(), 6).unwrap();
        let refused = given.note(vec![link("more", 9)], 6).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::QuotaExceeded);
        let other = GivenLink {
            holder: "bob".into(),
            ..link("more", 9)
        };
        given.note(vec![other], 6).unwrap();
        // Those whose time is over make room.
        given.note(vec![link("later", 20)], 9).unwrap();
        assert_eq!(ids(&given, 9), ["later"]);
    }

    #[test]
    fn a_link_that_is_not_listed_is_taken_back_by_its_address() {
        let (_place, given) = given();
        let permission = format!("0200{:016x}{:016x}{}", 50, 0, "ab".repeat(32));
        let address = format!("https://films.example/shared/{permission}/0123");
        assert!(given.revoke(&address, 6).unwrap());
        assert!(given.revoked().unwrap().contains(id(&permission).unwrap()));
        assert_eq!(id(&permission), Some("abababababab"));
        given.note(vec![], 50).unwrap();
        assert!(given.revoked().unwrap().is_empty());
        assert!(!given.revoke("https://films.example/shared/", 6).unwrap());
    }

    #[test]
    fn the_stored_form_stays_readable_and_damage_is_told() {
        let (place, given) = given();
        let golden = r#"{"version":1,"links":[{"id":"0123456789ab","name":"Film","holder":"","made_s":5,"expires_s":9,"is_revoked":true}]}"#;
        fs::write(given.path(), golden).unwrap();
        assert!(given.revoked().unwrap().contains("0123456789ab"));
        for bytes in ["", "[]", "{\"version\":1}"] {
            fs::write(given.path(), bytes).unwrap();
            assert_eq!(
                given.revoked().unwrap_err().kind(),
                io::ErrorKind::InvalidData
            );
            assert!(
                given.note(vec![link("a", 9)], 0).is_err(),
                "nothing is written over it"
            );
        }
        drop(place);
    }
}
