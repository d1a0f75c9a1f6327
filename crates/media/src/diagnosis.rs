//! Why FFmpeg failed, in words.
//!
//! FFmpeg 5.1 ends with status 1 for everything, and with 0 for a file that was cut in half; later versions put half
//! an error code into it. So the last lines of its standard error decide. The order of the table is the order of
//! trust: what names a cause comes before what only names a consequence.

use crate::accept::{hole_of, refused_demuxer};
use crate::fault::quote;

/// How the process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this status.
    Exit(i32),
    /// By this signal.
    Signal(i32),
    /// Stopped, because it made no progress.
    Stalled,
    /// Stopped, because it took too long.
    TimedOut,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The stable word for programs.
    pub code: &'static str,
    /// What happened.
    pub description: String,
    /// What to do.
    pub solution: String,
    /// Whether trying again can help.
    pub transient: bool,
}

/// One kind of failure.
struct Kind {
    code: &'static str,
    description: &'static str,
    solution: &'static str,
    transient: bool,
}

const fn kind(
    code: &'static str,
    transient: bool,
    description: &'static str,
    solution: &'static str,
) -> Kind {
    Kind {
        code,
        description,
        solution,
        transient,
    }
}

static DISK_FULL: Kind = kind(
    "disk_full",
    true,
    "the server has no space left",
    "Try again later, or free space on the server.",
);
static OUT_OF_MEMORY: Kind = kind(
    "out_of_memory",
    true,
    "the job needed more memory than it may have",
    "Try again later, or make the picture smaller first.",
);
static ENCODER: Kind = kind(
    "encoder_missing",
    false,
    "this FFmpeg lacks an encoder or filter",
    "Choose another format, or install a complete FFmpeg.",
);
static SETTINGS: Kind = kind(
    "incompatible_target",
    false,
    "the target cannot hold this video in that form",
    "Choose another container or codec; mkv holds nearly everything.",
);
static UNSUPPORTED: Kind = kind(
    "unsupported_format",
    false,
    "the file is of a kind that cannot be read",
    "Send a video, for example MP4, MKV, MOV or WebM.",
);
static UNREADABLE: Kind = kind(
    "unsupported_format",
    false,
    "the file is no video or sound that FFmpeg knows, or it is damaged",
    "Send a video, for example MP4, MKV, MOV or WebM; if it is one, check that it plays.",
);
static CORRUPT: Kind = kind(
    "corrupt_input",
    false,
    "the file is damaged or incomplete",
    "Check that it plays to its end, and send it again.",
);
static NO_AUDIO: Kind = kind(
    "no_audio",
    false,
    "the file has no sound that can be used",
    "Send a file with sound.",
);
static NO_VIDEO: Kind = kind(
    "no_video",
    false,
    "the file has no picture that can be used",
    "Send a file with a picture.",
);
static CANCELLED: Kind = kind(
    "cancelled",
    false,
    "the job was stopped",
    "Start it again if that was not intended.",
);
static STALLED: Kind = kind(
    "stalled",
    true,
    "FFmpeg made no progress any more",
    "Try again; if it stalls again, the file is damaged.",
);
static TIMED_OUT: Kind = kind(
    "timed_out",
    false,
    "the job took longer than it may",
    "Send a shorter or smaller video.",
);
static CRASHED: Kind = kind(
    "crashed",
    true,
    "FFmpeg crashed",
    "Try again; if it crashes again, the file is damaged.",
);
static FAILED: Kind = kind(
    "failed",
    false,
    "FFmpeg could not process the file",
    "Check that the file plays to its end.",
);

