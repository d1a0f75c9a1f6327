//! One conversion: which tracks go into the container, and each copied or encoded.

use crate::capability::Media;
use crate::fault::Fault;
use crate::info::{Audio, Kind as TrackKind, MediaInfo, Ratio, Scan, Size, Stream, Video};
use crate::operation::convert::codec;
use crate::operation::convert::container::Container;
use crate::operation::everyday::expectation;
use crate::operation::fit::{self, Fit, even};
use crate::plan::command::{Command, MP4};
use crate::plan::encode;
use crate::plan::graph::{Graph, Placement};
use crate::plan::{Context, Expectation, Plan};

/// A conversion being planned.
pub(crate) struct Conversion<'a> {
    pub(crate) container: &'static Container,
    pub(crate) info: &'a MediaInfo,
    pub(crate) context: &'a Context<'a>,
    /// Codec of the picture that was asked for.
    pub(crate) video: Option<&'a str>,
    /// Codec of the sound that was asked for.
    pub(crate) audio: Option<&'a str>,
    pub(crate) notes: Vec<String>,
}

impl<'a> Conversion<'a> {
    /// What to run.
    pub(crate) fn plan(mut self) -> Result<Plan, Fault> {
        let picture = self.picture()?;
        let sounds = self.sounds();
        let subtitles = self.subtitles();
        if picture.is_none() && sounds.is_empty() && subtitles.is_empty() {
            return Err(self.nothing_left());
        }
        let mut command = Command::new(self.info, self.context, None);
        let maps = picture
            .iter()
            .map(|(stream, _)| stream.index)
            .chain(sounds.iter().map(|(stream, _)| stream.index));
        maps.chain(subtitles.iter().map(|(index, _)| *index))
            .for_each(|index| command.map(index));
        let placement = match picture {
            Some((stream, video)) => self.push_picture(&mut command, stream, video)?,
            None => None,
        };
        for (place, (stream, audio)) in sounds.iter().enumerate() {
            self.push_sound(&mut command, place, stream, audio)?;
        }
        for (place, (_, codec)) in subtitles.iter().enumerate() {
            command.pair(format!("-c:s:{place}"), codec);
        }
        self.push_rest(&mut command);
        let expect = self.expect(picture, &sounds, placement);
        Ok(Plan {
            steps: vec![command.write(self.container.muxer, "encoding", 1.0)],
            extension: self
                .container
                .endings
                .first()
                .copied()
                .unwrap_or(self.container.muxer)
                .into(),
            duration_us: expect.duration_us.or(self.info.duration_us),
            notes: self.notes,
            never_larger: false,
            expect,
        })
    }

    /// The picture, unless the container holds none.
    fn picture(&self) -> Result<Option<(&'a Stream, &'a Video)>, Fault> {
        if self.container.video.is_empty() {
            return match self.video {
                Some(_) => Err(self.incompatible("it holds no picture")),
                None => Ok(None),
            };
        }
        match self.info.first_video() {
            Some(_) => fit::picture(self.info).map(Some),
            None => Ok(None),
        }
    }

    fn sounds(&mut self) -> Vec<(&'a Stream, &'a Audio)> {
        if self.container.audio.is_empty() {
            return Vec::new();
        }
        let many = self.container.traits.many;
        if !many && self.info.audio().count() > 1 {
            self.notes
                .push("The container holds one audio track; the main one was kept.".into());
        }
        if many {
            self.info.audio().collect()
        } else {
            self.info.first_audio().into_iter().collect()
        }
    }

    fn subtitles(&mut self) -> Vec<(u32, &'static str)> {
        let is_alone = self.container.video.is_empty() && self.container.audio.is_empty();
        let way = |stream: &Stream| self.subtitle(stream).map(|codec| (stream.index, codec));
        let kept: Vec<_> = self
            .info
            .subtitles()
            .filter_map(way)
            .take(if is_alone { 1 } else { usize::MAX })
            .collect();
        let lost = self.info.subtitles().count() - kept.len();
        if lost > 0 && !self.container.video.is_empty() {
            self.notes.push(format!(
                "{lost} subtitle tracks were left out; the container cannot hold their kind."
            ));
        }
        kept
    }

