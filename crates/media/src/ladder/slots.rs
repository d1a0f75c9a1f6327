//! One rendition in *slots* of about two seconds, of which any run can be made without those around it: for who cannot
//! wait for a whole one.
//!
//! What several runs have made is played as if one had, so all that a run could choose is fixed beforehand: pictures come
//! at a constant rate that is counted from the beginning of the title, none is shown before it is decoded, and each slot
//! has the same number of them. Sound comes in packets of 1024 samples that lie on one grid over the whole title; each run
//! begins some packets early and throws them away, so that its encoder has heard what comes before, as it would in one
//! piece. Where the source ends too early, its last picture stands and its sound is silence.

use super::run::{language, step, write};
use super::{GROUP_SECONDS, Ladder, usual_rate};
use crate::fault::Fault;
use crate::info::{MediaInfo, Ratio};
use crate::operation::fit;
use crate::plan::command::{Command, seconds};
use crate::plan::{Context, Step};

/// Samples of sound in a second.
pub const SOUND_RATE: u32 = 48_000;
/// Samples of a packet of AAC.
pub const PACKET: u32 = 1024;

/// Packets before a slot from which sound is encoded; of them an encoder needs two. More than half a frame at any rate.
const WARM: u64 = 6;
/// The same where the container has no index, and seeking comes out too late: two seconds.
const WARM_WITHOUT_INDEX: u64 = 96;
/// Packets behind the last one: half of what that one means is in the next.
const AFTER: u64 = 2;
/// Three packets last 64 ms, so that a run that begins at a multiple of them begins at a whole microsecond. So much
/// silence stands before the beginning of a title.
const EVEN: u64 = 3;
const EVEN_MS: u64 = 64;
/// A picture that ends less before the title is as long as it.
const MORE_SOUND_US: u64 = 1_000_000;
/// Frames that the encoder looks ahead: each of them is waited for.
const AHEAD: u32 = 15;

/// How a title is divided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slots {
    /// Frames a second.
    pub rate: Ratio,
    /// Frames of each slot but the last.
    pub frames_each: u32,
    /// Frames of all.
    pub frames: u64,
    /// Index in the source of each track of sound.
    pub sounds: Vec<u32>,
}

impl Slots {
    /// Of a title that is so long.
    ///
    /// # Errors
    /// When it has no picture, or no length.
    pub fn new(info: &MediaInfo, duration_ms: u64) -> Result<Self, Fault> {
        let (stream, video) = fit::picture(info)?;
        let rate = usual_rate(video);
        let (length_us, picture_us) = (
            duration_ms.saturating_mul(1000),
            stream.duration_us.unwrap_or(0),
        );
        // Sound mostly ends a little later, for its packets have to be full.
        let length_us = match length_us.checked_sub(picture_us) {
            Some(rest) if rest < MORE_SOUND_US => picture_us,
            _ => length_us,
        };
        let frames = u128::from(length_us) * u128::from(rate.num);
        let second = u128::from(rate.den) * 1_000_000;
        let frames = (frames + second / 2) / second;
        let each = f64::from(GROUP_SECONDS) * rate.value();
        Ok(Self {
            rate,
            frames_each: (each.round() as u32).max(1),
            frames: u64::try_from(frames).unwrap_or(0).max(1),
            sounds: info.audio().map(|(stream, _)| stream.index).collect(),
        })
    }

    /// How many there are. What is left at the end joins the last one, if it is short.
    pub fn count(&self) -> u32 {
        let each = u64::from(self.frames_each);
        let count = self.frames.saturating_add(each / 2) / each;
        u32::try_from(count.max(1)).unwrap_or(u32::MAX)
    }

    /// The first frame of a slot; of the one behind the last, all frames.
    pub fn frame(&self, slot: u32) -> u64 {
        match slot < self.count() {
            true => u64::from(slot) * u64::from(self.frames_each),
            false => self.frames,
        }
    }

    /// The first packet of sound that begins within a slot.
    pub fn packet(&self, slot: u32) -> u64 {
        let samples = self.exact(self.frame(slot), SOUND_RATE.into());
        samples.div_ceil(PACKET.into())
    }

    /// When a frame is shown, in so many parts of a second; cut off.
    fn exact(&self, frame: u64, parts: u64) -> u64 {
        let ticks = u128::from(frame) * u128::from(self.rate.den) * u128::from(parts);
        u64::try_from(ticks / u128::from(self.rate.num.max(1))).unwrap_or(u64::MAX)
    }

    fn half_frame_us(&self) -> u64 {
        self.exact(1, 500_000)
    }
}

