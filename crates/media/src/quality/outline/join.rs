//! Parts put end to end, and what each must be for that.

use super::Outline;
use crate::info::{MediaInfo, Ratio};
use crate::limits;
use crate::plan::command::Command;
use crate::plan::tracks::Container;
use crate::plan::{Argument, Context, Step};

/// Units a second where the rate is none: what a millisecond, 1/600 and 1/1200 of a second are whole parts of.
const FINE: u32 = 90_000;

impl Outline {
    /// How a part is written: the output's options between the encoder's and the file's name, for frames at this
    /// constant rate, or at times of their own.
    pub fn chunk_muxer(&self, rate: Option<Ratio>) -> Vec<Argument> {
        let mut command = Command::fragment();
        let units = time_scale(rate);
        // No frame is dropped or doubled, whatever its time.
        command.words(&["-fps_mode:v:0", "passthrough"]);
        command.pair("-enc_time_base:v:0", format!("1:{units}"));
        command.words(&["-an", "-sn", "-dn"]);
        command.words(&["-map_metadata", "-1", "-map_chapters", "-1"]);
        command.pair("-video_track_timescale", units);
        command.words(&["-f", "mp4"]);
        command.into_arguments()
    }

    /// When the picture begins after the beginning of the source, as the source's header has it: the offset of the
    /// first frame, unless decoding finds that the picture begins with frames that nothing can be made of.
    pub fn offset_us(&self, info: &MediaInfo) -> i64 {
        let stream = info
            .streams
            .iter()
            .find(|each| each.index == self.draft.index);
        let start = stream.and_then(|stream| stream.start_us);
        start.unwrap_or(0) - info.start_us.or(start).unwrap_or(0)
    }

    /// What has to run before [`Outline::join`], in the same directory: covers become files of the job's own, where the
    /// result is Matroska.
    pub fn before_join(&self, info: &MediaInfo, context: &Context<'_>) -> Option<Step> {
        self.draft.tracks.extract(info, context)
    }

    /// The last step. `list` is the file in the job's directory that [`concat_list`] wrote, beside the parts; `rate` is
    /// that of [`Outline::chunk_muxer`]; `offset_us` is when the first frame is shown, from [`MediaInfo::start_us`] on.
    pub fn join(
        &self,
        list: &str,
        rate: Option<Ratio>,
        offset_us: i64,
        info: &MediaInfo,
        context: &Context<'_>,
    ) -> Step {
        let mut command = Command::join(list, offset_us, info, context);
        command.words(&["-map", "0:v:0", "-c:v:0", "copy"]);
        // Where frames stand unevenly, decoding of a part may have to begin before that of the last one ends.
        command.words(&["-bsf:v:0", "setts=pts=PTS:dts=max(DTS\\,PREV_OUTDTS+1)"]);
        command.words(&["-disposition:v:0", "default"]);
        if self.draft.container == Container::Mp4 {
            command.pair("-video_track_timescale", time_scale(rate));
        }
        let mut step = self.draft.write(command, 1, info, "joining", 1.0);
        if FROM_ANYWHERE.iter().any(|name| info.is_format(name)) {
            let rest =
                ["-map", &format!("1:{}", self.draft.index), "-c", "copy"].map(Argument::text);
            step.arguments.extend(rest);
            step.arguments
                .extend(["-f", "null", "-"].map(Argument::text));
        }
        step
    }
}

/// Containers that count from anywhere. Later builds take the first track that is read for their beginning: unless the
/// old picture is read too, sound that begins after it would begin with it.
const FROM_ANYWHERE: &[&str] = &["mpegts", "mpeg", "ogg"];

/// The list of parts, each a file's name and its exact length in nanoseconds. The names are our own: letters, digits,
/// points, lines.
pub fn concat_list(chunks: &[(String, u64)]) -> String {
    let mut list = String::from("ffconcat version 1.0\n");
    let (mut exact_ns, mut said_us) = (0_u64, 0_u64);
    for (name, length_ns) in chunks {
        exact_ns = exact_ns.saturating_add(*length_ns);
        // Each end is rounded, not each length: 30,000 parts of a 1001st would be a second off.
        let end_us = (exact_ns + 500) / 1000;
        list.push_str(&format!(
            "file {name}\nduration {}us\n",
            end_us.saturating_sub(said_us)
        ));
        said_us = end_us;
    }
    list
}

/// Units a second in which every frame of the rate lasts a whole number of them.
fn time_scale(rate: Option<Ratio>) -> u32 {
    let is_rate = |rate: &Ratio| rate.num > 0 && rate.value() <= limits::FRAME_RATE;
    let Some(Ratio { num, .. }) = rate.filter(is_rate).filter(|rate| rate.num <= 1_000_000) else {
        return FINE;
    };
    // Sound and subtitles meet the picture at finer steps than 1/25 s.
    num * 12_800_u32.div_ceil(num)
}
