//! The samples of a track in few bytes: about two for a frame of sound and four for one of pictures.
//!
//! Each sample is a number that joins its size with four flags, followed by what is not as it was for the sample before:
//! duration, place, composition offset. Every `STRIDE` samples a mark says where reading can begin. Ticks are stored
//! in units of their greatest common divisor, so that composition offsets take one byte.

/// Samples between two marks: reading begins at most so many before the wanted one.
const STRIDE: u32 = 256;

const SYNC: u64 = 1;
const NEW_DURATION: u64 = 2;
const JUMP: u64 = 4;
const NEW_COMPOSITION: u64 = 8;

/// One sample, in ticks of its track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// When it is decoded, counted from the first sample of the track.
    pub decode: u64,
    /// How much later it is shown; may be negative.
    pub composition: i64,
    /// How long until the next is decoded.
    pub duration: u32,
    /// Bytes.
    pub size: u32,
    /// Where it begins in the file.
    pub offset: u64,
    /// Decoding can begin here.
    pub is_sync: bool,
}

/// All samples of a track, delta-coded.
#[derive(Debug, Clone)]
pub struct Samples {
    stream: Vec<u8>,
    marks: Vec<Mark>,
    count: u32,
    unit: u32,
}

/// What reading has to know of the samples before.
#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    position: usize,
    decode: u64,
    end: u64,
    duration: u32,
    composition: i32,
}

/// Samples in their order of decoding.
#[derive(Debug, Clone)]
pub struct Frames<'a> {
    samples: &'a Samples,
    state: Mark,
    left: u32,
}

impl Samples {
    /// No samples yet; all ticks to come are multiples of the unit.
    pub(crate) fn new(unit: u32) -> Self {
        Self {
            stream: Vec::new(),
            marks: Vec::new(),
            count: 0,
            unit: unit.max(1),
        }
    }

    /// Number of samples.
    pub fn len(&self) -> u32 {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        self.stream.capacity() + self.marks.capacity() * size_of::<Mark>()
    }

    /// From this sample on; nothing when there are fewer.
    pub fn from(&self, first: u32) -> Frames<'_> {
        let first = first.min(self.count);
        let mark = first / STRIDE;
        let mut frames = Frames {
            samples: self,
            state: self.marks.get(mark as usize).copied().unwrap_or_default(),
            left: self.count - (mark * STRIDE).min(self.count),
        };
        for _ in 0..first % STRIDE {
            frames.next();
        }
        frames
    }

    pub(crate) fn shrink(&mut self) {
        self.stream.shrink_to_fit();
        self.marks.shrink_to_fit();
    }
}

/// What the samples are made by; it keeps the state that a reader will have.
#[derive(Debug)]
pub(crate) struct Builder {
    samples: Samples,
    state: Mark,
}

impl Builder {
    pub(crate) fn new(unit: u32) -> Self {
        Self {
            samples: Samples::new(unit),
            state: Mark::default(),
        }
    }

    /// Appends a sample; its time of decoding follows from those before.
    pub(crate) fn push(&mut self, frame: &Frame) {
        let samples = &mut self.samples;
        if samples.count.is_multiple_of(STRIDE) {
            self.state.position = samples.stream.len();
            samples.marks.push(self.state);
        }
        let duration = frame.duration / samples.unit;
        let composition = (frame.composition / i64::from(samples.unit)) as i32;
        let flag = |is_set: bool, flag: u64| if is_set { flag } else { 0 };
        let flags = flag(frame.is_sync, SYNC)
            | flag(duration != self.state.duration, NEW_DURATION)
            | flag(frame.offset != self.state.end, JUMP)
            | flag(composition != self.state.composition, NEW_COMPOSITION);
        write(&mut samples.stream, u64::from(frame.size) << 4 | flags);
        if flags & NEW_DURATION != 0 {
            write(&mut samples.stream, duration.into());
        }
        if flags & JUMP != 0 {
            let jump = frame.offset.wrapping_sub(self.state.end) as i64;
            write(&mut samples.stream, zigzag(jump));
        }
        if flags & NEW_COMPOSITION != 0 {
            write(&mut samples.stream, zigzag(composition.into()));
        }
        self.state.duration = duration;
        self.state.composition = composition;
        self.state.end = frame.offset + u64::from(frame.size);
        self.state.decode += u64::from(duration);
        samples.count += 1;
    }

    /// When the next sample would be decoded, in ticks.
    pub(crate) fn decode(&self) -> u64 {
        self.state.decode * u64::from(self.samples.unit)
    }

    pub(crate) fn finish(mut self) -> Samples {
        self.samples.shrink();
        self.samples
    }
}

impl Iterator for Frames<'_> {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        self.left = self.left.checked_sub(1)?;
        let state = &mut self.state;
        let stream = &self.samples.stream;
        let head = read(stream, &mut state.position);
        if head & NEW_DURATION != 0 {
            state.duration = read(stream, &mut state.position) as u32;
        }
        if head & JUMP != 0 {
            let jump = unzigzag(read(stream, &mut state.position));
            state.end = state.end.wrapping_add_signed(jump);
        }
        if head & NEW_COMPOSITION != 0 {
            state.composition = unzigzag(read(stream, &mut state.position)) as i32;
        }
        let unit = self.samples.unit;
        let frame = Frame {
            decode: state.decode * u64::from(unit),
            composition: i64::from(state.composition) * i64::from(unit),
            duration: state.duration * unit,
            size: (head >> 4) as u32,
            offset: state.end,
            is_sync: head & SYNC != 0,
        };
        state.end += u64::from(frame.size);
        state.decode += u64::from(state.duration);
        Some(frame)
    }
}

/// Seven bits to a byte, the lowest first.
fn write(stream: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        stream.push(value as u8 | 0x80);
        value >>= 7;
    }
    stream.push(value as u8);
}

fn read(stream: &[u8], position: &mut usize) -> u64 {
    let (mut value, mut shift) = (0, 0);
    while let Some(byte) = stream.get(*position) {
        *position += 1;
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}

fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}
