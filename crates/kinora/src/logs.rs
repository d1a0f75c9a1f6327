//! Where a server's log goes: to the terminal, and if wanted into one file a day for each component.
//!
//! A component is known by its tracing target. Whatever a target says, control characters reach no terminal and no
//! file: an event is one line.

use crate::config::Settings;
use crate::terminal::printable;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tracing::Metadata;
use tracing::level_filters::LevelFilter;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// The components, each with its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Component {
    /// Doors, records, everything else of ours.
    Server,
    /// The work on videos.
    Video,
    /// How long things took.
    Performance,
    /// What peers did.
    Client,
}

const COMPONENTS: [Component; 4] = [
    Component::Server,
    Component::Video,
    Component::Performance,
    Component::Client,
];

impl Component {
    /// The component that a target belongs to.
    fn of(target: &str) -> Self {
        match target {
            "performance" => Self::Performance,
            "client" => Self::Client,
            _ if target.starts_with("kinora_jobs") || target.starts_with("kinora_media") => {
                Self::Video
            }
            _ => Self::Server,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Video => "video",
            Self::Performance => "performance",
            Self::Client => "client",
        }
    }
}

/// The settings of this room.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Nothing less grave is written.
    pub(crate) level: LevelFilter,
    /// JSON lines instead of text.
    pub(crate) json: bool,
    /// Where files go, if they are wanted.
    pub(crate) directory: Option<PathBuf>,
    /// Files of each component that are kept, one a day.
    pub(crate) keep_days: usize,
}

impl Options {
    /// As the settings say.
    #[must_use]
    pub(crate) fn of(settings: &Settings) -> Self {
        let directory = settings.text("log.dir");
        Self {
            level: settings
                .text("log.level")
                .parse()
                .unwrap_or(LevelFilter::INFO),
            json: settings.text("log.format") == "json",
            directory: (!directory.is_empty()).then(|| directory.into()),
            keep_days: usize::try_from(settings.number("log.keep_days"))
                .unwrap_or(usize::MAX)
                .max(1),
        }
    }
}

/// Held until the process ends; what is on its way to a file is written when it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    _guards: Vec<tracing_appender::non_blocking::WorkerGuard>,
}

/// Begins to write.
///
/// # Errors
/// When the directory or a file in it cannot be made.
pub(crate) fn start(options: &Options) -> io::Result<Held> {
    let mut guards = Vec::new();
    let mut layers = vec![
        layer(options, io::stderr)
            .with_filter(options.level)
            .boxed(),
    ];
    if let Some(directory) = &options.directory {
        std::fs::create_dir_all(directory)?;
        // The link to the newest file would take a relative path for one below itself.
        let directory = directory.canonicalize()?;
        for component in COMPONENTS {
            let file = daily(&directory, component, options.keep_days)?;
            let (writer, guard) = tracing_appender::non_blocking(file);
            guards.push(guard);
            let ours = move |metadata: &Metadata<'_>| Component::of(metadata.target()) == component;
            layers.push(
                layer(options, writer)
                    .with_filter(filter_fn(ours))
                    .with_filter(options.level)
                    .boxed(),
            );
        }
    }
    tracing_subscriber::registry()
        .with(layers)
        .try_init()
        .map_err(io::Error::other)?;
    Ok(Held { _guards: guards })
}

/// `server.2025-01-31.log`, and `server.log` that always names the newest.
fn daily(
    directory: &Path,
    component: Component,
    keep_days: usize,
) -> io::Result<RollingFileAppender> {
    RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix(component.name())
        .filename_suffix("log")
        .latest_symlink(format!("{}.log", component.name()))
        .max_log_files(keep_days)
        .build(directory)
        .map_err(io::Error::other)
}

fn layer<S, W>(options: &Options, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let layer = fmt::layer()
        .with_ansi(false)
        // A log that cannot be written must not end what it tells of.
        .log_internal_errors(false)
        .with_writer(Escaping(writer));
    if options.json {
        layer.json().boxed()
    } else {
        layer.boxed()
    }
}

/// Writes lines with their control characters escaped.
#[derive(Debug)]
struct Escaping<W>(W);

impl<'w, W: MakeWriter<'w>> MakeWriter<'w> for Escaping<W> {
    type Writer = Escaping<W::Writer>;

    fn make_writer(&'w self) -> Self::Writer {
        Escaping(self.0.make_writer())
    }
}

impl<W: Write> Write for Escaping<W> {
    /// The formatter hands over an event as one write that ends with the only line break that is meant.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let text = String::from_utf8_lossy(line);
        let mut clean = printable(&text);
        if line.len() < bytes.len() {
            clean.push('\n');
        }
        self.0.write_all(clean.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_find_their_component() {
        let cases = [
            ("kinora_server::mmp", Component::Server),
            ("kinora_jobs::worker", Component::Video),
            ("performance", Component::Performance),
            ("client", Component::Client),
            ("kinora", Component::Server),
        ];
        for (target, component) in cases {
            assert_eq!(Component::of(target), component, "{target}");
        }
    }

    #[test]
    fn an_event_is_one_line_without_control_characters() {
        let mut written = Vec::new();
        Escaping(&mut written)
            .write_all(b"a\x1b[31m\nb\r\x07c\n")
            .unwrap();
        assert_eq!(
            String::from_utf8(written).unwrap(),
            "a\\u{1b}[31m\\nb\\r\\u{7}c\n"
        );
    }

    #[test]
    fn each_component_has_its_file() {
        let dir = tempfile::tempdir().unwrap();
        for component in COMPONENTS {
            writeln!(
                daily(dir.path(), component, 2).unwrap(),
                "{}",
                component.name()
            )
            .unwrap();
            let newest = dir.path().join(format!("{}.log", component.name()));
            assert_eq!(
                std::fs::read_to_string(newest).unwrap(),
                format!("{}\n", component.name())
            );
        }
    }
}
