//! One FFmpeg run from its first line to its end: how far it is, and when it has to be ended.

use super::lines::{Complaints, Lines};
use super::report::{Reporter, Watch, Wish};
use super::{Stop, diagnosed, failed};
use crate::policy;
use crate::sandbox::process::{Control, Heard};
use crate::stall::{Position, Stall};
use kinora_media::diagnosis::{self, Ended};
use kinora_media::progress;
use std::time::{Duration, Instant};

/// Which part of the whole one step is.
pub(super) struct Portion {
    pub(super) before: f64,
    pub(super) share: f64,
    pub(super) duration_us: Option<u64>,
}

/// What is known while a step runs.
pub(super) struct StepRun<'a> {
    parser: progress::Parser,
    lines: Lines,
    complaints: Complaints,
    stall: Stall,
    reporter: Reporter<'a>,
    portion: &'a Portion,
    deadline: Instant,
    end: Option<End>,
    /// Since the last look at the clock it has to stand still.
    waits: Option<Instant>,
}

/// Why we end a step ourselves.
enum End {
    Asked(Wish),
    Stalled,
    TimedOut,
    Runaway,
}

impl<'a> StepRun<'a> {
    /// A step that is about to begin.
    pub(super) fn new(
        portion: &'a Portion,
        stall: Duration,
        deadline: Instant,
        watch: &'a mut dyn Watch,
    ) -> Self {
        let mut reporter = Reporter::new("encoding", watch);
        reporter.report(portion.before, None, None);
        Self {
            parser: progress::Parser::new(portion.duration_us),
            lines: Lines::default(),
            complaints: Complaints::default(),
            stall: Stall::new(stall),
            reporter,
            portion,
            deadline,
            end: None,
            waits: None,
        }
    }

    /// Takes in what the child says, and decides whether it may go on.
    pub(super) fn hear(&mut self, heard: &Heard<'_>) -> Control {
        match heard {
            Heard::Started(pid) => self.stall.started(*pid),
            Heard::Complaint(bytes) => self.complaints.push(bytes),
            Heard::Output(bytes) => {
                for line in self.lines.push(bytes) {
                    self.advance(&line);
                }
            }
            Heard::Tick => self.tick(),
        }
        match (&self.end, self.waits) {
            (Some(_), _) => Control::Kill,
            (None, Some(_)) => Control::Pause,
            (None, None) => Control::Continue,
        }
    }

    fn advance(&mut self, line: &str) {
        let Some(now) = self.parser.line(line) else {
            return;
        };
        self.stall.moved(Position {
            frame: Some(now.frame),
            out_time_us: now.out_time_us,
            size: now.total_size,
        });
        let longest = self.portion.duration_us.map(|d| {
            d.saturating_mul(policy::RUNAWAY_FACTOR)
                .saturating_add(policy::RUNAWAY_FLOOR_US)
        });
        if longest.is_some_and(|longest| now.out_time_us.unwrap_or(0) > longest) {
            self.end.get_or_insert(End::Runaway);
        }
        self.tell(&now);
    }

    fn tell(&mut self, now: &progress::Progress) {
        let portion = self.portion;
        let done = match (now.out_time_us, portion.duration_us) {
            (Some(at), Some(whole)) if whole > 0 => (at as f64 / whole as f64).clamp(0.0, 1.0),
            _ => 0.0,
        };
        let fraction = (portion.before + portion.share * done).clamp(0.0, 1.0);
        let remaining = now.speed.filter(|s| *s > 0.0).zip(portion.duration_us);
        let remaining = remaining.map(|(speed, whole)| {
            // Later steps are taken to run at this step's pace, by their share of the work.
            let step_s = whole as f64 / 1e6 / speed;
            step_s * (1.0 - fraction) / portion.share.max(0.01)
        });
        let wish = self.reporter.report(fraction, now.speed, remaining);
        self.ask(wish);
    }

    fn tick(&mut self) {
        let before = self.waits;
        let wish = self.reporter.again();
        self.ask(wish);
        if let Some(before) = before {
            // Time in which it may not work is not its own.
            self.deadline += before.elapsed();
            self.stall.rest();
        }
        if self.stall.is_over() {
            self.end.get_or_insert(End::Stalled);
        }
        if Instant::now() > self.deadline {
            self.end.get_or_insert(End::TimedOut);
        }
    }

    fn ask(&mut self, wish: Wish) {
        self.waits = None;
        match wish {
            Wish::Continue => {}
            Wish::Wait => self.waits = Some(Instant::now()),
            wish => drop(self.end.get_or_insert(End::Asked(wish))),
        }
    }

    /// What the end means; on success, what the child complained of nevertheless.
    pub(super) fn judge(self, ended: Ended) -> Result<Vec<String>, Stop> {
        let lines = self.complaints.lines();
        match self.end {
            Some(End::Asked(wish)) => Err(Stop::Asked(wish)),
            Some(End::Stalled) => Err(diagnosed(&Ended::Stalled, &lines)),
            Some(End::TimedOut) => Err(diagnosed(&Ended::TimedOut, &lines)),
            Some(End::Runaway) => Err(failed(
                "runaway_output",
                "the result grew far beyond the length of the video: its time stamps are broken",
            )),
            None if ended != Ended::Exit(0) => Err(diagnosed(&ended, &lines)),
            None => Ok(diagnosis::severe_warnings(&lines)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wished with each report, the last first.
    struct Wishes(Vec<Wish>);

    impl Watch for Wishes {
        fn report(&mut self, _: &kinora_store::contract::Progress) -> Wish {
            self.0.pop().unwrap_or(Wish::Continue)
        }
    }

    #[test]
    fn who_has_to_wait_stands_still_until_he_may_go_on() {
        const HOUR: Duration = Duration::from_secs(3600);
        let portion = Portion {
            before: 0.0,
            share: 1.0,
            duration_us: Some(10_000_000),
        };
        let mut wishes = Wishes(vec![
            Wish::Drain,
            Wish::Continue,
            Wish::Wait,
            Wish::Wait,
            Wish::Wait,
            // Before it begins.
            Wish::Continue,
        ]);
        let mut run = StepRun::new(&portion, HOUR, Instant::now() + HOUR, &mut wishes);
        assert_eq!(run.hear(&Heard::Tick), Control::Pause);
        // What it had said before it stood still changes nothing.
        let late = b"frame=5\nout_time_us=200000\nprogress=continue\n";
        assert_eq!(run.hear(&Heard::Output(late)), Control::Pause);
        assert_eq!(run.hear(&Heard::Tick), Control::Pause);
        assert_eq!(run.hear(&Heard::Complaint(b"x\n")), Control::Pause);
        assert_eq!(run.hear(&Heard::Tick), Control::Continue);
        assert_eq!(run.hear(&Heard::Tick), Control::Kill);
        let judged = run.judge(Ended::Signal(9));
        assert_eq!(judged, Err(Stop::Asked(Wish::Drain)));
    }
}
