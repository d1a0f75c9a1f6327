//! The argument list of one ffmpeg run.
//!
//! What each run has in common stands here: quiet, no questions, progress on standard output, and the limits that make
//! hostile files fail early. The rest is pushed by whoever plans.

use crate::info::MediaInfo;
use crate::limits;
use crate::plan::{Argument, Context, Step};

/// A part of a file, within its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) start_us: u64,
    pub(crate) length_us: Option<u64>,
    /// How much before the start is read and thrown away, where the container has no index: seeking in MPEG-TS came
    /// out 0.8 s too late, and what lies before is then missing.
    pub(crate) lead_us: u64,
}

/// FFmpeg's muxers of the family of MP4.
pub(crate) const MP4: [&str; 7] = ["mp4", "mov", "ipod", "3gp", "3g2", "f4v", "psp"];

/// An argument list under construction.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    arguments: Vec<Argument>,
    threads: String,
}

impl Cut {
    /// Filters that keep only the part; `prefix` is `a` for sound. FFmpeg's own `-t` counts from the first frame of
    /// each track unless it also seeks, so a track that begins late would end late.
    pub(crate) fn trim(cut: Option<&Self>, prefix: &str) -> Option<String> {
        let cut = cut?;
        if cut.start_us > 0 && cut.lead_us == 0 {
            return None;
        }
        let lead = seconds(cut.lead_us);
        let end = cut
            .length_us
            .map(|length| format!(":end={}", seconds(cut.lead_us + length)));
        let shift = if cut.lead_us > 0 {
            format!(",{prefix}setpts=PTS-{lead}/TB")
        } else {
            String::new()
        };
        Some(format!(
            "{prefix}trim=start={lead}{}{shift}",
            end.unwrap_or_default()
        ))
    }

    /// Length of the part, if it can be known.
    pub(crate) fn length_of(cut: Option<&Self>, whole: Option<u64>) -> Option<u64> {
        let Some(cut) = cut else { return whole };
        cut.length_us
            .or_else(|| whole.map(|whole| whole.saturating_sub(cut.start_us)))
    }

    /// What lies in the part, of a track that begins so long after the file and has this length.
    pub(crate) fn of_track(
        cut: Option<&Self>,
        begin_us: u64,
        length_us: Option<u64>,
    ) -> Option<u64> {
        let Some(cut) = cut else { return length_us };
        let end = begin_us + length_us?;
        let last = cut
            .length_us
            .map_or(end, |length| end.min(cut.start_us + length));
        Some(last.saturating_sub(cut.start_us.max(begin_us)))
    }
}

impl Command {
    /// Everything up to and including the input.
    pub(crate) fn new(info: &MediaInfo, context: &Context<'_>, cut: Option<&Cut>) -> Self {
        let mut command = Self::begin(context);
        command.options_of_source(info, context);
        if let Some(cut) = cut {
            // Before the input: seeks to the key frame and decodes from there, so the cut is exact to the frame.
            if cut.start_us > cut.lead_us {
                command.pair("-ss", seconds(cut.start_us - cut.lead_us));
            }
            if let Some(length_us) = cut.length_us {
                command.pair("-t", seconds(cut.lead_us + length_us));
            }
        }
        command.words(&["-i"]);
        command.arguments.push(Argument::Input);
        command
    }

    /// The same for who looks at key frames alone.
    pub(crate) fn keys(info: &MediaInfo, context: &Context<'_>) -> Self {
        let mut command = Self::begin(context);
        command.options_of_source(info, context);
        command.words(&["-skip_frame", "nokey", "-i"]);
        command.arguments.push(Argument::Input);
        command
    }

    /// The same from about this time on, or from the beginning, with the times of frames as the source has them,
    /// counted from its beginning: they are the same wherever reading begins.
    pub(crate) fn at(info: &MediaInfo, context: &Context<'_>, seek_us: Option<u64>) -> Self {
        let mut command = Self::begin(context);
        command.words(&["-copyts", "-start_at_zero"]);
        command.options_of_source(info, context);
        if let Some(seek_us) = seek_us {
            // Who reads drops what comes too early, and has to see it.
            command.words(&["-noaccurate_seek", "-ss"]);
            command.words(&[&seconds(seek_us)]);
        }
        command.words(&["-i"]);
        command.arguments.push(Argument::Input);
        command
    }

    /// The same from exactly this time on, which counts as 0.
    pub(crate) fn from(info: &MediaInfo, context: &Context<'_>, begin_us: u64) -> Self {
        let cut = Cut {
            start_us: begin_us,
            length_us: None,
            lead_us: 0,
        };
        Self::new(info, context, Some(&cut))
    }

    /// Two inputs: files of the job's own, of which the first is a list, put end to end and shown from `offset_us`; and
    /// the source.
    pub(crate) fn join(
        list: &str,
        offset_us: i64,
        info: &MediaInfo,
        context: &Context<'_>,
    ) -> Self {
        let mut command = Self::parts(list, offset_us, context);
        command.options_of_source(info, context);
        command.words(&["-i"]);
        command.arguments.push(Argument::Input);
        command
    }

