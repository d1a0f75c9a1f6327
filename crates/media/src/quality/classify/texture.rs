//! What a picture is made of: flat or repeated areas, letters, noise. From luma in eight bits.
//!
//! Screens are known by blocks that are exactly like their neighbour in space, which no camera makes, beside blocks of
//! two tones with hard edges between them, which drawn films lack. Noise is what a Laplacian leaves over, in the image
//! and in the difference to the image before; texture stands still and motion has no texture in flat areas, so the
//! smaller of both is taken, and of all blocks a lower quartile.

use super::FRAMES;
use crate::info::Size;

/// Side of the blocks that are compared.
const BLOCK: usize = 8;
/// Side of the blocks that noise is looked for in.
const PATCH: usize = 16;
/// Frames whose difference to the one before is looked at: late ones, for key frames have other noise.
const LOOKED_AT: [usize; 2] = [FRAMES / 2 - 1, FRAMES - 1];
/// Contrast from which on a block shows something.
const CONTRAST: u8 = 64;
/// How near a pixel of a two-toned block is to one of its tones.
const NEAR: u8 = 12;
/// Luma within which noise is not cut off.
const UNCUT: std::ops::RangeInclusive<i32> = 32..=224;

/// What the pictures of one place are made of. All but the noise are shares, 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Texture {
    /// Blocks that are as in the frame before.
    pub still: f32,
    /// Blocks that are exactly like the one to the left or above.
    pub repeated: f32,
    /// Blocks with contrast that consist of two tones.
    pub lettered: f32,
    /// Blocks with contrast.
    pub contrast: f32,
    /// Pixels with one of the sixteen commonest values.
    pub palette: f32,
    /// Standard deviation in steps of eight bits.
    pub noise: f32,
}

impl Texture {
    /// It looks like a computer's screen.
    pub fn is_screen(&self) -> bool {
        let has_text = self.lettered >= 0.004 && self.lettered >= self.contrast * 0.3;
        has_text && self.repeated >= 0.4 && self.still >= 0.3 && self.palette >= 0.5
    }
}

/// Turns the bytes of pictures into a texture, in whatever pieces they come.
#[derive(Debug)]
pub struct Viewer {
    size: (usize, usize),
    /// The picture that is coming.
    next: Vec<u8>,
    /// The two before it, the later first.
    seen: [Vec<u8>; 2],
    count: usize,
    sum: Sum,
}

impl Viewer {
    /// For pictures of this size.
    pub fn new(size: Size) -> Self {
        Self {
            size: (size.width as usize, size.height as usize),
            next: Vec::new(),
            seen: [Vec::new(), Vec::new()],
            count: 0,
            sum: Sum::default(),
        }
    }

    /// Takes in bytes; more than a sample has are ignored.
    pub fn push(&mut self, mut bytes: &[u8]) {
        let whole = self.size.0 * self.size.1;
        while !bytes.is_empty() && self.count < FRAMES {
            let lacking = whole - self.next.len();
            let (now, later) = bytes.split_at(lacking.min(bytes.len()));
            self.next.extend_from_slice(now);
            bytes = later;
            if self.next.len() == whole {
                self.see();
            }
        }
    }

    fn see(&mut self) {
        self.seen.swap(0, 1);
        std::mem::swap(&mut self.seen[0], &mut self.next);
        self.next.clear();
        if LOOKED_AT.contains(&self.count) {
            self.look();
        }
        self.count += 1;
    }

    fn look(&mut self) {
        let [now, before] = &self.seen;
        self.sum.add(now, before, self.size);
    }

    /// The texture; `None` of fewer than two pictures.
    pub fn finish(mut self) -> Option<Texture> {
        if self.sum.blocks == 0 && self.count >= 2 {
            self.look();
        }
        (self.sum.blocks > 0).then(|| self.sum.texture())
    }
}

/// Counts over all blocks.
#[derive(Debug, Default)]
struct Sum {
    blocks: u32,
    still: u32,
    repeated: u32,
    lettered: u32,
    contrast: u32,
    tones: Vec<u32>,
    noise: Vec<f32>,
    patches: u32,
}

type Block = [[u8; BLOCK]; BLOCK];

