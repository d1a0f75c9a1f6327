//! Other programs that move bytes, each run once at a time: `iperf3`, `socat`, and the kernel's own `sendfile`.

use super::child::{self, Running};
use super::load::{BLOCK, Pattern, drain};
use anyhow::{Context, Result, anyhow, ensure};
use std::fs::File;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// What one run of a peer took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// From the first byte to the end.
    pub(crate) seconds: f64,
    /// Processor time of its serving side.
    pub(crate) cpu: f64,
}

/// Which way the bytes go, seen from the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Up,
    Down,
}

/// One stream. Without a file its bytes come from one block and are thrown away, so they never leave the processor's
/// caches; with a file the serving side writes it, or reads it, as a server of files must.
pub(crate) fn iperf3(way: Way, length: u64, file: Option<&Path>) -> Result<Run> {
    let port = child::free_address()?.port();
    let mut command = Command::new("iperf3");
    command.args(["-s", "-1", "-B", "127.0.0.1", "-p", &port.to_string()]);
    if let Some(file) = file {
        command.arg("-F").arg(file);
    }
    let mut server = Running::start(command.stdout(Stdio::null()).stderr(Stdio::null()))?;
    server.listens(port)?;
    let mut client = Command::new("iperf3");
    client.args(["-c", "127.0.0.1", "-J", "-p", &port.to_string()]);
    client.args(["-n", &length.to_string(), "-l", &BLOCK.to_string()]);
    if way == Way::Down {
        client.arg("-R");
    }
    let output = client.output()?;
    ensure!(
        output.status.success(),
        "iperf3 ended with {}",
        output.status
    );
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let rate = answer["end"]["sum_received"]["bits_per_second"].as_f64();
    let rate = rate.context("iperf3 does not say its rate")?;
    Ok(Run {
        seconds: length as f64 * 8.0 / rate,
        cpu: server.finish()?,
    })
}

/// `socat` receives from our generator into a new file.
pub(crate) fn socat_up(pattern: &Pattern, length: u64, directory: &Path) -> Result<Run> {
    let file = directory.join("received");
    let _ = std::fs::remove_file(&file);
    let (server, address) = socat(|listen| {
        [
            listen,
            format!("OPEN:{},creat,trunc,wronly", file.display()),
        ]
    })?;
    let mut stream = TcpStream::connect(address)?;
    let began = Instant::now();
    pattern.send(&mut stream, length)?;
    stream.shutdown(Shutdown::Write)?;
    let cpu = server.finish()?;
    let seconds = began.elapsed().as_secs_f64();
    ensure!(
        std::fs::metadata(&file)?.len() == length,
        "socat received something else"
    );
    std::fs::remove_file(&file)?;
    Ok(Run { seconds, cpu })
}

/// `socat` sends a file to our generator.
pub(crate) fn socat_down(file: &Path, length: u64) -> Result<Run> {
    let (server, address) = socat(|listen| [format!("OPEN:{},rdonly", file.display()), listen])?;
    let mut stream = TcpStream::connect(address)?;
    let began = Instant::now();
    let drained = drain(&mut stream, length, |_| {})?;
    let seconds = began.elapsed().as_secs_f64();
    ensure!(drained == length, "socat sent something else");
    drop(stream);
    Ok(Run {
        seconds,
        cpu: server.finish()?,
    })
}

fn socat(ends: impl FnOnce(String) -> [String; 2]) -> Result<(Running, SocketAddr)> {
    let address = child::free_address()?;
    let listen = format!("TCP-LISTEN:{},bind=127.0.0.1,reuseaddr", address.port());
    let mut command = Command::new("socat");
    command
        .args(["-u", "-b", &BLOCK.to_string()])
        .args(ends(listen));
    let mut server = Running::start(&mut command)?;
    server.listens(address.port())?;
    Ok((server, address))
}

/// What the kernel can do at best: one thread sends a file, and does nothing else. Our generator takes it.
pub(crate) fn sendfile(file: &Path, length: u64) -> Result<Run> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    std::thread::scope(|scope| {
        let sender = scope.spawn(|| -> Result<()> {
            let (to, _) = listener.accept()?;
            let (from, mut at) = (File::open(file)?, 0);
            while at < length {
                let sent = rustix::fs::sendfile(&to, &from, Some(&mut at), 1 << 20)?;
                ensure!(sent > 0, "the file has become shorter");
            }
            Ok(())
        });
        let mut stream = TcpStream::connect(address)?;
        let began = Instant::now();
        let drained = drain(&mut stream, length, |_| {})?;
        let seconds = began.elapsed().as_secs_f64();
        ensure!(drained == length, "sendfile sent something else");
        sender
            .join()
            .map_err(|_| anyhow!("the sender panicked"))??;
        // It shares our process, so its processor time is not told apart.
        Ok(Run {
            seconds,
            cpu: f64::NAN,
        })
    })
}

/// The disk alone: `dd` writes a file and makes it durable. Seconds.
pub(crate) fn dd(length: u64, directory: &Path) -> Result<f64> {
    let file = directory.join("written");
    let mut command = Command::new("dd");
    command.args(["if=/dev/zero", "bs=1M", "conv=fdatasync", "status=none"]);
    command
        .arg(format!("count={}", length >> 20))
        .arg(format!("of={}", file.display()));
    let began = Instant::now();
    Running::start(&mut command)?.finish()?;
    let seconds = began.elapsed().as_secs_f64();
    std::fs::remove_file(&file)?;
    Ok(seconds)
}