/// Words of FFmpeg's messages, lower case.
static PATTERNS: &[(&str, &Kind)] = &[
    ("no space left on device", &DISK_FULL),
    ("disk quota exceeded", &DISK_FULL),
    ("file too large", &DISK_FULL),
    ("cannot allocate memory", &OUT_OF_MEMORY),
    ("out of memory", &OUT_OF_MEMORY),
    ("malloc of size", &OUT_OF_MEMORY),
    ("unknown encoder", &ENCODER),
    ("encoder not found", &ENCODER),
    ("no such filter", &ENCODER),
    ("requested output format", &ENCODER),
    ("not on whitelist", &UNSUPPORTED),
    ("not in whitelist", &UNSUPPORTED),
    ("moov atom not found", &CORRUPT),
    ("cannot determine format of input stream", &CORRUPT),
    ("could not find tag for codec", &SETTINGS),
    ("could not write header", &SETTINGS),
    ("incorrect codec parameters", &SETTINGS),
    ("error initializing output stream", &SETTINGS),
    ("error while opening encoder", &SETTINGS),
    ("av_interleaved_write_frame()", &SETTINGS),
    ("impossible to convert between the formats", &SETTINGS),
    ("output file #0 does not contain any stream", &NO_VIDEO),
    ("matches no streams", &NO_AUDIO),
    ("decoder (codec none) not found", &UNSUPPORTED),
    ("decoding requested, but no decoder found", &UNSUPPORTED),
    ("unknown input format", &UNSUPPORTED),
    ("could not find codec parameters", &CORRUPT),
    ("error while decoding", &CORRUPT),
    ("error submitting packet to decoder", &CORRUPT),
    ("invalid data found when processing input", &UNREADABLE),
    ("end of file", &CORRUPT),
    ("immediate exit requested", &CANCELLED),
    ("exiting normally, received signal", &CANCELLED),
];

/// What FFmpeg prints, at status 0, when part of the input was missing.
static SEVERE: &[&str] = &[
    "file ended prematurely",
    "stream ends prematurely",
    "partial file",
    "truncating packet",
    "packet corrupt",
    "corrupt input packet",
    "error reading",
    "invalid nal unit size",
    "error splitting the input into nal units",
];

/// Names the cause.
pub fn diagnose(ended: &Ended, stderr_tail: &[String]) -> Cause {
    if let (Ended::Exit(_), Some(cause)) = (ended, refusal(stderr_tail)) {
        return cause;
    }
    let kind = match ended {
        Ended::Stalled => &STALLED,
        Ended::TimedOut => &TIMED_OUT,
        // 9 comes from the kernel's memory limit, 25 from the limit on the size of a file; 2 and 15 are ours.
        Ended::Signal(2 | 15) => &CANCELLED,
        Ended::Signal(9) => &OUT_OF_MEMORY,
        Ended::Signal(25) => &DISK_FULL,
        Ended::Signal(24) => &TIMED_OUT,
        Ended::Signal(_) => from_lines(stderr_tail)
            .filter(|kind| kind.code == OUT_OF_MEMORY.code)
            .unwrap_or(&CRASHED),
        Ended::Exit(255) => from_lines(stderr_tail).unwrap_or(&CANCELLED),
        Ended::Exit(_) => from_lines(stderr_tail).unwrap_or(&FAILED),
    };
    let description = match telling_line(stderr_tail) {
        Some(line) if !std::ptr::eq(kind, &CANCELLED) => {
            format!("{} (FFmpeg: {line})", kind.description)
        }
        _ => kind.description.into(),
    };
    Cause {
        code: kind.code,
        description,
        solution: kind.solution.into(),
        transient: kind.transient,
    }
}

/// What our own lists have refused, in words: FFmpeg only repeats the list.
fn refusal(lines: &[String]) -> Option<Cause> {
    let cause = |description, solution: &str| Cause {
        code: UNSUPPORTED.code,
        description,
        solution: solution.into(),
        transient: false,
    };
    let find = |words: &str| lines.iter().find(|line| line.contains(words));
    if let Some(name) = find("Format not on whitelist").and_then(|line| marked(line)) {
        return Some(match name.split(',').find_map(refused_demuxer) {
            Some(reason) => cause(
                format!(
                    "files of the kind {} are never opened: {reason}",
                    quote(&name)
                ),
                "Send the recording itself, for example as MP4, MKV or WebM.",
            ),
            None => cause(
                format!("files of the kind {} are not opened here", quote(&name)),
                ONLY_COMMON,
            ),
        });
    }
    let line = find(") not on whitelist")?;
    let name = line.split_once("Codec (")?.1.split(')').next()?;
    Some(match hole_of(name) {
        Some(hole) => cause(
            format!("{} is not decoded here ({})", quote(name), hole.name),
            "Send it in another codec. Who runs the server can allow it by an FFmpeg that has the repair, see \
             kinora doctor, and with [sandbox] accept = \"all\".",
        ),
        None => cause(format!("{} is not decoded here", quote(name)), ONLY_COMMON),
    })
}