impl Sum {
    fn add(&mut self, now: &[u8], before: &[u8], (width, height): (usize, usize)) {
        self.tones.resize(256, 0);
        for top in (0..=height - BLOCK).step_by(BLOCK) {
            for left in (0..=width - BLOCK).step_by(BLOCK) {
                self.add_block(now, before, width, (left, top));
            }
        }
        for top in (0..=height - PATCH).step_by(PATCH) {
            for left in (0..=width - PATCH).step_by(PATCH) {
                self.patches += 1;
                self.noise.extend(noise(now, before, width, (left, top)));
            }
        }
    }

    fn add_block(&mut self, now: &[u8], before: &[u8], width: usize, (left, top): (usize, usize)) {
        let block = cut(now, width, (left, top));
        let is = |other: Block| other == block;
        self.blocks += 1;
        self.still += u32::from(is(cut(before, width, (left, top))));
        let is_repeated = left > 0 && is(cut(now, width, (left - BLOCK, top)))
            || top > 0 && is(cut(now, width, (left, top - BLOCK)));
        self.repeated += u32::from(is_repeated);
        let pixels = block.as_flattened();
        let darkest = pixels.iter().copied().min().unwrap_or(0);
        let lightest = pixels.iter().copied().max().unwrap_or(0);
        if lightest - darkest >= CONTRAST {
            let near = |&&pixel: &&u8| pixel - darkest < NEAR || lightest - pixel < NEAR;
            let is_lettered = pixels.iter().filter(near).count() >= BLOCK * BLOCK * 3 / 4;
            self.contrast += 1;
            self.lettered += u32::from(is_lettered);
        }
        for &pixel in pixels {
            self.tones[usize::from(pixel)] += 1;
        }
    }

    fn texture(mut self) -> Texture {
        let share = |count: u32| count as f32 / self.blocks as f32;
        self.tones.sort_unstable_by(|a, b| b.cmp(a));
        let common: u32 = self.tones.iter().take(16).sum();
        self.noise.sort_unstable_by(f32::total_cmp);
        // Where nearly all is black or white, the rest says nothing of the whole.
        let is_enough = self.noise.len() as u32 * 4 >= self.patches;
        let quartile = self.noise.get(self.noise.len() / 4);
        Texture {
            still: share(self.still),
            repeated: share(self.repeated),
            lettered: share(self.lettered),
            contrast: share(self.contrast),
            palette: share(common) / (BLOCK * BLOCK) as f32,
            noise: quartile.copied().filter(|_| is_enough).unwrap_or(0.0),
        }
    }
}

fn cut(picture: &[u8], width: usize, (left, top): (usize, usize)) -> Block {
    let mut block = Block::default();
    for (y, row) in block.iter_mut().enumerate() {
        let at = (top + y) * width + left;
        row.copy_from_slice(&picture[at..at + BLOCK]);
    }
    block
}

type Patch = [[i16; PATCH]; PATCH];

/// The noise of one patch; `None` where it is cut off.
fn noise(now: &[u8], before: &[u8], width: usize, (left, top): (usize, usize)) -> Option<f32> {
    let (mut image, mut difference) = (Patch::default(), Patch::default());
    let mut sum = 0;
    for y in 0..PATCH {
        let at = (top + y) * width + left;
        let rows = now[at..at + PATCH].iter().zip(&before[at..at + PATCH]);
        for (x, (&now, &before)) in rows.enumerate() {
            image[y][x] = i16::from(now);
            difference[y][x] = i16::from(now) - i16::from(before);
            sum += i32::from(now);
        }
    }
    let mean = sum / (PATCH * PATCH) as i32;
    // A difference has the noise of both.
    let both = deviation(&difference) / std::f32::consts::SQRT_2;
    UNCUT.contains(&mean).then(|| deviation(&image).min(both))
}

/// Standard deviation by Immerkær (1996): a mask that is blind to slopes and edges, its mean magnitude scaled to what
/// normal noise has.
fn deviation(patch: &Patch) -> f32 {
    const INSIDE: usize = PATCH - 2;
    let mut sum = 0i32;
    for y in 1..=INSIDE {
        let [above, here, below] = [&patch[y - 1], &patch[y], &patch[y + 1]];
        // Twice the row less both others, then the same across.
        let mut bent = [0i16; PATCH];
        for x in 0..PATCH {
            bent[x] = 2 * here[x] - above[x] - below[x];
        }
        for x in 1..=INSIDE {
            let value = 2 * bent[x] - bent[x - 1] - bent[x + 1];
            sum += i32::from(value.abs());
        }
    }
    let mean = sum as f32 / (INSIDE * INSIDE) as f32;
    mean / 6.0 * std::f32::consts::FRAC_PI_2.sqrt()
}
