//! Tables from made-up results, and one small contest with real programs.

use super::compare::{Group, View, headlines};
use super::contest::Contest;
use super::footage::Frames;
use super::results::{Clip, Outcome, Results, Run};
use super::table;
use super::tool::{Family, Scale, Tool};
use crate::tree::Tree;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

fn clip(name: &str, seconds: u32) -> Clip {
    let times = (0..seconds * 10).map(|n| f64::from(n) / 10.0).collect();
    let frames = Frames {
        times,
        ..Frames::default()
    };
    Clip {
        id: name.into(),
        name: name.into(),
        bytes: 1_000_000,
        frames: vec![frames],
        ..Clip::default()
    }
}

/// A job whose frames all have one score.
fn made(clip: &Clip, tool: Tool, bytes: u64, score: f32, cpu_s: f64) -> Run {
    Run {
        clip: clip.id.clone(),
        tool: tool.label(),
        outcome: Outcome::Made,
        bytes,
        cpu_s,
        wall_s: cpu_s / 2.0,
        scores: vec![score; clip.frames[0].times.len()],
        ..Run::default()
    }
}

fn searched(mut run: Run, cpu_s: f64, probes: u32) -> Run {
    run.search_cpu_s = Some(cpu_s);
    run.probes = Some(probes);
    run
}

/// Two clips: one is compressed by everybody, of the other only we and FFmpeg make something.
fn fixture() -> (Vec<Clip>, Results) {
    let (family, ours) = (Family::H264, Tool::Ours(Family::H264));
    let peer = Tool::AbAv1(family, Scale::Own);
    let (easy, hard) = (clip("easy.mp4", 5), clip("hard.mp4", 130));
    let mut nothing = searched(made(&hard, peer, 0, 0.0, 80.0), 80.0, 8);
    nothing.outcome = Outcome::Nothing;
    nothing.note = "Failed | to find a crf".into();
    let mut kept = searched(made(&hard, ours, 1_000_000, 0.0, 8.0), 4.0, 2);
    (kept.outcome, kept.scores) = (Outcome::Kept, Vec::new());
    let mut lossy = made(&hard, Tool::Plain(family, 23), 1_200_000, 91.0, 10.0);
    lossy.lost = vec!["1 sound".into()];
    let runs = vec![
        searched(made(&easy, ours, 400_000, 95.1, 10.0), 4.0, 2),
        searched(made(&easy, peer, 500_000, 95.5, 30.0), 20.0, 5),
        made(&easy, Tool::Plain(family, 22), 520_000, 95.2, 8.0),
        made(&easy, Tool::Plain(family, 23), 480_000, 94.0, 8.0),
        kept,
        nothing,
        lossy,
    ];
    let clips = vec![easy, hard];
    let results = Results {
        runs,
        ..Results::default()
    };
    (clips, results)
}

fn check(expected: &[&str], text: &str) {
    for line in expected {
        assert!(text.lines().any(|found| found == *line), "{line}\n{text}");
    }
}

#[test]
fn lines_with_aims() {
    let (clips, results) = fixture();
    let clips: Vec<&Clip> = clips.iter().collect();
    let family = Family::H264;
    let view = View {
        results: &results,
        clips: &clips,
        family,
    };
    let expected = [
        "### Quality, h264: all clips",
        "| search over ab-av1's (own size), processor | 0.12 (0.05 .. 0.20) | ≤ 0.25 | yes |",
        "| rounds of trials | 2.00 (2.00 .. 2.00) |  |  |",
        "| rounds of trials of ab-av1 | 6.50 (5.00 .. 8.00) |  |  |",
        "| whole job over a plain encode, processor | 1.02 (0.80 .. 1.25) |  |  |",
        "| the same for clips over two minutes, clock | 0.80 | ≤ 1.50 | yes |",
        "| whole job over ab-av1's, clock | 0.22 (0.10 .. 0.33) | ≤ 1.00 | yes |",
        "| mean, away from 95 | 0.10 | ≤ 0.30 | yes |",
        "| worst scene | 95.1 | ≥ 93.0 | yes |",
        "| size over a single CRF's with the same guarantee | 0.78 | ≤ 0.85 | yes |",
        "| size over ab-av1's, as they came out | 0.80 |  |  |",
        // 0.80 of 500,000 bytes, whose mean of 95.5 costs a plain encode 1.031 of what ours costs it.
        "| size over ab-av1's at its own mean | 0.82 | ≤ 1.00 | yes |",
        "| size of the original | 70.0 (40.0 .. 100) % |  |  |",
        "| jobs without a usable file | 0.00 | ≤ 0.00 | yes |",
        "| files larger than the original | 0.00 | ≤ 0.00 | yes |",
    ];
    check(&expected, &headlines(&view, Group::All).text());
}

