//! Thousands of damaged files against one server, which has to say something sensible of each and go on.

use super::ledger::Ledger;
use super::media::{self, File};
use super::tally::Tally;
use super::victim::{Victim, Wrap};
use super::visitor::{self, connect};
use crate::bench::load::new_key;
use anyhow::{Result, bail};
use fastrand::Rng;
use kinora_mmp::reply::Reply;
use serde_json::json;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

/// Clients at the same time.
const SENDERS: u8 = 4;
/// What is said of a fault of ours; nobody's file may cause it.
const OURS: [&str; 2] = ["internal", "internal_error"];
/// What a server may hold more at the end than at the beginning.
const MORE_DESCRIPTORS: usize = 16;
const MORE_MEMORY: u64 = 64 << 20;
/// No file of a few kilobytes may take this long.
const SLOW_S: u64 = 60;

/// Sends damaged files until the time is over.
pub(crate) fn run(
    program: &Path,
    files: &[File],
    tally: &Tally,
    dice: &mut Rng,
    until: Instant,
) -> Result<()> {
    let place = tempfile::tempdir()?;
    let settings = ["jobs.stall=10s", "storage.margin=0", "jobs.attempts=1"];
    let data = place.path().join("data");
    let Some(mut victim) = Victim::start(program, &data, &Wrap::None, &settings)? else {
        bail!("the server does not start");
    };
    let ledger = Ledger::new(tally);
    let before = victim.holds();
    let address = victim.address;
    std::thread::scope(|threads| {
        for number in 0..SENDERS {
            let mut sender = Sender {
                number: 100 + number,
                files,
                tally,
                ledger: &ledger,
                dice: dice.fork(),
            };
            threads.spawn(move || sender.run(address, until));
        }
    });
    let after = victim.holds();
    if !victim.is_alive() {
        tally.violation("a hostile file has ended the server".into());
        return Ok(());
    }
    if after.0 > before.0 + MORE_DESCRIPTORS || after.1 > before.1 + MORE_MEMORY {
        tally.violation(format!(
            "hostile files have left something: {before:?} became {after:?}"
        ));
    }
    victim.stop()?;
    super::verdict::check(&data, tally, &ledger)
}

struct Sender<'a> {
    number: u8,
    files: &'a [File],
    tally: &'a Tally,
    ledger: &'a Ledger<'a>,
    dice: Rng,
}

impl Sender<'_> {
    fn run(&mut self, to: SocketAddr, until: Instant) {
        while Instant::now() < until {
            let seed = self.dice.u64(..);
            let mut dice = Rng::with_seed(seed);
            let any = |dice: &mut Rng| dice.usize(..self.files.len());
            let (one, other) = (any(&mut dice), any(&mut dice));
            let file = media::mutate(&self.files[one], &self.files[other], &mut dice);
            if let Err(error) = self.send(to, &file, &mut dice) {
                self.tally
                    .violation(format!("file {seed:#x} of {one} and {other}: {error:#}"));
                return;
            }
        }
    }

    /// One file from its upload to its end.
    fn send(&self, to: SocketAddr, file: &File, dice: &mut Rng) -> Result<()> {
        let mut connection = connect(self.number, to)?;
        let (operation, parameters) = visitor::order(dice);
        let key = new_key();
        let ext = ["digest", "resume", "job"];
        let request = json!({
            "action": "upload", "operation": operation, "parameters": parameters,
            "idempotency_key": key, "ext": ext,
        });
        self.tally.count("hostile files");
        connection.send(&request, file.ending, file.bytes.len() as u64)?;
        connection.stream.write_all(&file.bytes)?;
        let id = match Reply::parse(&connection.answer()?)? {
            Reply::Accepted { task_id } => task_id,
            Reply::Error { code, .. } => {
                self.tally.count(&format!("refused: {code}"));
                return Ok(());
            }
            other => bail!("answered {other:?}"),
        };
        self.ledger.accepted(&id, &key);
        let began = Instant::now();
        connection.send(
            &json!({"action": "status", "task_id": id, "watch": true, "ext": ext}),
            "",
            0,
        )?;
        loop {
            match Reply::parse(&connection.answer()?)? {
                Reply::State(state) => {
                    let before = self.ledger.ended(&id);
                    if self.ledger.told(&id, &state.status, before.as_deref()) {
                        self.judge(&state);
                        break;
                    }
                }
                other => bail!("{operation}: answered {other:?}"),
            }
        }
        if began.elapsed().as_secs() > SLOW_S {
            bail!("{operation} took {} s", began.elapsed().as_secs());
        }
        connection.ask(&json!({"action": "confirm", "task_id": id, "ext": ext}))?;
        Ok(())
    }

    fn judge(&self, state: &kinora_mmp::reply::State) {
        let Some(problem) = &state.problem else {
            return;
        };
        self.tally.count(&format!("failed: {}", problem.code));
        if OURS.contains(&problem.code.as_str()) {
            self.tally
                .violation(format!("a file was our fault: {}", problem.description));
        }
    }
}
