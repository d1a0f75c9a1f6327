//! What a caller gets to see while a job is on its way.

use crate::Fault;
use kinora_mmp::reply::State;
use std::time::Duration;

/// Something that happened. Sizes are bytes of the whole file, so a transfer that goes on after a loss does not begin
/// at zero.
#[derive(Debug)]
pub enum Event<'a> {
    /// So much of the input has been sent.
    Uploading {
        /// Bytes.
        sent: u64,
        /// Of so many.
        size: u64,
    },
    /// The server has the input, whole, and has made it a job. From here on the job lives without this client.
    Accepted {
        /// Its name.
        task_id: &'a str,
    },
    /// The job's state, whenever the server tells it.
    State(&'a State),
    /// So much of the result has been received.
    Downloading {
        /// Bytes.
        received: u64,
        /// Of so many.
        size: u64,
    },
    /// The connection is gone; the step is taken up again after a pause.
    Lost {
        /// How.
        fault: &'a Fault,
        /// For so long nothing is tried.
        pause: Duration,
    },
}

/// Hears all events of one job, in order, on the thread that runs it.
pub trait Observer {
    /// Called often: at each piece of a transfer.
    fn event(&mut self, event: &Event<'_>);
}

/// Sees nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Blind;

impl Observer for Blind {
    fn event(&mut self, _: &Event<'_>) {}
}
