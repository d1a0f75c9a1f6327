//! The multivariant playlist: which renditions there are, and what each of them takes.

use std::fmt::Write;

use crate::codec::VideoRange;
use crate::rate::Rates;
use crate::storyboard::Storyboard;
use crate::uri::{Uri, quoted};

/// A picture, to be played with the sound of the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// Its media playlist.
    pub uri: Uri,
    /// Name of its coding.
    pub codec: String,
    /// Without sound.
    pub rates: Rates,
    /// Pixels on the screen.
    pub size: (u32, u32),
    /// Frames a second, as a fraction.
    pub frame_rate: (u32, u32),
    /// Dynamic range.
    pub range: VideoRange,
    /// The playlist of its key frames with rates of its own, where there is one.
    pub pictures: Option<(Uri, Rates)>,
}

/// A rendition of the sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sound {
    /// Its media playlist.
    pub uri: Uri,
    /// Name of its coding.
    pub codec: String,
    /// Alone.
    pub rates: Rates,
    /// For people.
    pub name: String,
    /// BCP 47; empty when unknown.
    pub language: String,
    /// Number of channels.
    pub channels: u16,
}

/// A rendition of subtitles as WebVTT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subtitle {
    /// Its media playlist.
    pub uri: Uri,
    /// For people.
    pub name: String,
    /// BCP 47; empty when unknown.
    pub language: String,
    /// Only what has to be understood by those who hear the sound: signs, another language.
    pub is_forced: bool,
    /// Says sounds, too, for those who do not hear them.
    pub is_descriptive: bool,
}

/// What subtitles for those who do not hear are said to be (4.4.6.1).
const DESCRIPTIVE: &str = ",CHARACTERISTICS=\"public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound\"";

/// All that a title has.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Multivariant {
    /// In the order in which players that do not measure try them: one of middling rate first.
    pub variants: Vec<Variant>,
    /// The first is the default.
    pub sounds: Vec<Sound>,
    /// None is shown unless chosen.
    pub subtitles: Vec<Subtitle>,
    /// The storyboard's playlist and its pictures.
    pub storyboard: Option<(Uri, Storyboard)>,
}

impl Multivariant {
    /// The playlist.
    pub fn text(&self) -> String {
        // 4.4.2.1: each segment begins with a key frame that nothing reaches across.
        let mut text = format!(
            "#EXTM3U\n#EXT-X-VERSION:{}\n#EXT-X-INDEPENDENT-SEGMENTS\n",
            super::VERSION
        );
        self.media(&mut text);
        for variant in &self.variants {
            self.variant(&mut text, variant);
        }
        if let [first, ..] = self.sounds.as_slice() {
            self.sound_alone(&mut text, first);
        }
        for variant in &self.variants {
            pictures(&mut text, variant);
        }
        if let Some((uri, storyboard)) = &self.storyboard {
            // Not of the RFC: "HLS Image Media Playlist Specification" 0.5; others ignore unknown tags (6.3.1).
            let (width, height) = storyboard.tile;
            let _ = writeln!(
                text,
                "#EXT-X-IMAGE-STREAM-INF:BANDWIDTH={},RESOLUTION={width}x{height},CODECS=\"jpeg\",URI=\"{}\"",
                storyboard.rate(),
                uri.as_str()
            );
        }
        text
    }

    /// 4.4.6.1.
    fn media(&self, text: &mut String) {
        for (place, sound) in self.sounds.iter().enumerate() {
            let default = if place == 0 { "YES" } else { "NO" };
            let _ = writeln!(
                text,
                "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME={}{},DEFAULT={default},AUTOSELECT=YES,CHANNELS=\"{}\",URI=\"{}\"",
                quoted(&sound.name),
                language(&sound.language),
                sound.channels,
                sound.uri.as_str()
            );
        }
        for subtitle in &self.subtitles {
            let _ = writeln!(
                text,
                "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"subtitles\",NAME={}{},DEFAULT=NO,AUTOSELECT=YES,FORCED={}{},URI=\"{}\"",
                quoted(&subtitle.name),
                language(&subtitle.language),
                if subtitle.is_forced { "YES" } else { "NO" },
                if subtitle.is_descriptive {
                    DESCRIPTIVE
                } else {
                    ""
                },
                subtitle.uri.as_str()
            );
        }
    }

    /// 4.4.6.2: rates with the heaviest sound of the group, codecs of everything that may come.
    fn variant(&self, text: &mut String, variant: &Variant) {
        let codecs = self.codecs(Some(&variant.codec));
        let Rates { peak, average } = variant.rates.with(self.heaviest());
        let (width, height) = variant.size;
        let _ = write!(
            text,
            "#EXT-X-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={average},CODECS={},RESOLUTION={width}x{height},FRAME-RATE={},VIDEO-RANGE={}",
            quoted(&codecs),
            rate(variant.frame_rate),
            variant.range.word()
        );
        if !self.sounds.is_empty() {
            text.push_str(",AUDIO=\"audio\"");
        }
        self.captions(text);
        let _ = writeln!(text, "{}", variant.uri.as_str());
    }

    /// A variant without a picture, for listening.
    fn sound_alone(&self, text: &mut String, first: &Sound) {
        let Rates { peak, average } = self.heaviest();
        let _ = write!(
            text,
            "#EXT-X-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={average},CODECS={},AUDIO=\"audio\"",
            quoted(&self.codecs(None))
        );
        self.captions(text);
        let _ = writeln!(text, "{}", first.uri.as_str());
    }

    fn captions(&self, text: &mut String) {
        if !self.subtitles.is_empty() {
            text.push_str(",SUBTITLES=\"subtitles\"");
        }
        // Said aloud, since players look for captions within the picture otherwise.
        text.push_str(",CLOSED-CAPTIONS=NONE\n");
    }

    /// Everything that may come with this picture.
    fn codecs(&self, picture: Option<&str>) -> String {
        let mut codecs = Vec::from_iter(picture);
        for sound in &self.sounds {
            if !codecs.contains(&sound.codec.as_str()) {
                codecs.push(&sound.codec);
            }
        }
        codecs.join(",")
    }

    fn heaviest(&self) -> Rates {
        let rates = self.sounds.iter().map(|sound| sound.rates);
        rates.fold(Rates::default(), Rates::or)
    }
}

/// 4.4.6.3, with the rates of the key frames and not those of the whole.
fn pictures(text: &mut String, variant: &Variant) {
    let Some((uri, rates)) = &variant.pictures else {
        return;
    };
    let (width, height) = variant.size;
    let _ = writeln!(
        text,
        "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH={},AVERAGE-BANDWIDTH={},CODECS={},RESOLUTION={width}x{height},VIDEO-RANGE={},URI=\"{}\"",
        rates.peak,
        rates.average,
        quoted(&variant.codec),
        variant.range.word(),
        uri.as_str()
    );
}

fn language(language: &str) -> String {
    if language.is_empty() || language == "und" {
        return String::new();
    }
    format!(",LANGUAGE={}", quoted(language))
}

/// Three decimals.
fn rate((frames, seconds): (u32, u32)) -> String {
    let thousandths =
        (u64::from(frames) * 1000 + u64::from(seconds) / 2) / u64::from(seconds.max(1));
    format!("{}.{:03}", thousandths / 1000, thousandths % 1000)
}
