//! The argument list of one sample.

use super::{FRAMES, fields};
use crate::info::{MediaInfo, Size};
use crate::plan::{Argument, Context};
use crate::quality::runs::{self, Span};

/// Width and height of what is looked at, at the most: a sample is then no more than 11 MB.
const MOST: Size = Size {
    width: 1280,
    height: 720,
};

/// Sides of the luma pictures that come on standard output; `None` where there is too little to look at.
pub fn size(info: &MediaInfo) -> Option<Size> {
    let (_, video) = info.first_video()?;
    let size = Size {
        width: video.width.min(MOST.width),
        height: video.height.min(MOST.height) / 2 * 2,
    };
    (size.width >= 16 && size.height >= 16).then_some(size)
}

/// Decodes [`FRAMES`] frames from the key frame before the span's beginning: bytes of luma on standard output; where
/// fields are possible, `log` gets their verdicts in the scratch directory.
pub fn sample(
    info: &MediaInfo,
    stream: u32,
    span: &Span,
    size: Size,
    log: &str,
    context: &Context<'_>,
) -> Vec<Argument> {
    let mut command = runs::head(context);
    // The lines of a picture on its side would be columns.
    command.words(&["-noautorotate"]);
    runs::open_source(&mut command, info, context, Some(span));
    let crop = crop(info, size);
    let detect = if fields::are_possible(info, context) {
        let key = fields::KEY;
        format!("idet,metadata=mode=print:key={key}:file={log},")
    } else {
        String::new()
    };
    // Luma as it is stored: a conversion to full range would stretch the noise, dithering would add some.
    command.pair(
        "-filter_complex",
        format!("[0:{stream}]extractplanes=y,{crop},{detect}scale=sws_dither=none,format=gray[y]"),
    );
    command.words(&["-map", "[y]"]);
    runs::exact(&mut command);
    command.pair("-frames:v", FRAMES);
    command.words(&["-f", "rawvideo", "-"]);
    command.into_arguments()
}

/// The middle, from an even line on, so that the upper field stays the upper one.
fn crop(info: &MediaInfo, size: Size) -> String {
    let whole = info
        .first_video()
        .map_or((0, 0), |(_, video)| (video.width, video.height));
    let x = whole.0.saturating_sub(size.width) / 2;
    let y = whole.1.saturating_sub(size.height) / 4 * 2;
    format!("crop={}:{}:{x}:{y}", size.width, size.height)
}