    fn subtitle(&self, stream: &Stream) -> Option<&'static str> {
        let own = self.container.subtitle;
        let muxer = self.container.muxer;
        let is_copied = match stream.codec.as_str() {
            "dvb_subtitle" => matches!(muxer, "matroska" | "mpegts"),
            "hdmv_pgs_subtitle" | "dvd_subtitle" => muxer == "matroska",
            "ass" | "webvtt" if muxer == "matroska" => true,
            codec => codec == own,
        };
        let is_made = stream.is_text_subtitle() && !own.is_empty();
        if is_copied {
            Some("copy")
        } else {
            is_made.then_some(own)
        }
    }

    /// Copies or encodes the picture; returns how it was placed.
    fn push_picture(
        &mut self,
        command: &mut Command,
        stream: &Stream,
        video: &Video,
    ) -> Result<Option<Placement>, Fault> {
        let way = self.way(self.video, stream, self.container.video, Media::Video)?;
        let Way::Encode(choice) = way else {
            command.words(&["-c:v:0", "copy"]);
            if stream.codec == "hevc" && matches!(self.container.muxer, "mp4" | "mov") {
                encode::tag_hevc(command);
            }
            return Ok(None);
        };
        let size = self.size(choice.encoder, video);
        let mut graph = Graph::new(video, None, &mut self.notes);
        let is_any_time = self.container.traits.any_time && codec::is_any_time(choice.encoder);
        if !is_any_time {
            graph.push(self.steady_rate(choice.encoder, video)?);
        }
        graph.place(&size);
        let keeps_hdr = matches!(choice.encoder, "libx265" | "libsvtav1" | "libaom-av1");
        if video.is_hdr() && !keeps_hdr {
            graph.tone_map(video, self.context, &mut self.notes)?;
        }
        if let Some(format) = pixel_format(choice.encoder, self.container.muxer, video) {
            graph.pixel_format(format);
        }
        command.pair("-filter:v:0", graph.render());
        if is_any_time {
            encode::keep_times(command);
        }
        self.push_encoder(command, choice, video, size.result());
        Ok(Some(size))
    }

    fn push_encoder(
        &self,
        command: &mut Command,
        choice: codec::Choice<'_>,
        video: &Video,
        size: Size,
    ) {
        match choice.encoder {
            "libx264" => encode::h264(command, video, 23),
            "libx265" => {
                encode::hevc(command, video, 25, self.context);
                if matches!(self.container.muxer, "mp4" | "mov") {
                    encode::tag_hevc(command);
                }
            }
            "libvpx-vp9" => encode::vp9(command, 32, size.width, None),
            "libsvtav1" => encode::av1(command, video, 35, self.context),
            encoder => {
                command.pair("-c:v:0", encoder);
                command.words(codec::quality(encoder));
            }
        }
        if choice.is_experimental {
            command.words(&["-strict:v:0", "experimental"]);
        }
    }

    fn push_sound(
        &self,
        command: &mut Command,
        place: usize,
        stream: &Stream,
        audio: &Audio,
    ) -> Result<(), Fault> {
        let way = self.way(self.audio, stream, self.container.audio, Media::Audio)?;
        let Way::Encode(choice) = way else {
            command.pair(format!("-c:a:{place}"), "copy");
            return Ok(());
        };
        command.pair(format!("-c:a:{place}"), choice.encoder);
        for (option, value) in codec::sound_options(choice.encoder) {
            command.pair(format!("{option}:{place}"), value);
        }
        // Two channels are what every encoder and player has; more only where their arrangement is a common one.
        let is_common = matches!(
            audio.layout.as_deref(),
            Some("mono" | "stereo" | "5.1" | "5.1(side)" | "7.1")
        );
        let is_told = codec::sound_options(choice.encoder)
            .iter()
            .any(|(option, _)| option.starts_with("-ac"));
        let takes_more = choice.encoder.starts_with("pcm_")
            || is_common && codec::takes_surround(choice.encoder);
        let channels = match self.container.muxer {
            "rso" | "gxf" => 1,
            "dv" => 2,
            _ if takes_more => audio.channels,
            _ => audio.channels.min(2),
        };
        if let Some(bits) = codec::sound_bits(choice.encoder, channels) {
            command.pair(format!("-b:a:{place}"), bits);
        }
        if channels != audio.channels && !is_told {
            command.pair(format!("-ac:a:{place}"), channels);
        }
        if choice.encoder == "libopus" && audio.layout.as_deref() == Some("5.1(side)") {
            // libopus knows the arrangement by its other name only.
            command.pair(format!("-filter:a:{place}"), "aformat=channel_layouts=5.1");
        }
        let rate = codec::sound_rate(choice.encoder, self.container.muxer, audio.sample_rate);
        if let Some(rate) = rate.filter(|_| !is_told) {
            command.pair(format!("-ar:a:{place}"), rate);
        }
        if choice.is_experimental {
            command.pair(format!("-strict:a:{place}"), "experimental");
        }
        Ok(())
    }

    fn push_rest(&self, command: &mut Command) {
        if self.container.muxer == "matroska" && self.info.attachments().next().is_some() {
            self.info
                .attachments()
                .for_each(|stream| command.map(stream.index));
            command.words(&["-c:t", "copy"]);
        }
        command.words(&["-dn", "-map_metadata", "0", "-map_chapters", "0"]);
        if self.container.muxer == "mp3" {
            command.words(&["-id3v2_version", "3"]);
        }
    }

    /// Copied when nothing else was asked for and the container takes it.
    fn way(
        &self,
        asked: Option<&str>,
        stream: &Stream,
        usual: &'static str,
        media: Media,
    ) -> Result<Way<'a>, Fault> {
        // H.264 has no HDR that players know; where HEVC fits, HDR stays what it is.
        let is_hdr =
            stream.video().is_some_and(Video::is_hdr) && self.container.takes.contains(&"hevc");
        let usual = if is_hdr && usual == "h264" {
            "hevc"
        } else {
            usual
        };
        let takes = stream.codec == usual || self.container.takes.contains(&stream.codec.as_str());
        // Old containers count frames; what has them at any time cannot be copied there.
        let is_fit = self.container.traits.any_time || !stream.video().is_some_and(Video::is_vfr);
        // Phones record lying down and say how to turn it; only the family of MP4 can pass that on.
        let is_turned = stream.video().is_some_and(|video| video.rotation != 0);
        let is_fit = is_fit && (!is_turned || self.is_mp4());
        match asked {
            Some("copy") if is_turned && !self.is_mp4() => {
                Err(self.incompatible("it cannot say that the picture is to be turned"))
            }
            Some("copy") => Ok(Way::Copy),
            Some(name)
                if codec::made_by(&codec::plain(name)) == stream.codec && takes && is_fit =>
            {
                Ok(Way::Copy)
            }
            None if takes && is_fit => Ok(Way::Copy),
            _ => codec::find(asked.unwrap_or(usual), media, self.context.capabilities)
                .map(Way::Encode),
        }
    }

    fn is_mp4(&self) -> bool {
        MP4.contains(&self.container.muxer)
    }

    /// The size as it is, or in the frame that the codec is bound to.
    fn size(&self, encoder: &str, video: &Video) -> Placement {
        let source = video.display_size();
        let (sizes, shape) = codec::known_sizes(encoder, self.container.muxer);
        let shown = |(width, height): (u32, u32)| Size {
            width: even(f64::from(width) * shape.value()),
            height,
        };
        let fits =
            |each: &&(u32, u32)| shown(**each).width >= source.width && each.1 >= source.height;
        if let Some(&frame) = sizes.iter().find(fits).or_else(|| sizes.last()) {
            let square = fit::place(source, shown(frame), Fit::Letterbox);
            let width = even(f64::from(square.scale.width) / shape.value()).min(frame.0);
            let scale = Size {
                width,
                ..square.scale
            };
            let pad = Size {
                width: frame.0,
                height: frame.1,
            };
            return Placement {
                pad: (pad != scale).then_some(pad),
                aspect: shape,
                ..Placement::plain(scale)
            };
        }
        let least = if encoder == "libsvtav1" { 64 } else { 16 };
        let step = f64::from(codec::side_step(encoder));
        let side = |side: u32| even((f64::from(side.max(least)) / step).round() * step);
        Placement::plain(fit::within_limits(Size {
            width: side(source.width),
            height: side(source.height),
        }))
    }

    /// Frames at equal distances, at a rate that the codec knows. Recordings of variable rate whose nominal rate is
    /// a time base would become millions of equal frames.
    fn steady_rate(&self, encoder: &str, video: &Video) -> Result<String, Fault> {
        let average = video.frames_per_second().unwrap_or(25.0);
        let usual = if video.is_vfr() || video.scan == Scan::Interlaced {
            None
        } else {
            video.nominal_rate
        };
        let rate = usual
            .or(video.average_rate)
            .filter(|rate| rate.value() <= 60.5 && rate.value() >= 1.0);
        let whole = Ratio {
            num: average.clamp(1.0, 60.0).ceil() as u32,
            den: 1,
        };
        let rate = rate.unwrap_or(whole);
        let known = codec::known_rates(encoder, self.container.muxer);
        let (num, den) = match nearest(known, rate) {
            Some(known) => known,
            // MPEG-4's time base ends at 65,535; odd rates of screen recordings are rounded.
            None if rate.num > 65_535 || rate.den > 65_535 => {
                ((rate.value() * 1000.0).round() as u32, 1000)
            }
            None => (rate.num, rate.den),
        };
        let frames =
            self.info.duration_us.unwrap_or(0) as f64 / 1e6 * f64::from(num) / f64::from(den);
        if frames > MOST_FRAMES {
            let advice = "Choose a container that keeps frames at their times, such as mkv or mp4 with h264.".into();
            let million = |frames: f64| (frames * video.turned_size().pixels() as f64 / 1e6) as u64;
            return Err(Fault::TooLarge {
                what: "the result",
                found: million(frames),
                allowed: million(MOST_FRAMES),
                advice,
            });
        }
        Ok(format!("fps={num}/{den}"))
    }

    fn expect(
        &self,
        picture: Option<(&Stream, &Video)>,
        sounds: &[(&Stream, &Audio)],
        placement: Option<Placement>,
    ) -> Expectation {
        let mut expect = match picture {
            Some((stream, video)) => expectation(self.info, stream, video, None),
            None => Expectation {
                videos: Some(0),
                ..Default::default()
            },
        };
        expect.audios = Some(sounds.len());
        expect.audio_us = sounds
            .iter()
            .map(|(stream, _)| stream.duration_us)
            .collect();
        let kept = sounds
            .iter()
            .map(|(stream, _)| *stream)
            .chain(picture.map(|(stream, _)| stream));
        expect.duration_us = self.info.length_of(kept).or(self.info.duration_us);
        let square = placement.filter(|placement| placement.aspect == Ratio::ONE);
        expect.size = square.map(|placement| placement.result());
        let shown =
            placement.map(|placement| placement.result().ratio() * placement.aspect.value());
        let copied = || picture.map(|(_, video)| video.display_size().ratio());
        expect.display_aspect = shown
            .or_else(copied)
            .filter(|_| self.container.traits.has_length);
        expect.headerless = self.container.traits.headerless;
        if !self.container.traits.has_length {
            expect.duration_us = None;
            expect.video_us = None;
            expect.audio_us.clear();
        }
        expect
    }

    fn incompatible(&self, problem: &str) -> Fault {
        Fault::Incompatible {
            container: self.container.muxer.into(),
            problem: problem.into(),
        }
    }

    fn nothing_left(&self) -> Fault {
        match (self.container.video, self.container.audio) {
            ("", "") => self.incompatible("it has no subtitles made of text"),
            ("", _) => Fault::NoAudio,
            (_, "") => Fault::NoVideo,
            _ if self
                .info
                .streams
                .iter()
                .all(|stream| stream.kind == TrackKind::Data) =>
            {
                Fault::NoVideo
            }
            _ => self.incompatible("it has neither picture nor sound"),
        }
    }
}

