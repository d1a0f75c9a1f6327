//! The storyboard: small pictures at equal distances, many on one sheet, out of one run that decodes key frames only.

use crate::fault::Fault;
use crate::info::{MediaInfo, Size};
use crate::operation::fit;
use crate::plan::command::Command;
use crate::plan::graph::Graph;
use crate::plan::{Argument, Context, Step};

/// Pixels of the longer side of a picture.
const SIDE: f64 = 160.0;
/// The shortest distance of two pictures in milliseconds; key frames are seldom closer.
const LEAST_INTERVAL_MS: u64 = 1000;
/// Pictures that a title has at most, roughly: two seconds apart in a video of ten minutes.
const PICTURES: u64 = 300;
/// Pictures from left to right, and from top to bottom: a sheet of 1600 by 900 pixels has about 200 kB.
const LAYOUT: (u32, u32) = (10, 10);

/// What to run, and what comes out.
#[derive(Debug, Clone, PartialEq)]
pub struct Storyboard {
    /// Milliseconds from one picture to the next.
    pub interval_ms: u32,
    /// Pixels of one picture, both even.
    pub tile: Size,
    /// Pictures from left to right, and from top to bottom.
    pub layout: (u32, u32),
    /// Sheets that have to be there: `1.jpg` and so on.
    pub sheets: u32,
    /// The run that makes them.
    pub step: Step,
}

impl Storyboard {
    /// Plans the sheets of a video that is so long.
    ///
    /// # Errors
    /// When it has no picture.
    pub fn new(info: &MediaInfo, duration_ms: u64, context: &Context<'_>) -> Result<Self, Fault> {
        let (stream, video) = fit::picture(info)?;
        let interval = (duration_ms.div_ceil(PICTURES)).max(LEAST_INTERVAL_MS);
        let source = video.display_size();
        let factor = SIDE / f64::from(source.width.max(source.height).max(1));
        let tile = Size {
            width: fit::even(f64::from(source.width) * factor),
            height: fit::even(f64::from(source.height) * factor),
        };
        let mut notes = Vec::new();
        let mut graph = Graph::new(video, None, &mut notes);
        if video.is_hdr() {
            graph.tone_map(video, context, &mut notes)?;
        }
        let mut before = graph.render();
        if !before.is_empty() {
            before.push(',');
        }
        let (columns, rows) = LAYOUT;
        let mut command = Command::keys(info, context);
        // The last picture before a time stands for it: where the pointer is, not what comes after.
        let filters = format!(
            "[0:{}]{before}fps=1000/{interval}:start_time=0:round=down,scale={}:{}:flags=area,setsar=1,format=yuvj420p,tile={columns}x{rows}[out]",
            stream.index, tile.width, tile.height
        );
        command.pair("-filter_complex", filters);
        command.words(&["-map", "[out]", "-c:v", "mjpeg", "-q:v", "5"]);
        command.words(&["-map_metadata", "-1", "-f", "image2"]);
        command.file(Argument::Scratch("%d.jpg".into()));
        let pictures = duration_ms.div_ceil(interval).max(1);
        let sheets = pictures.div_ceil(u64::from(columns * rows));
        Ok(Self {
            interval_ms: u32::try_from(interval).unwrap_or(u32::MAX),
            tile,
            layout: LAYOUT,
            sheets: u32::try_from(sheets).unwrap_or(1),
            step: Step {
                label: "making the storyboard",
                arguments: command.into_arguments(),
                share: 1.0,
            },
        })
    }
}
