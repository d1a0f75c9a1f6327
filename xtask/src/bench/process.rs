//! What the kernel says of processes and of the machine: processor time, memory, descent.

use anyhow::{Context, Result};
use std::fs;

/// Sizes of one process, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// The most that was resident so far.
    pub(crate) peak: u64,
    /// Resident and its own now: what neither a file nor shared memory stands behind.
    pub(crate) own: u64,
}

/// Seconds of processor, user and system, that this process has taken; its ended children not counted.
pub(crate) fn cpu(pid: u32) -> Result<f64> {
    let (own, _) = times(pid)?;
    Ok(own)
}

/// The same, with the children that it has waited for.
pub(crate) fn cpu_of_family(pid: u32) -> Result<f64> {
    let (own, children) = times(pid)?;
    Ok(own + children)
}

fn times(pid: u32) -> Result<(f64, f64)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).context("a process is gone")?;
    // The program's name stands in brackets and may contain anything (proc(5)).
    let (_, fields) = text.rsplit_once(')').context("an odd stat file")?;
    let ticks: Vec<f64> = fields
        .split_whitespace()
        .skip(11)
        .take(4)
        .map_while(|field| field.parse().ok())
        .collect();
    let [user, system, child_user, child_system] = ticks[..] else {
        anyhow::bail!("an odd stat file: {text}");
    };
    let per_second = rustix::param::clock_ticks_per_second() as f64;
    Ok((
        (user + system) / per_second,
        (child_user + child_system) / per_second,
    ))
}

pub(crate) fn memory(pid: u32) -> Result<Memory> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).context("a process is gone")?;
    let bytes = |name: &str| -> u64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kib.unwrap_or(0) * 1024
    };
    Ok(Memory {
        peak: bytes("VmHWM:"),
        own: bytes("RssAnon:"),
    })
}

/// Processes whose parent this is.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten();
    let lists = tasks.flatten().filter_map(|task| {
        let list = fs::read_to_string(task.path().join("children")).ok()?;
        Some(
            list.split_whitespace()
                .filter_map(|id| id.parse().ok())
                .collect::<Vec<u32>>(),
        )
    });
    lists.flatten().collect()
}

/// The words that a process was started with.
pub(crate) fn arguments(pid: u32) -> Vec<String> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = bytes
        .split(|&byte| byte == 0)
        .filter(|word| !word.is_empty());
    words
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect()
}

/// Whether somebody on this machine listens on the port.
pub(crate) fn is_listening(port: u16) -> bool {
    let wanted = format!(":{port:04X}");
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let text: String = tables.iter().flat_map(fs::read_to_string).collect();
    text.lines().any(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let local = fields.next().unwrap_or_default();
        // 0A is LISTEN.
        local.ends_with(&wanted) && fields.nth(1) == Some("0A")
    })
}

/// Seconds of processor that the whole machine has worked so far, over all cores.
pub(crate) fn machine_busy() -> f64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    // user nice system idle iowait irq softirq steal: without waiting, and without what other machines took.
    let ticks: Vec<f64> = line
        .split_whitespace()
        .skip(1)
        .filter_map(|n| n.parse().ok())
        .collect();
    let busy: f64 = [0, 1, 2, 5, 6]
        .iter()
        .filter_map(|&n: &usize| ticks.get(n))
        .sum();
    busy / rustix::param::clock_ticks_per_second() as f64
}

/// Cores that this process may use.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
