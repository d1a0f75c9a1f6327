//! Initialisation sections: `ftyp` and a `moov` without samples (ISO/IEC 23000-19, 7.3.1).

use crate::codec::{Codec, Kind};
use crate::index::Track;
use crate::writer::Writer;

/// The number of the only track.
pub(super) const TRACK: u32 = 1;

/// An upright picture (ISO/IEC 14496-12, 6.2.2).
const UPRIGHT: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

/// What a player reads before the segments of a track. The codec is the track's own or [`Codec::in_band`].
pub fn initialisation(track: &Track, codec: &Codec) -> Vec<u8> {
    let mut out = Writer(Vec::with_capacity(1024));
    out.within(b"ftyp", |out| {
        out.bytes(b"iso6\0\0\0\0iso6cmfcmp41");
    });
    out.within(b"moov", |out| {
        movie_header(out, track.timescale);
        out.within(b"trak", |out| {
            track_header(out, track);
            edit(out, track);
            out.within(b"mdia", |out| media(out, track, codec));
        });
        out.within(b"mvex", |out| {
            out.full(b"trex", 0, 0, |out| {
                out.u32(TRACK);
                // The first sample entry; everything else is said by each fragment.
                out.u32(1);
                out.zeros(12);
            });
        });
    });
    out.0
}

fn movie_header(out: &mut Writer, timescale: u32) {
    out.full(b"mvhd", 0, 0, |out| {
        out.zeros(8);
        out.u32(timescale);
        out.u32(0);
        out.u32(0x1_0000);
        out.u16(0x100);
        out.zeros(10);
        for number in UPRIGHT {
            out.u32(number);
        }
        out.zeros(24);
        out.u32(TRACK + 1);
    });
}

fn track_header(out: &mut Writer, track: &Track) {
    // Enabled, and part of the presentation.
    out.full(b"tkhd", 0, 3, |out| {
        out.zeros(8);
        out.u32(TRACK);
        out.zeros(16);
        out.u16(0);
        out.u16(0);
        out.u16(if track.is_video() { 0 } else { 0x100 });
        out.u16(0);
        out.bytes(&track.geometry);
    });
}

/// Hides what decoders of sound need before the beginning (ISO/IEC 23000-19, 7.5.13).
fn edit(out: &mut Writer, track: &Track) {
    if track.preroll == 0 {
        return;
    }
    out.within(b"edts", |out| {
        out.full(b"elst", 1, 0, |out| {
            out.u32(1);
            out.u64(0);
            out.u64(track.preroll);
            out.u32(0x1_0000);
        });
    });
}

fn media(out: &mut Writer, track: &Track, codec: &Codec) {
    out.full(b"mdhd", 0, 0, |out| {
        out.zeros(8);
        out.u32(track.timescale);
        out.u32(0);
        out.u16(packed(&track.language));
        out.u16(0);
    });
    let is_video = matches!(codec.kind, Kind::Video { .. });
    out.full(b"hdlr", 0, 0, |out| {
        out.zeros(4);
        out.bytes(if is_video { b"vide" } else { b"soun" });
        out.zeros(13);
    });
    out.within(b"minf", |out| {
        if is_video {
            out.full(b"vmhd", 0, 1, |out| out.zeros(8));
        } else {
            out.full(b"smhd", 0, 0, |out| out.zeros(4));
        }
        out.within(b"dinf", |out| {
            out.full(b"dref", 0, 0, |out| {
                out.u32(1);
                out.full(b"url ", 0, 1, |_| {});
            });
        });
        out.within(b"stbl", |out| table(out, codec));
    });
}

/// The sample entry, and tables of nothing.
fn table(out: &mut Writer, codec: &Codec) {
    out.full(b"stsd", 0, 0, |out| {
        out.u32(1);
        out.bytes(&codec.entry);
    });
    for (kind, size) in [(b"stts", 4), (b"stsc", 4), (b"stsz", 8), (b"stco", 4)] {
        out.full(kind, 0, 0, |out| out.zeros(size));
    }
}

/// Three letters in fifteen bits (ISO/IEC 14496-12, 8.4.2.3).
fn packed(language: &str) -> u16 {
    let letters = language.bytes().take(3);
    letters.fold(0, |packed, letter| packed << 5 | u16::from(letter & 0x1f))
}