#[test]
fn a_line_for_each_contestant() {
    let (clips, results) = fixture();
    let clips: Vec<&Clip> = clips.iter().collect();
    let family = Family::H264;
    let view = View {
        results: &results,
        clips: &clips,
        family,
    };
    let expected = [
        "| kinora-h264 | 2 | 2 | 0.10 | 95.1 | 95.1 | 95.1 | 70.0 % | 8.00 s | 18.0 s | 9.00 s | 0 | 0 | 0 |",
        "| ab-av1-h264 | 2 | 1 | 0.50 | 95.5 | 95.5 | 95.5 | 50.0 % | 100 s | 110 s | 55.0 s | 1 | 0 | 0 |",
        "| ffmpeg-h264-crf23 | 2 | 0 | 2.50 | 91.0 | 91.0 | 91.0 | 84.0 % | 0.00 s | 18.0 s | 9.00 s | 0 | 1 | 1 |",
    ];
    check(&expected, &table::scoreboard(&view));
    let expected = [
        "| easy.mp4 | kinora-h264 | 400 | 40.0 % | yes | 95.10 | 95.10 | 95.10 | 95.10 | 4.00 s | 10.0 s | 5.00 s | 2 |  |",
        "| hard.mp4 | kinora-h264 | 1000 | 100.0 % | yes | 100.00 | 100.00 | 100.00 | 100.00 | 4.00 s | 8.00 s | 4.00 s | 2 | original kept |",
        "| hard.mp4 | ab-av1-h264 | – | – | – | – | – | – | – | 80.0 s | 80.0 s | 40.0 s | 8 | **no result**; Failed / to find a crf |",
        "| hard.mp4 | ffmpeg-h264-crf23 | 1200 | 120.0 % | **no** | 91.00 | 91.00 | 91.00 | 91.00 | – | 10.0 s | 5.00 s | – | **larger**; **lost: 1 sound** |",
    ];
    check(&expected, &table::jobs(&view, &table::contestants(&view)));
}

#[test]
fn an_original_that_scores_low_beside_itself_is_named() {
    let (mut clips, results) = fixture();
    clips[0].ceilings = vec![vec![92.5; 50]];
    let clips: Vec<&Clip> = clips.iter().collect();
    let view = View {
        results: &results,
        clips: &clips,
        family: Family::H264,
    };
    let expected = "| easy.mp4 | *beside itself* | 1000 | 100.0 % |  | 92.50 | 92.50 | 92.50 | 92.50 |  |  |  |  |  |";
    check(&[expected], &table::jobs(&view, &[]));
    let text = headlines(&view, Group::All).text();
    assert!(
        !text.contains("| worst scene")
            && text.contains("hardly what is asked for, or less: easy.mp4.")
    );
    assert!(text.contains("others took 0.00 (0.00 .. 0.00) %"), "{text}");
}

#[test]
fn nothing_is_said_of_what_was_not_measured() {
    let clips = [clip("a.mp4", 2)];
    let clips: Vec<&Clip> = clips.iter().collect();
    let view = View {
        results: &Results::default(),
        clips: &clips,
        family: Family::Av1,
    };
    assert_eq!(table::scoreboard(&view).lines().count(), 2);
    assert!(!headlines(&view, Group::HeldOut).text().contains("| "));
}

/// A program that answers as ours does, and gives the original back.
const STAND_IN: &str = r#"#!/bin/sh
while [ "$1" != -o ]; do shift; done
cp "$3" "$2/kept.mp4"
echo '{"version": 1, "status": "held", "effort": {"probes": 2, "search_cpu_s": 0.5}}'
"#;

/// Written by another process: while we had it open for writing, a child of another test could have it open, too, and
/// nobody could run it.
fn stand_in(directory: &Path) -> PathBuf {
    let (text, program) = (directory.join("text"), directory.join("stand-in"));
    fs::write(&text, STAND_IN).unwrap();
    let mut install = Command::new("install");
    install.args(["-m", "755"]).arg(text).arg(&program);
    assert!(install.status().unwrap().success());
    program
}

fn generate(file: &Path) {
    let mut command = Command::new("ffmpeg");
    let inputs = "-nostdin -v error -f lavfi -i testsrc2=size=320x180:rate=10:duration=2 -f lavfi -i sine=duration=2";
    command.args(inputs.split(' '));
    command.args("-c:v libx264 -qp 4 -c:a aac -y".split(' '));
    assert!(command.arg(file).status().unwrap().success());
}

#[test]
fn one_contest() {
    let tree = Tree::open().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let own = tree.path("target/lib/kinora/ffmpeg");
    let limit = Duration::from_secs(300);
    let mut contest = match Contest::new(own, &directory.path().join("out"), limit) {
        Ok(contest) => contest,
        Err(why) => return println!("skipped: {why:#}"),
    };
    let file = directory.path().join("a.mp4");
    generate(&file);
    let clip = contest.look(&file, "a.mp4").unwrap();
    assert_eq!(clip.frames[0].times.len(), 20);
    let ffmpeg = contest.ffmpeg.clone();
    contest.admit("plain", &ffmpeg, "1".into());
    let hold = |contest: &Contest, tool| contest.hold(tool, &clip, &file).unwrap();
    let levels = |crf| {
        let run = hold(&contest, Tool::Plain(Family::H264, crf));
        assert_eq!((run.outcome, &run.lost), (Outcome::Made, &Vec::new()));
        assert!(run.cpu_s > 0.0 && run.bytes > 0, "{run:?}");
        run.levels(&clip).unwrap()
    };
    let (good, bad) = (levels(12), levels(44));
    assert!(
        good.mean > 90.0 && bad.mean < good.mean - 5.0,
        "{good:?} {bad:?}"
    );

    let program = stand_in(directory.path());
    contest.admit("ours", &program, "1".into());
    let run = hold(&contest, Tool::Ours(Family::H264));
    assert_eq!((run.outcome, run.bytes), (Outcome::Kept, clip.bytes));
    assert_eq!((run.probes, run.search_cpu_s), (Some(2), Some(0.5)));
    assert_eq!(contest.version(Tool::HandBrake(Family::H264)), None);
}
