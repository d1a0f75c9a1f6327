//! Measurements, each beside its peer in the same run (`cargo xtask bench`); their numbers stand in
//! docs/benchmarks.md.
//!
//! The server is the real program, started by us on loopback with a data directory of its own. Everything that is
//! started is ended, everything is bounded in count and time.

mod series;
mod report;
pub(crate) mod process;
mod machine;
mod place;
pub(crate) mod child;
pub(crate) mod load;
mod server;
mod peers;
mod ssh;
mod clip;
mod task;
mod transfer;
mod packets;
mod job;
mod share;
mod memory;
mod cage;
mod http;
mod siege;
mod watch;
mod talk;
mod quality;

use crate::tree::Tree;
use anyhow::{Context, Result, bail};
use machine::Others;
use place::Place;
use report::Section;
pub(crate) use server::build;
use std::path::PathBuf;

const PAGE: &str = "docs/benchmarks.md";

const USAGE: &str = "\
cargo xtask bench [transfer] [packets] [job] [share] [memory] [cage] [http] [siege] [watch] [talk] [--quick] [--write] [--server PROGRAM]
cargo xtask bench quality --clips DIR [...]

  --quick    smaller sizes and fewer rounds: whether it works, not how fast
  --write    puts what is measured into docs/benchmarks.md, part by part
  --server   measures another build of the server";

/// One part of the measurements.
type Part = fn(&Bench) -> Result<Vec<Section>>;

const PARTS: &[(&str, Part)] = &[
    ("transfer", transfer::run),
    ("packets", packets::run),
    ("job", job::run),
    ("share", share::run),
    ("memory", memory::run),
    ("cage", cage::run),
    ("http", http::run),
    ("siege", siege::run),
    ("watch", watch::run),
    ("talk", talk::run),
];

/// What all parts need.
#[derive(Debug)]
struct Bench {
    /// The server.
    program: PathBuf,
    /// A place on a disk.
    disk: Place,
    /// Smaller and fewer.
    quick: bool,
    /// The checkout.
    tree: PathBuf,
}

#[derive(Debug, Default)]
struct Options {
    names: Vec<String>,
    quick: bool,
    write: bool,
    server: Option<PathBuf>,
}

/// Runs the measurements that are named, or all.
pub(crate) fn run(tree: &Tree, words: &[&str]) -> Result<()> {
    // Takes hours with all its peers, and needs clips: never part of the others.
    if let ["quality", rest @ ..] = words {
        return quality::run(tree, rest);
    }
    let options = Options::read(words)?;
    let _alone = machine::alone()?;
    let bench = Bench {
        program: match &options.server {
            Some(program) => program.clone(),
            None => build(tree)?,
        },
        disk: Place::disk(&tree.path("target/bench")),
        quick: options.quick,
        tree: tree.path(""),
    };
    let machine = machine::describe();
    println!("{machine}");
    for (name, part) in PARTS.iter().filter(|(name, _)| options.wants(name)) {
        let text = measure(name, *part, &bench)?;
        if options.write {
            let text = format!("{text}- Measured on {machine}.\n");
            let page = report::insert(&tree.read(PAGE)?, name, &text)?;
            std::fs::write(tree.path(PAGE), page)?;
        }
    }
    Ok(())
}

fn measure(name: &str, part: Part, bench: &Bench) -> Result<String> {
    println!("==> {name}");
    machine::settle();
    let others = Others::begin();
    let mut sections = part(bench).with_context(|| format!("{name} could not be measured"))?;
    let share = others.share();
    if let Some(section) = sections.last_mut() {
        section.note(format!(
            "Meanwhile others took {share:.0} % of the machine's processor."
        ));
    }
    let texts: Vec<String> = sections.iter().map(Section::text).collect();
    Ok(texts.join("\n"))
}

impl Options {
    fn read(words: &[&str]) -> Result<Self> {
        let mut options = Self::default();
        let mut words = words.iter();
        while let Some(&word) = words.next() {
            match word {
                "--quick" => options.quick = true,
                "--write" => options.write = true,
                "--server" => {
                    let program = words.next().context("--server needs a program")?;
                    options.server = Some(std::path::absolute(program)?);
                }
                name if PARTS.iter().any(|(part, _)| *part == name) => {
                    options.names.push(name.to_owned());
                }
                other => bail!("no such measurement: {other}\n\n{USAGE}"),
            }
        }
        Ok(options)
    }

    fn wants(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|wanted| wanted == name)
    }
}