/// What becomes of a track.
#[derive(Debug, Clone, PartialEq)]
enum Way<'a> {
    Copy,
    Encode(codec::Choice<'a>),
}

/// Frames that a steady rate may make of a file: a day at 30 a second.
const MOST_FRAMES: f64 = 2_600_000.0;

/// The lowest known rate that loses no frame, else the highest.
fn nearest(known: &[(u32, u32)], rate: Ratio) -> Option<(u32, u32)> {
    let value = |&(num, den): &(u32, u32)| f64::from(num) / f64::from(den);
    known
        .iter()
        .find(|each| value(each) >= rate.value() * 0.999)
        .or_else(|| known.last())
        .copied()
}

/// The pixel format of encoders that would otherwise take the source's, which players cannot show.
fn pixel_format(encoder: &str, muxer: &str, video: &Video) -> Option<&'static str> {
    match encoder {
        _ if muxer == "filmstrip" => Some("rgba"),
        "dnxhd" => Some("yuv422p"),
        "libx265" | "libsvtav1" | "libaom-av1" if video.bit_depth > 8 => Some("yuv420p10le"),
        "libx265" => Some("yuv420p"),
        "libsvtav1" => Some("yuv420p10le"),
        "libx264" | "libvpx" | "libvpx-vp9" | "libtheora" | "mpeg4" | "mpeg2video"
        | "mpeg1video" => Some("yuv420p"),
        "wrapped_avframe" if video.bit_depth == 8 => Some("yuv420p"),
        _ => None,
    }
}
