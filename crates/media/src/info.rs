//! What a file is: its tracks, sizes, lengths and colours, typed.
//!
//! The data is as the probe reported it; nothing here is trusted to be true, and no text of it enters an argument
//! list except through a fixed table. Times are microseconds.

use std::collections::BTreeMap;

use crate::limits;

/// A file as the probe saw it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MediaInfo {
    /// FFmpeg's names of the container, joined by commas: `mov,mp4,m4a,3gp,3g2,mj2`.
    pub format_name: String,
    /// Length of the file; `None` for raw streams and pictures.
    pub duration_us: Option<u64>,
    /// When it begins; FFmpeg counts from there.
    pub start_us: Option<i64>,
    /// Bytes.
    pub size: Option<u64>,
    /// Bits per second of everything together.
    pub bit_rate: Option<u64>,
    /// The tracks, in the order of their index.
    pub streams: Vec<Stream>,
    /// Number of chapters.
    pub chapters: usize,
    /// Tags of the file, shortened.
    pub tags: BTreeMap<String, String>,
}

/// One track.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stream {
    /// The number FFmpeg maps it by.
    pub index: u32,
    /// FFmpeg's name of the codec; empty when it knows none.
    pub codec: String,
    /// The codec's profile, as words.
    pub profile: Option<String>,
    /// Length of this track; shorter than the file's in many recordings.
    pub duration_us: Option<u64>,
    /// When it begins.
    pub start_us: Option<i64>,
    /// Bits per second.
    pub bit_rate: Option<u64>,
    /// Number of frames, where the container counts them.
    pub frames: Option<u64>,
    /// A cover, not a video.
    pub is_attached_picture: bool,
    /// The track players choose.
    pub is_default: bool,
    /// Subtitles of what the sound alone does not tell: signs, another language.
    pub is_forced: bool,
    /// Subtitles that tell sounds, too, for who does not hear them.
    pub is_descriptive: bool,
    /// Tags of the track, shortened.
    pub tags: BTreeMap<String, String>,
    /// What it carries.
    pub kind: Kind,
}

/// What a track carries.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Kind {
    /// Pictures.
    Video(Video),
    /// Sound.
    Audio(Audio),
    /// Subtitles, as text or as pictures.
    Subtitle,
    /// A file inside the file, such as a font.
    Attachment,
    /// Anything else: timed metadata, ad markers.
    #[default]
    Data,
}

/// The picture of a track.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Video {
    /// Pixels as stored, before rotation.
    pub width: u32,
    /// Pixels as stored, before rotation.
    pub height: u32,
    /// Shape of one pixel; 1:1 when nothing is said or when it is absurd.
    pub sample_aspect: Ratio,
    /// Degrees that a player turns it by: 0, 90, 180 or 270.
    pub rotation: u32,
    /// FFmpeg's name of the pixel format.
    pub pixel_format: Option<String>,
    /// Bits per sample, 8 when nothing else is known.
    pub bit_depth: u32,
    /// Frames or fields.
    pub scan: Scan,
    /// Frames divided by length.
    pub average_rate: Option<Ratio>,
    /// The finest rate at which all timestamps can be written; a time base in recordings of variable rate.
    pub nominal_rate: Option<Ratio>,
    /// Meaning of the sample values.
    pub color: Color,
    /// Dolby Vision profile, when there is a record of one.
    pub dolby_vision: Option<u8>,
    /// What the picture beneath Dolby Vision is by itself: 0 nothing that can be shown, 1 HDR10, 2 SDR, 4 HLG, 6 HDR10.
    pub dolby_base: Option<u8>,
    /// HDR10 metadata of the track, ready for an encoder.
    pub mastering: Option<Mastering>,
}

/// Whether a picture is frames or pairs of fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scan {
    /// Not said.
    #[default]
    Unknown,
    /// Whole frames.
    Progressive,
    /// Two fields per frame.
    Interlaced,
}

/// Colour description, as FFmpeg names it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Color {
    /// `tv` or `pc`.
    pub range: Option<String>,
    /// Matrix, such as `bt709` or `bt2020nc`.
    pub space: Option<String>,
    /// Transfer function, such as `bt709`, `smpte2084` (PQ) or `arib-std-b67` (HLG).
    pub transfer: Option<String>,
    /// Primaries.
    pub primaries: Option<String>,
}

