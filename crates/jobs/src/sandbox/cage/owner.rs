//! Who a child is, when we are root.
//!
//! A server gives each job a user of its own, who owns the job's directories and may read its input: what belongs to
//! other jobs stays shut even where Landlock is missing. Who works for himself as root (`kinora --local`) has files in
//! places that another user could not enter: there the child stays root, and loses every capability but those that let
//! it reach files, among which Landlock chooses.

use rustix::process::{Gid, Uid};
use rustix::thread::{
    CapabilitySet, CapabilitySets, remove_capability_from_bounding_set, set_capabilities,
    set_thread_groups, set_thread_res_gid, set_thread_res_uid,
};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

/// Who children are.
#[derive(Debug)]
pub(super) enum Owner {
    /// As we are, who are not root.
    Same,
    /// Root without capabilities; why a server has no users for its jobs.
    Reduced(Option<String>),
    /// A user for each job.
    Each(Users),
}

/// Numbers for users that nobody else has.
#[derive(Debug)]
pub(super) struct Users {
    /// The group that may pass through the directories above those of jobs; users follow it.
    first: u32,
    next: AtomicU32,
}

/// Who one child is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Identity {
    Same,
    Reduced,
    User { user: u32, way: u32 },
}

/// How many there are before the first is given again.
const USERS: u32 = 4096;
/// Numbers that no system gives to people or services; the second where a container has no others.
const RANGES: [u32; 2] = [2_000_000_000, 61_184];
/// What a reduced root keeps.
const KEPT: CapabilitySet = CapabilitySet::DAC_OVERRIDE.union(CapabilitySet::DAC_READ_SEARCH);
/// Passed through by the group, listed by nobody else.
const WAY_MODE: u32 = 0o710;

impl Owner {
    /// The least that needs no preparation of files.
    pub(super) fn least() -> Self {
        if rustix::process::geteuid().is_root() {
            Self::Reduced(None)
        } else {
            Self::Same
        }
    }

    /// A user for each job of a server that keeps everything under `data`, if we are root and that can be.
    pub(super) fn of_server(data: &Path) -> Self {
        if !rustix::process::geteuid().is_root() {
            return Self::Same;
        }
        match Users::establish(data) {
            Ok(users) => Self::Each(users),
            Err(reason) => Self::Reduced(Some(reason)),
        }
    }

    /// Whether children are who they should be.
    pub(super) fn is_whole(&self) -> bool {
        !matches!(self, Self::Reduced(Some(_)))
    }

    /// For people.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Same => "the server's own user".into(),
            Self::Reduced(None) => {
                "root without capabilities; in a server, a user for each job".into()
            }
            Self::Reduced(Some(reason)) => format!("root without capabilities: {reason}"),
            Self::Each(_) => "a user of its own for each job".into(),
        }
    }

    /// Who a child will be that works in this directory, reads these files, and writes in these directories. They become
    /// its own.
    pub(super) fn admit(
        &self,
        directory: &Path,
        reads: &[&Path],
        writes: &[&Path],
    ) -> io::Result<Identity> {
        match self {
            Self::Same => Ok(Identity::Same),
            Self::Reduced(_) => Ok(Identity::Reduced),
            Self::Each(users) => users.admit(directory, reads, writes),
        }
    }
}

impl Users {
    fn establish(data: &Path) -> Result<Self, String> {
        let told = |error: io::Error| format!("{}: {error}", data.display());
        let data = fs::canonicalize(data).map_err(told)?;
        let first = RANGES.into_iter().find(|first| is_mapped(*first));
        let first = first.ok_or("this container has no user to spare")?;
        if let Some(place) = shut_above(&data).map_err(told)? {
            let place = place.display();
            return Err(format!("others may not enter {place} (chmod o+x {place})"));
        }
        open_way(&data, first).map_err(told)?;
        let mut random = [0; 4];
        // Without it the count begins at the first; only who was given a number before a restart could meet another.
        let _ = getrandom::fill(&mut random);
        Ok(Self {
            first,
            next: AtomicU32::new(u32::from_ne_bytes(random)),
        })
    }

