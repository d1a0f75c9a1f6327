//! Bytes that are signed: numbers in network order, texts behind their lengths, one way to write each value.
//!
//! CBOR and JSON know several spellings of one value, so what is signed is never written in them.

/// Appends fields.
#[derive(Debug, Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    /// Begins with bytes as they are.
    pub(crate) fn new(first: &[u8]) -> Self {
        Self(first.to_vec())
    }

    /// Bytes of a length that both sides know.
    pub(crate) fn fixed(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Bytes behind their length in two bytes; callers have bounded it.
    pub(crate) fn variable(self, bytes: &[u8]) -> Self {
        let length = u16::try_from(bytes.len()).expect("fields are bounded far below 64 KiB");
        self.fixed(&length.to_be_bytes()).fixed(bytes)
    }

    /// All that was written.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Takes fields from the front; `None` when they are not there.
#[derive(Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Exactly `N` bytes.
    pub(crate) fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    /// Bytes behind their length, at most `max` of them.
    pub(crate) fn variable(&mut self, max: usize) -> Option<&'a [u8]> {
        let length = usize::from(u16::from_be_bytes(self.fixed()?));
        if length > max {
            return None;
        }
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// Whether all was taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
