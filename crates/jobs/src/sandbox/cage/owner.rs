//! Who a child is, when we are root.
//!
//! By default it stays root and loses every capability but those that let it reach files of others, among which
//! Landlock then chooses: so `kinora --local` works on what root can read.

use rustix::thread::{
    CapabilitySet, CapabilitySets, remove_capability_from_bounding_set, set_capabilities,
};
use std::io;

/// Who children are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// As we are, who are not root.
    Same,
    /// Root without capabilities.
    Reduced,
}

/// What a reduced root keeps.
const KEPT: CapabilitySet = CapabilitySet::DAC_OVERRIDE.union(CapabilitySet::DAC_READ_SEARCH);

impl Owner {
    /// The least that needs no preparation of files.
    pub(super) fn reduced() -> Self {
        if rustix::process::geteuid().is_root() {
            Self::Reduced
        } else {
            Self::Same
        }
    }

    /// For people.
    pub(super) fn describe(self) -> String {
        match self {
            Self::Same => "the server's own user".into(),
            Self::Reduced => "root without capabilities".into(),
        }
    }

    /// Becomes it. System calls only; `no_new_privs` must be set, or `execve` would give root its capabilities again.
    pub(super) fn enter(self) -> io::Result<()> {
        match self {
            Self::Same => Ok(()),
            Self::Reduced => reduce(),
        }
    }
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
