//! Every limit of this room, with its reason.

/// Bytes of a `moov` that is read: an hour at 60 frames a second with four tracks has about 10 MB.
pub const MOVIE_BYTES: u64 = 64 << 20;
/// Boxes at the top of a file that are stepped over in search of `moov`: a plain file has four, one in fragments has
/// two for each fragment and is not read.
pub const TOP_BOXES: u32 = 1024;
/// Tracks that are read; the probe has the same limit.
pub const TRACKS: usize = 64;
/// Samples of one track: a day at 60 frames a second is 5.2 million. Each takes at most [`SAMPLE_BYTES`] of memory.
pub const SAMPLES: u32 = 6_000_000;
/// The most that the index takes for one sample: five numbers of variable length and its part of a mark.
pub const SAMPLE_BYTES: usize = 40;
/// Bytes of a sample entry, which is copied into every initialisation section: parameter sets of several layers have
/// some kilobytes.
pub const ENTRY_BYTES: usize = 64 << 10;
/// Samples of one segment: ten minutes of sound without a picture to cut it by would have 30,000.
pub const SEGMENT_SAMPLES: u32 = 65_536;
/// Bytes of a `moof` that is read: two seconds of picture have some kilobytes.
pub const FRAGMENT_TABLE_BYTES: u64 = 1 << 20;
/// Ticks of a presentation: what is left of 64 bits after a sum of two.
pub const TICKS: u64 = 1 << 62;
/// Bytes of a file of subtitles: those of a long film have 200 kB, and styled ones taken out of ASS a few megabytes.
pub const SUBTITLE_BYTES: usize = 8 << 20;
/// Cues of one track: a long film has 3,000.
pub const CUES: usize = 20_000;
/// Letters of one cue: a screen is full with 200.
pub const CUE_LETTERS: usize = 2000;
