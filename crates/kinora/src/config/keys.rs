//! The table of settings: what there is, how it is written, and by which names.
//!
//! The reference for people is `default-config.toml`; a test holds both together. Environment names follow from the
//! key (`storage.result_keep` is `KINORA_STORAGE_RESULT_KEEP`), so there is no list of them.

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Any text.
    Text,
    /// Several texts; in the environment and on the command line separated by commas.
    List,
    /// Several whole numbers, written as [`Kind::List`].
    Numbers,
    /// A whole number.
    Integer,
    /// Bytes: `25MB`.
    Size,
    /// Seconds: `1h`.
    Span,
    /// `true` or `false`.
    Switch,
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// Who reads the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// `kinora_server::Config`.
    Server,
    /// This crate.
    Program,
}

/// One setting.
#[derive(Debug)]
pub(crate) struct Key {
    /// `section.name`, or `name`.
    pub(crate) path: &'static str,
    /// How its value is written.
    pub(crate) kind: Kind,
    /// Who reads it.
    pub(crate) reader: Reader,
}

const fn server(path: &'static str, kind: Kind) -> Key {
    Key {
        path,
        kind,
        reader: Reader::Server,
    }
}

const fn program(path: &'static str, kind: Kind) -> Key {
    Key {
        path,
        kind,
        reader: Reader::Program,
    }
}

/// All of them, in the reference's order.
pub(crate) const KEYS: &[Key] = &[
    server("data", Kind::Text),
    server("access", Kind::Choice(&["local", "open", "tokens"])),
    server("tls.mode", Kind::Choice(&["auto", "on", "off"])),
    server("tls.certificate", Kind::Text),
    server("tls.key", Kind::Text),
    server("mmp.listen", Kind::List),
    server("mmp.trust", Kind::List),
    server("mmp.proxies", Kind::List),
    server("mmp.max_connections", Kind::Integer),
    server("mmp.client_connections", Kind::Integer),
    server("mmp.client_rate", Kind::Integer),
    server("http.listen", Kind::List),
    server("http.hosts", Kind::List),
    server("http.proxies", Kind::List),
    server("http.max_connections", Kind::Integer),
    server("http.client_connections", Kind::Integer),
    server("http.client_rate", Kind::Integer),
    server("storage.ceiling", Kind::Size),
    server("storage.client_percent", Kind::Integer),
    server("storage.margin", Kind::Size),
    server("storage.result_keep", Kind::Span),
    server("storage.upload_keep", Kind::Span),
    server("storage.delivered_keep", Kind::Span),
    server("storage.tombstone_keep", Kind::Span),
    server("library.directories", Kind::List),
    server("library.heights", Kind::Numbers),
    server("library.av1", Kind::Switch),
    server("library.keep_in", Kind::Text),
    server("library.slot_space", Kind::Size),
    server("library.cors_origins", Kind::List),
    server("talk.file_size", Kind::Size),
    server("talk.person_space", Kind::Size),
    server("talk.space", Kind::Size),
    server("talk.file_keep", Kind::Span),
    server("jobs.workers", Kind::Integer),
    server("jobs.per_client", Kind::Choice(&["queue", "refuse"])),
    server("jobs.client_limit", Kind::Integer),
    server("jobs.attempts", Kind::Integer),
    server("jobs.stall", Kind::Span),
    server("jobs.max_duration", Kind::Span),
    server("ffmpeg.ffmpeg", Kind::Text),
    server("ffmpeg.ffprobe", Kind::Text),
    server("ffmpeg.second", Kind::Text),
    server("sandbox.mode", Kind::Choice(&["full", "degraded", "off"])),
    server("sandbox.accept", Kind::Choice(&["auto", "all", "common"])),
    server("sandbox.memory", Kind::Size),
    server(
        "share.mode",
        Kind::Choice(&["auto", "cgroup", "priority", "off"]),
    ),
    server("share.video_percent", Kind::Integer),
    program(
        "log.level",
        Kind::Choice(&["error", "warn", "info", "debug", "trace"]),
    ),
    program("log.format", Kind::Choice(&["text", "json"])),
    program("log.dir", Kind::Text),
    program("log.keep_days", Kind::Integer),
];

impl Key {
    /// The key's variable: `KINORA_` and the path in capitals.
    #[must_use]
    pub(crate) fn variable(&self) -> String {
        format!("KINORA_{}", self.path.replace('.', "_").to_uppercase())
    }
}

/// The key of that path.
#[must_use]
pub(crate) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// The path that somebody may have meant.
#[must_use]
pub(crate) fn nearest(path: &str) -> Option<&'static str> {
    let paths = KEYS.iter().map(|key| key.path);
    closest(path, paths.clone()).or_else(|| {
        // The name is right, but stands in the wrong section.
        let name = path.rsplit('.').next()?;
        paths
            .into_iter()
            .find(|path| path.rsplit('.').next() == Some(name))
    })
}

/// The most similar of `words`, when it is similar enough to be worth a question.
#[must_use]
pub(crate) fn closest<'a>(word: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = words.map(|other| (strsim::jaro_winkler(word, other), other));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > 0.85).then_some(best.1)
}
