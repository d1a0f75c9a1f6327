//! The cage: its layers, and whether it holds.

use super::{Finding, Verdict};
use crate::sandbox::cage::Layer;
use crate::sandbox::{Cage, Escapes};
use kinora_media::Accept;
use kinora_store::contract::Problem;
use std::io;

/// Layers, attempts to get out, and what is opened.
pub(super) fn findings(
    cage: Result<&Cage, &Problem>,
    prove: &dyn Fn(&Cage) -> io::Result<Escapes>,
) -> Vec<Finding> {
    let cage = match cage {
        Ok(cage) if cage.is_on() => cage,
        Ok(cage) => return vec![off(), of_accept(cage)],
        Err(problem) => return vec![missing(problem)],
    };
    let mut findings: Vec<_> = cage.layers().into_iter().map(of_layer).collect();
    findings.push(of_attempts(prove(cage)));
    findings.push(of_accept(cage));
    findings
}

fn finding(name: &str, state: Verdict, detail: String, cost: &str) -> Finding {
    Finding {
        area: "sandbox",
        name: name.into(),
        state,
        detail,
        cost: cost.into(),
    }
}

fn of_layer(layer: Layer) -> Finding {
    let (state, cost) = match layer.is_whole {
        true => (Verdict::Good, ""),
        false => (
            Verdict::Degraded,
            "a file that takes FFmpeg over reaches further",
        ),
    };
    finding(layer.name, state, layer.detail, cost)
}

fn of_attempts(found: io::Result<Escapes>) -> Finding {
    let name = "attempts to get out";
    let found = match found {
        Ok(found) => found,
        Err(error) => {
            let detail = format!("could not be made: {error}");
            return finding(
                name,
                Verdict::Degraded,
                detail,
                "nothing shows that it holds",
            );
        }
    };
    let mut detail = format!("{} of {} stopped", found.held, found.attempts());
    if found.is_sound() {
        return finding(name, Verdict::Good, detail, "");
    }
    for open in &found.escaped {
        detail += &format!("; not stopped: {open}");
    }
    for shut in &found.hindered {
        detail += &format!("; wrongly stopped: {shut}");
    }
    let cost = "a server with the setting sandbox.mode = \"full\" does not start";
    finding(name, Verdict::Degraded, detail, cost)
}

fn of_accept(cage: &Cage) -> Finding {
    let detail = match cage.accept() {
        Accept::All => "all kinds of files that FFmpeg reads, but programs and devices",
        Accept::Common => "the kinds that cameras, phones and editors write",
    };
    finding("opened", Verdict::Good, detail.into(), "")
}

fn off() -> Finding {
    finding(
        "sandbox",
        Verdict::Degraded,
        "off, as the settings say".into(),
        "a file that takes FFmpeg over can do all that the server can",
    )
}

fn missing(problem: &Problem) -> Finding {
    let detail = problem.description.clone();
    finding("sandbox", Verdict::Missing, detail, &problem.solution)
}
