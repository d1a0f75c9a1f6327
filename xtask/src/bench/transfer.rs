//! One large file, up and down, beside other programs that move the same bytes.

use super::Bench;
use super::clip;
use super::load::{BLOCK, Pattern};
use super::peers::{self, Run, Way};
use super::place::Place;
use super::report::{Aim, Section};
use super::series::Series;
use super::server::Server;
use super::ssh::Ssh;
use super::task;
use anyhow::Result;
use std::fs::File;
use std::path::{Path, PathBuf};

/// One contestant's runs.
#[derive(Debug, Default)]
struct Lane {
    /// GB per second.
    rate: Series,
    /// Processor seconds of the serving side per GB.
    cpu: Series,
}

impl Lane {
    fn push(&mut self, run: Run, length: u64) {
        let gigabytes = length as f64 / 1e9;
        self.rate.push(gigabytes / run.seconds);
        self.cpu.push(run.cpu / gigabytes);
    }

    fn show(&self, name: &str, section: &mut Section) {
        section.row(format!("{name}, rate"), &self.rate, "GB/s");
        section.row(format!("{name}, processor"), &self.cpu, "CPU-s/GB");
    }
}

/// What both directions share.
struct Course<'a> {
    bench: &'a Bench,
    length: u64,
    rounds: usize,
    pattern: Pattern,
    server: Server,
    ssh: Result<Ssh>,
}

/// Both directions.
pub(crate) fn run(bench: &Bench) -> Result<Vec<Section>> {
    let course = Course {
        bench,
        length: if bench.quick { 128 << 20 } else { 1 << 30 },
        rounds: if bench.quick { 3 } else { 7 },
        pattern: Pattern::new(),
        server: Server::start(&bench.program, &Place::memory(), "auto")?,
        ssh: Ssh::start(),
    };
    Ok(vec![course.upload()?, course.download()?])
}

