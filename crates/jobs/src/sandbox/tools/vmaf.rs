//! The models of VMAF that Kinora knows: names, and which is best for what.

/// A model of VMAF that libvmaf has built in, with the way of viewing that it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VmafModel {
    /// Version 1 for a 1080p screen, seen from three times its height.
    V1,
    /// Version 1 for a 4K screen, seen from one and a half times its height: as sharp to the eye as `V1`, from 0 to 100
    /// as well. (From three heights its scale goes to 110, and coarse pictures pass.)
    V1Uhd,
    /// Version 0.6.1 that gives nothing for sharpening.
    V061Neg,
    /// Version 0.6.1.
    V061,
}

/// Short sides above this are nearer to 2160 than to 1080.
const UHD_ABOVE: u32 = 1440;

impl VmafModel {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::V1, Self::V1Uhd, Self::V061Neg, Self::V061];
    /// Best first for pictures below 4K.
    pub(super) const FOR_HD: [Self; 3] = [Self::V1, Self::V061Neg, Self::V061];
    /// Best first for 4K.
    pub(super) const FOR_UHD: [Self; 4] = [Self::V1Uhd, Self::V1, Self::V061Neg, Self::V061];

    /// As libvmaf's `model=version=` wants it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::V1 => "vmaf_v1.0.16_3d0h",
            Self::V1Uhd => "vmaf_v1.0.16_1d5h_2160",
            Self::V061Neg => "vmaf_v0.6.1neg",
            Self::V061 => "vmaf_v0.6.1",
        }
    }

    /// How the picture is taken to be watched.
    #[must_use]
    pub fn condition(self) -> &'static str {
        match self {
            Self::V1 | Self::V061Neg | Self::V061 => "a 1080p screen from three times its height",
            Self::V1Uhd => "a 4K screen from one and a half times its height",
        }
    }

    /// For people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::V1 => "VMAF v1",
            Self::V1Uhd => "VMAF v1 4K",
            Self::V061Neg => "VMAF v0.6.1 NEG",
            Self::V061 => "VMAF v0.6.1",
        }
    }

    /// Best first for pictures of this size. The short side counts: a portrait is as sharp as the same picture lying.
    pub(super) fn for_size(width: u32, height: u32) -> impl Iterator<Item = Self> {
        let models: &[Self] = if width.min(height) > UHD_ABOVE {
            &Self::FOR_UHD
        } else {
            &Self::FOR_HD
        };
        models.iter().copied()
    }

    /// Whether it scores pictures of this size; FFmpeg fails on those that it refuses.
    #[must_use]
    pub fn takes(self, width: u32, height: u32) -> bool {
        let (short, long) = (width.min(height), width.max(height));
        match self {
            // Its features refuse smaller ones: SpEED by the short side, the one for bands by the long one. Tried
            // with libvmaf 3.2: 158 and 208 are refused.
            Self::V1 | Self::V1Uhd => short >= 160 && long >= 216,
            Self::V061Neg | Self::V061 => short >= 32,
        }
    }
}
