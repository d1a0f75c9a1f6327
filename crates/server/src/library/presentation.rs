//! What is played of a title: its renditions, each a track of a file that is cut where it lies.

use super::limits::LONGEST_SEGMENT_MS;
use super::reading::duration_ms;
use super::subtitle::Subtitle;
use kinora_stream::codec::Kind;
use kinora_stream::cut::{self, Cut, Targets};
use kinora_stream::fragment::{self, Segment};
use kinora_stream::index::Track;
use kinora_stream::storyboard::Storyboard;
use kinora_stream::{Fault, Index};

/// Which file a rendition is cut out of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The title's own.
    Source,
    /// One that was made of it, by its name.
    Made(String),
    /// This part of slots that are made when somebody waits for them: each has files of its own.
    Slots(Part),
}

/// A part of a title that is made slot by slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// What is seen.
    Picture,
    /// What is heard, by its place among all sounds.
    Sound(usize),
}

impl Part {
    /// The picture, and so many sounds.
    pub(crate) fn all(sounds: usize) -> impl Iterator<Item = Self> {
        std::iter::once(Self::Picture).chain((0..sounds).map(Self::Sound))
    }

    /// Its place among all.
    pub(crate) fn place(self) -> usize {
        match self {
            Self::Picture => 0,
            Self::Sound(place) => place + 1,
        }
    }
}

/// A track, ready to be sent.
#[derive(Debug)]
pub(crate) struct Rendition {
    /// As it stands in addresses.
    pub(crate) name: String,
    pub(crate) origin: Origin,
    /// Lines as people call them, the shorter side; 0 for sound.
    pub(crate) height: u32,
    pub(crate) track: Track,
    pub(crate) cuts: Vec<Cut>,
    /// Key frames alone; none for sound.
    pub(crate) pictures: Vec<Cut>,
}

/// All that a title has.
#[derive(Debug, Default)]
pub(crate) struct Presentation {
    /// Lowest first, those that were made before the title's own.
    pub(crate) videos: Vec<Rendition>,
    /// What was made in AV1 beside them, for players that know it; lowest first.
    pub(crate) av1: Vec<Rendition>,
    /// The first is the default.
    pub(crate) sounds: Vec<Rendition>,
    /// The first sound once more, cut where renditions that were made are cut, for the staged title.
    pub(crate) staged_sound: Option<Rendition>,
    pub(crate) subtitles: Vec<Subtitle>,
    pub(crate) storyboard: Option<Storyboard>,
    pub(crate) duration_ms: u64,
    /// Bytes that the indexes take.
    pub(crate) memory: usize,
}

/// How a segment is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As it is.
    Plain,
    /// With its parameter sets within, for staged titles.
    Staged,
    /// Its key frame alone.
    Picture,
}

/// The pieces that a title begins with are those of one group of pictures each, so that it starts soon; later ones are
/// longer, so that there are fewer requests.
fn targets() -> Targets {
    Targets::new(vec![2000, 2000, 4000]).unwrap_or_default()
}

impl Rendition {
    fn video(name: String, origin: Origin, track: Track) -> Result<Self, Fault> {
        let cuts = cut::video(&track, &targets(), &[])?;
        let pictures = cut::pictures(&track, &cuts, &[])?;
        let (width, height) = track.display_size().unwrap_or_default();
        Ok(Self {
            name,
            origin,
            height: width.min(height),
            track,
            cuts,
            pictures,
        })
    }

    fn sound(name: String, origin: Origin, track: Track, video: &Self) -> Result<Self, Fault> {
        let starts = video.cuts.iter().map(|cut| cut.start);
        let cuts = cut::audio(&track, starts, video.track.timescale)?;
        Ok(Self {
            name,
            origin,
            height: 0,
            track,
            cuts,
            pictures: Vec::new(),
        })
    }

    /// The initialisation section.
    pub(crate) fn initialisation(&self, form: Form) -> Vec<u8> {
        match form {
            Form::Staged => fragment::initialisation(&self.track, &self.track.codec.in_band()),
            Form::Plain | Form::Picture => fragment::initialisation(&self.track, &self.track.codec),
        }
    }

    /// The segment with this number, counted from 1; `None` where there is none.
    pub(crate) fn segment(&self, number: u32, form: Form) -> Option<Result<Segment, Fault>> {
        let place = usize::try_from(number.checked_sub(1)?).ok()?;
        let cut = self.cuts.get(place)?;
        let range = cut.first..cut.first + cut.count;
        Some(match form {
            Form::Plain => fragment::media(&self.track, range, number, &[]),
            Form::Staged => {
                let codec = self.track.codec.in_band();
                fragment::media(&self.track, range, number, codec.parameter_sets())
            }
            Form::Picture => {
                let picture = self.pictures.get(place)?;
                let length = u32::try_from(picture.duration).unwrap_or(u32::MAX);
                fragment::picture(&self.track, picture.first, length, &[])
            }
        })
    }

    fn longest_ms(&self) -> u64 {
        let longest = self.cuts.iter().map(|cut| cut.duration).max().unwrap_or(0);
        longest.saturating_mul(1000) / u64::from(self.track.timescale.max(1))
    }
}