impl Course<'_> {
    fn section(&self, title: &str) -> Section {
        let mib = self.length >> 20;
        let mut section = Section::new(&format!("{title} of {mib} MiB"));
        section.note(format!(
            "{} rounds, each contestant once in each; blocks of {} KiB; ratios are taken round by round. Processor \
             time is that of the receiving or sending server alone, user and system.",
            self.rounds,
            BLOCK >> 10
        ));
        if let Err(reason) = &self.ssh {
            section.note(format!("scp was skipped: {reason:#}."));
        }
        section
    }

    fn upload(&self) -> Result<Section> {
        let mut section = self.section("Upload");
        let on_disk = Server::start(&self.bench.program, &self.bench.disk, "auto")?;
        let digest = self.pattern.digest(self.length);
        let source = self.source()?;
        let [
            mut ours,
            mut iperf3,
            mut filed,
            mut socat,
            mut scp,
            mut disk,
        ] = lanes();
        let mut dd = Series::default();
        for _ in 0..self.rounds {
            let directory = self.server.directory.path();
            iperf3.push(peers::iperf3(Way::Up, self.length, None)?, self.length);
            self.warm(directory)?;
            ours.push(self.upload_once(&self.server, &digest)?, self.length);
            let to = directory.join("taken");
            self.warm(directory)?;
            filed.push(peers::iperf3(Way::Up, self.length, Some(&to))?, self.length);
            std::fs::remove_file(to)?;
            self.warm(directory)?;
            socat.push(
                peers::socat_up(&self.pattern, self.length, directory)?,
                self.length,
            );
            if let Ok(ssh) = &self.ssh {
                let to = directory.join("copied");
                self.warm(directory)?;
                scp.push(ssh.up(&source, &to)?, self.length);
                std::fs::remove_file(to)?;
            }
            self.warm(directory)?;
            disk.push(self.upload_once(&on_disk, &digest)?, self.length);
            let seconds = peers::dd(self.length, on_disk.directory.path())?;
            dd.push(self.length as f64 / 1e9 / seconds);
        }
        section.row("kinora into memory, rate", &ours.rate, "GB/s");
        section.aimed(
            "kinora into memory, processor",
            &ours.cpu,
            "CPU-s/GB",
            Aim::AtMost(1.2),
        );
        let ratio = ours.rate.over(&iperf3.rate);
        section.aimed("kinora over iperf3, rate", &ratio, "", Aim::AtLeast(0.5));
        let ratio = ours.rate.over(&filed.rate);
        section.row("kinora over iperf3 that writes a file, rate", &ratio, "");
        iperf3.show("iperf3", &mut section);
        filed.show("iperf3 into a file in memory (`-F`)", &mut section);
        socat.show("socat into memory", &mut section);
        scp.show("scp into memory", &mut section);
        disk.show("kinora onto disk", &mut section);
        section.row("the disk alone (`dd conv=fdatasync`), rate", &dd, "GB/s");
        section.row(
            "kinora onto disk over the disk alone, rate",
            &disk.rate.over(&dd),
            "",
        );
        section.note(
            "An upload of kinora is hashed with BLAKE3, compared with the digest that the client announced, and \
             synced (fdatasync) before it is answered; the others do none of this, and scp encrypts. iperf3 without a \
             file sends one block of 256 KiB again and again and throws it away.",
        );
        std::fs::remove_file(source)?;
        Ok(section)
    }

    /// Has the machine give us the memory that is written next. A virtual machine returns what is free to its host after
    /// some seconds, and getting it back was measured at more than all that the server does.
    fn warm(&self, directory: &Path) -> Result<()> {
        let file = directory.join("warm");
        self.pattern.send(&mut File::create(&file)?, self.length)?;
        std::fs::remove_file(file)?;
        Ok(())
    }

    fn upload_once(&self, server: &Server, digest: &str) -> Result<Run> {
        let mut connection = server.connect()?;
        let (key, seconds, cpu) =
            server.measure(|| connection.upload(&self.pattern, self.length, digest))?;
        connection.discard(&key)?;
        Ok(Run { seconds, cpu })
    }

    fn download(&self) -> Result<Section> {
        let mut section = self.section("Download");
        let mut connection = self.server.connect()?;
        let directory = self.server.directory.path();
        let sound = clip::sound(directory, self.length)?;
        let order = serde_json::json!({"format": "wav"});
        let job = task::submit(&mut connection, &sound, "audio", &order)?;
        task::wait(&mut connection, &job)?;
        let length = task::download(&mut connection, &job, |_| {})?.size;
        let source = self.source()?;
        let [mut ours, mut iperf3, mut filed, mut socat, mut scp] = lanes();
        let mut kernel = Series::new();
        for _ in 0..self.rounds {
            iperf3.push(peers::iperf3(Way::Down, self.length, None)?, self.length);
            let (_, seconds, cpu) = self
                .server
                .measure(|| task::download(&mut connection, &job, |_| {}))?;
            ours.push(Run { seconds, cpu }, length);
            filed.push(
                peers::iperf3(Way::Down, self.length, Some(&source))?,
                self.length,
            );
            let bare = peers::sendfile(&source, self.length)?;
            kernel.push(self.length as f64 / 1e9 / bare.seconds);
            socat.push(peers::socat_down(&source, self.length)?, self.length);
            if let Ok(ssh) = &self.ssh {
                let to = directory.join("copied");
                scp.push(ssh.down(&source, &to)?, self.length);
                std::fs::remove_file(to)?;
            }
        }
        section.row("kinora from memory, rate", &ours.rate, "GB/s");
        section.aimed(
            "kinora from memory, processor",
            &ours.cpu,
            "CPU-s/GB",
            Aim::AtMost(0.4),
        );
        let ratio = ours.rate.over(&iperf3.rate);
        section.aimed("kinora over iperf3, rate", &ratio, "", Aim::AtLeast(1.0));
        let ratio = ours.rate.over(&filed.rate);
        section.row("kinora over iperf3 that reads a file, rate", &ratio, "");
        let ratio = ours.rate.over(&kernel);
        section.row("kinora over `sendfile` alone, rate", &ratio, "");
        iperf3.show("iperf3", &mut section);
        filed.show("iperf3 from a file in memory (`-F`)", &mut section);
        section.row(
            "`sendfile` of a file in memory, nothing else: rate",
            &kernel,
            "GB/s",
        );
        socat.show("socat from memory", &mut section);
        scp.show("scp from memory", &mut section);
        section.note("The generators take the bytes out of the socket and throw them away.");
        Ok(section)
    }

    /// The pattern as a file beside the server's data, for those that send files.
    fn source(&self) -> Result<PathBuf> {
        let file = self.server.directory.path().join("source");
        self.pattern.send(&mut File::create(&file)?, self.length)?;
        Ok(file)
    }
}

fn lanes<const N: usize>() -> [Lane; N] {
    std::array::from_fn(|_| Lane::default())
}
