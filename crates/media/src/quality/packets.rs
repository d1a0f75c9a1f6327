//! What the packets of a chunk come to, by the index of its MP4 (ISO/IEC 14496-12, 8.7.3.2 and 8.6.2).
//!
//! A chunk has one track, of a picture. FFmpeg wrote it, and FFmpeg may have been turned by what it read: whatever the
//! tables say, there is an answer or none.

use crate::limits;

/// What the packets of a chunk come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Packets {
    /// How many.
    pub count: usize,
    /// Bytes of all.
    pub bytes: u64,
    /// Those with key frames.
    pub keys: usize,
    /// Bytes of those.
    pub key_bytes: u64,
}

/// The beginning of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// It is the index.
    pub is_index: bool,
    /// Bytes of the head itself.
    pub head: u64,
    /// Bytes of the box, head and all.
    pub whole: u64,
}

/// Bytes of the longest head of a box.
pub const HEAD_BYTES: usize = 16;
/// Bytes of an index at the most: a frame takes some 30, a chunk may be a whole film.
pub const INDEX_BYTES: u64 = 256 << 20;

/// Reads the head of a box from its first bytes, up to [`HEAD_BYTES`] of them; `None` where that is none.
pub fn head(bytes: &[u8]) -> Option<Head> {
    let kind = bytes.get(4..8)?;
    let (head, whole) = match number(bytes, 0)? {
        1 => (
            16,
            (u64::from(number(bytes, 8)?) << 32) | u64::from(number(bytes, 12)?),
        ),
        size => (8, u64::from(size)),
    };
    (whole >= head).then_some(Head {
        is_index: kind == b"moov",
        head,
        whole,
    })
}

/// Adds up what the index lists; `bytes` is what it holds, without its head.
pub fn count(index: &[u8]) -> Option<Packets> {
    let path = [b"trak", b"mdia", b"minf", b"stbl"];
    let table = path
        .iter()
        .try_fold(index, |bytes, kind| find(bytes, kind))?;
    let mut sum = Packets::default();
    let sizes = find(table, b"stsz")?;
    let (same, count) = (number(sizes, 4)?, number(sizes, 8)? as usize);
    let listed = if same == 0 { count.checked_mul(4)? } else { 0 };
    if count > limits::FRAMES || sizes.len() < 12 + listed {
        return None;
    }
    let mut key = Keys::new(find(table, b"stss"));
    for at in 0..count {
        let size = if same == 0 {
            number(sizes, 12 + at * 4)?
        } else {
            same
        };
        sum.count += 1;
        sum.bytes += u64::from(size);
        if key.has(at) {
            sum.keys += 1;
            sum.key_bytes += u64::from(size);
        }
    }
    Some(sum)
}

/// The list of key frames, in ascending order; without one all are.
struct Keys<'a> {
    list: Option<&'a [u8]>,
    next: usize,
}

impl<'a> Keys<'a> {
    fn new(list: Option<&'a [u8]>) -> Self {
        Self { list, next: 0 }
    }

    fn has(&mut self, at: usize) -> bool {
        let Some(list) = self.list else { return true };
        let is_key =
            number(list, 8 + self.next * 4).is_some_and(|number| number as usize == at + 1);
        self.next += usize::from(is_key);
        is_key
    }
}

/// What the first box of this kind holds.
fn find<'a>(mut bytes: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    loop {
        let head = head(bytes)?;
        let whole = usize::try_from(head.whole).ok()?;
        let this = bytes.get(..whole)?;
        if this.get(4..8)? == kind {
            return this.get(head.head as usize..);
        }
        bytes = &bytes[whole..];
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(four.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let size = (body.len() as u32 + 8).to_be_bytes();
        [&size, &kind[..], body].concat()
    }

    fn numbers(numbers: &[u32]) -> Vec<u8> {
        numbers.iter().flat_map(|each| each.to_be_bytes()).collect()
    }

    fn index(sizes: &[u32], keys: Option<&[u32]>) -> Vec<u8> {
        let mut table = boxed(b"stsd", &[0; 8]);
        if let Some(keys) = keys {
            table.extend(boxed(
                b"stss",
                &numbers(&[&[0, keys.len() as u32], keys].concat()),
            ));
        }
        table.extend(boxed(b"stsz", &numbers(sizes)));
        let media = boxed(b"minf", &boxed(b"stbl", &table));
        [
            boxed(b"mvhd", &[0; 100]),
            boxed(b"trak", &boxed(b"mdia", &media)),
        ]
        .concat()
    }

    #[test]
    fn packets_are_added_up() {
        let movie = index(&[0, 0, 4, 1000, 50, 60, 70], Some(&[1, 3]));
        let expected = Packets {
            count: 4,
            bytes: 1180,
            keys: 2,
            key_bytes: 1060,
        };
        assert_eq!(count(&movie), Some(expected));
        let all = count(&index(&[0, 20, 3], None));
        assert_eq!(
            all.map(|sum| (sum.count, sum.keys, sum.bytes)),
            Some((3, 3, 60))
        );
    }

    #[test]
    fn heads_are_read_short_and_long() {
        let head_of = |bytes: &[u8]| head(bytes).map(|head| (head.is_index, head.head, head.whole));
        assert_eq!(head_of(b"\0\0\0\x20moov"), Some((true, 8, 32)));
        let long = [&b"\0\0\0\x01mdat"[..], &[0, 0, 0, 1, 0, 0, 0, 0]].concat();
        assert_eq!(head_of(&long), Some((false, 16, 1 << 32)));
        for bad in [
            &b"\0\0\0\x07moov"[..],
            b"\0\0\0\x01moov",
            b"\0\0\0\0moov",
            b"moov",
        ] {
            assert_eq!(head_of(bad), None);
        }
    }

    #[test]
    fn whatever_the_bytes_are_there_is_an_answer_or_none() {
        let whole = index(&[0, 0, 3, 1000, 50, 60], Some(&[1]));
        for end in 0..whole.len() {
            assert_eq!(count(&whole[..end]), None, "{end}");
        }
        for at in 0..whole.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] = value;
                assert!(count(&bytes).is_none_or(|sum| sum.keys <= sum.count));
            }
        }
        // More sizes than there are bytes for, and as many of one size as can be said.
        assert_eq!(count(&index(&[0, 0, u32::MAX, 1], None)), None);
        assert_eq!(count(&index(&[0, 1, u32::MAX], None)), None);
    }
}