impl Presentation {
    /// Of a file that browsers play.
    ///
    /// # Errors
    /// Why they do not, or why it cannot be cut.
    pub(crate) fn of_source(index: Index) -> Result<Self, Fault> {
        let mut presentation = Self {
            duration_ms: duration_ms(index.tracks.iter()),
            memory: index.memory(),
            ..Self::default()
        };
        if let Some((_, fault)) = index.refused.into_iter().next() {
            return Err(fault);
        }
        let (mut videos, sounds): (Vec<Track>, Vec<Track>) =
            index.tracks.into_iter().partition(Track::is_video);
        if videos.is_empty() {
            return Err(Fault::Unsupported("it has no picture"));
        }
        let track = videos.swap_remove(0);
        if !track.codec.is_common || sounds.iter().any(|sound| !sound.codec.is_common) {
            return Err(Fault::Unsupported("browsers do not know its coding"));
        }
        let video = Rendition::video("v".to_owned(), Origin::Source, track)?;
        if video.longest_ms() > LONGEST_SEGMENT_MS {
            return Err(Fault::Unsupported(
                "its key frames are too far from each other",
            ));
        }
        for (place, sound) in sounds.into_iter().enumerate() {
            let name = format!("a{place}");
            let sound = Rendition::sound(name, Origin::Source, sound, &video)?;
            presentation.sounds.push(sound);
        }
        presentation.videos.push(video);
        Ok(presentation)
    }

    /// Adds a picture that was made, from the index of its file.
    ///
    /// # Errors
    /// When it cannot be cut.
    pub(crate) fn add_picture(&mut self, file: &str, tag: &str, index: Index) -> Result<(), Fault> {
        let video = self.picture(file, tag, index)?;
        insert(&mut self.videos, video);
        Ok(())
    }

    /// The same of one in AV1, which is chosen only by players that know it.
    ///
    /// # Errors
    /// When it cannot be cut.
    pub(crate) fn add_av1(&mut self, file: &str, tag: &str, index: Index) -> Result<(), Fault> {
        let video = self.picture(file, tag, index)?;
        insert(&mut self.av1, video);
        Ok(())
    }

    fn picture(&mut self, file: &str, tag: &str, index: Index) -> Result<Rendition, Fault> {
        self.memory += index.memory();
        let track = index.tracks.into_iter().find(Track::is_video);
        let track = track.ok_or(Fault::Unsupported("it has no picture"))?;
        self.duration_ms = self.duration_ms.max(duration_ms([&track].into_iter()));
        let made = Origin::Made(file.to_owned());
        let stem = file.trim_end_matches(".mp4");
        let mut video = Rendition::video(format!("v{stem}-{tag}"), made, track)?;
        // An odd side is made even, and keeps its name.
        let lines = stem.split('-').next().unwrap_or(stem);
        video.height = lines.parse().unwrap_or(video.height);
        Ok(video)
    }

    /// Adds sound that was made; cut like the first picture, which must be there.
    ///
    /// # Errors
    /// When it cannot be cut.
    pub(crate) fn add_sound(&mut self, file: &str, tag: &str, index: Index) -> Result<(), Fault> {
        self.memory += index.memory();
        let video = self.videos.first();
        let video = video.ok_or(Fault::Unsupported("it has no picture"))?;
        let track = index.tracks.into_iter().next();
        let track = track.ok_or(Fault::Unsupported("it has no sound"))?;
        let name = format!("{}-{tag}", file.trim_end_matches(".mp4"));
        let sound = Rendition::sound(name, Origin::Made(file.to_owned()), track, video)?;
        self.sounds.push(sound);
        Ok(())
    }

    /// Cuts the sound for the staged title, when all pictures and sounds have been added.
    ///
    /// # Errors
    /// When it cannot be cut.
    pub(crate) fn stage_sound(&mut self) -> Result<(), Fault> {
        let made = self
            .videos
            .iter()
            .find(|each| matches!(each.origin, Origin::Made(_)));
        let (Some(made), Some(sound)) = (made, self.sounds.first()) else {
            return Ok(());
        };
        // Its address says along which picture it was cut.
        let name = format!("t{}", made.name);
        let (origin, track) = (sound.origin.clone(), sound.track.clone());
        self.staged_sound = Some(Rendition::sound(name, origin, track, made)?);
        Ok(())
    }

    /// Whether all pictures begin their segments at the same times.
    pub(crate) fn is_aligned(&self) -> bool {
        let all = || self.videos.iter().chain(&self.av1);
        let pairs = all().zip(all().skip(1));
        pairs.into_iter().all(|(a, b)| {
            let times = |each: &Rendition| each.track.timescale;
            cut::is_aligned((&a.cuts, times(a)), (&b.cuts, times(b)))
        })
    }

    /// The subtitles of that name.
    pub(crate) fn find_words(&self, name: &str) -> Option<&Subtitle> {
        self.subtitles.iter().find(|each| each.name == name)
    }

    /// The rendition of that name.
    pub(crate) fn find(&self, name: &str) -> Option<&Rendition> {
        let all = self.videos.iter().chain(&self.av1).chain(&self.sounds);
        let all = all.chain(&self.staged_sound);
        all.into_iter().find(|each| each.name == name)
    }
}

/// Lowest first; before what is as high and was there already.
fn insert(all: &mut Vec<Rendition>, video: Rendition) {
    let place = all.partition_point(|other| other.height < video.height);
    all.insert(place, video);
}

/// Whether a track is shown, and how large it is.
pub(crate) fn size(track: &Track) -> (u32, u32) {
    match track.codec.kind {
        Kind::Video { .. } => track.display_size().unwrap_or_default(),
        Kind::Audio { .. } => (0, 0),
    }
}
