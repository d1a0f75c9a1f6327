//! The picture that `compress` makes: what happens to a decoded frame, and what the encoder is told.
//!
//! Everything but how strongly it is compressed, so that parts encoded at different strengths fit under one header.

use crate::fault::Fault;
use crate::info::{Mastering, Ratio, Scan, Size, Video};
use crate::plan::Context;
use crate::plan::codec::Codec;
use crate::plan::color::{self, Tags};
use crate::plan::command::Command;
use crate::plan::encode;
use crate::plan::graph::{Graph, Placement};

/// What is wanted of a picture.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish {
    pub(crate) codec: Codec,
    /// HDR becomes SDR.
    pub(crate) tone_map: bool,
    pub(crate) found: Found,
    /// Even, in the shape of the source.
    pub(crate) size: Size,
    /// The encoder's own name of how long it thinks.
    pub(crate) preset: &'static str,
}

/// What was found out about a picture by looking; the flags lie.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// Whether frames are pairs of fields.
    pub fields: Fields,
    /// It is the picture of a computer's screen.
    pub screen: bool,
    /// It has as much noise as grainy film.
    pub grain: bool,
}

/// Whether frames are pairs of fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Fields {
    /// Whole frames.
    #[default]
    Progressive,
    /// Pairs; which comes first, and where they are mixed with whole frames also which are pairs, only the flags say.
    Interlaced,
    /// Pairs throughout, the upper field first.
    Top,
    /// Pairs throughout, the lower field first.
    Bottom,
}

impl From<bool> for Found {
    fn from(interlaced: bool) -> Self {
        Self {
            fields: interlaced.into(),
            ..Self::default()
        }
    }
}

impl From<bool> for Fields {
    /// Of one who knows only that there are fields.
    fn from(interlaced: bool) -> Self {
        if interlaced {
            Self::Interlaced
        } else {
            Self::Progressive
        }
    }
}

/// How much a picture may cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Rate {
    /// Constant quality, in the encoder's own scale.
    Quality(f64),
    /// Average bits per second.
    Average(u64),
}

/// A picture, decided.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Picture {
    pub(crate) codec: Codec,
    pub(crate) size: Size,
    pub(crate) aspect: Ratio,
    pub(crate) pixel_format: &'static str,
    pub(crate) preset: &'static str,
    pub(crate) tags: Tags,
    filters: String,
    mastering: Option<Mastering>,
    has_false_rate: bool,
    is_screen: bool,
    has_grain: bool,
}

impl Picture {
    /// Decides; the encoder must be there, and the filters where HDR is mapped.
    pub(crate) fn new(
        video: &Video,
        wish: &Wish,
        context: &Context<'_>,
        notes: &mut Vec<String>,
    ) -> Result<Self, Fault> {
        encode::require(context, wish.codec.encoder())?;
        let maps = wish.tone_map && video.is_hdr();
        let tags = if maps {
            Tags::standard()
        } else {
            Tags::of(video)
        };
        let pixel_format = match wish.codec {
            Codec::H264 => "yuv420p",
            Codec::Hevc if video.bit_depth <= 8 || maps => "yuv420p",
            Codec::Hevc | Codec::Av1 => "yuv420p10le",
        };
        let mut graph = fields(video, wish.found.fields, notes);
        let placement = Placement {
            aspect: video.turned_aspect(),
            ..Placement::plain(wish.size)
        };
        graph.place_in(&placement, color::conversion(video));
        if maps {
            graph.tone_map(video, context, notes)?;
        }
        graph.pixel_format(pixel_format);
        let tag = tags.filter();
        if !tag.is_empty() {
            graph.push(tag);
        }
        Ok(Self {
            codec: wish.codec,
            size: wish.size,
            aspect: placement.aspect,
            pixel_format,
            preset: wish.preset,
            tags,
            filters: graph.render(),
            mastering: video.mastering.filter(|_| !maps && video.is_hdr()),
            has_false_rate: encode::has_false_rate(video),
            is_screen: wish.found.screen,
            has_grain: wish.found.grain,
        })
    }

    /// From a decoded, upright frame to what the encoder takes.
    pub(crate) fn filters(&self) -> &str {
        &self.filters
    }

