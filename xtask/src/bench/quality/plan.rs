//! What is done, and in which order.

use super::options::Options;
use super::tool::{FAMILIES, Family, Scale, Tool};

/// What is done to each clip, the most telling first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    /// Looks how the original scores beside itself.
    Ceiling,
    Hold(Tool),
    /// Looks for the single CRF that gives the same guarantee.
    Single(Family),
}

/// The jobs that are wanted of every clip.
pub(crate) fn jobs(options: &Options) -> Vec<Job> {
    let mut jobs: Vec<Job> = Vec::new();
    let mut add =
        |tool: fn(Family) -> Tool| jobs.extend(FAMILIES.map(|family| Job::Hold(tool(family))));
    add(Tool::Ours);
    add(|family| Tool::Plain(family, family.usual_crf()));
    add(|family| Tool::AbAv1(family, Scale::Own));
    if !options.quick {
        jobs.push(Job::Single(Family::H264));
        jobs.extend(FAMILIES.map(|family| Job::Hold(Tool::HandBrake(family))));
        jobs.extend(FAMILIES.map(|family| Job::Hold(Tool::AbAv1(family, Scale::Default))));
        jobs.push(Job::Single(Family::Av1));
    }
    jobs.insert(0, Job::Ceiling);
    let group = |job: &Job| match job {
        Job::Ceiling => "plain",
        Job::Hold(Tool::AbAv1(_, Scale::Default)) => "ab-av1-1080p",
        Job::Hold(tool) => tool.group(),
        Job::Single(_) => "single",
    };
    let is_of = |job: &Job| match job {
        Job::Ceiling => true,
        Job::Hold(tool) => options.wants_family(tool.family()),
        Job::Single(family) => options.wants_family(*family),
    };
    jobs.retain(|job| options.wants(group(job)) && is_of(job));
    jobs
}
