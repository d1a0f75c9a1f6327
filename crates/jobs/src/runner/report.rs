//! Who hears of progress, and may end the work.

use kinora_store::contract::Progress;

/// What the watcher wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Go on.
    Continue,
    /// Stand still for as long as this is said. Only runs on files that are lent ([`super::Runner::make`]) can.
    Wait,
    /// The client wants it to stop.
    Cancel,
    /// The lease is somebody else's.
    Lost,
    /// The server is stopping; the job goes back into the queue.
    Drain,
}

/// Who wants to know how far it is, and may end it. Called several times a second.
pub trait Watch {
    /// Takes note, and says whether to go on.
    fn report(&mut self, progress: &Progress) -> Wish;
}

/// Passes progress on, and repeats the last when nothing new is known.
pub(super) struct Reporter<'a> {
    watch: &'a mut dyn Watch,
    last: Progress,
}

impl<'a> Reporter<'a> {
    pub(super) fn new(stage: &str, watch: &'a mut dyn Watch) -> Self {
        let last = Progress {
            stage: stage.to_owned(),
            ..Progress::default()
        };
        Self { watch, last }
    }

    pub(super) fn report(
        &mut self,
        fraction: f64,
        speed: Option<f64>,
        remaining_s: Option<f64>,
    ) -> Wish {
        self.last.fraction = fraction;
        self.last.speed = speed;
        self.last.remaining_s = remaining_s;
        self.again()
    }

    pub(super) fn again(&mut self) -> Wish {
        self.watch.report(&self.last)
    }
}
