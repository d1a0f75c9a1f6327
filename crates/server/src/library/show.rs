//! What is known of a title that is made slot by slot: how it is divided, what each slot takes, and what players are told.
//!
//! Of slots that have not been made nobody knows what they take. As long as few have been, the most that the encoder may use
//! is declared; later what those have taken that are there, which is how RFC 8216bis (4.4.6.2) wants it of a title that is
//! not encoded yet; and when all are there, what was measured.

use super::presentation::{Origin, Part, Rendition, size};
use kinora_media::ladder::Slots;
use kinora_media::ladder::slots::PACKET;
use kinora_stream::cut::Cut;
use kinora_stream::index::Track;

/// What the names of renditions begin with that are made slot by slot.
pub(crate) const NOW: &str = "now-";
/// So many slots say what the others will be like: half a minute.
const REPRESENTATIVE: usize = 15;
/// Bits a second of a sound, and what its packets take beside them.
const SOUND_BITS: u64 = 131_000;

/// One title.
#[derive(Clone, Debug)]
pub(super) struct Show {
    pub(super) slots: Slots,
    /// Another one for another way of making them.
    pub(super) tag: String,
    /// The lowest of the heights that are made of it.
    pub(super) height: u32,
    /// The most that its picture takes for long, kbit/s; the buffer of its decoder is twice as many kbit.
    pub(super) largest_kbit: u32,
    /// Tracks of any slot, which are alike in all: those of its parts, in order. None until one was made.
    pub(super) tracks: Vec<Track>,
    pub(super) sizes: Sizes,
}

/// Bytes that are sent of each part of each slot.
#[derive(Clone, Debug)]
pub(super) struct Sizes {
    parts: usize,
    /// 0 of a slot that has not been made.
    bytes: Vec<u32>,
}

impl Sizes {
    /// Of so many slots of a picture and so many sounds, none of which has been made.
    pub(super) fn new(slots: u32, sounds: usize) -> Self {
        let parts = sounds + 1;
        let slots = usize::try_from(slots).unwrap_or(usize::MAX);
        Self {
            parts,
            bytes: vec![0; slots.saturating_mul(parts)],
        }
    }

    fn of_slot(&self, slot: u32) -> &[u32] {
        let begin = usize::try_from(slot).unwrap_or(usize::MAX);
        let begin = begin.saturating_mul(self.parts);
        self.bytes
            .get(begin..begin.saturating_add(self.parts))
            .unwrap_or_default()
    }

    /// Whether it has been made.
    pub(super) fn has(&self, slot: u32) -> bool {
        self.of_slot(slot).first().is_some_and(|bytes| *bytes > 0)
    }

    /// It is there, and takes so much.
    pub(super) fn set(&mut self, slot: u32, sizes: &[u32]) {
        let begin = usize::try_from(slot).unwrap_or(usize::MAX);
        let places = self.bytes.iter_mut().skip(begin.saturating_mul(self.parts));
        for (place, size) in places.zip(sizes) {
            *place = *size;
        }
    }

    /// Which have been made.
    pub(super) fn made(&self) -> impl Iterator<Item = u32> {
        let slots = (0..).zip(self.bytes.chunks(self.parts));
        slots
            .filter_map(|(slot, sizes)| sizes.first().is_some_and(|size| *size > 0).then_some(slot))
    }
}

impl Show {
    /// The picture, and all sounds.
    pub(super) fn parts(&self) -> impl Iterator<Item = Part> + use<> {
        Part::all(self.slots.sounds.len())
    }

    /// What is said of all of it: another one whenever twice as much is known, or all.
    pub(super) fn state(&self) -> String {
        let made = self.sizes.made().count();
        match made == self.slots.count() as usize {
            true => format!("{}-whole", self.tag),
            false => format!("{}-{}", self.tag, made.checked_ilog2().unwrap_or(0)),
        }
    }

    /// The first slot from this one on that is there, or the end.
    pub(super) fn end_of_gap(&self, slot: u32) -> u32 {
        let end = self.slots.count();
        (slot..end)
            .find(|next| self.sizes.has(*next))
            .unwrap_or(end)
    }

