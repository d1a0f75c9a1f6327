//! Decoder configurations of pictures: their names (RFC 6381) and their parameter sets.

use crate::boxes::find;
use crate::fault::Fault;
use crate::reader::Reader;

/// Parameter sets as they stand in a sample: each with its length before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ParameterSets(pub(crate) Vec<u8>);

/// What a configuration says.
pub(super) struct Config {
    pub(super) name: String,
    pub(super) is_common: bool,
    pub(super) sets: ParameterSets,
}

const SHORT: Fault = Fault::Damaged("a decoder configuration is too short");

pub(super) fn read(kind: [u8; 4], boxes: &[u8]) -> Result<Config, Fault> {
    let config = |kind| find(boxes, kind).ok_or(SHORT);
    match &kind {
        b"avc1" | b"avc3" => avc(&kind, config(b"avcC")?),
        b"hvc1" | b"hev1" => hevc(&kind, config(b"hvcC")?),
        b"av01" => av1(config(b"av1C")?).ok_or(SHORT),
        b"vp09" => vp9(config(b"vpcC")?).ok_or(SHORT),
        _ => Err(Fault::Unsupported("its picture has no place in a segment")),
    }
}

/// ISO/IEC 14496-15, 5.3.3.1. Profiles 66, 77 and 100 are those without more than 8-bit 4:2:0.
fn avc(kind: &[u8; 4], body: &[u8]) -> Result<Config, Fault> {
    let mut reader = Reader(body);
    let [_, profile, compatible, level, length] = reader.array().ok_or(SHORT)?;
    let mut sets = ParameterSets::default();
    let length = usize::from(length & 3) + 1;
    for mask in [0x1f, 0xff] {
        let count = reader.u8().ok_or(SHORT)? & mask;
        sets.append(&mut reader, count.into(), length)?;
    }
    Ok(Config {
        name: format!("{}.{profile:02X}{compatible:02X}{level:02X}", text(kind)),
        is_common: matches!(profile, 66 | 77 | 100),
        sets,
    })
}

/// ISO/IEC 14496-15, 8.3.3.1, and annex E for the name.
fn hevc(kind: &[u8; 4], body: &[u8]) -> Result<Config, Fault> {
    let mut reader = Reader(body);
    let [_, profile] = reader.array().ok_or(SHORT)?;
    let compatible = reader.u32().ok_or(SHORT)?.reverse_bits();
    let constraints: [u8; 6] = reader.array().ok_or(SHORT)?;
    let level = reader.u8().ok_or(SHORT)?;
    let rest: [u8; 9] = reader.array().ok_or(SHORT)?;
    let space = ["", "A", "B", "C"][usize::from(profile >> 6)];
    let tier = if profile & 0x20 == 0 { 'L' } else { 'H' };
    let mut name = format!(
        "{}.{space}{}.{compatible:X}.{tier}{level}",
        text(kind),
        profile & 0x1f
    );
    let used = constraints
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1);
    for byte in &constraints[..used] {
        name.push_str(&format!(".{byte:X}"));
    }
    let mut sets = ParameterSets::default();
    let arrays = reader.u8().ok_or(SHORT)?;
    for _ in 0..arrays {
        reader.u8().ok_or(SHORT)?;
        let count = reader.u16().ok_or(SHORT)?;
        sets.append(&mut reader, count, usize::from(rest[8] & 3) + 1)?;
    }
    Ok(Config {
        name,
        is_common: false,
        sets,
    })
}

/// AV1 in ISO base media, 2.3 and 5; the colour may be left out of the name.
fn av1(body: &[u8]) -> Option<Config> {
    let mut reader = Reader(body);
    let [_, profile, flags] = reader.array()?;
    let tier = if flags & 0x80 == 0 { 'M' } else { 'H' };
    let depth = match (flags & 0x40 != 0, flags & 0x20 != 0) {
        (false, _) => 8,
        (true, false) => 10,
        (true, true) => 12,
    };
    Some(Config {
        name: format!(
            "av01.{}.{:02}{tier}.{depth:02}",
            profile >> 5,
            profile & 0x1f
        ),
        is_common: profile >> 5 == 0,
        sets: ParameterSets::default(),
    })
}

/// VP9 in ISO base media, "VP Codec Configuration Box" and "Codecs Parameter String".
fn vp9(body: &[u8]) -> Option<Config> {
    let mut reader = Reader(body);
    reader.version()?;
    let [profile, level, depth] = reader.array()?;
    Some(Config {
        name: format!("vp09.{profile:02}.{level:02}.{:02}", depth >> 4),
        is_common: matches!(profile, 0 | 2),
        sets: ParameterSets::default(),
    })
}

impl ParameterSets {
    fn append(
        &mut self,
        reader: &mut Reader<'_>,
        count: u16,
        length_bytes: usize,
    ) -> Result<(), Fault> {
        for _ in 0..count {
            let size = reader.u16().ok_or(SHORT)?;
            let set = reader.take(size.into()).ok_or(SHORT)?;
            let size = u32::from(size).to_be_bytes();
            let (unsaid, said) = size.split_at(4 - length_bytes);
            if unsaid.iter().any(|byte| *byte != 0) {
                return Err(Fault::Damaged("a parameter set longer than its length"));
            }
            self.0.extend(said);
            self.0.extend(set);
        }
        Ok(())
    }
}

fn text(kind: &[u8; 4]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(kind)
}
