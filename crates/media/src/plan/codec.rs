//! The codecs that `compress` makes a picture into.

/// What the picture becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// In eight bits; plays everywhere.
    H264,
    /// In the source's eight or ten bits.
    Hevc,
    /// Always in ten bits, which cost nothing and show fewer bands.
    Av1,
}

impl Codec {
    /// FFmpeg's name of the encoder.
    pub fn encoder(self) -> &'static str {
        match self {
            Self::H264 => "libx264",
            Self::Hevc => "libx265",
            Self::Av1 => "libsvtav1",
        }
    }

    /// FFmpeg's name of the codec.
    pub fn name(self) -> &'static str {
        match self {
            Self::H264 => "h264",
            Self::Hevc => "hevc",
            Self::Av1 => "av1",
        }
    }
}