const ONLY_COMMON: &str = "Send it as MP4, MKV, MOV or WebM. Who runs the server can open all kinds with \
                           [sandbox] accept = \"all\".";

/// The name in FFmpeg's mark at the beginning of a line: `[hls @ 0x55...]`.
fn marked(line: &str) -> Option<String> {
    let (name, _) = line.strip_prefix('[')?.split_once(" @ ")?;
    Some(name.rsplit('/').next().unwrap_or(name).into())
}

/// Lines that tell of missing or damaged input, although FFmpeg ended with status 0. Each once, paths removed.
pub fn severe_warnings(stderr: &[String]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for line in stderr.iter().filter(|line| contains_any(line, SEVERE)) {
        let line = clean(line);
        if !found.contains(&line) && found.len() < 8 {
            found.push(line);
        }
    }
    found
}

/// Bytes of a file's beginning that [`cut_off`] looks at.
pub const HEAD_BYTES: usize = 52;

/// A file that is a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What tells.
    pub told: String,
    /// Pictures that the whole one has, by its head.
    pub frames: u64,
}

/// Whether a file of `length` bytes with this beginning is a part of one, where FFmpeg does not complain: an AVI says in
/// its head how long it is, and one without its end is read as far as it goes. Those of more than 4 GiB, and those that
/// were never finished, say less than they have.
pub fn cut_off(head: &[u8; HEAD_BYTES], length: u64) -> Option<Part> {
    let number = |at: usize| {
        let bytes = head.get(at..)?.first_chunk::<4>()?;
        Some(u32::from_le_bytes(*bytes))
    };
    let is = |at: usize, name: &[u8]| head[at..].starts_with(name);
    let is_avi = is(0, b"RIFF") && is(8, b"AVI ") && is(24, b"avih");
    let said = number(4).filter(|&said| is_avi && said != u32::MAX)?;
    let whole = u64::from(said) + 8;
    let frames = number(48).map_or(0, u64::from);
    (length < whole).then(|| Part {
        told: format!("it was cut off: {length} bytes of {whole} are here"),
        frames,
    })
}

fn from_lines(lines: &[String]) -> Option<&'static Kind> {
    let matches = |pattern: &str| {
        lines
            .iter()
            .any(|line| line.to_ascii_lowercase().contains(pattern))
    };
    PATTERNS
        .iter()
        .find(|(pattern, _)| matches(pattern))
        .map(|(_, kind)| *kind)
}

/// The last line that FFmpeg itself calls an error, else the last one; lines that only say that something failed are
/// passed over, because the reason stands before them.
fn telling_line(lines: &[String]) -> Option<String> {
    const EMPTY: &[&str] = &[
        "conversion failed",
        "error initializing output stream",
        "could not write header",
        "error marking filters as finished",
        "error while opening encoder",
        "error reinitializing filters",
        "error opening output file",
        "last message repeated",
    ];
    let is_error = |line: &&String| contains_any(line, &["[error]", "[fatal]", "[panic]"]);
    let tells = |line: &&String| !contains_any(line, EMPTY) && !line.trim().is_empty();
    let telling = || lines.iter().filter(tells);
    telling()
        .rfind(is_error)
        .or_else(|| telling().next_back())
        .map(|line| clean(line))
}

fn contains_any(line: &str, patterns: &[&str]) -> bool {
    let line = line.to_ascii_lowercase();
    patterns.iter().any(|pattern| line.contains(pattern))
}

/// A line for people: no paths, no addresses in memory, no control characters, not long.
fn clean(line: &str) -> String {
    let words = line
        .split_whitespace()
        .filter(|word| !is_mark(word))
        .map(|word| if has_path(word) { "<file>" } else { word });
    let text = words.collect::<Vec<_>>().join(" ");
    text.chars()
        .filter(|character| !character.is_control())
        .take(200)
        .collect()
}

/// `[matroska,webm`, `@`, `0x55...]`, `[error]`: FFmpeg's own marks.
fn is_mark(word: &str) -> bool {
    word == "@" || word.starts_with('[') || (word.starts_with("0x") && word.ends_with(']'))
}

fn has_path(word: &str) -> bool {
    let word = word.trim_start_matches(['\'', '"', '(']);
    word.starts_with('/') || word.starts_with("file:")
}
