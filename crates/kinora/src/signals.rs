//! Ctrl-C: the first asks everything to end, the second leaves at once.

use crate::exit::Exit;
use crate::output::Leftovers;
use crate::terminal::{self, tell};
use kinora_client::Cancel;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io;

/// Listens on a thread of its own until the process ends.
///
/// # Errors
/// When the system refuses.
pub(crate) fn listen(cancel: Cancel, leftovers: Leftovers) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let hear = move || {
        for _ in &mut signals {
            if cancel.is_set() {
                leftovers.remove();
                std::process::exit(Exit::Interrupted.code().into());
            }
            cancel.set();
            if terminal::is_watched() {
                tell("\ncancelling; press Ctrl-C again to leave at once");
            }
        }
    };
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(hear)?;
    Ok(())
}
