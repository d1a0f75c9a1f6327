//! What ends a client at one of its writes: before that counts, or when it does and nobody has heard of it. For tests, in
//! which all that one thread does is one process.

use crate::Fault;
use std::cell::Cell;

/// What a process has left to live, in writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::talk) struct Fuse {
    /// The last of so many is where it ends.
    pub(in crate::talk) left: u32,
    /// That one counts.
    pub(in crate::talk) is_after: bool,
}

thread_local! {
    static FUSE: Cell<Option<Fuse>> = const { Cell::new(None) };
}

impl Fuse {
    /// Lets a process do something. What is left of it, and whether it has ended.
    pub(in crate::talk) fn guard<T>(
        fuse: Option<Self>,
        act: impl FnOnce() -> T,
    ) -> (T, Option<Self>) {
        FUSE.set(fuse);
        let done = act();
        (done, FUSE.replace(None))
    }

    /// It has ended.
    pub(in crate::talk) fn is_blown(self) -> bool {
        self.left == 0
    }
}

/// One write more.
pub(super) fn burn() -> Result<(), Fault> {
    let Some(fuse) = FUSE.get() else {
        return Ok(());
    };
    let left = fuse.left.saturating_sub(1);
    FUSE.set(Some(Fuse { left, ..fuse }));
    match fuse.left {
        0 => Err(ended()),
        1 if !fuse.is_after => Err(ended()),
        _ => Ok(()),
    }
}

fn ended() -> Fault {
    Fault::TalkFile {
        path: "talk.db".into(),
        reason: "the process has ended".into(),
    }
}