    /// The first of these inputs alone.
    pub(crate) fn parts(list: &str, offset_us: i64, context: &Context<'_>) -> Self {
        let mut command = Self::begin(context);
        command.words(&["-protocol_whitelist", "file"]);
        // The parts are ours, and nothing but MP4.
        command.words(&["-format_whitelist", "concat,mov,mp4,m4a,3gp,3g2,mj2"]);
        command.pair("-max_pixels", limits::FRAME_PIXELS);
        if offset_us != 0 {
            let sign = if offset_us < 0 { "-" } else { "" };
            command.pair(
                "-itsoffset",
                format!("{sign}{}", seconds(offset_us.unsigned_abs())),
            );
        }
        command.words(&["-f", "concat", "-safe", "1"]);
        command.scratch("-i", list);
        command
    }

    /// A part of a list, without inputs and outputs.
    pub(crate) fn fragment() -> Self {
        Self {
            arguments: Vec::new(),
            threads: String::new(),
        }
    }

    /// What has been appended.
    pub(crate) fn into_arguments(self) -> Vec<Argument> {
        self.arguments
    }

    fn begin(context: &Context<'_>) -> Self {
        let mut command = Self::silent(context);
        command.words(&["-progress", "pipe:1", "-stats_period", "0.5"]);
        command
    }

    /// A list under construction from its very beginning, for children that show their progress in another way.
    pub(crate) fn silent(context: &Context<'_>) -> Self {
        let threads = context.threads.max(1).to_string();
        let mut command = Self {
            arguments: Vec::new(),
            threads: threads.clone(),
        };
        command.words(&["-hide_banner", "-nostdin", "-nostats"]);
        command.words(&["-loglevel", "level+warning", "-y"]);
        command.pair("-max_alloc", limits::ALLOCATION_BYTES);
        command.pair("-filter_threads", threads);
        command
    }

    /// Appends a file.
    pub(crate) fn file(&mut self, file: Argument) {
        self.arguments.push(file);
    }

    /// Appends what somebody else has decided.
    pub(crate) fn extend(&mut self, arguments: &[Argument]) {
        self.arguments.extend_from_slice(arguments);
    }

    /// Appends the options of an input that came from outside: how it may be opened, and its bounds.
    pub(crate) fn options_of_source(&mut self, info: &MediaInfo, context: &Context<'_>) {
        self.words(&["-protocol_whitelist", "file"]);
        if let Some(format) = probed_format(info, context) {
            // The file is opened as what it was probed as, and as nothing else.
            self.pair("-format_whitelist", format);
        }
        if let Some(decoders) = context.capabilities.decoders_allowed() {
            self.pair("-codec_whitelist", decoders);
        }
        self.pair("-max_streams", limits::STREAMS);
        self.pair("-max_pixels", limits::FRAME_PIXELS);
        let threads = self.threads.clone();
        self.pair("-threads", threads);
    }

    /// Appends words of fixed text.
    pub(crate) fn words(&mut self, words: &[&str]) {
        self.arguments
            .extend(words.iter().map(|&word| Argument::text(word)));
    }

    /// Appends an option and its value.
    pub(crate) fn pair(&mut self, option: impl Into<String>, value: impl ToString) {
        self.arguments
            .extend([Argument::text(option), Argument::text(value.to_string())]);
    }

    /// Appends `-map 0:N`.
    pub(crate) fn map(&mut self, index: u32) {
        self.map_of(0, index);
    }

    /// Appends `-map INPUT:N`.
    pub(crate) fn map_of(&mut self, input: usize, index: u32) {
        self.pair("-map", format!("{input}:{index}"));
    }

    /// Appends an option whose value is a file of the job's own.
    pub(crate) fn scratch(&mut self, option: &str, name: &str) {
        self.arguments
            .extend([Argument::text(option), Argument::Scratch(name.into())]);
    }

    /// Ends the list with the output in the container.
    pub(crate) fn write(mut self, muxer: &str, label: &'static str, share: f64) -> Step {
        if MP4.contains(&muxer) {
            // The index in front, so that playing can begin before all has arrived.
            self.words(&["-movflags", "+faststart"]);
            // By itself the muxer puts single frames of picture and sound in turn, and the index has 16 bytes for each:
            // 6 kbit/s, which was a quarter of six minutes that hardly move.
            self.words(&["-chunk_duration", "500000"]);
        }
        // Sparse subtitle tracks make the muxer wait with more packets than its default holds.
        self.words(&["-max_muxing_queue_size", "4096"]);
        let threads = self.threads.clone();
        self.pair("-threads", threads);
        self.pair("-f", muxer);
        self.arguments.push(Argument::Output);
        Step {
            label,
            arguments: self.arguments,
            share,
        }
    }

    /// Ends the list without an output: the first of two passes, which leaves statistics only.
    pub(crate) fn discard(mut self, label: &'static str, share: f64) -> Step {
        let threads = self.threads.clone();
        self.words(&["-an", "-sn", "-dn"]);
        self.pair("-threads", threads);
        self.words(&["-f", "null", "-"]);
        Step {
            label,
            arguments: self.arguments,
            share,
        }
    }
}

/// The container's names, each of which the build must list.
fn probed_format(info: &MediaInfo, context: &Context<'_>) -> Option<String> {
    let known = |name: &&str| context.capabilities.has_demuxer(name);
    let names: Vec<&str> = info.format_name.split(',').filter(known).collect();
    (!names.is_empty()).then(|| names.join(","))
}

/// Microseconds as FFmpeg reads them, without trailing zeros.
pub(crate) fn seconds(us: u64) -> String {
    let text = format!("{}.{:06}", us / 1_000_000, us % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').into()
}
