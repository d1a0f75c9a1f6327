//! `audio`: the sound alone, with its tags and its cover.

use serde_json::{Map, Value};

use crate::fault::Fault;
use crate::info::{Audio, MediaInfo, Stream};
use crate::operation::form::Form;
use crate::operation::table::{Row, Value as Kind, parameter};
use crate::plan::command::Command;
use crate::plan::{Context, Expectation, Plan, encode};

/// What help says.
pub(crate) const ROW: Row = Row {
    name: "audio",
    summary: "Extract the sound.",
    parameters: &[
        parameter(
            "format",
            Kind::Choice(&["mp3", "opus", "aac", "flac", "wav"]),
            "the format; mp3 when nothing is set",
        ),
        parameter(
            "quality",
            Kind::Integer(0, 9),
            "variable bit rate, 0 is best; 2 when nothing is set; not for flac and wav",
        ),
        parameter(
            "bitrate",
            Kind::Integer(8_000, 510_000),
            "bits per second, instead of quality; not for flac and wav",
        ),
    ],
    example: r#"{"format": "mp3", "quality": 2}"#,
};

/// Options of `audio`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The format.
    pub format: Format,
    /// How much it may cost; `None` for lossless formats and when nothing was asked for.
    pub rate: Option<Rate>,
}

/// Formats of sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// MPEG layer 3.
    Mp3,
    /// Opus in Ogg.
    Opus,
    /// AAC in MP4.
    Aac,
    /// FLAC, lossless.
    Flac,
    /// Raw samples.
    Wav,
}

/// How much sound may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    /// Variable, 0 is best, 9 is smallest.
    Quality(u32),
    /// Bits per second.
    Bits(u64),
}

const FORMATS: &[(&str, Format)] = &[
    ("mp3", Format::Mp3),
    ("opus", Format::Opus),
    ("aac", Format::Aac),
    ("flac", Format::Flac),
    ("wav", Format::Wav),
];

/// Bits per second of two channels for the qualities 0 to 9, where the encoder has no such scale of its own.
const OPUS_BITS: [u64; 10] = [
    192_000, 160_000, 128_000, 112_000, 96_000, 80_000, 64_000, 48_000, 40_000, 32_000,
];
const AAC_BITS: [u64; 10] = [
    256_000, 224_000, 192_000, 160_000, 144_000, 128_000, 112_000, 96_000, 80_000, 64_000,
];

impl Options {
    pub(crate) fn read(form: &mut Form<'_>) -> Result<Self, Fault> {
        let format = form.choice("format", FORMATS)?.unwrap_or(Format::Mp3);
        let quality = form.integer("quality", 0, 9)?;
        let bits = form.integer("bitrate", 8_000, 510_000)?;
        let rate = match (quality, bits) {
            (Some(_), Some(_)) => {
                return Err(form.disagree(
                    "quality and bitrate exclude each other",
                    "Give either quality or bitrate.",
                ));
            }
            (Some(quality), None) => Some(Rate::Quality(quality as u32)),
            (None, bits) => bits.map(Rate::Bits),
        };
        if rate.is_some() && matches!(format, Format::Flac | Format::Wav) {
            return Err(form.disagree(
                "flac and wav are lossless, they have no quality",
                "Leave out quality and bitrate, or choose mp3, opus or aac.",
            ));
        }
        if format == Format::Mp3 && bits.is_some_and(|bits| bits > 320_000) {
            return Err(form.disagree(
                "mp3 ends at 320000 bits per second",
                "Set bitrate to 320000 or less, or choose opus or aac.",
            ));
        }
        Ok(Self { format, rate })
    }

    pub(crate) fn write(&self, form: &mut Map<String, Value>) {
        let word = FORMATS
            .iter()
            .find(|(_, format)| *format == self.format)
            .map(|(word, _)| *word);
        form.insert("format".into(), word.into());
        match self.rate {
            Some(Rate::Quality(quality)) => drop(form.insert("quality".into(), quality.into())),
            Some(Rate::Bits(bits)) => drop(form.insert("bitrate".into(), bits.into())),
            None => {}
        }
    }

    pub(crate) fn plan(&self, info: &MediaInfo, context: &Context<'_>) -> Result<Plan, Fault> {
        let (stream, audio) = info.first_audio().ok_or(Fault::NoAudio)?;
        let mut notes = Vec::new();
        if info.audio().count() > 1 {
            notes.push("The file has several audio tracks; the main one was taken.".into());
        }
        let cover = info.cover().filter(|_| self.format.takes_cover());
        if info.cover().is_some() && cover.is_none() {
            notes.push("The cover was left out; this format has no place for it.".into());
        }
        let mut command = Command::new(info, context, None);
        command.map(stream.index);
        if let Some(cover) = cover {
            command.map(cover.index);
            command.words(&["-c:v:0", "copy", "-disposition:v:0", "attached_pic"]);
        } else {
            command.words(&["-vn"]);
        }
        self.push_codec(&mut command, stream, audio, context, &mut notes)?;
        self.push_tags(&mut command, info, stream);
        let expect = Expectation {
            videos: Some(0),
            audios: Some(1),
            duration_us: stream.duration_us.or(info.duration_us),
            ..Expectation::default()
        };
        let (muxer, extension) = self.format.container();
        Ok(Plan {
            steps: vec![command.write(muxer, "encoding", 1.0)],
            extension: extension.into(),
            duration_us: expect.duration_us,
            notes,
            never_larger: false,
            expect,
        })
    }

