//! `kinora serve`: a server in this process, or in the background.

use super::context::Context;
use super::local::failed;
use super::sandbox;
use crate::cli::Serve;
use crate::config::{Flags, Settings};
use crate::exit::Exit;
use crate::logs;
use crate::pidfile::PidFile;
use crate::report::{self, Failure};
use crate::terminal::{self, say, tell};
use kinora_server::Server;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// How each line begins that says where the server listens. Scripts and tests wait for it.
const LISTENING: &str = "listening mmp ";

/// Runs until SIGTERM or SIGINT, then drains.
///
/// # Errors
/// What keeps it from starting.
pub(crate) fn run(arguments: &Serve, context: &Context) -> Result<Exit, Failure> {
    let settings = Settings::load(&flags(arguments), &context.variables)?;
    settings
        .warnings
        .iter()
        .for_each(|text| report::warning(text));
    let config = settings.server()?;
    if arguments.detach {
        return detach(&config.data);
    }
    let logs = logs::start(&logs::Options::of(&settings)).map_err(|error| {
        Failure::new(
            Exit::File,
            "no_logs",
            format!("cannot write logs: {error}"),
            "choose another --log-dir",
        )
    })?;
    // Before anything runs: a signal that comes while the server starts must not be lost.
    let signals = Signals::new([SIGINT, SIGTERM, SIGHUP])
        .map_err(|error| machine("listen to signals", &error))?;
    // Asked now: a terminal that has gone is none any more.
    let is_in_terminal = terminal::is_watched();
    sandbox::check(&config.sandbox)?;
    let data = config.data.clone();
    let server = Server::start(config).map_err(|problem| failed(problem, Exit::Internal))?;
    let held = PidFile::write(&data).map_err(|error| machine("write the pid file", &error))?;
    announce(&server);
    wait(signals, is_in_terminal, &server);
    server.stop();
    drop(held);
    drop(logs);
    Ok(Exit::Success)
}

fn flags(arguments: &Serve) -> Flags {
    let mut flags = arguments.settings.flags();
    let mut set =
        |key: &str, value: String, flag: &str| flags.set.push((key.into(), value, flag.into()));
    if !arguments.mmp_listen.is_empty() {
        set("mmp.listen", arguments.mmp_listen.join(","), "--mmp-listen");
    }
    if !arguments.http_listen.is_empty() {
        set(
            "http.listen",
            arguments.http_listen.join(","),
            "--http-listen",
        );
    }
    let text = |path: &PathBuf| path.to_string_lossy().into_owned();
    if let Some(directory) = &arguments.data {
        set("data", text(directory), "--data");
    }
    if !arguments.library.is_empty() {
        let all: Vec<String> = arguments.library.iter().map(text).collect();
        set("library.directories", all.join(","), "--library");
    }
    if let Some(directory) = &arguments.log_dir {
        set("log.dir", text(directory), "--log-dir");
    }
    flags
}

/// Lines for programs on standard output, and for people what to do next. Nobody has to read to the end: who started
/// this in the background has gone after the first line.
fn announce(server: &Server) {
    let (addresses, http) = (server.addresses(), server.http_addresses());
    for address in addresses {
        say(format_args!("{LISTENING}{address}"));
    }
    for address in http {
        say(format_args!("listening http {address}"));
    }
    let certificate = server.certificate();
    if let Some(shown) = &certificate {
        say(format_args!("tls {}", shown.key));
    }
    if let (true, Some(first)) = (terminal::is_watched(), addresses.first()) {
        tell(format_args!(
            "Kinora {} serves on {}.",
            env!("CARGO_PKG_VERSION"),
            list(addresses)
        ));
        tell(format_args!(
            "Try it:  kinora compress VIDEO --server {}",
            reachable(*first)
        ));
        if let Some(first) = http.first() {
            let first = reachable(*first);
            let scheme = match certificate {
                Some(_) if !first.ip().is_loopback() => "https",
                _ => "http",
            };
            tell(format_args!("Browser: {scheme}://{first}/"));
        }
        tell("Stop it: Ctrl-C");
    }
}

fn list(addresses: &[SocketAddr]) -> String {
    addresses
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

/// "Every address of this machine" is none to connect to.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// Returns at the first signal that is to end it; from then on a second one ends the process without draining.
fn wait(mut signals: Signals, is_in_terminal: bool, server: &Server) {
    for signal in signals.forever() {
        // Of a terminal it says that the terminal is gone.
        if signal != SIGHUP || is_in_terminal {
            break;
        }
        tracing::info!("asked to look at the certificate");
        server.reload();
    }
    if terminal::is_watched() {
        tell("\nstopping; running jobs go on at the next start. Ctrl-C again leaves at once");
    }
    std::thread::spawn(move || {
        if signals.forever().any(|signal| signal != SIGHUP) {
            std::process::exit(Exit::Interrupted.code().into());
        }
    });
}

/// Starts this command again in the background, without `--detach`.
fn detach(data: &PathBuf) -> Result<Exit, Failure> {
    let arguments: Vec<OsString> = std::env::args_os()
        .skip(1)
        .filter(|word| word != "--detach")
        .collect();
    std::fs::create_dir_all(data).map_err(|error| machine("make the data directory", &error))?;
    let path = data.join("detached.log");
    let log = OpenOptions::new().create(true).append(true).open(&path);
    let log = log.map_err(|error| machine("open the log", &error))?;
    let started = kinora_jobs::sandbox::detach::detach(&arguments, log, LISTENING);
    let (pid, line) = started.map_err(|error| {
        let help = format!("{} says why", path.display());
        Failure::new(
            Exit::Internal,
            "not_started",
            format!("the server did not start: {error}"),
            help,
        )
    })?;
    say(line);
    if terminal::is_watched() {
        tell(format_args!(
            "Kinora serves in the background as process {pid}; `kinora stop` ends it."
        ));
    }
    Ok(Exit::Success)
}

fn machine(what: &str, error: &io::Error) -> Failure {
    Failure::new(
        Exit::Internal,
        "machine_fault",
        format!("cannot {what}: {error}"),
        "",
    )
}