impl Ladder {
    /// The run that makes `count` slots of the lowest rung from `first` on. Pictures come to lie in `SLOT.mp4`; the sound of
    /// place `P` in `sP-N.mp4`, which is that of slot `N - 1`, before and behind which lie files of what is thrown away. A
    /// file is whole when the next one is there, or the run has ended. `None` where there is no rung.
    pub fn slots(
        &self,
        slots: &Slots,
        (first, count): (u32, u32),
        info: &MediaInfo,
        context: &Context<'_>,
    ) -> Option<Step> {
        let (rung, _) = self.rungs.first()?;
        let end = first.saturating_add(count).min(slots.count());
        let warm = if self.is_seekable {
            WARM
        } else {
            WARM_WITHOUT_INDEX
        };
        let begin = slots.packet(first).saturating_sub(warm) / EVEN;
        let begin_us = begin * EVEN_MS * 1000;
        // Packets are counted from where the encoder begins.
        let (silence, begin) = match begin {
            0 => (format!("adelay=delays={EVEN_MS}:all=1,"), 0),
            later => (String::new(), (later + 1) * EVEN),
        };
        let packet = |slot: u32| slots.packet(slot) + EVEN - begin;
        let mut command = Command::from(info, context, begin_us);
        let lead_us = slots.exact(slots.frame(first), 1_000_000) - begin_us;
        let frames = slots.frame(end) - slots.frame(first);
        let samples = (packet(end) + AFTER) * u64::from(PACKET);
        let mut filters = self.slot_pictures(slots, lead_us, frames);
        for (place, sound) in slots.sounds.iter().enumerate() {
            filters.push_str(&format!(
                ";[0:{sound}]aresample={SOUND_RATE}:async=1:first_pts=0,aformat=channel_layouts=stereo,{silence}apad,atrim=end_sample={samples}[a{place}]"
            ));
        }
        command.pair("-filter_complex", filters);
        command.words(&["-map", "[v]"]);
        self.coding
            .settings(&mut command, rung, context.threads.max(1), None);
        command.words(&["-bf:v:0", "0", "-g:v:0", "600", "-sc_threshold:v:0", "0"]);
        command.pair("-rc-lookahead:v:0", AHEAD);
        command.pair(
            "-force_key_frames:v:0",
            format!("expr:gte(n,n_forced*{})", slots.frames_each),
        );
        command.words(&["-fps_mode:v:0", "passthrough"]);
        self.tags.push(&mut command);
        let cuts = (first + 1..end).map(|slot| {
            let at = slots.frame(slot) - slots.frame(first);
            slots.exact(at, 1_000_000) - slots.half_frame_us()
        });
        cut(&mut command, context, cuts, first, "%d.mp4");
        // Between two packets. The first of all begins one packet before its time.
        let cuts = (first..=end).map(|slot| {
            let half_packets = packet(slot) * 2 - 1;
            half_packets * u64::from(PACKET) * 1_000_000 / u64::from(2 * SOUND_RATE)
        });
        for (place, sound) in slots.sounds.iter().enumerate() {
            command.pair("-map", format!("[a{place}]"));
            command.words(&["-c:a:0", "aac", "-b:a:0", "128k"]);
            language(&mut command, info, *sound);
            let name = format!("s{place}-%d.mp4");
            cut(&mut command, context, cuts.clone(), first, &name);
        }
        Some(step("making what is waited for", command))
    }

    /// So many frames at the constant rate from so long after what is read first.
    fn slot_pictures(&self, slots: &Slots, lead_us: u64, frames: u64) -> String {
        let before = match self.before.as_str() {
            "" => String::new(),
            filters => format!("{filters},"),
        };
        let size = self.rungs.first().map(|(rung, _)| rung.size);
        let (width, height) = size.map_or((2, 2), |size| (size.width, size.height));
        let (Ratio { num, den }, lead) = (slots.rate, seconds(lead_us));
        let (convert, pixels) = (self.convert, self.coding.pixels());
        format!(
            "[0:{}]{before}setpts=PTS-{lead}/TB,fps={num}/{den}:start_time=0,tpad=stop=-1:stop_mode=clone,trim=end_frame={frames},\
             scale={width}:{height}:flags=lanczos{convert},setsar=1,format={pixels}[v]",
            self.picture
        )
    }
}

/// An output in several files, each a small MP4 of its own that begins at 0.
fn cut(
    command: &mut Command,
    context: &Context<'_>,
    at_us: impl Iterator<Item = u64>,
    first: u32,
    name: &str,
) {
    let times: Vec<String> = at_us.map(seconds).collect();
    let times = match times.is_empty() {
        true => "86400".to_owned(),
        false => times.join(","),
    };
    let number = first.to_string();
    let muxer = [
        "-avoid_negative_ts",
        "disabled",
        "-f",
        "segment",
        "-segment_format",
        "mp4",
        "-segment_format_options",
        "use_editlist=0",
        "-reset_timestamps",
        "1",
        "-segment_start_number",
        &number,
        "-segment_times",
        &times,
    ];
    write(command, context, &muxer, name);
}