    /// Appends the encoder and its settings, the same for every part of a video. Key frames begin closed groups.
    pub(crate) fn push(
        &self,
        command: &mut Command,
        rate: Rate,
        gop: u32,
        threads: u32,
        is_fine: bool,
    ) {
        let threads = threads.max(1);
        command.pair("-c:v:0", self.codec.encoder());
        command.pair("-preset:v:0", self.preset);
        command.pair("-pix_fmt:v:0", self.pixel_format);
        let is_av1 = self.codec == Codec::Av1;
        match rate {
            Rate::Quality(crf) if is_av1 => command.pair("-crf:v:0", crf.round()),
            Rate::Quality(crf) => command.pair("-crf:v:0", crf),
            Rate::Average(bits) => {
                command.pair("-b:v:0", bits);
                // Peaks are allowed for two seconds; without a bound one hard scene takes all. SVT-AV1 has bounds
                // only at constant quality.
                if !is_av1 {
                    command.pair("-maxrate:v:0", bits.saturating_mul(3) / 2);
                    command.pair("-bufsize:v:0", bits.saturating_mul(3));
                }
            }
        }
        command.pair("-g:v:0", gop);
        self.tags.push(command);
        match self.codec {
            Codec::H264 => self.push_x264(command),
            Codec::Hevc => self.push_x265(command, threads),
            Codec::Av1 => self.push_svt(command, rate, threads, is_fine),
        }
        command.pair("-threads:v:0", threads);
    }

    fn push_x264(&self, command: &mut Command) {
        command.words(&["-profile:v:0", "high"]);
        if self.has_false_rate {
            // x264 takes the level from the nominal rate, and 57,600 frames a second has none.
            command.words(&["-level:v:0", "5.2"]);
        }
        if self.is_screen {
            // A tenth smaller at equal VMAF: letters have hard edges, and are as they were many frames ago.
            command.words(&["-tune:v:0", "animation"]);
        } else if self.has_grain {
            // Up to a fifth smaller at VMAF 95 where noise is all over, and never larger: it is kept, not smeared.
            // Grain that SVT-AV1 takes away and players draw anew was 6 % larger to 29 % smaller, and is another grain.
            command.words(&["-tune:v:0", "grain"]);
        }
        // Its headers carry the quality otherwise, and the parts do not fit under one.
        command.words(&["-x264-params", "stitchable=1:open-gop=0"]);
    }

    fn push_x265(&self, command: &mut Command, threads: u32) {
        let profile = if self.pixel_format == "yuv420p" {
            "main"
        } else {
            "main10"
        };
        command.words(&["-profile:v:0", profile]);
        // x265 starts threads for all processors and prints to the terminal by itself unless told otherwise.
        let mut parameters = format!("log-level=error:pools={threads}:open-gop=0");
        if let Some(mastering) = &self.mastering {
            parameters.push_str(&encode::mastering_x265(mastering));
        }
        command.pair("-x265-params", parameters);
    }

    fn push_svt(&self, command: &mut Command, rate: Rate, threads: u32, is_fine: bool) {
        // Version 4 counts parallelism in six steps, version 1 in processors.
        let mut parameters = format!("irefresh-type=2:lp={}", threads.min(6));
        if let (Rate::Quality(crf), true) = (rate, is_fine) {
            // FFmpeg's own option takes whole numbers only.
            parameters.push_str(&format!(":crf={crf}"));
        }
        if self.is_screen && is_fine && self.preset != "10" {
            // A tenth smaller at equal VMAF with version 4, not with version 1, and nothing beyond preset 8.
            parameters.push_str(":scm=1");
        }
        if let Some(mastering) = &self.mastering {
            parameters.push_str(&encode::mastering_svt(mastering));
        }
        command.pair("-svtav1-params", parameters);
    }
}

/// Makes frames of fields, where there are any.
fn fields(video: &Video, fields: Fields, notes: &mut Vec<String>) -> Graph {
    let mut graph = Graph::default();
    let is_flagged = video.scan == Scan::Interlaced;
    let which = match fields {
        Fields::Progressive => {
            if is_flagged {
                notes.push("The video says it is interlaced, but it is not.".into());
            }
            return graph;
        }
        // Of frames that say they are interlaced only, where they are known to say so: mixed material stays sharp.
        Fields::Interlaced if is_flagged => "deint=interlaced",
        Fields::Interlaced => "deint=all",
        Fields::Top => "parity=tff:deint=all",
        Fields::Bottom => "parity=bff:deint=all",
    };
    graph.push(format!("bwdif=mode=send_frame:{which}"));
    notes.push("The video is interlaced; it was deinterlaced.".into());
    graph
}