    fn push_codec(
        &self,
        command: &mut Command,
        stream: &Stream,
        audio: &Audio,
        context: &Context<'_>,
        notes: &mut Vec<String>,
    ) -> Result<(), Fault> {
        if self.rate.is_none() && self.format.is(&stream.codec) {
            notes.push("The sound has this format already; it was taken as it is.".into());
            command.words(&["-c:a:0", "copy"]);
            return Ok(());
        }
        let encoder = self.format.encoder(&stream.codec);
        encode::require(context, encoder)?;
        command.pair("-c:a:0", encoder);
        let channels = self.format.channels(audio);
        if channels != audio.channels {
            command.pair("-ac:a:0", channels);
            notes.push(format!(
                "The {} channels were mixed to {channels}.",
                audio.channels
            ));
        }
        match (self.format, self.rate.unwrap_or(Rate::Quality(2))) {
            (Format::Flac | Format::Wav, _) => {}
            (Format::Mp3, Rate::Quality(quality)) => command.pair("-q:a:0", quality),
            (Format::Opus, Rate::Quality(quality)) => {
                command.pair("-b:a:0", for_channels(OPUS_BITS, quality, channels))
            }
            (Format::Aac, Rate::Quality(quality)) => {
                command.pair("-b:a:0", for_channels(AAC_BITS, quality, channels))
            }
            (_, Rate::Bits(bits)) => command.pair("-b:a:0", bits),
        }
        Ok(())
    }

    fn push_tags(&self, command: &mut Command, info: &MediaInfo, stream: &Stream) {
        command.words(&["-dn", "-sn", "-map_metadata", "0"]);
        if info.is_format("ogg") {
            // Ogg keeps the title with the track. The first map wins where both say something.
            command.pair("-map_metadata", format!("0:s:{}", stream.index));
        }
        command.words(&["-map_chapters", "0"]);
        match self.format {
            // Windows reads version 3 only; the Xing header tells players the length of variable rates.
            Format::Mp3 => command.words(&["-id3v2_version", "3", "-write_xing", "1"]),
            Format::Aac | Format::Opus | Format::Flac | Format::Wav => {}
        }
    }
}

impl Format {
    fn is(self, codec: &str) -> bool {
        match self {
            Self::Mp3 => codec == "mp3",
            Self::Opus => codec == "opus",
            Self::Aac => codec == "aac",
            Self::Flac => codec == "flac",
            Self::Wav => matches!(
                codec,
                "pcm_s16le" | "pcm_s24le" | "pcm_s32le" | "pcm_u8" | "pcm_f32le"
            ),
        }
    }

    fn encoder(self, source: &str) -> &'static str {
        match self {
            Self::Mp3 => "libmp3lame",
            Self::Opus => "libopus",
            Self::Aac => "aac",
            Self::Flac => "flac",
            Self::Wav
                if matches!(
                    source,
                    "pcm_s24be"
                        | "pcm_s32be"
                        | "pcm_f32be"
                        | "pcm_bluray"
                        | "alac"
                        | "mlp"
                        | "truehd"
                ) =>
            {
                "pcm_s24le"
            }
            Self::Wav => "pcm_s16le",
        }
    }

    /// Muxer and ending. `ipod` is MP4 with the marks of M4A.
    fn container(self) -> (&'static str, &'static str) {
        match self {
            Self::Mp3 => ("mp3", "mp3"),
            Self::Opus => ("opus", "opus"),
            Self::Aac => ("ipod", "m4a"),
            Self::Flac => ("flac", "flac"),
            Self::Wav => ("wav", "wav"),
        }
    }

    fn takes_cover(self) -> bool {
        matches!(self, Self::Mp3 | Self::Aac | Self::Flac)
    }

    /// MP3 has two channels; the others eight, and their encoders differ in which arrangements they know.
    fn channels(self, audio: &Audio) -> u32 {
        match self {
            Self::Mp3 => audio.channels.min(2),
            Self::Opus | Self::Aac
                if !matches!(
                    audio.layout.as_deref(),
                    Some("mono" | "stereo" | "5.1" | "7.1")
                ) =>
            {
                audio.channels.min(2)
            }
            Self::Flac if audio.channels > 8 => 2,
            _ => audio.channels,
        }
    }
}

fn for_channels(bits: [u64; 10], quality: u32, channels: u32) -> u64 {
    let stereo = bits[quality.min(9) as usize];
    (stereo * u64::from(channels.clamp(1, 8)) / 2).max(24_000)
}
