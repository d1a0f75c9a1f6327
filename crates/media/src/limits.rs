//! Every limit of this room, with its reason.

/// Sides that are planned: encoders of 4:2:0 work in blocks of 16, and H.264 ends at 16,384.
pub const SHORTEST_SIDE: u32 = 16;
/// The longest side that is planned.
pub const LONGEST_SIDE: u32 = 16_384;
/// Pixels of one frame, read or written: 8K has 33.2 million. FFmpeg's `-max_pixels` gets the same number, which
/// refuses a picture of 15,000 x 15,000 in 219 kB before it is unpacked.
pub const FRAME_PIXELS: u64 = 35_651_584;
/// `-max_alloc`, bytes of one allocation: an 8K plane in 32-bit float has 133 million; tables of hostile files ask for
/// gigabytes (a 656-byte MP4 for 1.4 GB).
pub const ALLOCATION_BYTES: u64 = 268_435_456;
/// `-max_streams`: a file of 400 tracks took 645 MB before a single frame was read.
pub const STREAMS: usize = 64;
/// The probe's answer: a file at the stream limit prints about 150 kB; chapters may add to it.
pub const PROBE_BYTES: usize = 4 << 20;
/// Characters kept of one tag, and the number of tags.
pub const TAG_CHARACTERS: usize = 200;
/// Tags kept of a file or a track.
pub const TAGS: usize = 64;
/// Nominal frame rates beyond this are time bases, not rates: a real screen recording says 57,600.
pub const FRAME_RATE: f64 = 240.0;
/// Pixels ten times as wide as high, or the other way round, are damage or malice (65535:1 makes a display width of
/// 51,200); a portrait video flagged as cinema has 4.2.
pub const SAMPLE_ASPECT: f64 = 10.0;
/// Pixels times frames of a GIF: its palette needs all frames at once, in 4 bytes a pixel, so this is 800 MB.
pub const GIF_PIXELS: u64 = 200_000_000;

/// Scenes that a report lists, and points of its curve: together about 20 kB of JSON, which fits into one frame of the
/// wire.
pub const REPORT_SCENES: usize = 120;
/// See [`REPORT_SCENES`].
pub const REPORT_POINTS: usize = 300;
/// Frames of a video that is searched: a day at 60 a second is 5.2 million, and each takes 40 bytes of memory.
pub const FRAMES: usize = 6_000_000;
