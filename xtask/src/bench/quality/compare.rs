//! Ours beside the others, clip by clip: the lines that the aims are about.

use super::results::{Clip, Outcome, Results, Run};
use super::score::{GOAL, Levels, SLACK};
use super::single::{self, Point};
use super::tool::{Family, Scale, Tool};
use crate::bench::report::{Aim, Section};
use crate::bench::series::Series;

/// Clips that are longer, in seconds, are long.
const LONG: f64 = 120.0;
/// No single CRF can promise these two; as levels that anything reaches.
const ANY: f64 = 0.0;

/// Something of a run, where it has it.
type Quantity = fn(&Run) -> Option<f64>;

/// Which clips a table is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    All,
    /// Settings may have been chosen by looking at these.
    Tuned,
    /// Nobody looked at these while choosing.
    HeldOut,
}

impl Group {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::All => "all clips",
            Self::Tuned => "clips that settings were tuned on",
            Self::HeldOut => "clips that nothing was tuned on",
        }
    }
}

/// What is known of some clips.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub(crate) results: &'a Results,
    pub(crate) clips: &'a [&'a Clip],
    pub(crate) family: Family,
}

impl<'a> View<'a> {
    pub(crate) fn run(&self, clip: &Clip, tool: Tool) -> Option<&'a Run> {
        self.results.run(&clip.id, &tool.label())
    }

    /// The plain encodes of a clip that could be scored.
    pub(crate) fn points(&self, clip: &Clip) -> Vec<Point> {
        let range = self.family.range();
        let crfs = range.least..=range.most;
        let point = |crf| {
            let run = self.run(clip, Tool::Plain(self.family, crf))?;
            let levels = run.levels(clip)?;
            let bytes = run.bytes;
            Some(Point { crf, bytes, levels })
        };
        crfs.filter_map(point).collect()
    }

    /// Our jobs.
    fn ours(&self) -> impl Iterator<Item = (&'a Clip, &'a Run)> {
        let ours = Tool::Ours(self.family);
        let clips = self.clips.iter();
        clips.filter_map(move |clip| Some((*clip, self.run(clip, ours)?)))
    }

    /// A number for each clip that we have done, where there is one.
    fn each(&self, number: impl Fn(&Clip, &Run) -> Option<f64>) -> Series {
        let numbers = self.ours().filter_map(|(clip, run)| number(clip, run));
        numbers.collect()
    }

    /// Ours over a peer's, clip by clip.
    fn over(&self, peer: Tool, of: impl Fn(&Run) -> Option<f64>) -> Series {
        self.each(|clip, ours| {
            let theirs = of(self.run(clip, peer)?)?;
            (theirs > 0.0).then_some(of(ours)? / theirs)
        })
    }

    /// Our size over a peer's, where both have made a file, times what is made of both means.
    fn over_file(&self, peer: Tool, times: impl Fn(&Clip, [f64; 2]) -> Option<f64>) -> Series {
        self.each(|clip, ours| {
            let theirs = self.run(clip, peer)?;
            let are_made = ours.outcome == Outcome::Made && theirs.outcome == Outcome::Made;
            let means = [ours.levels(clip)?.mean, theirs.levels(clip)?.mean];
            let ratio = ours.bytes as f64 / theirs.bytes as f64;
            are_made.then_some(ratio * times(clip, means)?)
        })
    }

    /// Our size over that of a single CRF that gives the same, as `asked` makes it of what we measure.
    fn over_single(&self, asked: impl Fn(&Levels) -> Levels) -> Series {
        self.each(|clip, ours| self.over_single_of(clip, ours, &asked))
    }

    /// The same for one clip.
    fn over_single_of(
        &self,
        clip: &Clip,
        ours: &Run,
        asked: impl Fn(&Levels) -> Levels,
    ) -> Option<f64> {
        if ours.outcome != Outcome::Made || !clip.can_reach_goal() {
            return None;
        }
        let asked = asked(&ours.levels(clip)?);
        let bytes = single::bytes_at(&self.points(clip), &asked, &self.family.range())?;
        Some(ours.bytes as f64 / bytes)
    }
}

/// The lines about one kind of result.
pub(crate) fn headlines(view: &View<'_>, group: Group) -> Section {
    let title = format!("Quality, {}: {}", view.family.name(), group.name());
    let mut section = Section::new(&title);
    search(view, &mut section);
    whole(view, &mut section);
    guarantee(view, &mut section);
    sizes(view, &mut section);
    accidents(view, &mut section);
    circumstances(view, &mut section);
    section
}

/// What has to be known to read the lines.
fn circumstances(view: &View<'_>, section: &mut Section) {
    let beyond = view.clips.iter().filter(|clip| !clip.can_reach_goal());
    let beyond: Vec<&str> = beyond.map(|clip| clip.name.as_str()).collect();
    if !beyond.is_empty() {
        section.note(format!(
            "Left out of the lines on the mean, the floor and sizes at a guarantee, since the model gives the original \
             beside itself hardly what is asked for, or less: {}.",
            beyond.join(", ")
        ));
    }
    let others = view.each(|_, run| Some(run.others));
    if !others.is_empty() {
        section.note(format!(
            "While our jobs ran, others took {others} % of the machine's processor."
        ));
    }
}

