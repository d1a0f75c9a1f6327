//! Small pictures for the seek bar: many on one sheet, in the words of WebVTT and of HLS.

use std::fmt::Write;

use crate::uri::Uri;

/// Sheets of pictures at equal distances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storyboard {
    /// Where sheets are; `$Number$` counts from 1.
    pub uri: Uri,
    /// Milliseconds from one picture to the next, at least 1.
    pub interval_ms: u32,
    /// Length of the title in milliseconds.
    pub duration_ms: u64,
    /// Pixels of one picture.
    pub tile: (u32, u32),
    /// Pictures from left to right and from top to bottom of a sheet, each at least 1.
    pub layout: (u32, u32),
    /// Bytes of the largest sheet.
    pub largest_sheet: u64,
}

impl Storyboard {
    /// Bits per second when sheets are read as they are needed.
    pub fn rate(&self) -> u64 {
        let milliseconds = self.sheet_ms().min(self.duration_ms).max(1);
        (self.largest_sheet.saturating_mul(8000)).div_ceil(milliseconds)
    }

    /// One cue for each picture, with the place of its tile as a fragment (Media Fragments URI 1.0, 4.2.2).
    pub fn webvtt(&self) -> String {
        let mut text = String::from("WEBVTT\n");
        let (columns, rows) = (
            u64::from(self.layout.0.max(1)),
            u64::from(self.layout.1.max(1)),
        );
        let (width, height) = self.tile;
        for picture in 0..self.count() {
            let begin = picture * self.interval();
            let end = (begin + self.interval()).min(self.duration_ms);
            let (sheet, tile) = (picture / (columns * rows), picture % (columns * rows));
            let (x, y) = (
                tile % columns * u64::from(width),
                tile / columns * u64::from(height),
            );
            let uri = self.uri.numbered(sheet as usize + 1);
            let _ = write!(
                text,
                "\n{} --> {}\n{uri}#xywh={x},{y},{width},{height}\n",
                clock(begin),
                clock(end)
            );
        }
        text
    }

    /// The media playlist of an image stream ("HLS Image Media Playlist Specification" 0.5).
    pub fn playlist(&self) -> String {
        let sheet = self.sheet_ms();
        let longest = sheet.min(self.duration_ms);
        let target = ((longest + 500) / 1000).max(1);
        let mut text = format!(
            "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{target}\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-IMAGES-ONLY\n"
        );
        let (width, height) = self.tile;
        let (columns, rows) = self.layout;
        for number in 0..self.duration_ms.div_ceil(sheet) {
            let length = sheet.min(self.duration_ms - number * sheet);
            let _ = write!(
                text,
                "#EXTINF:{},\n#EXT-X-TILES:RESOLUTION={width}x{height},LAYOUT={columns}x{rows},DURATION={}\n{}\n",
                seconds(length),
                seconds(self.interval()),
                self.uri.numbered(number as usize + 1)
            );
        }
        text.push_str("#EXT-X-ENDLIST\n");
        text
    }

    fn interval(&self) -> u64 {
        u64::from(self.interval_ms.max(1))
    }

    fn sheet_ms(&self) -> u64 {
        let tiles = u64::from(self.layout.0.max(1)) * u64::from(self.layout.1.max(1));
        self.interval().saturating_mul(tiles)
    }

    fn count(&self) -> u64 {
        self.duration_ms.div_ceil(self.interval())
    }
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}

/// A time as WebVTT writes it.
pub(crate) fn clock(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    format!(
        "{:02}:{:02}:{:02}.{:03}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        milliseconds % 1000
    )
}