    fn admit(&self, directory: &Path, reads: &[&Path], writes: &[&Path]) -> io::Result<Identity> {
        // Where nothing is written and nothing read, the first of all users does.
        let owner = fs::metadata(directory)?.uid();
        let user = match self.is_ours(owner) {
            true => owner,
            false => self.first + 1 + self.next.fetch_add(1, Ordering::Relaxed) % USERS,
        };
        for place in writes {
            own(place, user)?;
            for entry in fs::read_dir(place)? {
                own(&entry?.path(), user)?;
            }
        }
        // Who only looks has the same name as who works there later.
        if !self.is_ours(owner) && directory != Path::new("/") {
            own(directory, user)?;
        }
        for file in reads {
            self.lend(file, user)?;
        }
        let way = self.first;
        Ok(Identity::User { user, way })
    }

    fn is_ours(&self, user: u32) -> bool {
        (self.first + 1..=self.first + USERS).contains(&user)
    }

    /// May be read by this user, and changed by root alone, unless a child has made it.
    fn lend(&self, file: &Path, user: u32) -> io::Result<()> {
        let known = fs::symlink_metadata(file)?;
        if known.uid() == user || !known.is_file() {
            return Ok(());
        }
        if self.is_ours(known.uid()) {
            return own(file, user);
        }
        if known.gid() != user {
            lchown(file, None, Some(user))?;
        }
        if known.mode() & 0o777 != 0o640 {
            fs::set_permissions(file, Permissions::from_mode(0o640))?;
        }
        Ok(())
    }
}

impl Identity {
    /// Whether nobody else has its user.
    pub(super) fn is_alone(self) -> bool {
        matches!(self, Self::User { .. })
    }

    /// Becomes it. System calls only; `no_new_privs` must be set, or `execve` would give root its capabilities again.
    pub(super) fn enter(self) -> io::Result<()> {
        match self {
            Self::Same => Ok(()),
            Self::Reduced => reduce(),
            Self::User { user, way } => {
                set_thread_groups(&[Gid::from_raw(way)])?;
                let group = Gid::from_raw(user);
                set_thread_res_gid(group, group, group)?;
                let user = Uid::from_raw(user);
                // Leaving root takes all capabilities along (capabilities(7)).
                set_thread_res_uid(user, user, user)?;
                Ok(())
            }
        }
    }
}

/// The nearest directory above that others may not pass through.
pub(super) fn shut_above(path: &Path) -> io::Result<Option<&Path>> {
    for above in path.ancestors().skip(1) {
        if fs::metadata(above)?.mode() & 0o001 == 0 {
            return Ok(Some(above));
        }
    }
    Ok(None)
}

fn own(path: &Path, user: u32) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(known) if known.uid() == user && known.gid() == user => Ok(()),
        Ok(_) => lchown(path, Some(user), Some(user)),
        // Another child of the same job has just moved it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Lets the group pass to where jobs are, and no further: what lies beside stays root's.
fn open_way(data: &Path, group: u32) -> io::Result<()> {
    for place in [data.to_owned(), data.join("inputs"), data.join("work")] {
        lchown(&place, None, Some(group))?;
        fs::set_permissions(&place, Permissions::from_mode(WAY_MODE))?;
    }
    for entry in fs::read_dir(data)? {
        let entry = entry?;
        let known = entry.metadata()?;
        if known.is_file() {
            let private = known.mode() & 0o700;
            fs::set_permissions(entry.path(), Permissions::from_mode(private))?;
        }
    }
    Ok(())
}

/// Whether these numbers mean somebody here: a container may have no more than 65,536 of them (user_namespaces(7)).
fn is_mapped(first: u32) -> bool {
    let Ok(map) = fs::read_to_string("/proc/self/uid_map") else {
        return false;
    };
    let (first, last) = (u64::from(first), u64::from(first) + u64::from(USERS));
    map.lines().any(|line| {
        let mut numbers = line.split_whitespace().map(str::parse::<u64>);
        let mut next = || numbers.next().and_then(Result::ok);
        let (inside, _, count) = (next(), next(), next());
        inside
            .zip(count)
            .is_some_and(|(start, count)| start <= first && last < start.saturating_add(count))
    })
}

fn reduce() -> io::Result<()> {
    for capability in CapabilitySet::all().difference(KEPT).iter() {
        // Those that this kernel does not know, and all of them where we may not, are lost by the line below anyway.
        let _ = remove_capability_from_bounding_set(capability);
    }
    let sets = rustix::thread::capabilities(None)?;
    set_capabilities(
        None,
        CapabilitySets {
            effective: sets.effective.intersection(KEPT),
            permitted: sets.permitted.intersection(KEPT),
            inheritable: CapabilitySet::empty(),
        },
    )?;
    Ok(())
}
