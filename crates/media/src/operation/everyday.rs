//! What `resize` and `aspect` share: one picture track made anew, everything else carried along.
//!
//! H.264 and AAC in MP4. HDR goes to HEVC Main 10, and subtitles made of pictures or attached files to Matroska.

use crate::fault::Fault;
use crate::info::{MediaInfo, Stream, Video};
use crate::operation::fit;
use crate::plan::command::{Command, Cut};
use crate::plan::encode;
use crate::plan::graph::{Graph, Placement};
use crate::plan::tracks::{Container, Tracks};
use crate::plan::{Context, Expectation, Plan, Step};

/// A result that everything plays, under construction.
pub(crate) struct Everyday<'a> {
    pub(crate) info: &'a MediaInfo,
    pub(crate) video: &'a Video,
    pub(crate) tracks: Tracks,
    pub(crate) notes: Vec<String>,
    stream: &'a Stream,
    context: &'a Context<'a>,
    container: Container,
}

impl<'a> Everyday<'a> {
    /// Looks at the source and decides about container and tracks.
    pub(crate) fn new(info: &'a MediaInfo, context: &'a Context<'a>) -> Result<Self, Fault> {
        let (stream, video) = fit::picture(info)?;
        let mut notes = Vec::new();
        encode::require(context, if video.is_hdr() { "libx265" } else { "libx264" })?;
        let container = Container::keeping_all(info);
        if container == Container::Matroska {
            notes.push("The result is MKV, because MP4 cannot hold some of the tracks.".into());
        }
        let tracks = Tracks::new(info, container, &mut notes);
        Ok(Self {
            info,
            video,
            tracks,
            notes,
            stream,
            context,
            container,
        })
    }

    /// One pass at the encoder's usual quality.
    pub(crate) fn constant_quality(mut self, placement: Placement) -> Plan {
        let graph = self.graph(placement);
        let step = self.encode(&graph);
        self.plan(vec![step], placement)
    }

    /// The picture as it is, and the rest of the tracks.
    pub(crate) fn copy(self) -> Plan {
        let mut command = Command::new(self.info, self.context, None);
        command.map(self.stream.index);
        command.words(&["-c:v:0", "copy"]);
        if self.stream.codec == "hevc" && self.container == Container::Mp4 {
            encode::tag_hevc(&mut command);
        }
        self.tracks.push(&mut command);
        let step = self.write(command, "copying");
        let shown = self.video.display_size();
        let mut plan = self.plan(vec![step], Placement::plain(shown));
        plan.expect.size = None;
        plan
    }

    /// Whether the picture could stay as it is: every player of MP4 takes it.
    pub(crate) fn is_playable(&self) -> bool {
        let is_everyday =
            self.stream.codec == "h264" && self.video.pixel_format.as_deref() == Some("yuv420p");
        is_everyday
            && self.video.scan != crate::info::Scan::Interlaced
            && self.video.sample_aspect.value() == 1.0
    }

    fn graph(&mut self, placement: Placement) -> Graph {
        let mut graph = Graph::new(self.video, None, &mut self.notes);
        graph.place(&placement);
        if self.video.is_hdr() {
            graph.pixel_format("yuv420p10le");
            if self.video.dolby_vision.is_some() {
                self.notes.push(
                    "The Dolby Vision layer was left out; the HDR picture beneath it is kept."
                        .into(),
                );
            }
        } else {
            graph.pixel_format("yuv420p");
        }
        graph
    }

    fn encode(&self, graph: &Graph) -> Step {
        let mut command = Command::new(self.info, self.context, None);
        command.map(self.stream.index);
        command.pair("-filter:v:0", graph.render());
        encode::keep_times(&mut command);
        // x265 reaches what x264 shows at 23 with 25.
        if self.video.is_hdr() {
            encode::hevc(&mut command, self.video, 25, self.context);
            if self.container == Container::Mp4 {
                encode::tag_hevc(&mut command);
            }
        } else {
            encode::h264(&mut command, self.video, 23);
        }
        self.tracks.push(&mut command);
        self.write(command, "encoding")
    }

    fn write(&self, command: Command, label: &'static str) -> Step {
        command.write(self.container.muxer(), label, 1.0)
    }

    fn plan(self, steps: Vec<Step>, placement: Placement) -> Plan {
        let mut expect = expectation(self.info, self.stream, self.video, None);
        let square = placement.aspect.value() == 1.0;
        let shown = placement.result();
        expect.size = square.then_some(shown);
        expect.display_aspect = Some(shown.ratio() * placement.aspect.value());
        expect.audios = Some(self.tracks.audios());
        Plan {
            steps,
            extension: self.container.extension().into(),
            duration_us: expect.duration_us,
            notes: self.notes,
            never_larger: false,
            expect,
        }
    }
}

/// Lengths and counts as the source has them, in the part that is kept.
pub(crate) fn expectation(
    info: &MediaInfo,
    stream: &Stream,
    video: &Video,
    cut: Option<&Cut>,
) -> Expectation {
    let frame_us = video
        .average_rate
        .map_or(0, |rate| (1e6 / rate.value()) as u64);
    let begin = info.begin_us();
    let part = |track: &Stream| Cut::of_track(cut, track.after(begin), track.duration_us);
    // Of a file with several pictures only one is kept, and the file's length may be that of another.
    let kept = info.audio().map(|(audio, _)| audio).chain([stream]);
    let whole = info.length_of(kept).or(info.duration_us);
    let audio_us: Vec<_> = info.audio().map(|(audio, _)| part(audio)).collect();
    Expectation {
        videos: Some(1),
        audios: Some(audio_us.len()),
        duration_us: Cut::length_of(cut, whole),
        video_us: part(stream),
        frames: stream.frames.filter(|_| cut.is_none() && video.is_vfr()),
        is_variable: video.is_vfr(),
        audio_us,
        frame_us,
        ..Expectation::default()
    }
}