    /// When the first sample of a slot is decoded, in ticks of its track.
    pub(super) fn begin(&self, slot: u32, track: &Track) -> u64 {
        match track.is_video() {
            true => self.slots.frame(slot) * u64::from(track.frame_duration),
            false => self.slots.packet(slot) * u64::from(PACKET),
        }
    }

    /// How many samples a slot has.
    pub(super) fn samples(&self, slot: u32, track: &Track) -> u64 {
        match track.is_video() {
            true => self.slots.frame(slot + 1) - self.slots.frame(slot),
            false => self.slots.packet(slot + 1) - self.slots.packet(slot),
        }
    }

    /// The most that so many slots can take on the disk.
    pub(super) fn most_bytes(&self, slots: u32) -> u64 {
        let each_ms = u64::from(self.slots.frames_each) * 1000 * u64::from(self.slots.rate.den)
            / u64::from(self.slots.rate.num.max(1));
        let bits: u64 = self.parts().map(|part| self.most_bits(part, each_ms)).sum();
        u64::from(slots) * bits / 8
    }

    /// Bits that a slot of this length can take: what may be used for long, and what the encoder finds in a buffer that
    /// is filled to nine tenths when a run begins.
    fn most_bits(&self, part: Part, length_ms: u64) -> u64 {
        let largest = u64::from(self.largest_kbit);
        match part {
            Part::Picture => largest * (length_ms + 1800),
            Part::Sound(_) => SOUND_BITS * length_ms / 1000,
        }
    }

    /// Each part as players see it; none until a slot has been made.
    pub(super) fn renditions(&self) -> impl Iterator<Item = Rendition> {
        let parts = self.parts().zip(&self.tracks);
        parts.map(|(part, track)| self.rendition(part, track))
    }

    /// The part of this name.
    pub(super) fn find(&self, name: &str) -> Option<Rendition> {
        let mut parts = self.parts().zip(&self.tracks);
        let (part, track) = parts.find(|(part, _)| self.name(*part) == name)?;
        Some(self.rendition(part, track))
    }

    fn name(&self, part: Part) -> String {
        match part {
            Part::Picture => format!("{NOW}{}", self.tag),
            Part::Sound(place) => format!("{NOW}{}-sound{place}", self.tag),
        }
    }

    fn rendition(&self, part: Part, track: &Track) -> Rendition {
        let tick = match part {
            Part::Picture => track.frame_duration,
            Part::Sound(_) => PACKET,
        };
        let sent = |slot| {
            let size = self.sizes.of_slot(slot).get(part.place());
            size.map_or(0, |bytes| u64::from(*bytes))
        };
        let whole = (0..self.slots.count()).map(|slot| {
            let count = self.samples(slot, track) as u32;
            Cut {
                first: 0,
                count,
                start: self.begin(slot, track),
                duration: u64::from(count) * u64::from(tick),
                bytes: sent(slot),
            }
        });
        let mut cuts: Vec<Cut> = whole.collect();
        self.foretell(part, track, &mut cuts);
        let (width, height) = size(track);
        Rendition {
            name: self.name(part),
            origin: Origin::Slots(part),
            height: match part {
                Part::Picture => self.height.max(width.min(height)),
                Part::Sound(_) => 0,
            },
            cuts,
            pictures: Vec::new(),
            track: track.clone(),
        }
    }

    /// Says of slots that have not been made what they may be expected to take.
    fn foretell(&self, part: Part, track: &Track, cuts: &mut [Cut]) {
        let scale = u64::from(track.timescale.max(1));
        let made = || cuts.iter().filter(|cut| cut.bytes > 0);
        let (known, bytes, ticks) = made().fold((0, 0, 0), |(known, bytes, ticks), cut| {
            (known + 1, bytes + cut.bytes, ticks + cut.duration)
        });
        let expected = |cut: &Cut| match known >= REPRESENTATIVE {
            true => cut.duration * bytes / u64::max(ticks, 1),
            false => self.most_bits(part, cut.duration * 1000 / scale) / 8,
        };
        for cut in cuts.iter_mut().filter(|cut| cut.bytes == 0) {
            cut.bytes = expected(cut);
        }
    }
}

/// The file of a part of a slot, within the directory of all.
pub(super) fn file_of(slot: u32, part: Part) -> String {
    match part {
        Part::Picture => format!("{slot}.mp4"),
        Part::Sound(place) => format!("s{place}-{slot}.mp4"),
    }
}