/// Mastering display and light levels, in the units encoders take: 0.00002 of chromaticity, 0.0001 cd/m2.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mastering {
    /// Green, blue, red and white point, each x and y.
    pub points: [(u32, u32); 4],
    /// Largest and smallest luminance.
    pub luminance: (u32, u32),
    /// Largest content and frame average light level, cd/m2.
    pub light: Option<(u32, u32)>,
}

/// The sound of a track.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Audio {
    /// Samples a second.
    pub sample_rate: u32,
    /// Number of channels.
    pub channels: u32,
    /// FFmpeg's name of their arrangement.
    pub layout: Option<String>,
}

/// A fraction whose parts are not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    /// Upper part.
    pub num: u32,
    /// Lower part.
    pub den: u32,
}

/// Width and height in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
}

impl MediaInfo {
    /// The picture that counts: the default one, else the first, never a cover.
    pub fn first_video(&self) -> Option<(&Stream, &Video)> {
        let real = || {
            self.streams
                .iter()
                .filter(|stream| !stream.is_attached_picture)
        };
        let videos = || real().filter_map(|stream| stream.video().map(|video| (stream, video)));
        videos()
            .find(|(stream, _)| stream.is_default)
            .or_else(|| videos().next())
    }

    /// Moving pictures, without covers.
    pub fn videos(&self) -> impl Iterator<Item = &Stream> {
        self.streams
            .iter()
            .filter(|stream| stream.video().is_some() && !stream.is_attached_picture)
    }

    /// All sound tracks.
    pub fn audio(&self) -> impl Iterator<Item = (&Stream, &Audio)> {
        self.streams.iter().filter_map(|stream| match &stream.kind {
            Kind::Audio(audio) => Some((stream, audio)),
            _ => None,
        })
    }

    /// The sound that counts: the default one, else the first.
    pub fn first_audio(&self) -> Option<(&Stream, &Audio)> {
        self.audio()
            .find(|(stream, _)| stream.is_default)
            .or_else(|| self.audio().next())
    }

    /// All subtitle tracks.
    pub fn subtitles(&self) -> impl Iterator<Item = &Stream> {
        self.streams
            .iter()
            .filter(|stream| stream.kind == Kind::Subtitle)
    }

    /// Files inside the file.
    pub fn attachments(&self) -> impl Iterator<Item = &Stream> {
        self.streams
            .iter()
            .filter(|stream| stream.kind == Kind::Attachment)
    }

    /// The first cover.
    pub fn cover(&self) -> Option<&Stream> {
        self.covers().next()
    }

    /// Covers that are pictures which other containers take too.
    pub fn covers(&self) -> impl Iterator<Item = &Stream> {
        self.streams.iter().filter(|stream| {
            stream.is_attached_picture && matches!(stream.codec.as_str(), "mjpeg" | "png")
        })
    }

    /// Size on the screen of the picture that counts.
    pub fn display_size(&self) -> Option<Size> {
        self.first_video().map(|(_, video)| video.display_size())
    }

    /// Whether the picture that counts is HDR (PQ or HLG).
    pub fn is_hdr(&self) -> bool {
        self.first_video().is_some_and(|(_, video)| video.is_hdr())
    }

    /// Whether the picture that counts has a variable frame rate.
    pub fn is_vfr(&self) -> bool {
        self.first_video().is_some_and(|(_, video)| video.is_vfr())
    }

    /// When the first of its tracks begins; broadcasts count from anywhere.
    pub(crate) fn begin_us(&self) -> i64 {
        let heard = self
            .streams
            .iter()
            .filter(|stream| !matches!(stream.kind, Kind::Data | Kind::Attachment));
        heard
            .filter(|stream| !stream.is_attached_picture)
            .filter_map(|stream| stream.start_us)
            .min()
            .unwrap_or(0)
    }

    /// From the beginning of the first of these tracks to the end of the last, if all lengths are known.
    pub(crate) fn length_of<'a>(&self, tracks: impl Iterator<Item = &'a Stream>) -> Option<u64> {
        let begin = self.begin_us();
        let ends = tracks.map(|stream| Some(stream.after(begin) + stream.duration_us?));
        ends.collect::<Option<Vec<_>>>()?.into_iter().max()
    }

    /// Whether one of the container's names is this one.
    pub fn is_format(&self, name: &str) -> bool {
        self.format_name.split(',').any(|each| each == name)
    }
}

