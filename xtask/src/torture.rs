//! The real server under faults and attack (`cargo xtask torture`): killed at any moment, its FFmpeg killed and stopped,
//! its disk filled, its system calls failing, its clock turned, its clients breaking off and lying, its files damaged.
//! Afterwards everything that it acknowledged must be as it was promised.
//!
//! What happens is drawn from a seed, which is printed; times on a real machine are not repeatable, so the same seed
//! makes the same files and requests, and not always the same fault at the same moment.

mod tally;
mod ledger;
mod line;
mod media;
mod victim;
mod visitor;
mod verdict;
mod lives;
mod hostile;

use crate::tree::Tree;
use anyhow::{Context, Result, bail, ensure};
use fastrand::Rng;
use lives::Lives;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tally::Tally;

const USAGE: &str = "\
cargo xtask torture [--minutes N] [--seed N] [--program PATH] [--only lives|hostile]

  --minutes N     how long, both parts together; 2 unless told
  --seed N        repeats the files and requests of another run
  --program PATH  tortures another build than one that is made now
  --only PART     lives: kills, faults, bad clients; hostile: damaged files";

/// What was asked for.
struct Wish {
    minutes: f64,
    seed: u64,
    program: Option<PathBuf>,
    only: Option<String>,
}

/// Runs it; fails when anything happened that must not.
pub(crate) fn run(tree: &Tree, arguments: &[&str]) -> Result<()> {
    let wish = wish(arguments)?;
    let program = match &wish.program {
        Some(program) => program.canonicalize().context("no such program")?,
        None => crate::bench::build(tree)?,
    };
    println!("seed {}", wish.seed);
    let mut dice = Rng::with_seed(wish.seed);
    let place = tempfile::tempdir()?;
    let (tally, whole) = (
        Tally::default(),
        Duration::from_secs_f64(wish.minutes * 60.0),
    );
    let is_wanted = |part: &str| wish.only.as_deref().is_none_or(|only| only == part);
    let parts = if wish.only.is_some() { 1 } else { 2 };
    if is_wanted("hostile") {
        let files = media::all(place.path())?;
        tally.add("kinds of files", files.len() as u64);
        let until = Instant::now() + whole / parts;
        hostile::run(&program, &files, &tally, &mut dice, until)?;
    }
    if is_wanted("lives") {
        let files = media::work(place.path())?;
        let until = Instant::now() + whole / parts;
        while Instant::now() < until {
            let mut lives = Lives {
                program: &program,
                files: &files,
                tally: &tally,
                dice: dice.fork(),
                until,
            };
            lives.run()?;
        }
    }
    print!("{tally}");
    ensure!(
        tally.violations() == 0,
        "promises were broken (seed {})",
        wish.seed
    );
    Ok(())
}

fn wish(arguments: &[&str]) -> Result<Wish> {
    let mut wish = Wish {
        minutes: 2.0,
        seed: fastrand::u64(..1_000_000_000),
        program: None,
        only: None,
    };
    let mut words = arguments.iter();
    while let Some(&word) = words.next() {
        let mut value = || {
            words
                .next()
                .with_context(|| format!("{word} needs a value\n\n{USAGE}"))
        };
        match word {
            "--minutes" => wish.minutes = value()?.parse().context("--minutes takes a number")?,
            "--seed" => wish.seed = value()?.parse().context("--seed takes a number")?,
            "--program" => wish.program = Some(PathBuf::from(value()?)),
            "--only" => wish.only = Some((*value()?).to_owned()),
            _ => bail!("not known: {word}\n\n{USAGE}"),
        }
    }
    let is_part = |part: &str| matches!(part, "lives" | "hostile");
    ensure!(wish.only.as_deref().is_none_or(is_part), "{USAGE}");
    ensure!((0.05..=10_000.0).contains(&wish.minutes), "{USAGE}");
    Ok(wish)
}
