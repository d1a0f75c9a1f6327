//! Boxes into bytes.

/// What has been written.
#[derive(Debug, Default)]
pub(crate) struct Writer(pub(crate) Vec<u8>);

impl Writer {
    pub(crate) fn u16(&mut self, value: u16) {
        self.0.extend(value.to_be_bytes());
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.0.extend(value.to_be_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.0.extend(value.to_be_bytes());
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
    }

    pub(crate) fn zeros(&mut self, count: usize) {
        self.0.resize(self.0.len() + count, 0);
    }

    /// A box around what is written meanwhile.
    pub(crate) fn within(&mut self, kind: &[u8; 4], write: impl FnOnce(&mut Self)) {
        let begin = self.0.len();
        self.zeros(4);
        self.bytes(kind);
        write(self);
        self.set_u32(begin, (self.0.len() - begin) as u32);
    }

    /// A full box (ISO/IEC 14496-12, 4.2.2).
    pub(crate) fn full(
        &mut self,
        kind: &[u8; 4],
        version: u8,
        flags: u32,
        write: impl FnOnce(&mut Self),
    ) {
        self.within(kind, |out| {
            out.u32(u32::from(version) << 24 | flags);
            write(out);
        });
    }

    pub(crate) fn set_u32(&mut self, at: usize, value: u32) {
        self.0[at..at + 4].copy_from_slice(&value.to_be_bytes());
    }
}