impl Stream {
    /// The picture, covers included.
    pub fn video(&self) -> Option<&Video> {
        match &self.kind {
            Kind::Video(video) => Some(video),
            _ => None,
        }
    }

    /// How long after this time it begins.
    pub(crate) fn after(&self, begin_us: i64) -> u64 {
        u64::try_from(self.start_us.unwrap_or(begin_us) - begin_us).unwrap_or(0)
    }

    /// Subtitles made of pictures, which MP4 and WebM cannot hold.
    pub fn is_bitmap_subtitle(&self) -> bool {
        matches!(
            self.codec.as_str(),
            "hdmv_pgs_subtitle" | "dvd_subtitle" | "dvb_subtitle" | "xsub"
        )
    }

    /// Subtitles made of text, which FFmpeg can turn into one another.
    pub fn is_text_subtitle(&self) -> bool {
        const TEXT: [&str; 9] = [
            "subrip",
            "srt",
            "mov_text",
            "ass",
            "ssa",
            "webvtt",
            "text",
            "subviewer",
            "microdvd",
        ];
        TEXT.contains(&self.codec.as_str())
    }
}

impl Video {
    /// Size on the screen, in square pixels and after rotation.
    pub fn display_size(&self) -> Size {
        let width = f64::from(self.width) * self.sample_aspect.value();
        let upright = Size {
            width: (width.round() as u32).max(1),
            height: self.height,
        };
        upright.turned(self.rotation)
    }

    /// Pixels after rotation, whatever their shape.
    pub fn turned_size(&self) -> Size {
        Size {
            width: self.width,
            height: self.height,
        }
        .turned(self.rotation)
    }

    /// Shape of one pixel after rotation.
    pub fn turned_aspect(&self) -> Ratio {
        let Ratio { num, den } = self.sample_aspect;
        if is_quarter_turn(self.rotation) {
            Ratio { num: den, den: num }
        } else {
            self.sample_aspect
        }
    }

    /// PQ or HLG.
    pub fn is_hdr(&self) -> bool {
        matches!(
            self.color.transfer.as_deref(),
            Some("smpte2084" | "arib-std-b67")
        )
    }

    /// The average and the nominal rate disagree, or the nominal one is none.
    pub fn is_vfr(&self) -> bool {
        let Some(nominal) = self.nominal_rate else {
            return false;
        };
        // 1080i is nominally twice its average: fields, not variable frames.
        let fields = if self.scan == Scan::Interlaced {
            2.0
        } else {
            1.0
        };
        let is_near = |average: Ratio| {
            let ratio = nominal.value() / average.value();
            (ratio - 1.0).abs() < 0.01 || (ratio - fields).abs() < 0.01
        };
        nominal.value() > limits::FRAME_RATE || !self.average_rate.is_some_and(is_near)
    }

    /// Frames a second to reckon with; never more than a rate can be.
    pub fn frames_per_second(&self) -> Option<f64> {
        let is_rate = |ratio: &f64| (0.01..=limits::FRAME_RATE).contains(ratio);
        let average = self.average_rate.map(Ratio::value).filter(is_rate);
        average.or_else(|| self.nominal_rate.map(Ratio::value).filter(is_rate))
    }
}

impl Size {
    /// Width and height exchanged for a quarter turn.
    pub fn turned(self, rotation: u32) -> Self {
        if is_quarter_turn(rotation) {
            Self {
                width: self.height,
                height: self.width,
            }
        } else {
            self
        }
    }

    /// Number of pixels.
    pub fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// Width divided by height.
    pub fn ratio(self) -> f64 {
        f64::from(self.width) / f64::from(self.height.max(1))
    }
}

impl Ratio {
    /// One to one.
    pub const ONE: Self = Self { num: 1, den: 1 };

    /// The quotient.
    pub fn value(self) -> f64 {
        f64::from(self.num) / f64::from(self.den.max(1))
    }
}

impl Default for Ratio {
    fn default() -> Self {
        Self::ONE
    }
}

fn is_quarter_turn(rotation: u32) -> bool {
    rotation % 180 == 90
}
