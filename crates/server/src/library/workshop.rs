//! The programs of the engine, for files of the library: what they are, and what is made of them.

use super::second;
use super::title::Facts;
use kinora_jobs::engine::Aside;
use kinora_jobs::runner::{Lent, Runner, Stop};
use kinora_jobs::sandbox::{Share, Tools};
use kinora_media::info::MediaInfo;
use kinora_media::ladder::Coding;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Everything that work on files of the library needs of this machine.
#[derive(Clone, Debug)]
pub(crate) struct Workshop {
    /// As for jobs.
    pub(crate) tools: Arc<Tools>,
    /// For files that only their owner may read: the child then keeps the server's user, and whatever else confines it.
    pub(crate) own: Arc<Tools>,
    /// Both once more, led by the build that makes renditions in AV1; `None` where no build does.
    pub(crate) av1: Option<[Arc<Tools>; 2]>,
    pub(crate) share: Arc<Share>,
    /// Where work is done; swept at the start of the server.
    pub(crate) place: PathBuf,
    pub(crate) stall: Duration,
    pub(crate) time: Duration,
    /// Bytes of disk that stay free.
    pub(crate) margin: u64,
    pub(crate) threads: u32,
    /// The place that renditions are made in.
    pub(crate) aside: Aside,
}

/// A directory that is there for as long as this is held.
#[derive(Debug)]
pub(super) struct Bench(PathBuf);

static BENCHES: AtomicU32 = AtomicU32::new(1);

impl Workshop {
    /// An empty directory.
    pub(super) fn bench(&self) -> io::Result<Bench> {
        let number = BENCHES.fetch_add(1, Ordering::Relaxed);
        let path = self.place.join(format!("library.{number}"));
        // Of a server that was killed.
        let _ = fs::remove_dir_all(&path);
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Bench(path))
    }

    /// The programs led by the build that makes renditions in AV1.
    pub(crate) fn led_to_av1(tools: [&Arc<Tools>; 2]) -> Option<[Arc<Tools>; 2]> {
        let build = tools[0].av1_of_groups()?;
        Some(tools.map(|each| Arc::new(each.led_by(build))))
    }

    /// Who works on this file.
    pub(super) fn runner(&self, file: &File) -> Runner<'_> {
        self.runner_of(file, Coding::H264)
    }

    /// Who makes renditions of this file in this coding.
    pub(super) fn runner_of(&self, file: &File, coding: Coding) -> Runner<'_> {
        let mode = file
            .metadata()
            .map_or(0, |known| known.permissions().mode());
        let [lent, own] = match (&self.av1, coding) {
            (Some([lent, own]), Coding::Av1) => [lent, own],
            _ => [&self.tools, &self.own],
        };
        let tools = match mode & 0o004 {
            0 => own,
            _ => lent,
        };
        Runner {
            tools,
            share: &self.share,
            threads: self.threads,
            stall: self.stall,
            time: self.time,
            file_size: Some(self.room()),
        }
    }

    /// What a file is that browsers do not play.
    pub(super) fn facts(&self, file: &File, obstacle: String) -> Facts {
        let examined = self.bench().map_err(|error| error.to_string());
        let examined = examined.and_then(|bench| {
            let lent = bench.lent(file);
            self.runner(file).examine(&lent).map_err(words)
        });
        match examined {
            Ok(info) if info.first_video().is_some() => described(&info, obstacle),
            Ok(_) => Facts {
                damage: Some("it has no picture".into()),
                ..Facts::default()
            },
            Err(damage) => Facts {
                damage: Some(damage),
                ..Facts::default()
            },
        }
    }

    /// Bytes that may still be written.
    pub(super) fn room(&self) -> u64 {
        let free = rustix::fs::statvfs(&self.place)
            .map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
        free.unwrap_or(0).saturating_sub(self.margin)
    }
}

impl Bench {
    pub(super) fn lent<'a>(&'a self, file: &'a File) -> Lent<'a> {
        Lent {
            file,
            work: &self.0,
        }
    }

    /// Where a file of this name comes to lie.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Puts a file that lies elsewhere here, too, under this name.
    pub(super) fn take(&self, from: &Path, name: &str) -> io::Result<()> {
        second::put(from, &self.file(name))
    }

    /// Moves a file to where it stays, when it is on disk.
    pub(super) fn hand_over(&self, name: &str, place: &Path) -> io::Result<()> {
        let from = self.file(name);
        File::open(&from)?.sync_all()?;
        fs::rename(from, place.join(name))
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // What cannot be removed is swept at the next start.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Why something was not made.
pub(super) fn words(stop: Stop) -> String {
    match stop {
        Stop::Failed { problem, .. } => problem.description,
        Stop::Asked(_) => "it was stopped".to_owned(),
    }
}

fn described(info: &MediaInfo, obstacle: String) -> Facts {
    let size = info.display_size();
    let codecs = info.videos().take(1).map(|stream| &stream.codec);
    let codecs = codecs.chain(info.audio().map(|(stream, _)| &stream.codec));
    let language = |tags: &std::collections::BTreeMap<String, String>| {
        tags.get("language")
            .cloned()
            .unwrap_or_else(|| "und".into())
    };
    Facts {
        duration_ms: info.duration_us.unwrap_or(0) / 1000,
        width: size.map_or(0, |size| size.width),
        height: size.map_or(0, |size| size.height),
        codecs: codecs.cloned().collect(),
        languages: info
            .audio()
            .map(|(stream, _)| language(&stream.tags))
            .collect(),
        obstacle: Some(obstacle),
        damage: None,
    }
}
