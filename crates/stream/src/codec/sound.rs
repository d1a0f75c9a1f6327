//! Sample entries of sound, written anew: QuickTime's versions 1 and 2 are not known to players of fragments.

use super::{Codec, Kind, ParameterSets};
use crate::boxes::{find, path};
use crate::fault::Fault;
use crate::reader::Reader;

const SHORT: Fault = Fault::Damaged("a sample entry of sound is too short");

/// Bytes before the boxes of an entry (ISO/IEC 14496-12, 12.2.3).
const FIXED_BYTES: usize = 28;

/// Reads the entry of a track of sound.
pub(super) fn read(kind: [u8; 4], body: &[u8]) -> Result<Codec, Fault> {
    let (fixed, rest) = body.split_at_checked(FIXED_BYTES).ok_or(SHORT)?;
    let mut reader = Reader(&fixed[8..]);
    let version = reader.u16().ok_or(SHORT)?;
    // What QuickTime puts before the boxes ("Sound Sample Description", versions 1 and 2).
    let extra = match version {
        0 => 0,
        1 => 16,
        _ => return Err(Fault::Unsupported("an odd sample entry of sound")),
    };
    let boxes = rest.get(extra..).ok_or(SHORT)?;
    reader.take(6).ok_or(SHORT)?;
    let channels = reader.u16().ok_or(SHORT)?;
    let rate = u32::from(Reader(&fixed[24..26]).u16().ok_or(SHORT)?);
    let (config_kind, name, real_channels) = config(kind, boxes)?;
    let config = find(boxes, config_kind)
        .or_else(|| path(boxes, &[b"wave", config_kind]))
        .ok_or(SHORT)?;
    let channels = real_channels.unwrap_or(channels);
    Ok(Codec {
        name,
        is_common: !matches!(&kind, b"ac-3" | b"ec-3"),
        kind: Kind::Audio { channels, rate },
        entry: entry(kind, (channels, rate), config_kind, config),
        sets: ParameterSets::default(),
    })
}

type Name = (&'static [u8; 4], String, Option<u16>);

/// The box of the decoder's configuration, the name, and the channels where the configuration knows better.
fn config(kind: [u8; 4], boxes: &[u8]) -> Result<Name, Fault> {
    let named = |kind, name: &str| Ok((kind, name.to_owned(), None));
    match &kind {
        b"mp4a" => {
            let body = find(boxes, b"esds").or_else(|| path(boxes, &[b"wave", b"esds"]));
            let (name, channels) = mpeg4(body.ok_or(SHORT)?).ok_or(SHORT)?;
            Ok((b"esds", name, channels))
        }
        // "Opus" is the name of the sample entry; browsers want lower case in a list of codecs.
        b"Opus" => named(b"dOps", "opus"),
        b"fLaC" => named(b"dfLa", "flac"),
        b"ac-3" => named(b"dac3", "ac-3"),
        b"ec-3" => named(b"dec3", "ec-3"),
        _ => Err(Fault::Unsupported("its sound has no place in a segment")),
    }
}

/// `esds` (ISO/IEC 14496-1, 7.2.6): `mp4a.40.2` for AAC, `mp4a.6B` for MP3 (RFC 6381, 3.3).
fn mpeg4(body: &[u8]) -> Option<(String, Option<u16>)> {
    let mut reader = Reader(body);
    reader.version()?;
    let mut stream = descriptor(&mut reader, 3)?;
    stream.u16()?;
    let flags = stream.u8()?;
    if flags & 0x80 != 0 {
        stream.u16()?;
    }
    if flags & 0x40 != 0 {
        let length = stream.u8()?;
        stream.take(length.into())?;
    }
    if flags & 0x20 != 0 {
        stream.u16()?;
    }
    let mut decoder = descriptor(&mut stream, 4)?;
    let object = decoder.u8()?;
    decoder.take(12)?;
    if object != 0x40 {
        return Some((format!("mp4a.{object:02X}"), None));
    }
    let specific = descriptor(&mut decoder, 5)?.u32_padded();
    // AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1): five bits of object type, 31 meaning six more.
    let (mut object, mut at) = (specific >> 27, 5);
    if object == 31 {
        (object, at) = (32 + (specific >> 21 & 0x3f), 11);
    }
    let frequency = specific >> (28 - at) & 0xf;
    let channels = match specific >> (24 - at) & 0xf {
        _ if frequency == 15 => None,
        7 => Some(8),
        count @ 1..=6 => Some(count as u16),
        _ => None,
    };
    Some((format!("mp4a.40.{object}"), channels))
}

/// A descriptor of this tag; its length takes up to four bytes of seven bits.
fn descriptor<'a>(reader: &mut Reader<'a>, tag: u8) -> Option<Reader<'a>> {
    if reader.u8()? != tag {
        return None;
    }
    let mut length = 0;
    for _ in 0..4 {
        let byte = reader.u8()?;
        length = length << 7 | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    reader.take(length).map(Reader)
}

impl Reader<'_> {
    /// The first four bytes; what is missing counts as zero.
    fn u32_padded(self) -> u32 {
        let mut bytes = [0; 4];
        for (to, from) in bytes.iter_mut().zip(self.0) {
            *to = *from;
        }
        u32::from_be_bytes(bytes)
    }
}

fn entry(
    kind: [u8; 4],
    (channels, rate): (u16, u32),
    config_kind: &[u8; 4],
    config: &[u8],
) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(8 + FIXED_BYTES + 8 + config.len());
    bytes.extend(((8 + FIXED_BYTES + 8 + config.len()) as u32).to_be_bytes());
    bytes.extend(kind);
    bytes.extend([0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend(channels.to_be_bytes());
    bytes.extend([0, 16, 0, 0, 0, 0]);
    bytes.extend((rate << 16).to_be_bytes());
    bytes.extend((8 + config.len() as u32).to_be_bytes());
    bytes.extend(config_kind);
    bytes.extend(config);
    bytes
}
