//! The boxes that an MP4 is made of (ISO/IEC 14496-12, 4.2).

use crate::reader::Reader;

/// A box: its four letters and what is in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found<'a> {
    pub(crate) kind: [u8; 4],
    pub(crate) body: &'a [u8],
}

/// The boxes one after the other; the iteration ends at the first that does not fit.
pub(crate) fn children(bytes: &[u8]) -> impl Iterator<Item = Found<'_>> {
    let mut reader = Reader(bytes);
    std::iter::from_fn(move || next(&mut reader))
}

fn next<'a>(reader: &mut Reader<'a>) -> Option<Found<'a>> {
    let size = u64::from(reader.u32()?);
    let kind = reader.array()?;
    let body = match size {
        0 => reader.0.len() as u64,
        1 => reader.u64()?.checked_sub(16)?,
        _ => size.checked_sub(8)?,
    };
    let body = reader.take(usize::try_from(body).ok()?)?;
    Some(Found { kind, body })
}

/// The first box of this kind.
pub(crate) fn find<'a>(bytes: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    children(bytes)
        .find(|found| &found.kind == kind)
        .map(|found| found.body)
}

/// The first box at the end of a path of boxes.
pub(crate) fn path<'a>(bytes: &'a [u8], kinds: &[&[u8; 4]]) -> Option<&'a [u8]> {
    kinds
        .iter()
        .try_fold(bytes, |bytes, kind| find(bytes, kind))
}
