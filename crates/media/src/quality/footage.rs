//! What every frame looks like from afar: enough to find cuts, to choose samples, and to prove that the right frames
//! went into an encoder.
//!
//! FFmpeg scales each frame to [`SIDE`] of grey. From that come the amount of change, the detail, and a fingerprint:
//! decoding is exact, so the same frame gives the same bytes in every run, wherever the run began.

/// Width and height of the small picture; its shape does not matter.
pub const SIDE: (usize, usize) = (64, 36);
/// Bytes of one small picture.
pub const TINY: usize = SIDE.0 * SIDE.1;

/// One frame from afar.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Frame {
    /// Equal for equal frames.
    pub fingerprint: u64,
    /// Mean absolute difference to the frame before, 0 to 255.
    pub change: f32,
    /// Mean absolute difference of neighbours, 0 to 255.
    pub detail: f32,
    /// Mean brightness, 0 to 255.
    pub light: f32,
    /// Decoding may begin here. A [`Viewer`] does not see that.
    pub is_key: bool,
}

/// Turns the bytes of small pictures into frames, in whatever pieces they come.
#[derive(Debug, Default)]
pub struct Viewer {
    rest: Vec<u8>,
    before: Option<Vec<u8>>,
}

impl Viewer {
    /// Takes in bytes, gives the frames that they complete.
    pub fn push(&mut self, bytes: &[u8], mut each: impl FnMut(Frame)) {
        self.rest.extend_from_slice(bytes);
        let whole = self.rest.len() / TINY * TINY;
        let rest = self.rest.split_off(whole);
        let pictures = std::mem::replace(&mut self.rest, rest);
        for picture in pictures.chunks_exact(TINY) {
            each(self.look(picture));
        }
    }

    fn look(&mut self, picture: &[u8]) -> Frame {
        let change = self
            .before
            .as_deref()
            .map_or(0.0, |b| difference(b, picture));
        self.before = Some(picture.to_vec());
        let sum: u64 = picture.iter().map(|&grey| u64::from(grey)).sum();
        Frame {
            fingerprint: fingerprint(picture),
            change,
            detail: difference(&picture[1..], &picture[..TINY - 1]),
            light: sum as f32 / TINY as f32,
            is_key: false,
        }
    }
}

/// FNV-1a over words of eight bytes: collisions by accident are what it guards against, not attacks.
fn fingerprint(picture: &[u8]) -> u64 {
    picture
        .chunks_exact(8)
        .fold(0xcbf2_9ce4_8422_2325, |hash, word| {
            let word = word
                .iter()
                .fold(0u64, |all, &byte| (all << 8) | u64::from(byte));
            (hash ^ word)
                .wrapping_mul(0x0000_0100_0000_01b3)
                .rotate_left(23)
        })
}

fn difference(a: &[u8], b: &[u8]) -> f32 {
    let sum: u64 = a
        .iter()
        .zip(b)
        .map(|(&a, &b)| u64::from(a.abs_diff(b)))
        .sum();
    sum as f32 / a.len().max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_out_whole_however_the_bytes_come_in() {
        let bytes: Vec<u8> = (0..TINY * 3).map(|n| (n * 7 % 251) as u8).collect();
        let frames = |piece: usize| {
            let (mut viewer, mut frames) = (Viewer::default(), Vec::new());
            for piece in bytes.chunks(piece) {
                viewer.push(piece, |frame| frames.push(frame));
            }
            frames
        };
        let whole = frames(bytes.len());
        assert_eq!(whole.len(), 3);
        assert_eq!(frames(1), whole);
        assert_eq!(frames(1000), whole);
        assert_ne!(whole[0].fingerprint, whole[1].fingerprint);
        assert_eq!(whole[0].change, 0.0);
        assert!(whole[1].change > 0.0);
    }
}