fn search(view: &View<'_>, section: &mut Section) {
    let peers = [(Scale::Own, "own size"), (Scale::Default, "1080p")];
    for (scale, name) in peers {
        let ratio = view.over(Tool::AbAv1(view.family, scale), |run| run.search_cpu_s);
        let what = format!("search over ab-av1's ({name}), processor");
        section.aimed(what, &ratio, "", Aim::AtMost(0.25));
    }
    let probes = view.each(|_, run| run.probes.map(f64::from));
    section.row("rounds of trials", &probes, "");
    let peer = Tool::AbAv1(view.family, Scale::Own);
    let probes = view.each(|clip, _| view.run(clip, peer)?.probes.map(f64::from));
    section.row("rounds of trials of ab-av1", &probes, "");
}

fn whole(view: &View<'_>, section: &mut Section) {
    let plain = Tool::Plain(view.family, view.family.usual_crf());
    let peer = Tool::AbAv1(view.family, Scale::Own);
    let processor: Quantity = |run| Some(run.cpu_s);
    let clock: Quantity = |run| Some(run.wall_s);
    for (name, of) in [("processor", processor), ("clock", clock)] {
        let what = format!("whole job over a plain encode, {name}");
        section.row(what, &view.over(plain, of), "");
        let long = view.each(|clip, ours| {
            let theirs = of(view.run(clip, plain)?)?;
            (clip.seconds() > LONG).then_some(of(ours)? / theirs)
        });
        let what = format!("the same for clips over two minutes, {name}");
        section.always(what, &long, "", Aim::AtMost(1.5));
        let what = format!("whole job over ab-av1's, {name}");
        section.always(what, &view.over(peer, of), "", Aim::AtMost(1.0));
        // Giving up soon is cheap.
        let made = view.each(|clip, ours| {
            let theirs = view.run(clip, peer).filter(|run| run.has_file())?;
            Some(of(ours)? / of(theirs)?)
        });
        let what = format!("the same where that made a file, {name}");
        section.always(what, &made, "", Aim::AtMost(1.0));
    }
}

fn guarantee(view: &View<'_>, section: &mut Section) {
    let made = |of: fn(&Levels) -> f64| {
        view.each(|clip, run| {
            let levels = run.levels(clip)?;
            let counts = run.outcome == Outcome::Made && clip.can_reach_goal();
            counts.then(|| of(&levels))
        })
    };
    let error = made(|levels| (levels.mean - GOAL.mean).abs());
    section.always("mean, away from 95", &error, "", Aim::AtMost(SLACK));
    let scene = made(|levels| levels.scene);
    section.always("worst scene", &scene, "", Aim::AtLeast(GOAL.scene));
    let worst5 = made(|levels| levels.worst5);
    section.always(
        "what 95 % of the frames reach",
        &worst5,
        "",
        Aim::AtLeast(GOAL.worst5),
    );
    section.row("worst second", &made(|levels| levels.second), "");
}

fn sizes(view: &View<'_>, section: &mut Section) {
    let same = view.over_single(|ours| ours.least(&GOAL));
    let what = "size over a single CRF's with the same guarantee";
    section.aimed(what, &same, "", Aim::AtMost(0.85));
    let cut = view.each(|clip, ours| {
        let ratio = view.over_single_of(clip, ours, |ours| ours.least(&GOAL));
        ratio.filter(|_| clip.has_cuts())
    });
    let what = "the same for clips with cuts";
    section.aimed(what, &cut, "", Aim::AtMost(0.85));
    let floor = view.over_single(|ours| Levels {
        mean: ANY,
        ..ours.least(&GOAL)
    });
    section.row(
        "size over a single CRF's that holds the floor alone",
        &floor,
        "",
    );
    let mean = view.over_single(|ours| Levels {
        mean: ours.mean,
        scene: ANY,
        worst5: ANY,
        second: ANY,
    });
    section.row("size over a single CRF's with the same mean", &mean, "");
    let peers = [
        ("ab-av1's", Scale::Own),
        ("ab-av1's (1080p)", Scale::Default),
    ];
    for (whose, scale) in peers {
        let peer = Tool::AbAv1(view.family, scale);
        let files = view.over_file(peer, |_, _| Some(1.0));
        section.row(format!("size over {whose}, as they came out"), &files, "");
        // Along the curve of plain encodes: neither has the other's mean.
        let same = view.over_file(peer, |clip, [ours, theirs]| {
            let points = view.points(clip);
            let at = |mean| single::bytes_for_mean(&points, mean);
            Some(at(theirs)? / at(ours)?)
        });
        let what = format!("size over {whose} at its own mean");
        match scale {
            Scale::Own => section.always(what, &same, "", Aim::AtMost(1.0)),
            Scale::Default => section.row(what, &same, ""),
        }
    }
    let part = view.each(|clip, run| {
        run.has_file()
            .then(|| run.bytes as f64 / clip.bytes as f64 * 100.0)
    });
    section.row("size of the original", &part, "%");
}

fn accidents(view: &View<'_>, section: &mut Section) {
    let count = |is: fn(&Clip, &Run) -> bool| -> Series {
        let found = view.ours().filter(|(clip, run)| is(clip, run)).count();
        // Of no jobs at all nothing is said.
        let any = view.ours().next().map(|_| found as f64);
        any.into_iter().collect()
    };
    let none = Aim::AtMost(0.0);
    let no_file = count(|_, run| !run.has_file());
    section.always("jobs without a usable file", &no_file, "", none);
    let larger = count(|clip, run| run.bytes > clip.bytes);
    section.always("files larger than the original", &larger, "", none);
    let lost = count(|_, run| !run.lost.is_empty());
    section.always("files that lack streams", &lost, "", none);
}
